"""The use cases of carts; a cart of a signed-in customer answers to that customer only."""

from rustok.commerce.carts.service.access import lock, require_active
from rustok.commerce.carts.service.couponing import add_coupon, remove_coupon
from rustok.commerce.carts.service.editing import (
    add_line,
    change_line,
    claim,
    create,
    remove_line,
    update,
)
from rustok.commerce.carts.service.ending import abandon_idle, complete, resume
from rustok.commerce.carts.service.quoting import get, list_lines

__all__ = [
    "abandon_idle",
    "add_coupon",
    "add_line",
    "change_line",
    "claim",
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
