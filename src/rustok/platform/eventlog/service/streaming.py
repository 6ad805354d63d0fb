"""The event log live, as server-sent events: every event committed from a place on, for one reader.

The log is read by position, a page at a time, so it works with any number of processes and holds one
page in memory, whoever reads how slowly. Refuses: readers without end; a stream closes when its token
expires, and the reader comes again with Last-Event-ID.

Source: HTML Living Standard, section 9.2 (server-sent events).
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec

from rustok.core import event_log
from rustok.core.errors import Unavailable
from rustok.core.event_log import EventFilter, LoggedEvent
from rustok.core.parts import Parts
from rustok.core.tenancy import RequestContext
from rustok.platform.eventlog.errors import EventPlaceUnknown, EventStreamLimit

PAGE: Final = 100
OVERLAP: Final = 500
"""Positions looked at again: they are taken before a commit and become visible after it."""
RESENT_SECONDS: Final = 10.0
"""Who comes again gets what was committed around the place once more: at least once, never not."""
LOOK_SECONDS: Final = 0.5
"""Between looks, for what other processes commit; a commit of this one is looked for at once."""
REST_SECONDS: Final = 0.05
"""Between looks at least, however much is committed."""
HEARTBEAT_SECONDS: Final = 15.0
LONGEST_SECONDS: Final = 3_600.0
RECONNECT_MS: Final = 2_000
PER_TENANT: Final = 10
PER_PROCESS: Final = 200

_open: Final[Counter[UUID]] = Counter()


def place_of(last_event_id: str | None) -> int | None:
    """The position in a Last-Event-ID header; None when there is none.

    Raises:
        EventPlaceUnknown: it is no number this log gave out.
    """
    if last_event_id is None or last_event_id == "":
        return None
    if not (last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) <= 18):
        raise EventPlaceUnknown
    return int(last_event_id)


def follow(
    parts: Parts,
    ctx: RequestContext,
    wanted: EventFilter,
    *,
    after: int | None,
    seconds: float,
) -> AsyncIterator[bytes]:
    """The tenant's events as text/event-stream; to be closed by whoever reads it.

    Args:
        after: the position of the last event the reader has; None begins with what comes from now on.
        seconds: how long at most.

    Raises:
        EventStreamLimit: the tenant, or the process, has as many streams as it may.
    """
    if _open[ctx.tenant_id] >= PER_TENANT or _open.total() >= PER_PROCESS:
        raise EventStreamLimit
    # Taken here, not at the first read: callers that come together must not all pass.
    _open[ctx.tenant_id] += 1
    return _Stream(parts, ctx, wanted, after=after, seconds=seconds)


def open_streams() -> int:
    """How many streams this process serves."""
    return _open.total()


class _Stream(AsyncIterator[bytes]):
    """One reader. Its place is given back by `aclose`, also when nothing was ever read."""

    def __init__(
        self,
        parts: Parts,
        ctx: RequestContext,
        wanted: EventFilter,
        *,
        after: int | None,
        seconds: float,
    ) -> None:
        self._parts = parts
        self._ctx = ctx
        self._wanted = wanted
        self._after = after
        self._ends_at = time.monotonic() + min(seconds, LONGEST_SECONDS)
        self._chunks = self._run()
        self._is_closed = False

    async def __anext__(self) -> bytes:
        return await anext(self._chunks)

    async def aclose(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            _open[self._ctx.tenant_id] -= 1
            if not _open[self._ctx.tenant_id]:
                del _open[self._ctx.tenant_id]
            await self._chunks.aclose()

    async def _run(self) -> AsyncGenerator[bytes, None]:
        yield f"retry: {RECONNECT_MS}\n\n".encode()
        newest, known = await self._begin()
        told_at = time.monotonic()
        pulse = self._parts.db.pulse
        while time.monotonic() < self._ends_at:
            looked_at = pulse.beats
            try:
                place, reached = newest - OVERLAP, newest
                while True:
                    page = await self._page(place)
                    for event in page:
                        place = event.position
                        reached = max(reached, place)
                        if place not in known:
                            known.add(place)
                            told_at = time.monotonic()
                            yield _encoded(event)
                    if len(page) < PAGE:
                        break
                newest = reached
                known = {position for position in known if position > newest - OVERLAP}
            except Unavailable:
                pass  # the database is away; the reader waits with us, kept by heartbeats
            if time.monotonic() - told_at >= HEARTBEAT_SECONDS:
                told_at = time.monotonic()
                yield b": still here\n\n"
            await asyncio.sleep(REST_SECONDS)
            await pulse.wait(LOOK_SECONDS, since=looked_at)

    async def _begin(self) -> tuple[int, set[int]]:
        """Where to go on from, and what is not to be told."""
        if self._after is None:
            async with self._parts.db.read(self._ctx) as tx:
                latest = await event_log.list_own_events(
                    tx, EventFilter(), before=None, limit=OVERLAP
                )
            newest = latest[0].position if latest else 0
            return newest, {event.position for event in latest}
        async with self._parts.db.read(self._ctx) as tx:
            around = await event_log.list_own_events(
                tx, self._wanted, before=self._after + 1, limit=OVERLAP
            )
            fresh = tx.now - timedelta(seconds=RESENT_SECONDS)
        old = {
            event.position
            for event in around
            if event.position == self._after or event.envelope.occurred_at < fresh
        }
        return self._after, old

    async def _page(self, after: int) -> list[LoggedEvent]:
        async with self._parts.db.read(self._ctx) as tx:
            return await event_log.follow_own_events(tx, self._wanted, after=after, limit=PAGE)


def _encoded(event: LoggedEvent) -> bytes:
    data = msgspec.json.encode(event.envelope)
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (
        event.position,
        event.envelope.type.encode("ascii"),
        data,
    )
