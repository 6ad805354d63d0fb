"""Registration of inventory."""

from __future__ import annotations

from typing import Final

from rustok.commerce.inventory import routes, service
from rustok.commerce.inventory.events import (
    InventoryAdjusted,
    InventoryBackInStock,
    InventoryLow,
    InventoryOutOfStock,
    InventoryReleased,
    InventoryReserved,
)
from rustok.core.modules import Job, Module

MODULE: Final = Module(
    slug="inventory",
    title="Inventory",
    depends_on=("products",),
    routes=(routes.admin,),
    jobs=(Job(name="inventory.release_expired", every_seconds=60, run=service.release_expired),),
    event_types=(
        InventoryAdjusted.type,
        InventoryReserved.type,
        InventoryReleased.type,
        InventoryLow.type,
        InventoryOutOfStock.type,
        InventoryBackInStock.type,
    ),
)
