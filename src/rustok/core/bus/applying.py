"""Applies events to consumers, inbox and effect in one transaction: what every transport ends in.

Refuses: carrying events, waiting and retrying; it says what became of each and its caller decides when.

Fast path: the events of one tenant are applied to all consumers in one transaction. When that
fails, it is rolled back and each event and consumer gets a transaction of its own, so one bad
event delays its own aggregate and nothing else.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

import msgspec

from rustok.core import dead_letters, inbox
from rustok.core.bus import tracks
from rustok.core.bus.port import Consumer, Outcome, ProfileOf
from rustok.core.db import Database, DatabaseUnavailable, WriteTx
from rustok.core.errors import NotFound, RustokError, Unavailable
from rustok.core.events.event import UnknownEvent
from rustok.core.outbox import PendingEvent
from rustok.core.tenancy import RequestContext, context_for
from rustok.telemetry import metrics
from rustok.telemetry.logs import get_logger, log_fields
from rustok.telemetry.tracing import Span

CHUNK: Final = 64
"""Events per fast-path transaction: long enough to spread the commit, short enough for other writers."""

log = get_logger("rustok.bus")


class Applier:
    """Args:
    db: where inbox and effects are written.
    consumers: the receivers, in a fixed order.
    profile_of: gives the tenant's profile for the handler's context.
    max_attempts: after so many failures a consumer's event becomes a dead letter.
    """

    def __init__(
        self,
        db: Database,
        consumers: Sequence[Consumer],
        *,
        profile_of: ProfileOf,
        max_attempts: int = 10,
    ) -> None:
        self._db = db
        self._consumers = tuple(consumers)
        self._names = self._consumers[0].name if len(self._consumers) == 1 else "embedded"
        self._profile_of = profile_of
        self._max_attempts = max_attempts

    async def apply(
        self, events: Sequence[PendingEvent], *, is_over: Callable[[], bool] = lambda: False
    ) -> list[Outcome]:
        """Apply `events`, given in order per aggregate; one outcome each, in their order.

        Args:
            is_over: asked before each chunk but the first; once it is, the rest is "blocked", and whoever
                came meanwhile has a turn.

        "published" means that every consumer has applied the event, now or before, or buried it, or
        that its tenant is gone.

        Raises:
            DatabaseUnavailable: some may have been applied; applying all again is safe.
        """
        outcomes: dict[int, Outcome] = {}
        by_tenant: dict[UUID, list[PendingEvent]] = {}
        for event in events:
            by_tenant.setdefault(event.envelope.tenant_id, []).append(event)
        # Who has little goes first: it should not wait for another tenant's flood to be applied.
        for tenant_id, tenant_events in sorted(by_tenant.items(), key=lambda pair: len(pair[1])):
            if await self._is_gone(tenant_id):
                outcomes |= {
                    event.position: Outcome(position=event.position, result="published")
                    for event in tenant_events
                }
                continue
            blocked: set[tuple[str, UUID]] = set()
            for start in range(0, len(tenant_events), CHUNK):
                chunk = tenant_events[start : start + CHUNK]
                if outcomes and is_over():
                    outcomes |= {
                        event.position: Outcome(position=event.position, result="blocked")
                        for event in chunk
                    }
                    continue
                for outcome in await self._apply_chunk(chunk, blocked):
                    outcomes[outcome.position] = outcome
        return [outcomes[event.position] for event in events]

    async def _is_gone(self, tenant_id: UUID) -> bool:
        """Whether the tenant was erased while its events were under way: nobody is left to apply them."""
        try:
            await self._profile_of(tenant_id)
        except NotFound:
            log.info("bus.tenant_gone", tenant_id=str(tenant_id))
            return True
        return False

    async def _apply_chunk(
        self, chunk: list[PendingEvent], blocked: set[tuple[str, UUID]]
    ) -> list[Outcome]:
        wanted = [e for e in chunk if any(e.envelope.type in c.handlers for c in self._consumers)]
        if wanted and not blocked:
            try:
                with tracks.batch(self._names, wanted):
                    await self._apply_together(wanted)
            except DatabaseUnavailable:
                raise
            except Exception as error:
                log.info("bus.chunk_failed", events=len(wanted), error=type(error).__name__)
            else:
                return [Outcome(position=e.position, result="published") for e in chunk]
        return [await self._apply_alone(event, blocked) for event in chunk]

    async def _context(self, event: PendingEvent) -> RequestContext:
        envelope = event.envelope
        return context_for(
            await self._profile_of(envelope.tenant_id),
            correlation_id=envelope.correlation_id,
            causation_id=envelope.id,
            traceparent=event.traceparent,
        )

    async def _apply_together(self, events: list[PendingEvent]) -> None:
        applied: list[tuple[Consumer, PendingEvent]] = []
        async with self._db.write(await self._context(events[0])) as tx:
            for consumer in self._consumers:
                mine = [e for e in events if e.envelope.type in consumer.handlers]
                if not mine:
                    continue
                claimed = await inbox.claim(tx, consumer.name, [e.envelope.id for e in mine])
                fresh = [e for e in mine if e.envelope.id in claimed]
                for event in fresh:
                    await self._handle(tx, consumer, event)
                applied += [(consumer, event) for event in fresh]
        for consumer, event in applied:
            self._count(consumer, event)

    async def _handle(self, tx: WriteTx, consumer: Consumer, event: PendingEvent) -> None:
        ctx = await self._context(event)
        started = time.perf_counter()
        envelope = event.envelope
        with (
            log_fields(tenant=str(envelope.tenant_id), route=f"{consumer.name} {envelope.type}"),
            tracks.processing(consumer.name, event) as span,
        ):
            if isinstance(span, Span):
                ctx = msgspec.structs.replace(ctx, traceparent=span.traceparent())
            tx.ctx = ctx
            await consumer.handlers[envelope.type](tx, envelope.event(), envelope)
        seconds = time.perf_counter() - started
        exemplar = span.trace_id if span.sampled else None
        metrics.EVENT_DURATION.labels(consumer=consumer.name).observe(seconds, exemplar)

    def _count(self, consumer: Consumer, event: PendingEvent) -> None:
        """Count an event whose effect is committed."""
        envelope = event.envelope
        metrics.EVENTS_DISPATCHED.labels(consumer=consumer.name, type=envelope.type).inc()
        age = (self._db.now() - envelope.occurred_at).total_seconds()
        metrics.EVENT_LAG.labels(consumer=consumer.name).set(max(0.0, age))

    async def _apply_alone(self, event: PendingEvent, blocked: set[tuple[str, UUID]]) -> Outcome:
        envelope = event.envelope
        aggregate = (envelope.aggregate_type, envelope.aggregate_id)
        if aggregate in blocked:
            return Outcome(position=event.position, result="blocked")
        for consumer in self._consumers:
            if envelope.type not in consumer.handlers:
                continue
            failure = await self._try(consumer, event)
            if failure is not None:
                blocked.add(aggregate)
                return failure
        return Outcome(position=event.position, result="published")

    async def _try(self, consumer: Consumer, event: PendingEvent) -> Outcome | None:
        """None when applied, applied before, or buried; else the failure."""
        envelope = event.envelope
        ctx = await self._context(event)
        try:
            async with self._db.write(ctx) as tx:
                if not await inbox.claim(tx, consumer.name, [envelope.id]):
                    return None
                await self._handle(tx, consumer, event)
            self._count(consumer, event)
            return None
        except DatabaseUnavailable:
            raise
        except Unavailable as error:
            reason = f"{consumer.name}: {error.code}"
            return Outcome(position=event.position, result="retry", error=reason, counts=False)
        except Exception as error:
            attempts = event.attempts + 1
            described = f"{consumer.name}: {describe(error)}"
            metrics.EVENTS_ERRORS.labels(consumer=consumer.name, type=envelope.type).inc()
            log.warning(
                "bus.handler_failed",
                consumer=consumer.name,
                event_id=str(envelope.id),
                type=envelope.type,
                attempts=attempts,
                error=type(error).__name__,
            )
            if attempts < self._max_attempts and not isinstance(error, UnknownEvent):
                return Outcome(position=event.position, result="retry", error=described)
            async with self._db.write(ctx) as tx:
                await dead_letters.bury(
                    tx, consumer.name, envelope, error=described, attempts=attempts
                )
            return None


def describe(error: Exception) -> str:
    """The error's class and place; a message only of our own errors, which hold no personal data."""
    if isinstance(error, RustokError):
        return f"{error.code}: {error.detail}"
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {frame.name} line {frame.lineno}"
