"""What other features may call of fulfilments."""

from rustok.commerce.fulfilments.errors import FulfilmentNotFound
from rustok.commerce.fulfilments.model import Fulfilment, FulfilmentLine, ShippedFulfilment
from rustok.commerce.fulfilments.service import (
    cancel,
    create,
    deliver_all,
    list_fulfilments,
    pack,
    ship_now,
)

__all__ = [
    "Fulfilment",
    "FulfilmentLine",
    "FulfilmentNotFound",
    "ShippedFulfilment",
    "cancel",
    "create",
    "deliver_all",
    "list_fulfilments",
    "pack",
    "ship_now",
]
