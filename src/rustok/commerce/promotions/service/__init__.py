"""The use cases of promotions: making them, quoting them, and taking their uses."""

from rustok.commerce.promotions.service.editing import (
    add_coupon,
    change_coupon,
    create,
    delete,
    get,
    list_coupons,
    list_promotions,
    update,
)
from rustok.commerce.promotions.service.redeeming import (
    customer_key,
    quote,
    redeem,
    release,
    require_counting,
)

__all__ = [
    "add_coupon",
    "change_coupon",
    "create",
    "customer_key",
    "delete",
    "get",
    "list_coupons",
    "list_promotions",
    "quote",
    "redeem",
    "release",
    "require_counting",
    "update",
]
