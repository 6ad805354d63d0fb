"""How many more events each lane of the stream may take; what is beyond waits in the outbox.

A lane is first in, first out, so a tenant's flood in it would be before everybody's next event. In the
outbox tenants take turns. So the relay sends a lane only what its consumers will soon apply.

A consumer that works and lags bounds its lanes; one that stands still while others of the lane work does
not, for it must not stop them: its events pile up in the stream, on the broker's disk. When all stand
still, nothing is sent any more and the outbox tells how much waits.

Refuses: publishing, and waiting: a lane without room is asked again by the next round.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from rustok.core.bus.errors import BrokerNotProvisioned
from rustok.core.bus.jetstream_connection import Broker
from rustok.core.bus.jetstream_layout import durable_name

STANDS_STILL_SECONDS: Final = 5.0
MEASURED_FOR_SECONDS: Final = 0.05


class _Seen(msgspec.Struct, kw_only=True):
    """The last look at a durable consumer; `floor` is up to where all is acknowledged."""

    floor: int
    moved_at: float


class LaneRoom:
    """Args:
    broker: asked how far the consumers are.
    consumers: the names of all receivers.
    limit: events of a lane that may wait for a consumer that works.
    clock: monotonic seconds.
    """

    def __init__(
        self,
        broker: Broker,
        consumers: Sequence[str],
        *,
        limit: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._broker = broker
        self._consumers = tuple(consumers)
        self._limit = limit
        self._clock = clock
        self._room: dict[int, int] = {}
        self._measured_at: dict[int, float] = {}
        self._seen: dict[str, _Seen] = {}

    async def look(self, lanes: Iterable[int]) -> None:
        """Measure those of `lanes` that have no room left.

        Raises:
            BrokerUnavailable.
        """
        now = self._clock()
        full = [
            lane
            for lane in set(lanes)
            if self._room.get(lane, 0) <= 0
            and now - self._measured_at.get(lane, float("-inf")) >= MEASURED_FOR_SECONDS
        ]
        for lane, room in zip(
            full, await asyncio.gather(*(self._measure(lane) for lane in full)), strict=True
        ):
            self._room[lane], self._measured_at[lane] = room, now

    def take(self, lane: int) -> bool:
        """Whether one more event may go into `lane`; it is counted."""
        left = self._room.get(lane, 0)
        if left <= 0:
            return False
        self._room[lane] = left - 1
        return True

    async def _measure(self, lane: int) -> int:
        names = [durable_name(consumer, lane) for consumer in self._consumers]
        found = await asyncio.gather(*(self._lag(name) for name in names))
        lags = [one for one in found if one is not None]
        if not lags:
            return self._limit
        working = [lag for lag, moves in lags if moves]
        return self._limit - (max(working) if working else max(lag for lag, _ in lags))

    async def _lag(self, durable: str) -> tuple[int, bool] | None:
        """(events that wait for it, whether it works); None when there is no such consumer."""
        try:
            info = await self._broker.consumer_info(durable)
        except BrokerNotProvisioned:
            return None
        lag = (info.num_pending or 0) + (info.num_ack_pending or 0)
        floor = info.ack_floor.stream_seq if info.ack_floor is not None else 0
        now = self._clock()
        seen = self._seen.get(durable)
        if seen is None or floor != seen.floor:
            self._seen[durable] = _Seen(floor=floor, moved_at=now)
            return lag, True
        return lag, lag < self._limit or now - seen.moved_at < STANDS_STILL_SECONDS
