"""A price as it is set, and what it comes to at a moment; pure, no I/O.

Refuses: a crossed-out price that is not above the price, a sale that lowers nothing or ends
before it starts.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from rustok.commerce.pricing.errors import PriceInvalid
from rustok.core.money import Money


class Sale(msgspec.Struct, frozen=True, kw_only=True):
    """A lowered amount for a while; None is an open end, `ends_at` is exclusive."""

    amount_minor: int
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def runs_at(self, at: datetime) -> bool:
        """Whether the lowered amount holds at `at`."""
        if self.starts_at is not None and at < self.starts_at:
            return False
        return self.ends_at is None or at < self.ends_at


class PriceEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What is set for a variant in a currency, whatever the time."""

    id: UUID
    variant_id: UUID
    currency: str
    amount_minor: int
    compare_at_minor: int | None
    sale: Sale | None
    version: int
    created_at: datetime
    updated_at: datetime

    def at(self, moment: datetime) -> Price:
        """What a buyer pays at `moment`; during a sale the plain amount is crossed out."""
        if self.sale is not None and self.sale.runs_at(moment):
            return Price(
                variant_id=self.variant_id,
                currency=self.currency,
                amount_minor=self.sale.amount_minor,
                compare_at_minor=max(self.amount_minor, self.compare_at_minor or 0),
                on_sale=True,
            )
        return Price(
            variant_id=self.variant_id,
            currency=self.currency,
            amount_minor=self.amount_minor,
            compare_at_minor=self.compare_at_minor,
            on_sale=False,
        )


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer pays at a moment.

    Attributes:
        compare_at_minor: the higher amount shown crossed out; None when there is none.
        on_sale: a sale window is open.
    """

    variant_id: UUID
    currency: str
    amount_minor: int
    compare_at_minor: int | None
    on_sale: bool

    @property
    def money(self) -> Money:
        return Money(amount_minor=self.amount_minor, currency=self.currency)


def check_amounts(amount_minor: int, compare_at_minor: int | None, sale: Sale | None) -> None:
    """Hold the amounts of a price to one another.

    Raises:
        PriceInvalid: compare-at not above the amount, sale not below it, a window that ends before
            it starts, or a time without a zone.
    """
    if amount_minor < 0:
        raise PriceInvalid("a price is not negative.", pointer="/amount_minor", rule="not_negative")
    if compare_at_minor is not None and compare_at_minor <= amount_minor:
        message = "the crossed-out price must be above the price; leave it out or raise it."
        raise PriceInvalid(message, pointer="/compare_at_minor", rule="above_amount")
    if sale is None:
        return
    if not 0 <= sale.amount_minor < amount_minor:
        message = "the sale price must be below the price and not negative."
        raise PriceInvalid(message, pointer="/sale/amount_minor", rule="below_amount")
    for name, moment in (("starts_at", sale.starts_at), ("ends_at", sale.ends_at)):
        if moment is not None and moment.tzinfo is None:
            message = "a time needs a zone; end it in Z or an offset."
            raise PriceInvalid(message, pointer=f"/sale/{name}", rule="zone")
    if sale.starts_at and sale.ends_at and sale.ends_at <= sale.starts_at:
        message = "the sale must end after it starts."
        raise PriceInvalid(message, pointer="/sale/ends_at", rule="after_start")
