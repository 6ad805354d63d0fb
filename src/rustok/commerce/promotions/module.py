"""Registration of promotions."""

from __future__ import annotations

from typing import Final

from rustok.commerce.promotions import routes
from rustok.commerce.promotions.events import CouponRedeemed, PromotionCreated, PromotionUpdated
from rustok.core.modules import Module

MODULE: Final = Module(
    slug="promotions",
    title="Promotions",
    depends_on=("products",),
    routes=(routes.admin,),
    event_types=(PromotionCreated.type, PromotionUpdated.type, CouponRedeemed.type),
)
