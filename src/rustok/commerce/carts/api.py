"""What other features may call of carts."""

from rustok.commerce.carts.errors import CartAlreadyCompleted, CartNotFound, VariantNotForSale
from rustok.commerce.carts.model import (
    AbandonedCart,
    ActiveCart,
    Cart,
    CartLine,
    CompletedCart,
    PricedCart,
    PricedLine,
)
from rustok.commerce.carts.service import (
    add_coupon,
    add_line,
    change_line,
    complete,
    create,
    get,
    list_lines,
    lock,
    remove_coupon,
    remove_line,
    require_active,
    resume,
    update,
)

__all__ = [
    "AbandonedCart",
    "ActiveCart",
    "Cart",
    "CartAlreadyCompleted",
    "CartLine",
    "CartNotFound",
    "CompletedCart",
    "PricedCart",
    "PricedLine",
    "VariantNotForSale",
    "add_coupon",
    "add_line",
    "change_line",
    "complete",
    "create",
    "get",
    "list_lines",
    "lock",
    "remove_coupon",
    "remove_line",
    "require_active",
    "resume",
    "update",
]
