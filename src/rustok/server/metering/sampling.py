"""Reads the gauges that nothing counts by itself: pools, dead letters, products and nodes by state.

It is asked before a scrape or an export and measures at most so often as each thing is worth.
Refuses: failing a scrape; what cannot be read keeps its last value.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from rustok.commerce.products import api as products
from rustok.content.nodes import api as nodes
from rustok.core import dead_letters
from rustok.core.db import Database, SystemTx
from rustok.core.errors import RustokError
from rustok.core.pressure import BacklogWatch
from rustok.telemetry import metrics
from rustok.telemetry.instruments import Family, Gauge
from rustok.telemetry.logs import get_logger

LETTERS_SECONDS: Final = 10.0
QUEUES_SECONDS: Final = 10.0
STATES_SECONDS: Final = 60.0
"""Counting rows by state reads whole tables."""

log = get_logger("rustok.metering")


class Sampler:
    """Args:
    db: the database.
    backlog: measures the outbox, at its own pace.
    embedded: names of the consumers that wait for the relay itself; empty with a broker.
    waiting: counts what waits for each consumer at a broker; None where there is none.
    """

    def __init__(
        self,
        db: Database,
        backlog: BacklogWatch,
        *,
        embedded: Sequence[str] = (),
        waiting: Callable[[], Awaitable[Mapping[str, int]]] | None = None,
    ) -> None:
        self._db = db
        self._backlog = backlog
        self._embedded = tuple(embedded)
        self._waiting = waiting
        self._due: dict[str, float] = {}

    async def sample(self, *, shared: bool = True) -> None:
        """Bring the gauges up to date.

        Args:
            shared: also what every process would find alike in the database.
        """
        self._pools()
        await self._now_and_then("backlog", 0.0, self._measure_backlog)
        if self._waiting is not None:
            await self._now_and_then("queues", QUEUES_SECONDS, self._queues)
        if shared:
            await self._now_and_then("letters", LETTERS_SECONDS, self._letters)
            await self._now_and_then("states", STATES_SECONDS, self._states)

    async def _now_and_then(
        self, what: str, seconds: float, measure: Callable[[], Awaitable[None]]
    ) -> None:
        now = time.monotonic()
        if now < self._due.get(what, float("-inf")):
            return
        self._due[what] = now + seconds
        try:
            await measure()
        except RustokError as error:
            log.info("metering.unavailable", what=what, code=error.code)

    def _pools(self) -> None:
        for role, state, count in self._db.connections():
            metrics.DB_POOL.labels(role=role, state=state).set(count)

    async def _measure_backlog(self) -> None:
        pressure = await self._backlog.measure()
        for consumer in self._embedded:
            metrics.EVENT_QUEUE_DEPTH.labels(consumer=consumer).set(pressure.pending)

    async def _letters(self) -> None:
        async with self._db.system("metrics: dead letters", write=False) as tx:
            found = await dead_letters.count_open_by_consumer(tx)
        metrics.DEAD_LETTERS.clear()
        for consumer, count in found.items():
            metrics.DEAD_LETTERS.labels(consumer=consumer).set(count)

    async def _states(self) -> None:
        await self._count(metrics.PRODUCTS, products.count_by_state)
        await self._count(metrics.CONTENT_NODES, nodes.count_by_state)

    async def _count(
        self,
        gauge: Family[Gauge],
        count: Callable[[SystemTx], Awaitable[Mapping[str, int]]],
    ) -> None:
        async with self._db.system("metrics: rows by state", write=False) as tx:
            found = await count(tx)
        gauge.clear()
        for state, number in found.items():
            gauge.labels(state=state).set(number)

    async def _queues(self) -> None:
        assert self._waiting is not None
        for consumer, number in (await self._waiting()).items():
            metrics.EVENT_QUEUE_DEPTH.labels(consumer=consumer).set(number)
