"""The use cases of stock; whoever moves stock locks its levels first, always in one order."""

from rustok.commerce.inventory.service.locations import (
    default_location,
    list_locations,
    open_location,
    update_location,
)
from rustok.commerce.inventory.service.reservations import (
    consume,
    list_reservations,
    release,
    release_expired,
    reserve,
)
from rustok.commerce.inventory.service.stock import (
    adjust,
    available,
    list_levels,
    list_levels_of,
    list_movements,
    set_level,
    set_levels,
    sum_ledger,
)

__all__ = [
    "adjust",
    "available",
    "consume",
    "default_location",
    "list_levels",
    "list_levels_of",
    "list_locations",
    "list_movements",
    "list_reservations",
    "open_location",
    "release",
    "release_expired",
    "reserve",
    "set_level",
    "set_levels",
    "sum_ledger",
    "update_location",
]
