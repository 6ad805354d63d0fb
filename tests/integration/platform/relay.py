"""An SMTP relay that does as it is told: takes, refuses, hangs, hangs up, insists on STARTTLS."""

from __future__ import annotations

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import aiosmtpd.smtp
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from rustok.core.mail_route import MailRoute, MailSecurity


class Relay:
    """Attributes:
    taken: the messages taken, with the address each went to.
    rcpt, data: what is answered instead of taking, one after the other; then all is taken.
        `hang` waits for ever, `cut` hangs up, `cut after` hangs up after taking.
    """

    def __init__(self) -> None:
        self.port = 0
        self.taken: list[tuple[str, EmailMessage]] = []
        self.rcpt: list[str] = []
        self.data: list[str] = []
        self.connections = 0
        self.was_encrypted: list[bool] = []
        self.at_once = self.most_at_once = 0
        self.pause_seconds = 0.0

    def route(self, **changes: Any) -> MailRoute:
        security: MailSecurity = changes.pop("security", "none")
        return MailRoute(
            **{
                "host": "127.0.0.1",
                "port": self.port,
                "security": security,
                "sender": "no-reply@shop.example",
                "connect_seconds": 1.0,
                "total_seconds": 1.0,
                **changes,
            }
        )

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        said = self.rcpt.pop(0) if self.rcpt else "take"
        if said != "take":
            return await self._misbehave(server, said)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        said = self.data.pop(0) if self.data else "take"
        if said not in ("take", "cut after"):
            return await self._misbehave(server, said)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(self.pause_seconds)
        self.at_once -= 1
        content = envelope.original_content or b""
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.taken += [(to, message) for to in envelope.rcpt_tos]
        self.was_encrypted.append(session.ssl is not None)
        if said == "cut after":
            return await self._misbehave(server, "cut")
        return "250 2.0.0 taken"

    async def _misbehave(self, server: SMTP, said: str) -> str:
        if said == "hang":
            await asyncio.sleep(30)
        if said == "cut":
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
            await asyncio.sleep(0.05)
        return said


def _authenticate(
    _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: aiosmtpd.smtp.LoginPassword
) -> AuthResult:
    right = (data.login, data.password) == (b"shop", b"right horse")
    return AuthResult(success=right, handled=False)


@asynccontextmanager
async def running(
    *, tls: ssl.SSLContext | None = None, needs_auth: bool = False, port: int = 0
) -> AsyncIterator[Relay]:
    """A relay on a port of this machine; with `tls` it takes nothing before STARTTLS."""
    relay = Relay()

    def protocol() -> SMTP:
        relay.connections += 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of passwords in clear text
            return SMTP(
                relay,
                hostname="relay.example",
                tls_context=tls,
                require_starttls=tls is not None,
                auth_required=needs_auth,
                auth_require_tls=False,
                authenticator=_authenticate,
                enable_SMTPUTF8=True,
                timeout=30,
            )

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", port)
    relay.port = server.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        server.close()
        await asyncio.sleep(0.05)
