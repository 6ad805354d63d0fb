"""Registration of notifications."""

from __future__ import annotations

from typing import Final

from rustok.core.modules import Module
from rustok.platform.notifications import handlers

MODULE: Final = Module(
    slug="notifications",
    title="Notifications",
    always_on=True,
    consumers=(handlers.CONSUMER,),
)
