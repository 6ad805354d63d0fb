"""Registration of the event log."""

from __future__ import annotations

from typing import Final

from rustok.core.modules import Module
from rustok.platform.eventlog import routes

MODULE: Final = Module(slug="eventlog", title="Event log", always_on=True, routes=(routes.admin,))
