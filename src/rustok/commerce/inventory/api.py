"""What other features may call of inventory."""

from rustok.commerce.inventory.errors import (
    LocationNotFound,
    ReservationTooSmall,
    StockInsufficient,
    StockReserved,
)
from rustok.commerce.inventory.model import (
    ActiveReservation,
    Availability,
    Location,
    Reservation,
    ReserveLine,
    StockLevel,
)
from rustok.commerce.inventory.service import (
    adjust,
    available,
    consume,
    default_location,
    list_levels,
    list_locations,
    list_reservations,
    open_location,
    release,
    reserve,
    set_level,
    set_levels,
    sum_ledger,
)

__all__ = [
    "ActiveReservation",
    "Availability",
    "Location",
    "LocationNotFound",
    "Reservation",
    "ReservationTooSmall",
    "ReserveLine",
    "StockInsufficient",
    "StockLevel",
    "StockReserved",
    "adjust",
    "available",
    "consume",
    "default_location",
    "list_levels",
    "list_locations",
    "list_reservations",
    "open_location",
    "release",
    "reserve",
    "set_level",
    "set_levels",
    "sum_ledger",
]
