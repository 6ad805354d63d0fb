"""Registration of pricing."""

from __future__ import annotations

from typing import Final

from rustok.commerce.pricing import routes
from rustok.core.modules import Module

MODULE: Final = Module(
    slug="pricing",
    title="Prices",
    depends_on=("products",),
    routes=(routes.admin,),
    event_types=("price.updated",),
)
