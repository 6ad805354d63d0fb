"""Facts about promotions and coupons; amounts in minor units of `currency`. No code is told: it is money."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from rustok.core.events.event import Event, event
from rustok.core.types import AmountMinor, CurrencyCode

PromotionKind = Literal["percent", "amount"]
Changed = Annotated[tuple[str, ...], Meta(min_length=1, max_length=20)]


@event("promotion.created", aggregate="promotion", key="promotion_id")
class PromotionCreated(Event, frozen=True, kw_only=True):
    promotion_id: UUID
    kind: PromotionKind


@event("promotion.updated", aggregate="promotion", key="promotion_id")
class PromotionUpdated(Event, frozen=True, kw_only=True):
    promotion_id: UUID
    changed: Changed


@event("coupon.redeemed", aggregate="coupon", key="coupon_id")
class CouponRedeemed(Event, frozen=True, kw_only=True):
    coupon_id: UUID
    promotion_id: UUID
    order_id: UUID
    discount_minor: AmountMinor
    currency: CurrencyCode
