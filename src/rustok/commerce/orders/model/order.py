"""An order as types, one per state: `PaidOrder.ship` exists, `PendingOrder.ship` does not.

Refuses: reading or writing anything; each step returns the new state with its event.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from rustok.commerce.orders.errors import OrderPartlyShipped, RefundOutOfRange
from rustok.commerce.orders.events import (
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderPaid,
    OrderPartiallyShipped,
    OrderPlaced,
    OrderShipped,
    OrderState,
)
from rustok.commerce.orders.model.lines import NewOrderLine, OrderLine, OrderTotals
from rustok.commerce.orders.states import ORDER_LIFECYCLE, FulfilmentStatus, PaymentStatus
from rustok.core.postal import PostalAddress


class OrderData(msgspec.Struct, frozen=True, kw_only=True):
    """What every order has, whatever its state."""

    state: ClassVar[OrderState]

    id: UUID
    number: str
    cart_id: UUID
    currency: str
    locale: str
    email: str
    customer_id: UUID | None
    shipping_address: PostalAddress
    billing_address: PostalAddress
    subtotal_minor: int
    discount_minor: int = 0
    shipping_minor: int
    tax_minor: int
    total_minor: int
    payment_status: PaymentStatus
    fulfilment_status: FulfilmentStatus
    access_token_digest: str
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def allowed_actions(self) -> tuple[str, ...]:
        """The steps possible now; some also have a guard."""
        return ORDER_LIFECYCLE.allowed(self.state)

    def _as(self, kind: type[OrderData], **changed: Any) -> dict[str, Any]:
        """The fields `kind` shares with this order, with `changed`."""
        own = self.__struct_fields__
        kept = {name: getattr(self, name) for name in kind.__struct_fields__ if name in own}
        return {**kept, **changed}

    def _cancelled(
        self, *, reason: str, at: datetime, refunded_minor: int, payment_status: PaymentStatus
    ) -> tuple[CancelledOrder, OrderCancelled]:
        fields = self._as(
            CancelledOrder,
            cancelled_at=at,
            cancelled_reason=reason,
            refunded_minor=refunded_minor,
            payment_status=payment_status,
        )
        return (
            CancelledOrder(**fields),
            OrderCancelled(
                order_id=self.id,
                reason=reason,
                refunded_minor=refunded_minor,
                currency=self.currency,
            ),
        )


class PendingOrder(OrderData, frozen=True, kw_only=True):
    """Placed; its stock is not promised yet."""

    state: ClassVar[OrderState] = "pending"

    def placed(self, lines: Sequence[OrderLine]) -> OrderPlaced:
        """The fact that this order came into being."""
        return OrderPlaced(
            order_id=self.id,
            number=self.number,
            cart_id=self.cart_id,
            customer_id=self.customer_id,
            currency=self.currency,
            total_minor=self.total_minor,
            line_count=len(lines),
            piece_count=sum(line.quantity for line in lines),
        )

    def confirm(self, *, at: datetime) -> tuple[ConfirmedOrder, OrderConfirmed]:
        """Its stock is reserved: the shop will serve it."""
        return (
            ConfirmedOrder(**self._as(ConfirmedOrder, confirmed_at=at)),
            OrderConfirmed(order_id=self.id),
        )

    def cancel(self, *, reason: str, at: datetime) -> tuple[CancelledOrder, OrderCancelled]:
        """Give it up before anything was paid."""
        return self._cancelled(reason=reason, at=at, refunded_minor=0, payment_status="voided")


class ConfirmedOrder(OrderData, frozen=True, kw_only=True):
    """Its stock is reserved; it waits for the money."""

    state: ClassVar[OrderState] = "confirmed"

    confirmed_at: datetime

    def pay(self, *, payment_id: UUID, method: str, at: datetime) -> tuple[PaidOrder, OrderPaid]:
        """The whole total is captured."""
        fields = self._as(
            PaidOrder,
            paid_at=at,
            payment_id=payment_id,
            payment_method=method,
            payment_status="captured",
        )
        return (
            PaidOrder(**fields),
            OrderPaid(
                order_id=self.id,
                payment_id=payment_id,
                method=method,
                amount_minor=self.total_minor,
                currency=self.currency,
            ),
        )

    def cancel(self, *, reason: str, at: datetime) -> tuple[CancelledOrder, OrderCancelled]:
        """Give it up before anything was paid."""
        return self._cancelled(reason=reason, at=at, refunded_minor=0, payment_status="voided")


class PaidOrder(OrderData, frozen=True, kw_only=True):
    """Paid in full; part of it may be on its way."""

    state: ClassVar[OrderState] = "paid"

    confirmed_at: datetime
    paid_at: datetime
    payment_id: UUID
    payment_method: str

    def ship(
        self, *, fulfilment_id: UUID, carrier: str, tracking_number: str | None, at: datetime
    ) -> tuple[ShippedOrder, OrderShipped]:
        """The last pieces go out."""
        fields = self._as(
            ShippedOrder,
            shipped_at=at,
            carrier=carrier,
            tracking_number=tracking_number,
            fulfilment_status="shipped",
        )
        return (
            ShippedOrder(**fields),
            OrderShipped(
                order_id=self.id,
                fulfilment_id=fulfilment_id,
                carrier=carrier,
                tracking_number=tracking_number,
            ),
        )

    def ship_partially(
        self, *, fulfilment_id: UUID, carrier: str, tracking_number: str | None
    ) -> tuple[PaidOrder, OrderPartiallyShipped]:
        """Some pieces go out, others are left."""
        return (
            msgspec.structs.replace(self, fulfilment_status="partially_shipped"),
            OrderPartiallyShipped(
                order_id=self.id,
                fulfilment_id=fulfilment_id,
                carrier=carrier,
                tracking_number=tracking_number,
            ),
        )

    def cancel_with_refund(
        self, *, reason: str, refund_minor: int, at: datetime, is_paid_back: bool = True
    ) -> tuple[CancelledOrder, OrderCancelled]:
        """Give it up and pay back.

        Args:
            is_paid_back: the money is back already; False while a provider is to be asked.

        Raises:
            OrderPartlyShipped: some of it is on its way.
            RefundOutOfRange: less than nothing or more than was paid.
        """
        if self.fulfilment_status != "unfulfilled":
            raise OrderPartlyShipped
        if not 0 <= refund_minor <= self.total_minor:
            raise RefundOutOfRange(refund_minor=refund_minor, paid_minor=self.total_minor)
        status: PaymentStatus = "partially_refunded" if refund_minor else "captured"
        if refund_minor == self.total_minor:
            status = "refunded"
        return self._cancelled(
            reason=reason,
            at=at,
            refunded_minor=refund_minor,
            payment_status=status if is_paid_back else "captured",
        )


class ShippedOrder(OrderData, frozen=True, kw_only=True):
    """All pieces are on their way; carrier and tracking number are those of the last parcel."""

    state: ClassVar[OrderState] = "shipped"

    confirmed_at: datetime
    paid_at: datetime
    payment_id: UUID
    payment_method: str
    shipped_at: datetime
    carrier: str
    tracking_number: str | None

    def deliver(
        self, *, at: datetime, signature: str | None
    ) -> tuple[DeliveredOrder, OrderDelivered]:
        """Everything arrived."""
        fields = self._as(
            DeliveredOrder,
            delivered_at=at,
            delivered_signature=signature,
            fulfilment_status="delivered",
        )
        return DeliveredOrder(**fields), OrderDelivered(order_id=self.id)


class DeliveredOrder(OrderData, frozen=True, kw_only=True):
    """At the customer's."""

    state: ClassVar[OrderState] = "delivered"

    confirmed_at: datetime
    paid_at: datetime
    payment_id: UUID
    payment_method: str
    shipped_at: datetime
    carrier: str
    tracking_number: str | None
    delivered_at: datetime
    delivered_signature: str | None


class CancelledOrder(OrderData, frozen=True, kw_only=True):
    """Given up; what was reserved is free again."""

    state: ClassVar[OrderState] = "cancelled"

    cancelled_at: datetime
    cancelled_reason: str
    refunded_minor: int
    confirmed_at: datetime | None = None
    paid_at: datetime | None = None
    payment_id: UUID | None = None
    payment_method: str | None = None


Order = PendingOrder | ConfirmedOrder | PaidOrder | ShippedOrder | DeliveredOrder | CancelledOrder


class PlacedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A new order, its lines, and the secret with which an anonymous customer sees it again."""

    order: ConfirmedOrder
    lines: list[OrderLine]
    access_token: str


class NewOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What checkout settled."""

    id: UUID
    cart_id: UUID
    currency: str
    locale: str
    email: str
    customer_id: UUID | None
    shipping_address: PostalAddress
    billing_address: PostalAddress
    totals: OrderTotals
    lines: list[NewOrderLine]


class OrderFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders are asked for; None does not filter.

    Attributes:
        placed_from, placed_before: aware UTC, a half-open range.
    """

    status: str | None = None
    number: str | None = None
    email: str | None = None
    customer_id: UUID | None = None
    placed_from: datetime | None = None
    placed_before: datetime | None = None
