"""A bound on how many calls to one dependency run and wait at once.

It refuses the call too many at once, instead of letting a slow dependency collect every task.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from rustok.core.errors import Unavailable
from rustok.core.resilience.deadline import remaining


class BulkheadFull(Unavailable):
    """All places and the queue were taken, or no place came free in time; nothing was called."""

    code = "bulkhead_full"
    title = "A part this request needs is busy"

    def __init__(self, *, dependency: str) -> None:
        self.dependency = dependency
        super().__init__("A part this request needs is already serving as many as it can.")


class BulkheadSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A bulkhead at one moment. `rejected_total` counts since the start."""

    name: str
    running: int
    waiting: int
    rejected_total: int


class Bulkhead:
    """The places at the dependency called `name`, given out first come, first served.

    Args:
        concurrency: calls that may run at once; 1 or more.
        queue: calls that may wait for a place; 0 rejects as soon as all places are taken.
        wait_seconds: longest wait for a place; the current deadline shortens it.
    """

    __slots__ = (
        "_concurrency",
        "_places",
        "_queue",
        "_rejected",
        "_running",
        "_wait",
        "_waiting",
        "name",
    )

    def __init__(
        self, name: str, *, concurrency: int, queue: int = 0, wait_seconds: float = 1.0
    ) -> None:
        if concurrency < 1 or queue < 0 or wait_seconds <= 0:
            raise ValueError("concurrency >= 1, queue >= 0 and wait_seconds > 0 are needed")
        self.name = name
        self._concurrency, self._queue, self._wait = concurrency, queue, wait_seconds
        self._places = asyncio.Semaphore(concurrency)
        self._running = self._waiting = self._rejected = 0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold one place for the block.

        Raises:
            BulkheadFull: see there.
        """
        if self._places.locked():
            await self._wait_for_place()
        else:
            await self._places.acquire()  # free: does not suspend
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            self._places.release()

    def snapshot(self) -> BulkheadSnapshot:
        """The counts now."""
        return BulkheadSnapshot(
            name=self.name,
            running=self._running,
            waiting=self._waiting,
            rejected_total=self._rejected,
        )

    async def _wait_for_place(self) -> None:
        limit = min(self._wait, remaining())
        if self._waiting >= self._queue or limit <= 0:
            self._rejected += 1
            raise BulkheadFull(dependency=self.name)
        self._waiting += 1
        try:
            async with asyncio.timeout(None if limit == math.inf else limit):
                await self._places.acquire()
        except TimeoutError:
            self._rejected += 1
            raise BulkheadFull(dependency=self.name) from None
        finally:
            self._waiting -= 1
