"""Registration of menus."""

from __future__ import annotations

from typing import Final

from rustok.content.menus import routes
from rustok.core.modules import Module

MODULE: Final = Module(
    slug="menus",
    title="Menus",
    depends_on=("nodes", "taxonomy"),
    routes=(routes.storefront, routes.admin),
    event_types=("menu.created", "menu.updated", "menu.deleted"),
)
