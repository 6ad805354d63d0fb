"""The worker: claims what is due, sends it outside any transaction, and records what came of it.

Any number of processes may run one: a claim is a conditional update with a lease, so a mail has one
sender at a time and a dead sender's claims run out. Refuses: holding a transaction while the relay
answers.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from email.message import EmailMessage
from typing import Final
from uuid import UUID

import msgspec

from rustok.core.errors import NotFound, Unavailable
from rustok.core.ids import new_id
from rustok.core.parts import Parts
from rustok.core.resilience.breaker_settings import BreakerSettings
from rustok.core.resilience.circuit_breaker import BreakerState, CircuitBreaker, CircuitOpen
from rustok.core.security.sealing import SealBroken
from rustok.core.tenancy import TenantProfile, context_for
from rustok.platform.mail.model.mail import Answer, secret_place
from rustok.platform.mail.model.message import build
from rustok.platform.mail.model.rendering import render, store_name
from rustok.platform.mail.model.templates import MailContent, find_template
from rustok.platform.mail.repository import due
from rustok.platform.mail.repository.due import Claimed
from rustok.platform.mail.service import mails
from rustok.platform.mail.service.composing import composer_of
from rustok.platform.mail.service.leaving import Sender
from rustok.telemetry import metrics, tracing
from rustok.telemetry.structured import structlog
from rustok.telemetry.tracing import NoSpan, Span

LEASE: Final = timedelta(seconds=120)
"""Longer than the longest sending: `MailRoute.total_seconds` is at most 60."""
POLL_SECONDS: Final = 1.0
RETRY_SECONDS: Final = 5.0
OFF_DUTY: Final = timedelta(minutes=10)
"""How long a suspended tenant's mails wait until looked at again."""
HELD_AT_ONCE: Final = 100
"""With mail off nothing is sent, and mails are kept many at a time."""
BREAKER: Final = BreakerSettings(
    consecutive_failures=5, slow_call_rate=None, open_seconds=15.0, probes=1
)
_decode: Final = msgspec.json.Decoder(MailContent).decode

log = structlog.get_logger("rustok.mail")


class _AgainstRelay(Exception):
    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__()


class Postman:
    """Args:
    parts: database, sealer, tenants.
    sender: hands messages over; None: mail is off, and what is due is held.
    circuit: the breaker in front of the relay; None: the process' own, named `mail`.
    """

    def __init__(
        self, parts: Parts, sender: Sender | None, *, circuit: CircuitBreaker | None = None
    ) -> None:
        self._parts = parts
        self._sender = sender
        self._breaker = circuit or parts.breakers.breaker("mail", BREAKER)
        self._running: set[asyncio.Task[None]] = set()
        self._started = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then let sendings under way end; survives an absent database."""
        stopping = asyncio.ensure_future(stop.wait())
        try:
            while not stop.is_set():
                pause = POLL_SECONDS
                try:
                    if await self.step():
                        continue
                except Unavailable as error:
                    log.warning("mail.unavailable", code=error.code)
                    pause = RETRY_SECONDS
                except Exception:
                    log.exception("mail.failed")
                    pause = RETRY_SECONDS
                await asyncio.wait(
                    {stopping, *self._running},
                    timeout=pause,
                    return_when=asyncio.FIRST_COMPLETED,
                )
        finally:
            stopping.cancel()
            await self.finish()

    async def step(self) -> bool:
        """Start what may start now; True when there may be more at once."""
        free = self._parts.mail.concurrency - len(self._running)
        if free <= 0 or self._is_resting():
            return False
        async with self._parts.db.system("mail: what is due", write=False) as tx:
            found = await due.list_due(tx, limit=free if self._sender else HELD_AT_ONCE)
        if not found:
            return False
        async with self._parts.db.system("mail: claim") as tx:
            claimed = await due.claim(tx, found, claim_id=new_id(), until=tx.now + LEASE)
        leaving = claimed if self._sender is not None else await self._hold(claimed)
        for one in leaving:
            task = asyncio.create_task(self._deliver(one))
            self._running.add(task)
            self._started += 1
            task.add_done_callback(self._ended)
        return bool(claimed)

    async def _hold(self, claimed: list[Claimed]) -> list[Claimed]:
        """With mail off, keep what was claimed, a transaction a tenant; gives what is not to be kept."""
        others: list[Claimed] = []
        by_tenant: dict[UUID, list[Claimed]] = {}
        for one in claimed:
            by_tenant.setdefault(one.tenant_id, []).append(one)
        for mails_of_tenant in by_tenant.values():
            profile = await self._profile_on_duty(mails_of_tenant[0])
            kept = [
                one for one in mails_of_tenant if profile is not None and not self._is_late(one)
            ]
            others += [one for one in mails_of_tenant if one not in kept]
            if profile is None or not kept:
                continue
            async with self._parts.db.write(context_for(profile)) as tx:
                await mails.hold(tx, [one.id for one in kept], claim=kept[0].claimed_by)
            for one in kept:
                log.warning("mail.off", mail_id=str(one.id), template=one.template)
                metrics.MAIL_DELIVERIES.labels(outcome="held").inc()
        return others

    def _is_late(self, claimed: Claimed) -> bool:
        return claimed.expires_at is not None and claimed.expires_at <= self._parts.db.now()

    async def settle(self) -> int:
        """Send all that is due now and wait for it; returns how many mails were looked at."""
        started = self._started
        while True:
            while await self.step():
                pass
            if not self._running:
                return self._started - started
            await asyncio.wait(set(self._running))

    async def finish(self) -> None:
        """Wait for the sendings under way; each is bounded in time."""
        if self._running:
            await asyncio.wait(set(self._running))

    def _is_resting(self) -> bool:
        return (
            self._breaker.state is BreakerState.OPEN
            and self._breaker.snapshot().retry_after_seconds > 0
        )

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            # The claim runs out and the mail is due again: at least once, with the same Message-ID.
            log.error("mail.not_recorded", error=type(task.exception()).__name__)

    async def _deliver(self, claimed: Claimed) -> None:
        with tracing.root("send mail", tracing.CLIENT, parent=claimed.traceparent) as span:
            span.set("rustok.tenant", str(claimed.tenant_id))
            span.set("rustok.mail", str(claimed.id))
            span.set("rustok.mail.template", claimed.template)
            await self._attempt(claimed, span)

    async def _attempt(self, claimed: Claimed, span: Span | NoSpan) -> None:
        profile = await self._profile_on_duty(claimed)
        if profile is None:
            await self._postpone(claimed, OFF_DUTY)
            return
        ctx = context_for(
            profile, correlation_id=claimed.correlation_id, traceparent=claimed.traceparent
        )
        if self._is_late(claimed):
            async with self._parts.db.write(ctx) as tx:
                await mails.give_up_expired(tx, claimed.id, claim=claimed.claimed_by)
            self._told(claimed, "expired", None, span)
            return
        if self._sender is None:
            return  # it became due while it was held back; the next look keeps it
        try:
            answer = await self._guarded(self._sender, claimed, profile)
        except CircuitOpen as error:
            span.set("rustok.mail.outcome", "postponed")
            await self._postpone(claimed, timedelta(seconds=max(1.0, error.retry_after)))
            return
        async with self._parts.db.write(ctx) as tx:
            verdict = await mails.record(tx, claimed.id, claim=claimed.claimed_by, answer=answer)
        self._told(claimed, verdict.outcome if verdict is not None else "lost", answer, span)

    def _told(
        self, claimed: Claimed, outcome: str, answer: Answer | None, span: Span | NoSpan
    ) -> None:
        span.set("rustok.mail.outcome", outcome)
        if answer is not None and answer.error is not None:
            span.fail(answer.error)
        metrics.MAIL_DELIVERIES.labels(outcome=outcome).inc()
        if answer is not None:
            metrics.MAIL_DURATION.labels(outcome=outcome).observe(answer.latency_ms / 1000)
        log.info(
            "mail.attempted",
            mail_id=str(claimed.id),
            template=claimed.template,
            outcome=outcome,
            failure=answer.error if answer is not None else outcome,
            latency_ms=answer.latency_ms if answer is not None else 0,
        )

    async def _profile_on_duty(self, claimed: Claimed) -> TenantProfile | None:
        """The tenant, unless it is suspended or gone."""
        try:
            profile = await self._parts.profile_of(claimed.tenant_id)
        except NotFound:
            return None
        return profile if profile.status == "active" else None

    async def _postpone(self, claimed: Claimed, wait: timedelta) -> None:
        async with self._parts.db.system("mail: postpone") as tx:
            await due.postpone(tx, claimed, at=tx.now + wait)

    async def _guarded(self, sender: Sender, claimed: Claimed, profile: TenantProfile) -> Answer:
        """The answer behind the relay's breaker. Raises CircuitOpen."""
        message = await self._message(claimed, profile)
        if isinstance(message, Answer):
            return message
        try:
            async with self._breaker.guard():
                answer = await sender.send(message, recipient=claimed.recipient)
                if answer.speaks_against_relay:
                    raise _AgainstRelay(answer)
                return answer
        except _AgainstRelay as failed:
            return failed.answer

    async def _content(self, claimed: Claimed, profile: TenantProfile) -> MailContent | None:
        """What fills the template; None when this program cannot tell. Raises NotFound, SealBroken."""
        if claimed.sealed_secret is not None:
            place = secret_place(claimed.id)
            return _decode(self._parts.sealer.open(claimed.sealed_secret, belongs_to=place))
        compose = composer_of(claimed.template)
        if compose is None or claimed.reference_id is None:
            return None
        async with self._parts.db.read(context_for(profile, locale=claimed.locale)) as tx:
            return await compose(tx, self._parts, claimed.reference_id)

    async def _message(self, claimed: Claimed, profile: TenantProfile) -> EmailMessage | Answer:
        """The message, or why it cannot be made: that is tried again, an operator may mend it."""
        template = find_template(claimed.template)
        try:
            content = await self._content(claimed, profile)
            if template is None or content is None:
                log.error(
                    "mail.template_unknown", mail_id=str(claimed.id), template=claimed.template
                )
                return Answer(latency_ms=0, error="template_unknown")
            template.content(content.values, content.tables)
        except NotFound as error:
            return Answer(latency_ms=0, error=error.code, is_final=True)
        except SealBroken as error:
            log.error("mail.secret_unreadable", mail_id=str(claimed.id))
            return Answer(latency_ms=0, error=error.code)
        except (ValueError, msgspec.DecodeError):
            log.error("mail.template_changed", mail_id=str(claimed.id), template=claimed.template)
            return Answer(latency_ms=0, error="template_changed")
        store = store_name(profile.name, profile.settings)
        return build(
            render(
                template,
                content,
                locale=claimed.locale,
                store=store,
                settings=profile.settings,
            ),
            mail_id=claimed.id,
            sender=self._parts.mail.sender,
            store=store,
            recipient=claimed.recipient,
            reply_to=str(profile.settings.get("mail_reply_to", "")) or None,
            created_at=claimed.created_at,
        )
