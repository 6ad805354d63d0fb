"""Wire shapes of carts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from rustok.commerce.carts.model import MAX_LINE_QUANTITY, CompletedCart, PricedCart, PricedLine
from rustok.commerce.carts.states import CART_LIFECYCLE
from rustok.core.postal import PostalAddress
from rustok.core.types import CurrencyCode, EmailText, LocaleTag

EnteredCode = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=40,
        pattern=r"^[A-Za-z0-9_ -]+$(?!\n)",
        description="A coupon's code, in capitals or not.",
        examples=["SPRING15"],
    ),
]
LineQuantity = Annotated[
    int, Meta(ge=1, le=MAX_LINE_QUANTITY, description="How many pieces.", examples=[2])
]


class CreateCart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Currency and locale stay what they are now; absent, they are those of the request."""

    currency: CurrencyCode | None = None
    locale: LocaleTag | None = None
    email: EmailText | None = None


class UpdateCart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes; absent fields stay as they are, null removes."""

    email: EmailText | msgspec.UnsetType | None = msgspec.UNSET
    shipping_address: PostalAddress | msgspec.UnsetType | None = msgspec.UNSET
    billing_address: PostalAddress | msgspec.UnsetType | None = msgspec.UNSET


class AddCartLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    variant_id: UUID
    quantity: LineQuantity = 1


class ChangeCartLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    quantity: LineQuantity


class AddCartCoupon(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    code: EnteredCode


class CartCouponQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which coupon is meant; without a code all are."""

    code: EnteredCode | None = None


class CartCouponView(msgspec.Struct, frozen=True, kw_only=True):
    """A coupon of the cart; `problem` says why it does not count as things are."""

    code: str
    name: str
    discount_minor: int
    problem: str | None


class CartLineView(msgspec.Struct, frozen=True, kw_only=True):
    """A line at its live price; `problem` says why it cannot be ordered as it is."""

    id: UUID
    variant_id: UUID
    product_id: UUID | None
    title: str
    variant_title: str | None
    sku: str | None
    image_url: str | None
    quantity: int
    unit_amount_minor: int | None
    compare_at_minor: int | None
    total_minor: int | None
    discount_minor: int
    price_changed: bool
    requires_shipping: bool
    available: int | None
    problem: str | None


class CartView(msgspec.Struct, frozen=True, kw_only=True):
    """A cart; amounts are minor units of its currency, before shipping and tax."""

    id: UUID
    status: str
    currency: str
    locale: str
    email: str | None
    customer_id: UUID | None
    shipping_address: PostalAddress | None
    billing_address: PostalAddress | None
    lines: list[CartLineView]
    quantity: int
    subtotal_minor: int
    discount_minor: int
    total_minor: int
    coupons: list[CartCouponView]
    orderable: bool
    order_id: UUID | None
    allowed_actions: list[str]
    version: int
    created_at: datetime
    updated_at: datetime


def line_view(line: PricedLine) -> CartLineView:
    return CartLineView(**{name: getattr(line, name) for name in CartLineView.__struct_fields__})


def cart_view(priced: PricedCart) -> CartView:
    cart = priced.cart
    return CartView(
        id=cart.id,
        status=cart.state,
        currency=cart.currency,
        locale=cart.locale,
        email=cart.email,
        customer_id=cart.customer_id,
        shipping_address=cart.shipping_address,
        billing_address=cart.billing_address,
        lines=[line_view(line) for line in priced.lines],
        quantity=sum(line.quantity for line in priced.lines),
        subtotal_minor=priced.subtotal_minor,
        discount_minor=priced.discount_minor,
        total_minor=priced.total_minor,
        coupons=[
            CartCouponView(
                code=one.code,
                name=one.name,
                discount_minor=one.discount_minor,
                problem=one.problem,
            )
            for one in priced.coupons
        ],
        orderable=priced.orderable,
        order_id=cart.order_id if isinstance(cart, CompletedCart) else None,
        allowed_actions=list(CART_LIFECYCLE.allowed(cart.state)),
        version=cart.version,
        created_at=cart.created_at,
        updated_at=cart.updated_at,
    )
