"""A cart as types, one per state, and its lines at live prices."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar, Final, Literal
from uuid import UUID

import msgspec

from rustok.commerce.carts.events import CartAbandoned, CartCompleted, CartUpdated
from rustok.core.postal import PostalAddress

CartState = Literal["active", "completed", "abandoned"]

MAX_LINES: Final = 100
MAX_LINE_QUANTITY: Final = 999
DEFAULT_IDLE_DAYS: Final = 30


class CartData(msgspec.Struct, frozen=True, kw_only=True):
    """What every cart has. Currency and locale are fixed when it is created."""

    state: ClassVar[CartState]

    id: UUID
    currency: str
    locale: str
    email: str | None
    customer_id: UUID | None
    shipping_address: PostalAddress | None
    billing_address: PostalAddress | None
    coupon_codes: tuple[str, ...] = ()
    version: int
    created_at: datetime
    updated_at: datetime

    def _kept(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in CartData.__struct_fields__}


class ActiveCart(CartData, frozen=True, kw_only=True):
    """A cart in use."""

    state: ClassVar[CartState] = "active"

    def complete(self, *, order_id: UUID, at: datetime) -> tuple[CompletedCart, CartCompleted]:
        """Close it with the order placed from it."""
        return (
            CompletedCart(**self._kept(), order_id=order_id, completed_at=at),
            CartCompleted(cart_id=self.id, order_id=order_id),
        )

    def abandon(self, *, at: datetime) -> tuple[AbandonedCart, CartAbandoned]:
        """Set it aside after a long idle time."""
        return (
            AbandonedCart(**self._kept(), abandoned_at=at),
            CartAbandoned(cart_id=self.id, customer_id=self.customer_id),
        )


class CompletedCart(CartData, frozen=True, kw_only=True):
    """A cart an order was placed from."""

    state: ClassVar[CartState] = "completed"

    order_id: UUID
    completed_at: datetime


class AbandonedCart(CartData, frozen=True, kw_only=True):
    """A cart nobody touched for long."""

    state: ClassVar[CartState] = "abandoned"

    abandoned_at: datetime

    def resume(self) -> tuple[ActiveCart, CartUpdated]:
        """Use it again, as it was left."""
        return (
            ActiveCart(**self._kept()),
            CartUpdated(cart_id=self.id, changed=("status",)),
        )


Cart = ActiveCart | CompletedCart | AbandonedCart


class CartLine(msgspec.Struct, frozen=True, kw_only=True):
    """A variant and how many of it; the amount is the price when it was put in."""

    id: UUID
    variant_id: UUID
    quantity: int
    unit_amount_minor: int
    created_at: datetime


class PricedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line as it would be sold now.

    Attributes:
        unit_amount_minor: the live price; None where it is not for sale.
        problem: why it cannot be ordered as it is: "not_for_sale", "stock_insufficient".
        available: pieces that can be had, None when they are not counted.
    """

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
    discount_minor: int = 0
    price_changed: bool
    requires_shipping: bool
    available: int | None
    problem: Literal["not_for_sale", "stock_insufficient"] | None


class CartCoupon(msgspec.Struct, frozen=True, kw_only=True):
    """A coupon of a cart; `problem` says why it does not count as things are."""

    code: str
    name: str
    discount_minor: int
    problem: str | None


class PricedCart(msgspec.Struct, frozen=True, kw_only=True):
    """A cart with its lines at live prices; lines not for sale do not count in the sums.

    Attributes:
        coupons: in the order they were entered, those that do not count with the reason.
    """

    cart: Cart
    lines: list[PricedLine]
    subtotal_minor: int
    discount_minor: int = 0
    total_minor: int
    coupons: tuple[CartCoupon, ...] = ()

    @property
    def orderable(self) -> bool:
        """Whether an order could be placed now, stock and prices staying as they are."""
        sound = all(line.problem is None for line in self.lines)
        return bool(self.lines) and sound and all(one.problem is None for one in self.coupons)


def subtotal(lines: Iterable[PricedLine]) -> int:
    """Sum of the lines in minor units of the cart's currency."""
    return sum(line.total_minor or 0 for line in lines)
