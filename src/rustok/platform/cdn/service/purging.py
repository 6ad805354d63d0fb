"""The worker: takes the keys that wait, sends as few calls as can be, and forgets what is done.

Rows go only after the provider has said yes, so a process that dies, or a provider that is away,
costs a repetition and loses nothing; purging twice does no harm. One process works at a time, so
that keys of all are sent together. Refuses: holding a transaction while the provider answers.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from rustok.core import lease
from rustok.core.errors import RustokError, Unavailable
from rustok.core.ids import new_id
from rustok.core.parts import Parts
from rustok.platform.cdn import repository
from rustok.platform.cdn.errors import CdnOff, CdnPartUnknown, PurgeFailed
from rustok.platform.cdn.model.keys import fewest, is_left, key_of
from rustok.platform.cdn.model.options import CdnOptions
from rustok.platform.cdn.repository import Waiting
from rustok.platform.cdn.service.asking import ask
from rustok.telemetry import metrics
from rustok.telemetry.logs import get_logger

POLL_SECONDS: Final = 1.0
ROWS: Final = 1_000
CALLS: Final = 5
"""In one round: each ends in 8 seconds, all within the lease."""
LEASE_SECONDS: Final = 60.0
LEASE: Final = "cdn.purge"
LONGEST_PAUSE_SECONDS: Final = 60.0

log = get_logger("rustok.cdn")


class Purger:
    """Args:
    parts: database, breakers, and the options of the CDN.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._options = parts.options(CdnOptions)
        self._me = str(new_id())
        self._failures = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; survives an absent database and an absent provider."""
        while not stop.is_set():
            pause = POLL_SECONDS
            try:
                if await self.step():
                    continue
            except Unavailable as error:
                pause = self._pause()
                if not isinstance(error, PurgeFailed):
                    log.info("cdn.waits", code=error.code)
            except Exception:
                log.exception("cdn.failed")
                pause = self._pause()
            try:
                async with asyncio.timeout(pause):
                    await stop.wait()
            except TimeoutError:
                continue
        try:
            await lease.release(self._parts.db, LEASE, holder=self._me)
        except RustokError as error:
            log.info("cdn.lease_kept", code=error.code)  # it runs out by itself

    async def step(self) -> bool:
        """Purge what is due, a round of it; True when there may be more at once.

        Raises:
            PurgeFailed, CircuitOpen: the provider did not; everything not purged waits on.
            DatabaseUnavailable: see there.
        """
        db = self._parts.db
        if not await self._due(1):
            return False
        if not await lease.acquire(db, LEASE, holder=self._me, seconds=LEASE_SECONDS):
            return False
        rows = await self._without_late(await self._due(ROWS))
        wanted = fewest(key for row in rows for key in row.keys)
        size = self._options.keys_per_call
        calls = [wanted[at : at + size] for at in range(0, len(wanted), size)]
        left = set(wanted)
        try:
            for call in calls[:CALLS]:
                await ask(self._options, self._parts.breakers, call, at=db.now())
                left -= set(call)
        finally:
            await self._remove(
                [row for row in rows if not any(is_left(key, left) for key in row.keys)]
            )
        self._failures = 0
        return len(rows) == ROWS or len(calls) > CALLS

    async def _due(self, limit: int) -> list[Waiting]:
        async with self._parts.db.system("cdn: what is due", write=False) as tx:
            until = tx.now - timedelta(seconds=self._options.wait_seconds)
            return await repository.list_due(tx, until=until, limit=limit)

    async def _without_late(self, rows: list[Waiting]) -> list[Waiting]:
        """Rows whose copies have ended by themselves meanwhile go unpurged, and are told of."""
        oldest = self._parts.db.now() - timedelta(seconds=self._options.surrogate_seconds)
        late = [row for row in rows if row.created_at < oldest]
        if late:
            log.error("cdn.given_up", rows=len(late), oldest_at=late[0].created_at.isoformat())
            metrics.CDN_PURGES.labels(outcome="given_up").inc(len(late))
            await self._delete([row.id for row in late])
        return [row for row in rows if row.created_at >= oldest]

    async def _remove(self, done: Sequence[Waiting]) -> None:
        if not done:
            return
        await self._delete([row.id for row in done])
        now = self._parts.db.now()
        for row in done:
            metrics.CDN_PURGE_DELAY.observe(max(0.0, (now - row.created_at).total_seconds()))

    async def _delete(self, ids: list[UUID]) -> None:
        async with self._parts.db.system("cdn: purged") as tx:
            await repository.remove(tx, ids)

    def _pause(self) -> float:
        """Twice as long after each failure, up to a minute, with some chance in it."""
        self._failures += 1
        longest = min(LONGEST_PAUSE_SECONDS, 2.0 ** min(self._failures, 6))
        return random.uniform(longest / 2, longest)  # noqa: S311 - spreads load, guards nothing


async def purge_now(parts: Parts, tenant_id: UUID, part: str) -> str:
    """Purge one part of a tenant at once; the key it has.

    Raises:
        CdnOff: no CDN is set.
        CdnPartUnknown: `part` is none.
        PurgeFailed, CircuitOpen: the provider did not.
    """
    options = parts.options(CdnOptions)
    if not options.is_on:
        raise CdnOff
    try:
        key = key_of(tenant_id, part)
    except ValueError:
        raise CdnPartUnknown from None
    await ask(options, parts.breakers, [key], at=parts.db.now())
    return key
