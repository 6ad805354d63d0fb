"""A promotion and its coupons: what comes off, of what, for whom, when and how often."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from rustok.commerce.promotions.errors import PromotionInvalid
from rustok.commerce.promotions.events import PromotionKind

Scope = Literal["cart", "products", "categories", "collections"]
Problem = Literal[
    "unknown",
    "not_started",
    "ended",
    "exhausted",
    "used_by_customer",
    "below_minimum",
    "other_currency",
    "nothing_eligible",
    "not_combinable",
]
KINDS: Final[tuple[PromotionKind, ...]] = ("percent", "amount")
SCOPES: Final[tuple[Scope, ...]] = ("cart", "products", "categories", "collections")
PASSING: Final[frozenset[Problem]] = frozenset({"below_minimum", "nothing_eligible", "not_started"})
"""What the customer may mend by changing the cart, or by waiting."""
MAX_TARGETS: Final = 200
MAX_COUPONS: Final = 3
"""Coupons in one cart."""
MAX_BASIS_POINTS: Final = 10_000


class PromotionTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a promotion gives.

    Attributes:
        percent_basis_points: hundredths of a per cent (1500 is 15 %), for `percent`.
        amount_minor: minor units of `currency`, for `amount`.
        currency: of the amount and of the minimum; None goes with every currency.
        target_ids: products, categories or collections, as `scope` says; categories with all below.
        min_total_minor: of the whole cart before discounts.
        usage_limit, usage_limit_per_customer: orders; None is no limit.
        combinable: counts beside other coupons that do.
    """

    name: str
    kind: PromotionKind
    percent_basis_points: int | None = None
    amount_minor: int | None = None
    currency: str | None = None
    scope: Scope = "cart"
    target_ids: tuple[UUID, ...] = ()
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    min_total_minor: int | None = None
    usage_limit: int | None = None
    usage_limit_per_customer: int | None = None
    combinable: bool = False
    enabled: bool = True

    def check(self) -> None:
        """Raises PromotionInvalid naming every field that does not go with the others."""
        faults: list[tuple[str, str]] = []
        is_percent = self.kind == "percent"
        if is_percent != (self.percent_basis_points is not None):
            faults.append(("percent_basis_points", "It goes with kind percent, and only with it."))
        if is_percent == (self.amount_minor is not None):
            faults.append(("amount_minor", "It goes with kind amount, and only with it."))
        needs_currency = self.amount_minor is not None or self.min_total_minor is not None
        if needs_currency and self.currency is None:
            faults.append(("currency", "An amount needs its currency."))
        if (self.scope == "cart") != (not self.target_ids):
            faults.append(("target_ids", "They go with a scope other than cart."))
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            faults.append(("ends_at", "It ends after it starts."))
        if faults:
            raise PromotionInvalid(faults)


class Promotion(PromotionTerms, frozen=True, kw_only=True):
    """A promotion as it stands. `used_count` is how many orders hold it now."""

    id: UUID
    used_count: int
    deleted_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime

    def problem_at(self, now: datetime) -> Problem | None:
        """Why it does not count now, whatever is in the cart."""
        if not self.enabled or self.deleted_at is not None:
            return "unknown"
        if self.starts_at is not None and now < self.starts_at:
            return "not_started"
        if self.ends_at is not None and now >= self.ends_at:
            return "ended"
        if self.usage_limit is not None and self.used_count >= self.usage_limit:
            return "exhausted"
        return None


class Coupon(msgspec.Struct, frozen=True, kw_only=True):
    """A code that opens a promotion; held in capitals."""

    id: UUID
    promotion_id: UUID
    code: str
    enabled: bool
    usage_limit: int | None
    used_count: int
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def problem(self) -> Problem | None:
        """Why it does not count, whatever its promotion says."""
        if not self.enabled:
            return "unknown"
        if self.usage_limit is not None and self.used_count >= self.usage_limit:
            return "exhausted"
        return None


class Redemption(msgspec.Struct, frozen=True, kw_only=True):
    """That an order holds a coupon; `released_at` when the order was cancelled unpaid."""

    id: UUID
    coupon_id: UUID
    promotion_id: UUID
    order_id: UUID
    customer_key: str
    discount_minor: int
    currency: str
    released_at: datetime | None
    created_at: datetime


def code_of(text: str) -> str:
    """A code as it is held: customers write it as they like."""
    return text.strip().upper()
