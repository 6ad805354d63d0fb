"""The worker: claims what is due, sends it outside any transaction, and records what came of it.

Any number of processes may run one: a claim is a conditional update with a lease, so a delivery
has one sender at a time and a dead sender's claims run out. Refuses: holding a transaction while a
receiver answers.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import rustok
from rustok.core.errors import NotFound, Unavailable
from rustok.core.ids import new_id
from rustok.core.parts import Parts
from rustok.core.resilience.breaker_settings import BreakerSettings
from rustok.core.resilience.bulkhead import Bulkhead
from rustok.core.resilience.circuit_breaker import CircuitOpen
from rustok.core.security.sealing import SealBroken
from rustok.core.tenancy import TenantProfile, context_for
from rustok.platform.webhooks.model.bodies import CONTENT_TYPES
from rustok.platform.webhooks.model.delivery import Answer
from rustok.platform.webhooks.model.endpoint import secret_place
from rustok.platform.webhooks.model.schedule import speaks_against_endpoint
from rustok.platform.webhooks.model.signatures import message_id, signature_headers
from rustok.platform.webhooks.repository import due
from rustok.platform.webhooks.repository import endpoints as endpoint_repository
from rustok.platform.webhooks.repository.due import Claimed
from rustok.platform.webhooks.service import deliveries
from rustok.platform.webhooks.service.posting import Posting
from rustok.telemetry import metrics, trace_context, tracing
from rustok.telemetry.logs import log_fields
from rustok.telemetry.structured import structlog
from rustok.telemetry.tracing import NoSpan, Span

CONCURRENCY: Final = 32
PER_ENDPOINT: Final = 2
PER_TENANT: Final = 8
LEASE: Final = timedelta(seconds=60)
POLL_SECONDS: Final = 0.5
RETRY_SECONDS: Final = 5.0
OFF_DUTY: Final = timedelta(minutes=10)
"""How long a suspended tenant's deliveries wait until looked at again."""
PAGE: Final = 100
BREAKER: Final = BreakerSettings(
    consecutive_failures=5, slow_call_rate=None, open_seconds=30.0, probes=1
)

_ATTRIBUTES: Final = {"http.request.method": "POST"}

log = structlog.get_logger("rustok.webhooks")


class _AgainstEndpoint(Exception):
    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__()


class Courier:
    """Args:
    parts: database, sealer, tenants.
    sender: makes the requests.
    concurrency: requests at once in this process.
    """

    def __init__(self, parts: Parts, sender: Posting, *, concurrency: int = CONCURRENCY) -> None:
        self._parts = parts
        self._sender = sender
        self._concurrency = concurrency
        self._bulkhead = Bulkhead("webhooks", concurrency=concurrency, queue=concurrency)
        # A family: an endpoint's name would be an unbounded metric label.
        self._breakers = parts.breakers.family("webhooks", BREAKER)
        self._running: dict[asyncio.Task[None], Claimed] = {}
        self._started = 0
        self._after: UUID | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then let requests under way end; survives an absent database."""
        stopping = asyncio.ensure_future(stop.wait())
        try:
            while not stop.is_set():
                pause = POLL_SECONDS
                try:
                    if await self.step():
                        continue
                except Unavailable as error:
                    log.warning("webhooks.unavailable", code=error.code)
                    pause = RETRY_SECONDS
                except Exception:
                    log.exception("webhooks.failed")
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
        free = self._concurrency - len(self._running)
        if free <= 0:
            return False
        done = self._done
        found = await self._look(self._after)
        if not found and self._after is not None:
            found = await self._look(None)
        chosen = self._choose(found, free)
        if chosen:
            await self._claim_and_start(chosen)
        # What ended during the look has made room that the look could not see.
        return bool(chosen) or self._done != done

    async def _look(self, after: UUID | None) -> list[due.Due]:
        async with self._parts.db.system("webhooks: what is due", write=False) as tx:
            return await due.list_due(
                tx, after=after, resting=self._resting(), at_once=PER_ENDPOINT, limit=PAGE
            )

    def _choose(self, found: list[due.Due], free: int) -> list[due.Due]:
        """What to start, tenants within their share; remembers whose turn comes next."""
        per_tenant = Counter(claimed.tenant_id for claimed in self._running.values())
        chosen: list[due.Due] = []
        looked_at = 0
        for one in found:
            if len(chosen) == free:
                break
            looked_at += 1
            if per_tenant[one.tenant_id] < PER_TENANT:
                per_tenant[one.tenant_id] += 1
                chosen.append(one)
        was_last = looked_at == len(found) < PAGE
        self._after = None if was_last else found[looked_at - 1].endpoint_id
        return chosen

    async def settle(self) -> int:
        """Send all that is due now and wait for it; returns how many requests were made."""
        started = self._started
        while True:
            while await self.step():
                pass
            if not self._running:
                return self._started - started
            await asyncio.wait(set(self._running))

    async def finish(self) -> None:
        """Wait for the requests under way; each is bounded in time."""
        if self._running:
            await asyncio.wait(set(self._running))

    @property
    def _done(self) -> int:
        """Deliveries that have ended so far."""
        return self._started - len(self._running)

    def _resting(self) -> list[UUID]:
        return [key for key in self._breakers.resting() if isinstance(key, UUID)]

    async def _claim_and_start(self, chosen: list[due.Due]) -> None:
        async with self._parts.db.system("webhooks: claim") as tx:
            claimed = await due.claim(tx, chosen, claim_id=new_id(), until=tx.now + LEASE)
            tenants = list({one.tenant_id for one in claimed})
            ids = list({one.endpoint_id for one in claimed})
            places = await endpoint_repository.list_destinations(tx, tenants=tenants, ids=ids)
            keys = await endpoint_repository.list_valid_keys(
                tx, tenants=tenants, ids=ids, now=tx.now
            )
        urls = {place.endpoint_id: place.url for place in places}
        for one in claimed:
            if one.endpoint_id not in urls:
                continue  # deleted meanwhile, and its deliveries with it
            sealed = [key.sealed_secret for key in keys if key.endpoint_id == one.endpoint_id]
            task = asyncio.create_task(self._deliver(one, urls[one.endpoint_id], sealed))
            self._running[task] = one
            self._started += 1
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        claimed = self._running.pop(task)
        if not task.cancelled() and task.exception() is not None:
            # The claim runs out and the delivery is due again: at least once.
            log.error(
                "webhooks.delivery_not_recorded",
                delivery_id=str(claimed.id),
                error=type(task.exception()).__name__,
            )

    async def _deliver(self, claimed: Claimed, url: str, sealed: list[str]) -> None:
        profile = await self._profile_on_duty(claimed)
        if profile is None:
            await self._postpone(claimed, OFF_DUTY)
            return
        with (
            log_fields(tenant=str(claimed.tenant_id), route="webhooks"),
            tracing.root("POST", tracing.CLIENT, _ATTRIBUTES, parent=claimed.traceparent) as span,
        ):
            await self._attempt(claimed, url, sealed, profile, span)

    async def _attempt(
        self,
        claimed: Claimed,
        url: str,
        sealed: list[str],
        profile: TenantProfile,
        span: Span | NoSpan,
    ) -> None:
        try:
            async with self._bulkhead.place():
                answer = await self._guarded(claimed, url, sealed)
        except CircuitOpen as error:
            span.set("rustok.webhook.outcome", "postponed")
            await self._postpone(claimed, timedelta(seconds=max(1.0, error.retry_after)))
            return
        ctx = context_for(
            profile,
            correlation_id=claimed.correlation_id,
            causation_id=claimed.event_id,
            traceparent=claimed.traceparent,
        )
        async with self._parts.db.write(ctx) as tx:
            verdict = await deliveries.record(
                tx, claimed.id, claim=claimed.claimed_by, answer=answer
            )
        outcome = verdict.outcome if verdict is not None else "lost"
        _describe(span, claimed, url, answer, outcome)
        metrics.WEBHOOK_DELIVERIES.labels(outcome=outcome).inc()
        metrics.WEBHOOK_DURATION.labels(outcome=outcome).observe(answer.latency_ms / 1000)
        log.info(
            "webhooks.attempted",
            delivery_id=str(claimed.id),
            endpoint_id=str(claimed.endpoint_id),
            outcome=outcome,
            failure=answer.failure,
            latency_ms=answer.latency_ms,
        )

    async def _profile_on_duty(self, claimed: Claimed) -> TenantProfile | None:
        """The tenant, unless it is suspended, has switched webhooks off, or is gone."""
        try:
            profile = await self._parts.profile_of(claimed.tenant_id)
        except NotFound:
            return None
        on_duty = profile.status == "active" and deliveries.SLUG in profile.modules
        return profile if on_duty else None

    async def _postpone(self, claimed: Claimed, wait: timedelta) -> None:
        async with self._parts.db.system("webhooks: postpone") as tx:
            await due.postpone(tx, claimed, at=tx.now + wait)

    async def _guarded(self, claimed: Claimed, url: str, sealed: list[str]) -> Answer:
        """The answer behind the endpoint's breaker. Raises CircuitOpen."""
        breaker = self._breakers.of(claimed.endpoint_id)
        try:
            async with breaker.guard():
                answer = await self._send(claimed, url, sealed)
                if speaks_against_endpoint(answer):
                    raise _AgainstEndpoint(answer)
                return answer
        except _AgainstEndpoint as failed:
            return failed.answer

    async def _send(self, claimed: Claimed, url: str, sealed: list[str]) -> Answer:
        started = time.perf_counter()
        body = claimed.payload.encode()
        headers = {
            "content-type": CONTENT_TYPES[claimed.mode],
            "user-agent": f"RusToK/{rustok.__version__}",
            "accept-encoding": "identity",
            "traceparent": _traceparent(claimed),
        }
        try:
            place = secret_place(claimed.endpoint_id)
            keys = [self._parts.sealer.open(one, belongs_to=place) for one in sealed]
        except SealBroken as error:
            log.error("webhooks.secret_unreadable", endpoint_id=str(claimed.endpoint_id))
            return Answer(
                request_url=url,
                request_headers=headers,
                latency_ms=round((time.perf_counter() - started) * 1000),
                error=error.code,
            )
        headers |= signature_headers(
            message=message_id(claimed.event_id), at=self._parts.db.now(), body=body, keys=keys
        )
        return await self._sender.post(url, headers=headers, body=body)


def _traceparent(claimed: Claimed) -> str:
    """The place of this request in the trace of the event."""
    here = tracing.current()
    if here is not None:
        return here.traceparent()
    return trace_context.continue_or_start(claimed.traceparent).traceparent()


def _describe(
    span: Span | NoSpan, claimed: Claimed, url: str, answer: Answer, outcome: str
) -> None:
    """Tell the span what came of it; of the address only the host, since a path may be a secret."""
    if not isinstance(span, Span):
        return
    span.set("server.address", urlsplit(url).hostname or "")
    span.set("messaging.message.id", str(claimed.event_id))
    span.set("rustok.webhook.delivery", str(claimed.id))
    span.set("rustok.webhook.outcome", outcome)
    span.set("rustok.tenant", str(claimed.tenant_id))
    if answer.status is not None:
        span.set("http.response.status_code", answer.status)
    if outcome != "delivered":
        span.fail(answer.error or str(answer.status))
