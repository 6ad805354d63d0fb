"""Registration: what RusToK is told of the package, by `modules.extra`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from rustok.core.modules import Module
from rustok_loyalty import handlers, routes
from rustok_loyalty.events import PointsEarned

MODULE: Final = Module(
    slug="loyalty",
    title="Loyalty points",
    depends_on=("orders",),
    default_on=False,
    routes=(routes.storefront,),
    consumers=(handlers.CONSUMER,),
    event_types=(PointsEarned.type,),
    migrations=Path(__file__).parent / "migrations",
)
