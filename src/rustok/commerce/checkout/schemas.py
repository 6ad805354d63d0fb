"""Wire shapes of checkout and of the steps of an order."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from rustok.commerce.checkout.service import Paying
from rustok.commerce.orders.api import Order, OrderLine, PlacedOrder
from rustok.commerce.payments.api import FailedPayment, Provider
from rustok.commerce.returns.api import RefundedReturn, Return
from rustok.core.postal import PostalAddress
from rustok.core.types import (
    MAX_AMOUNT_MINOR,
    SHORT_TEXT_PATTERN,
    TITLE_PATTERN,
    AmountMinor,
    EmailText,
)

Reason = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=500,
        pattern=TITLE_PATTERN,
        description="Why, one line that is not blank.",
        examples=["The customer changed their mind"],
    ),
]
Carrier = Annotated[
    str, Meta(min_length=1, max_length=100, pattern=TITLE_PATTERN, examples=["DHL"])
]
TrackingNumber = Annotated[
    str, Meta(min_length=1, max_length=100, pattern=TITLE_PATTERN, examples=["00340434161094"])
]
Signature = Annotated[
    str, Meta(min_length=1, max_length=200, pattern=TITLE_PATTERN, examples=["A. Lovelace"])
]
PaymentMethod = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=50,
        pattern=r"^[a-z][a-z0-9_]*$(?!\n)",
        description="How the money came in.",
        examples=["bank_transfer"],
    ),
]
BookReference = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        pattern=SHORT_TEXT_PATTERN,
        description="What to find the payment by in the books.",
        examples=["statement 12/2026, line 4"],
    ),
]
PaymentMeans = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        pattern=r"^[A-Za-z0-9_.-]+$(?!\n)",
        description="What to pay with, in the provider's words.",
        examples=["pm_card_visa"],
    ),
]
RefundAmount = Annotated[
    int,
    Meta(ge=1, le=MAX_AMOUNT_MINOR, description="Minor units to pay back.", examples=[1230]),
]
ShippedQuantity = Annotated[int, Meta(ge=1, le=1_000_000, examples=[1])]


class PlaceOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An order from a cart; what is left out is taken from the cart.

    `expected_total_minor` is the total the customer saw: when it has changed, nothing is ordered.
    """

    cart_id: UUID
    email: EmailText | None = None
    shipping_address: PostalAddress | None = None
    billing_address: PostalAddress | None = None
    expected_total_minor: AmountMinor | None = None


class PayOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Money that came in; without an amount, the whole total."""

    method: PaymentMethod
    reference: BookReference | None = None
    amount_minor: AmountMinor | None = None


class StartPayment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pay through a provider.

    `means` is what to pay with, in the provider's words (`pm_...` at Stripe); without it the payer
    chooses at the provider, with the `client_secret` of the answer.
    """

    provider: Provider
    means: PaymentMeans | None = None


class CapturePayment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without an amount, all that is promised is taken; of a part, the rest lapses."""

    amount_minor: AmountMinor | None = None


class RefundPayment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without an amount, all that is left is paid back."""

    amount_minor: RefundAmount | None = None


class RefundReturn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without an amount, all that was paid for the pieces goes back."""

    amount_minor: AmountMinor | None = None


class RefundedReturnView(msgspec.Struct, frozen=True, kw_only=True):
    """Where a return stands after its refund; the return itself has the rest."""

    id: UUID
    order_id: UUID
    status: str
    currency: str
    value_minor: int
    refunded_minor: int | None
    allowed_actions: list[str]
    version: int


def refunded_return_view(found: Return) -> RefundedReturnView:
    return RefundedReturnView(
        id=found.id,
        order_id=found.order_id,
        status=found.state,
        currency=found.currency,
        value_minor=found.value_minor,
        refunded_minor=found.refunded_minor if isinstance(found, RefundedReturn) else None,
        allowed_actions=list(found.allowed_actions),
        version=found.version,
    )


class OrderPaymentView(msgspec.Struct, frozen=True, kw_only=True):
    """How an order and its payment stand; amounts in minor units of `currency`.

    `client_secret` and `redirect_url` are for the payer to go on at the provider, and for nobody else.
    """

    order_id: UUID
    order_status: str
    payment_status: str
    payment_id: UUID
    provider: str
    status: str
    currency: str
    amount_minor: int
    captured_minor: int
    refunded_minor: int
    refunding_minor: int
    failure_reason: str | None
    client_secret: str | None
    redirect_url: str | None


class NoticeReceived(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the notice was about a payment known here."""

    is_known: bool


def paying_view(paying: Paying) -> OrderPaymentView:
    order, payment, told = paying.order, paying.payment, paying.told
    return OrderPaymentView(
        order_id=order.id,
        order_status=order.state,
        payment_status=order.payment_status,
        payment_id=payment.id,
        provider=payment.provider,
        status=payment.state,
        currency=payment.currency,
        amount_minor=payment.amount_minor,
        captured_minor=payment.captured_minor,
        refunded_minor=payment.refunded_minor,
        refunding_minor=payment.refunding_minor,
        failure_reason=payment.failure_reason if isinstance(payment, FailedPayment) else None,
        client_secret=told.client_secret if told is not None else None,
        redirect_url=told.redirect_url if told is not None else None,
    )


class ShipLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    order_line_id: UUID
    quantity: ShippedQuantity


class ShipOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A parcel; without lines it holds all that is left."""

    carrier: Carrier
    tracking_number: TrackingNumber | None = None
    lines: Annotated[list[ShipLine], Meta(min_length=1, max_length=100)] | None = None

    def quantities(self) -> dict[UUID, int] | None:
        """Pieces by order line id; a line named twice counts together. None is all that is left."""
        if self.lines is None:
            return None
        wanted: dict[UUID, int] = {}
        for line in self.lines:
            wanted[line.order_line_id] = wanted.get(line.order_line_id, 0) + line.quantity
        return wanted


class DeliverOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    signature: Signature | None = None


class CancelOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Reason


class CancelOrderWithRefund(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without an amount, the whole total is paid back."""

    reason: Reason
    refund_minor: AmountMinor | None = None


class PlacedLineView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    product_id: UUID
    variant_id: UUID
    sku: str | None
    title: str
    variant_title: str
    quantity: int
    unit_amount_minor: int
    total_minor: int
    discount_minor: int


class OrderStepView(msgspec.Struct, frozen=True, kw_only=True):
    """Where an order stands after a step; the order itself has the rest."""

    id: UUID
    number: str
    status: str
    payment_status: str
    fulfilment_status: str
    currency: str
    total_minor: int
    allowed_actions: list[str]
    version: int
    created_at: datetime
    updated_at: datetime


class PlacedOrderView(OrderStepView, frozen=True, kw_only=True):
    """A new order. `access_token` is shown this once: with it an anonymous customer sees it again."""

    access_token: str
    email: str
    shipping_address: PostalAddress
    billing_address: PostalAddress
    lines: list[PlacedLineView]
    subtotal_minor: int
    discount_minor: int
    shipping_minor: int
    tax_minor: int


def step_view(order: Order) -> OrderStepView:
    return OrderStepView(
        id=order.id,
        number=order.number,
        status=order.state,
        payment_status=order.payment_status,
        fulfilment_status=order.fulfilment_status,
        currency=order.currency,
        total_minor=order.total_minor,
        allowed_actions=list(order.allowed_actions),
        version=order.version,
        created_at=order.created_at,
        updated_at=order.updated_at,
    )


def _line_view(line: OrderLine) -> PlacedLineView:
    return PlacedLineView(
        **{name: getattr(line, name) for name in PlacedLineView.__struct_fields__}
    )


def placed_view(placed: PlacedOrder) -> PlacedOrderView:
    order = placed.order
    return PlacedOrderView(
        **msgspec.structs.asdict(step_view(order)),
        access_token=placed.access_token,
        email=order.email,
        shipping_address=order.shipping_address,
        billing_address=order.billing_address,
        lines=[_line_view(line) for line in placed.lines],
        subtotal_minor=order.subtotal_minor,
        discount_minor=order.discount_minor,
        shipping_minor=order.shipping_minor,
        tax_minor=order.tax_minor,
    )
