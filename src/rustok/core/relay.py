"""The relay: takes pending events from the outbox to the transport, in order per aggregate, at least once.

Refuses: deciding what an event means, and giving up: an event stays pending until it is published.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from datetime import timedelta
from typing import Final

from rustok.core import lease, outbox
from rustok.core.bus.port import Transport
from rustok.core.bus.tracks import any_sampled
from rustok.core.db import Database
from rustok.core.errors import Unavailable
from rustok.core.ids import new_id
from rustok.core.outbox import PendingEvent
from rustok.telemetry import metrics, tracing
from rustok.telemetry.logs import get_logger

LEASE_SECONDS: Final = 10.0
RETRY_BASE_SECONDS: Final = 0.2
RETRY_CAP_SECONDS: Final = 60.0
HELD_BACK_SECONDS: Final = 0.05
"""Between looks while the transport has no room for what is due."""
ABSENCE_ATTEMPTS: Final = 3
"""An absent party is asked again as after so many failures: every 0.8 to 1.6 seconds."""
LONGEST_ABSENCE_ATTEMPTS: Final = 4
"""While the database or the transport is away, looks are at most 3.2 seconds apart: they cost little."""

log = get_logger("rustok.relay")


def retry_delay_seconds(attempts: int) -> float:
    """Delay before attempt `attempts` + 1: exponential to a cap, with half of it jittered."""
    full = min(RETRY_CAP_SECONDS, RETRY_BASE_SECONDS * 2.0 ** min(attempts, 20))
    return full / 2 + random.uniform(0, full / 2)  # noqa: S311 - spreads load, no secret


class Relay:
    """Args:
    db: the database with the outbox.
    transport: where events go.
    batch: events per round.
    poll_seconds: longest wait between looks when nothing wakes it.
    lease_seconds: after so long without a sign of life another process' relay takes over.
    """

    def __init__(
        self,
        db: Database,
        transport: Transport,
        *,
        batch: int = 200,
        poll_seconds: float = 0.5,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self._db = db
        self._transport = transport
        self._batch = batch
        self._poll_seconds = poll_seconds
        self._lease_seconds = lease_seconds
        self._wake = asyncio.Event()
        self._holder = str(new_id())
        self._lease_until = 0.0
        self._held_back = False
        self._is_crowded = False

    def wake(self) -> None:
        """There is something new in the outbox; called after a commit with events."""
        self._wake.set()
        self._transport.hurry()

    async def step(self) -> int:
        """One round; returns how many events were published.

        Raises:
            Unavailable: database or transport is away; the next round tries again.
        """
        async with self._db.system("relay reads the outbox", write=False) as tx:
            pending = await outbox.list_pending(
                tx, now=tx.now, limit=self._batch, is_crowded=self._is_crowded
            )
        self._held_back = False
        self._is_crowded = len(pending) >= self._batch
        if not pending:
            return 0
        with tracing.root("outbox relay", tracing.INTERNAL, sampled=any_sampled(pending)) as span:
            span.set("messaging.batch.message_count", len(pending))
            published = await self._carry(pending)
            span.set("rustok.events.published", len(published))
        types = {event.position: event.envelope.type for event in pending}
        for position in published:
            metrics.EVENTS_PUBLISHED.labels(type=types[position]).inc()
        return len(published)

    async def _carry(self, pending: list[PendingEvent]) -> list[int]:
        """Publish and record what came of it; returns the positions published."""
        outcomes = await self._transport.publish(pending)
        attempts = {event.position: event.attempts for event in pending}
        published = [o.position for o in outcomes if o.result == "published"]
        self._held_back = any(o.result == "blocked" for o in outcomes)
        async with self._db.system("relay marks the outbox") as tx:
            if published:
                await outbox.mark_published(tx, published, now=tx.now)
            for outcome in outcomes:
                if outcome.result == "retry":
                    tried = attempts[outcome.position] if outcome.counts else ABSENCE_ATTEMPTS
                    delay = retry_delay_seconds(tried)
                    await outbox.mark_failed(
                        tx,
                        outcome.position,
                        retry_at=tx.now + timedelta(seconds=delay),
                        error=outcome.error or "",
                        counts=outcome.counts,
                    )
        return published

    async def drain(self, *, timeout_seconds: float = 60.0) -> int:
        """Publish until nothing is pending (delayed retries included); returns how many.

        Raises:
            TimeoutError: something is still pending after `timeout_seconds`.
        """
        total = 0
        async with asyncio.timeout(timeout_seconds):
            while True:
                moved = await self.step()
                total += moved
                if moved:
                    continue
                async with self._db.system("relay looks for delayed events", write=False) as tx:
                    waiting = await outbox.backlog(tx)
                if waiting.pending == 0:
                    return total
                await asyncio.sleep(0.05)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; survives an absent database or transport."""
        failures = 0
        while not stop.is_set():
            self._wake.clear()
            try:
                moved = await self.step() if await self._hold_lease() else 0
                failures = 0
            except Unavailable as error:
                failures = min(failures + 1, LONGEST_ABSENCE_ATTEMPTS)
                log.warning("relay.unavailable", code=error.code)
                moved = 0
            except Exception:
                failures += 1
                log.exception("relay.failed", failures=failures)
                moved = 0
            if moved == 0:
                idle = HELD_BACK_SECONDS if self._held_back else self._poll_seconds
                pause = retry_delay_seconds(failures) if failures else idle
                await self._sleep(stop, pause)
        if self._lease_until:
            with contextlib.suppress(Unavailable):
                await lease.release(self._db, "relay", holder=self._holder)

    async def _hold_lease(self) -> bool:
        now = time.monotonic()
        if now < self._lease_until - self._lease_seconds / 2:
            return True
        held = await lease.acquire(
            self._db, "relay", holder=self._holder, seconds=self._lease_seconds
        )
        self._lease_until = now + self._lease_seconds if held else 0.0
        return held

    async def _sleep(self, stop: asyncio.Event, seconds: float) -> None:
        waits = [asyncio.ensure_future(self._wake.wait()), asyncio.ensure_future(stop.wait())]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
