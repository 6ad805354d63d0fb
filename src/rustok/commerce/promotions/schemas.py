"""Wire shapes of promotions and coupons."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from rustok.commerce.promotions.events import PromotionKind
from rustok.commerce.promotions.model import (
    MAX_BASIS_POINTS,
    MAX_TARGETS,
    Coupon,
    Promotion,
    PromotionTerms,
    Scope,
)
from rustok.core.types import MAX_AMOUNT_MINOR, MAX_QUANTITY, TITLE_PATTERN, CurrencyCode

PromotionName = Annotated[
    str, Meta(min_length=1, max_length=200, pattern=TITLE_PATTERN, examples=["Spring sale"])
]
BasisPoints = Annotated[
    int,
    Meta(
        ge=1,
        le=MAX_BASIS_POINTS,
        description="Hundredths of a per cent: 1500 is 15 %.",
        examples=[1500],
    ),
]
PositiveAmount = Annotated[
    int, Meta(ge=1, le=MAX_AMOUNT_MINOR, description="Minor units.", examples=[500])
]
Uses = Annotated[int, Meta(ge=1, le=MAX_QUANTITY, description="Orders.", examples=[100])]
Targets = Annotated[list[UUID], Meta(max_length=MAX_TARGETS)]
Moment = Annotated[datetime, Meta(tz=True)]
CouponCode = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=40,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$(?!\n)",
        description="Letters, digits, - and _; capitals or not is the same.",
        examples=["SPRING15"],
    ),
]


class SetPromotion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All terms of a promotion.

    `kind` percent takes `percent_basis_points` off, `amount` takes `amount_minor` of `currency` off;
    the whole cart, or what `scope` and `target_ids` name (categories with all below them).
    """

    name: PromotionName
    kind: PromotionKind
    percent_basis_points: BasisPoints | None = None
    amount_minor: PositiveAmount | None = None
    currency: CurrencyCode | None = None
    scope: Scope = "cart"
    target_ids: Targets = []
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    min_total_minor: PositiveAmount | None = None
    usage_limit: Uses | None = None
    usage_limit_per_customer: Uses | None = None
    combinable: bool = False
    enabled: bool = True

    def terms(self) -> PromotionTerms:
        """The same for the service; an id named twice counts once."""
        fields = msgspec.structs.asdict(self)
        return PromotionTerms(**{**fields, "target_ids": tuple(dict.fromkeys(self.target_ids))})


class PromotionView(msgspec.Struct, frozen=True, kw_only=True):
    """A promotion. `used_count` is how many orders hold it now."""

    id: UUID
    name: str
    kind: str
    percent_basis_points: int | None
    amount_minor: int | None
    currency: str | None
    scope: str
    target_ids: list[UUID]
    starts_at: datetime | None
    ends_at: datetime | None
    min_total_minor: int | None
    usage_limit: int | None
    usage_limit_per_customer: int | None
    combinable: bool
    enabled: bool
    used_count: int
    version: int
    created_at: datetime
    updated_at: datetime


def promotion_view(promotion: Promotion) -> PromotionView:
    fields = {name: getattr(promotion, name) for name in PromotionView.__struct_fields__}
    return PromotionView(**{**fields, "target_ids": list(promotion.target_ids)})


class AddCoupon(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A code for a promotion; without a limit of its own the promotion's counts."""

    code: CouponCode
    usage_limit: Uses | None = None


class ChangeCoupon(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes; absent fields stay as they are, null takes the limit away."""

    enabled: bool | msgspec.UnsetType = msgspec.UNSET
    usage_limit: Uses | msgspec.UnsetType | None = msgspec.UNSET


class CouponView(msgspec.Struct, frozen=True, kw_only=True):
    """A coupon. `used_count` is how many orders hold it now."""

    id: UUID
    promotion_id: UUID
    code: str
    enabled: bool
    usage_limit: int | None
    used_count: int
    version: int
    created_at: datetime
    updated_at: datetime


def coupon_view(coupon: Coupon) -> CouponView:
    return CouponView(**{name: getattr(coupon, name) for name in CouponView.__struct_fields__})
