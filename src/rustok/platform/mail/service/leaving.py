"""Where messages go: a relay, or a folder of .eml files that any mail program opens; or nowhere."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rustok.core.db.transaction import forbid_in_transaction
from rustok.core.mail_route import MailRoute
from rustok.platform.mail.model.mail import Answer

if TYPE_CHECKING:  # the start needs no mail library
    from email.message import EmailMessage


class Sender(Protocol):
    """Hands messages over: a folder, or `smtp.SmtpSender`."""

    async def send(self, message: EmailMessage, *, recipient: str) -> Answer: ...

    async def check(self) -> Answer:
        """Go as far as a mail would, and hand over nothing."""
        ...


class FolderSender:
    """Args:
    folder: made when it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, message: EmailMessage, *, recipient: str) -> Answer:  # noqa: ARG002 - the port's
        """Write `message` under its id; the same mail again replaces its file."""
        forbid_in_transaction("writing mail")
        return await self._answered(lambda: self._write(message))

    async def check(self) -> Answer:
        """Make the folder, and write and remove a file."""
        return await self._answered(self._try)

    async def _answered(self, write: Callable[[], None]) -> Answer:
        started = time.perf_counter()
        error: str | None = None
        try:
            await asyncio.to_thread(write)
        except OSError:
            error = "folder"
        latency_ms = round((time.perf_counter() - started) * 1000)
        return Answer(latency_ms=latency_ms, error=error, speaks_against_relay=error is not None)

    def _try(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._folder / f".{os.getpid()}.check"
        draft.write_bytes(b"")
        draft.unlink()

    def _write(self, message: EmailMessage) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        name = str(message["Message-ID"]).strip("<>").partition("@")[0]
        draft = self._folder / f".{name}.part"
        draft.write_bytes(message.as_bytes())
        draft.replace(self._folder / f"{name}.eml")


def sender_for(route: MailRoute) -> Sender | None:
    """How messages leave by `route`; None: mail is off."""
    if route.host is not None:
        from rustok.platform.mail.service.smtp import SmtpSender  # late: only where a relay is set

        return SmtpSender(route)
    return FolderSender(route.folder) if route.folder is not None else None


async def check_route(route: MailRoute) -> Answer | None:
    """Whether mail could leave by `route` now, without sending one; None: mail is off."""
    sender = sender_for(route)
    return None if sender is None else await sender.check()
