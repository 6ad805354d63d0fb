"""Registration of timelines."""

from __future__ import annotations

from typing import Final

from rustok.core.modules import Module
from rustok.platform.timelines import routes

MODULE: Final = Module(slug="timelines", title="Timelines", always_on=True, routes=(routes.admin,))
