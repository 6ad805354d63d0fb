"""Registration of the audit log."""

from __future__ import annotations

import asyncio
from typing import Final

from rustok.core.modules import Job, Module, Service
from rustok.core.parts import Parts
from rustok.platform.audit import routes
from rustok.platform.audit.service.keeping import purge_old


async def _seal(parts: Parts, stop: asyncio.Event) -> None:
    from rustok.platform.audit.service.sealing import serve  # late: only where jobs run

    await serve(parts, stop)


MODULE: Final = Module(
    slug="audit",
    title="Audit log",
    always_on=True,
    routes=(routes.admin,),
    jobs=(Job(name="audit.retention", every_seconds=3_600.0, run=purge_old),),
    services=(Service(name="audit.seal", run=_seal),),
)
