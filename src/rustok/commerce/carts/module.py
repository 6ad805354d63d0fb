"""Registration of carts."""

from __future__ import annotations

from typing import Final

from rustok.commerce.carts import routes, service
from rustok.commerce.carts.events import CartAbandoned, CartCompleted, CartCreated, CartUpdated
from rustok.core.modules import Job, Module

MODULE: Final = Module(
    slug="carts",
    title="Carts",
    depends_on=("products", "pricing", "inventory", "promotions"),
    routes=(routes.storefront,),
    jobs=(Job(name="carts.abandon_idle", every_seconds=3_600, run=service.abandon_idle),),
    event_types=(CartCreated.type, CartUpdated.type, CartCompleted.type, CartAbandoned.type),
)
