"""Facts about orders. They carry no name, e-mail or address: who needs one reads the order."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from rustok.core.events.event import Event, event
from rustok.core.types import TITLE_PATTERN, AmountMinor, CurrencyCode, PositiveQuantity

OrderState = Literal["pending", "confirmed", "paid", "shipped", "delivered", "cancelled"]
OrderNumber = Annotated[str, Meta(min_length=1, max_length=40)]
Reason = Annotated[str, Meta(min_length=1, max_length=500, pattern=TITLE_PATTERN)]
Carrier = Annotated[str, Meta(min_length=1, max_length=100)]
TrackingNumber = Annotated[str, Meta(min_length=1, max_length=100)]
PaymentMethod = Annotated[str, Meta(min_length=1, max_length=50)]


@event("order.placed", aggregate="order", key="order_id")
class OrderPlaced(Event, frozen=True, kw_only=True):
    order_id: UUID
    number: OrderNumber
    cart_id: UUID
    customer_id: UUID | None
    currency: CurrencyCode
    total_minor: AmountMinor
    line_count: PositiveQuantity
    piece_count: PositiveQuantity


@event("order.confirmed", aggregate="order", key="order_id")
class OrderConfirmed(Event, frozen=True, kw_only=True):
    order_id: UUID


@event("order.paid", aggregate="order", key="order_id")
class OrderPaid(Event, frozen=True, kw_only=True):
    order_id: UUID
    payment_id: UUID
    method: PaymentMethod
    amount_minor: AmountMinor
    currency: CurrencyCode


@event("order.partially_shipped", aggregate="order", key="order_id")
class OrderPartiallyShipped(Event, frozen=True, kw_only=True):
    order_id: UUID
    fulfilment_id: UUID
    carrier: Carrier
    tracking_number: TrackingNumber | None = None


@event("order.shipped", aggregate="order", key="order_id")
class OrderShipped(Event, frozen=True, kw_only=True):
    order_id: UUID
    fulfilment_id: UUID
    carrier: Carrier
    tracking_number: TrackingNumber | None = None


@event("order.delivered", aggregate="order", key="order_id")
class OrderDelivered(Event, frozen=True, kw_only=True):
    order_id: UUID


@event("order.cancelled", aggregate="order", key="order_id")
class OrderCancelled(Event, frozen=True, kw_only=True):
    order_id: UUID
    reason: Reason
    refunded_minor: AmountMinor
    currency: CurrencyCode


@event(
    "order.status_changed",
    aggregate="order",
    key="order_id",
    unaudited="each step has an event of its own, which is recorded",
)
class OrderStatusChanged(Event, frozen=True, kw_only=True):
    order_id: UUID
    old_status: OrderState | None
    new_status: OrderState

    def rule_broken(self) -> tuple[str, str] | None:
        if self.old_status == self.new_status:
            return "new_status", "the status must have changed"
        return None
