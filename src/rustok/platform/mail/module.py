"""Registration of mail."""

from __future__ import annotations

import asyncio
from typing import Final

from rustok.core.modules import Job, Module, Service
from rustok.core.parts import Parts
from rustok.platform.mail import routes
from rustok.platform.mail.service.leaving import sender_for
from rustok.platform.mail.service.mails import purge_old


async def _send(parts: Parts, stop: asyncio.Event) -> None:
    from rustok.platform.mail.service.postman import Postman  # late: the mail library is heavy

    await Postman(parts, sender_for(parts.mail)).run(stop)


MODULE: Final = Module(
    slug="mail",
    title="Mail",
    always_on=True,
    routes=(routes.admin,),
    jobs=(Job(name="mail.purge_old", every_seconds=3_600.0, run=purge_old),),
    services=(Service(name="mail.send", run=_send),),
)
