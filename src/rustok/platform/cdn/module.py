"""Registration of the CDN."""

from __future__ import annotations

import asyncio
from typing import Final

from rustok.core.modules import Module, Service
from rustok.core.parts import Parts
from rustok.platform.cdn.model.options import CdnOptions
from rustok.platform.cdn.service.purging import Purger


async def _purge(parts: Parts, stop: asyncio.Event) -> None:
    if parts.options(CdnOptions).is_on:
        await Purger(parts).run(stop)
    else:
        await stop.wait()


MODULE: Final = Module(
    slug="cdn",
    title="CDN",
    always_on=True,
    services=(Service(name="cdn.purge", run=_purge),),
)
