"""Wire shapes of orders."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from msgspec import Meta

from rustok.commerce.orders.events import OrderState
from rustok.commerce.orders.model import Order, OrderLine
from rustok.commerce.orders.states import ORDER_LIFECYCLE
from rustok.core.pagination import PageRequest
from rustok.core.postal import PostalAddress
from rustok.core.types import EmailText

OrderToken = Annotated[
    str,
    Meta(
        min_length=16,
        max_length=128,
        description="The secret returned when the order was placed. Prefer the header "
        "X-Order-Token: addresses end up in logs.",
    ),
]
Moment = Annotated[datetime, Meta(tz=True)]


class OrderQuery(PageRequest, frozen=True, kw_only=True):
    """Filters of the order list; the dates are a half-open range."""

    status: OrderState | None = None
    number: Annotated[str, Meta(min_length=1, max_length=40)] | None = None
    email: EmailText | None = None
    placed_from: Moment | None = None
    placed_before: Moment | None = None


class OrderAccess(msgspec.Struct, frozen=True, kw_only=True):
    """How an anonymous customer shows that an order is theirs."""

    token: OrderToken | None = None


class OrderLineView(msgspec.Struct, frozen=True, kw_only=True):
    """A line as it was sold; amounts in minor units of the order's currency."""

    id: UUID
    position: int
    product_id: UUID
    variant_id: UUID
    sku: str | None
    title: str
    variant_title: str
    image_url: str | None
    quantity: int
    shipped_quantity: int
    unit_amount_minor: int
    total_minor: int
    discount_minor: int
    requires_shipping: bool
    taxable: bool


class OrderSummary(msgspec.Struct, frozen=True, kw_only=True):
    """An order in a list."""

    id: UUID
    number: str
    status: str
    payment_status: str
    fulfilment_status: str
    currency: str
    total_minor: int
    email: str
    customer_id: UUID | None
    allowed_actions: list[str]
    version: int
    created_at: datetime
    updated_at: datetime


class OrderView(OrderSummary, frozen=True, kw_only=True):
    """An order with all its data; times and facts of states it has not reached are null."""

    locale: str
    cart_id: UUID
    shipping_address: PostalAddress
    billing_address: PostalAddress
    lines: list[OrderLineView]
    subtotal_minor: int
    discount_minor: int
    shipping_minor: int
    tax_minor: int
    confirmed_at: datetime | None
    paid_at: datetime | None
    payment_id: UUID | None
    payment_method: str | None
    shipped_at: datetime | None
    carrier: str | None
    tracking_number: str | None
    delivered_at: datetime | None
    delivered_signature: str | None
    cancelled_at: datetime | None
    cancelled_reason: str | None
    refunded_minor: int | None


def _summary(order: Order) -> dict[str, Any]:
    return {
        "id": order.id,
        "number": order.number,
        "status": order.state,
        "payment_status": order.payment_status,
        "fulfilment_status": order.fulfilment_status,
        "currency": order.currency,
        "total_minor": order.total_minor,
        "email": order.email,
        "customer_id": order.customer_id,
        "allowed_actions": list(ORDER_LIFECYCLE.allowed(order.state)),
        "version": order.version,
        "created_at": order.created_at,
        "updated_at": order.updated_at,
    }


def order_summary(order: Order) -> OrderSummary:
    return OrderSummary(**_summary(order))


def line_view(line: OrderLine) -> OrderLineView:
    return OrderLineView(**{name: getattr(line, name) for name in OrderLineView.__struct_fields__})


_OWN_FIELDS: Final = tuple(
    name
    for name in OrderView.__struct_fields__
    if name not in OrderSummary.__struct_fields__ and name != "lines"
)


def order_view(order: Order, lines: list[OrderLine]) -> OrderView:
    of_state: dict[str, Any] = {name: getattr(order, name, None) for name in _OWN_FIELDS}
    return OrderView(
        **_summary(order),
        **of_state,
        lines=[line_view(line) for line in lines],
    )
