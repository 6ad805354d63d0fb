"""Registration of tenants."""

from __future__ import annotations

from typing import Final

from rustok.core.modules import Module
from rustok.platform.tenants import routes

MODULE: Final = Module(
    slug="tenants",
    title="Tenants",
    always_on=True,
    routes=(routes.platform, routes.admin),
)
