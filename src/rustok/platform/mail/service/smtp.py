"""One message to the SMTP relay, with every bound there is; the only user of the SMTP client.

Refuses: a transaction that is open, and a relay that cannot encrypt when encryption is asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from typing import Final

import aiosmtplib

from rustok.core.db.transaction import forbid_in_transaction
from rustok.core.mail_route import MailRoute
from rustok.platform.mail.model.mail import Answer
from rustok.platform.mail.model.rendering import one_line

KEPT_REPLY: Final = 500
QUIT_SECONDS: Final = 2.0
_SHUTTING_DOWN: Final = 421


class SmtpSender:
    """Args:
    route: where mail leaves; `host` is set.
    tls: how certificates are checked; None: against the authorities of the system.
    """

    def __init__(self, route: MailRoute, *, tls: ssl.SSLContext | None = None) -> None:
        self._route = route
        # Loading the authorities takes 20 ms, so once.
        self._tls = tls or (None if route.security == "none" else ssl.create_default_context())

    async def send(self, message: EmailMessage, *, recipient: str) -> Answer:
        """Hand `message` over; whatever happens on the way is in the answer, nothing is raised.

        Raises:
            RuntimeError: a transaction is open.
        """
        forbid_in_transaction("sending mail")

        async def hand_over(client: aiosmtplib.SMTP) -> str:
            return await self._hand_over(client, message, recipient)

        return await self._answered(hand_over, recipient)

    async def check(self) -> Answer:
        """Connect, encrypt and sign in as for a mail, and hand over nothing."""
        return await self._answered(_nothing, "")

    async def _answered(
        self, exchange: Callable[[aiosmtplib.SMTP], Awaitable[str]], recipient: str
    ) -> Answer:
        started = time.perf_counter()

        def answer(
            error: str | None = None,
            *,
            code: int | None = None,
            reply: str | None = None,
            is_final: bool = False,
            against_relay: bool = False,
        ) -> Answer:
            return Answer(
                latency_ms=round((time.perf_counter() - started) * 1000),
                error=error,
                code=code,
                reply=None if reply is None else one_line(reply, limit=KEPT_REPLY),
                is_final=is_final,
                speaks_against_relay=against_relay,
            )

        try:
            async with asyncio.timeout(self._route.total_seconds):
                reply = await self._connected(exchange)
            return answer(code=250, reply=reply)
        except (TimeoutError, aiosmtplib.SMTPTimeoutError):
            return answer("timeout", against_relay=True)
        except aiosmtplib.SMTPRecipientsRefused as refused:
            first = refused.recipients[0]
            return answer(
                f"smtp_{first.code}",
                code=first.code,
                reply=first.message,
                is_final=first.code >= 500,
            )
        except aiosmtplib.SMTPNotSupported as error:
            # A relay without STARTTLS or AUTH is for the operator to mend; a letter beyond ASCII in
            # an address is not going to be read by it tomorrow either.
            beyond_ascii = not recipient.isascii()
            return answer(
                "not_supported",
                reply=str(error),
                is_final=beyond_ascii,
                against_relay=not beyond_ascii,
            )
        except aiosmtplib.SMTPAuthenticationError as error:
            return answer(
                "authentication", code=error.code, reply=error.message, against_relay=True
            )
        except (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPDataError) as error:
            return answer(
                f"smtp_{error.code}",
                code=error.code,
                reply=error.message,
                is_final=error.code >= 500,
                against_relay=error.code == _SHUTTING_DOWN,
            )
        except aiosmtplib.SMTPResponseException as error:
            # Before MAIL: the greeting, HELO or STARTTLS was refused; it is not about this mail.
            return answer(
                f"smtp_{error.code}", code=error.code, reply=error.message, against_relay=True
            )
        except (aiosmtplib.SMTPException, OSError, ssl.SSLError) as failure:
            is_tls = isinstance(failure, ssl.SSLError) or isinstance(
                failure.__cause__ or failure.__context__, ssl.SSLError
            )
            return answer("tls" if is_tls else "connection", against_relay=True)

    async def _connected(self, exchange: Callable[[aiosmtplib.SMTP], Awaitable[str]]) -> str:
        """What `exchange` gives over a connection on which mail may be sent."""
        route = self._route
        client = aiosmtplib.SMTP(
            hostname=route.host,
            port=route.port,
            timeout=route.connect_seconds,
            use_tls=route.security == "tls",
            start_tls=False,
            tls_context=self._tls,
        )
        try:
            await client.connect()
            if route.security == "starttls":
                await self._need(client, "starttls")
                await client.starttls(tls_context=self._tls)
            if route.user is not None:
                await self._need(client, "auth")
                await client.login(route.user, route.password or "", timeout=route.total_seconds)
            reply = await exchange(client)
            # The mail is handed over: a relay that hangs or hangs up now changes nothing.
            with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                await client.quit(timeout=QUIT_SECONDS)
            return reply
        finally:
            client.close()

    async def _hand_over(
        self, client: aiosmtplib.SMTP, message: EmailMessage, recipient: str
    ) -> str:
        content = message.as_bytes()
        options = [] if content.isascii() and recipient.isascii() else ["SMTPUTF8"]
        if options:
            await self._need(client, "smtputf8")
        _, reply = await client.sendmail(
            self._route.sender,
            [recipient],
            content,
            mail_options=options,
            timeout=self._route.total_seconds,
        )
        return reply

    @staticmethod
    async def _need(client: aiosmtplib.SMTP, extension: str) -> None:
        """Raises SMTPNotSupported."""
        if client.is_ehlo_or_helo_needed:
            await client.ehlo()
        if not client.supports_extension(extension):
            raise aiosmtplib.SMTPNotSupported(f"The relay does not offer {extension.upper()}.")


async def _nothing(client: aiosmtplib.SMTP) -> str:
    reply = await client.noop()
    return reply.message
