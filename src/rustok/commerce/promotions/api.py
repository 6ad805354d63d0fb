"""What other features may call of promotions."""

from rustok.commerce.promotions.errors import CouponCodeTaken, CouponNotApplicable
from rustok.commerce.promotions.model import (
    MAX_COUPONS,
    NO_DISCOUNT,
    PASSING,
    AppliedCoupon,
    Discount,
    DiscountLine,
    PromotionTerms,
    code_of,
)
from rustok.commerce.promotions.service import (
    add_coupon,
    create,
    customer_key,
    delete,
    quote,
    redeem,
    release,
    require_counting,
)

__all__ = [
    "MAX_COUPONS",
    "NO_DISCOUNT",
    "PASSING",
    "AppliedCoupon",
    "CouponCodeTaken",
    "CouponNotApplicable",
    "Discount",
    "DiscountLine",
    "PromotionTerms",
    "add_coupon",
    "code_of",
    "create",
    "customer_key",
    "delete",
    "quote",
    "redeem",
    "release",
    "require_counting",
]
