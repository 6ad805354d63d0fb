"""Registration of notices."""

from __future__ import annotations

from typing import Final

from rustok.commerce.notices import handlers
from rustok.core.modules import Module

MODULE: Final = Module(
    slug="notices",
    title="Mails about orders and returns",
    always_on=True,
    consumers=(handlers.CONSUMER,),
)
