"""The worker's side of JetStream: holds a share of the lanes and runs every consumer on them.

Refuses: publishing (the relay does) and reading lanes of other workers.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final

from rustok.core.bus.applying import Applier
from rustok.core.bus.jetstream_connection import Broker
from rustok.core.bus.jetstream_lane import Lane
from rustok.core.bus.jetstream_layout import durable_name
from rustok.core.bus.partitions import Partitions
from rustok.core.bus.port import Consumer, ProfileOf
from rustok.core.db import Database
from rustok.core.errors import Unavailable
from rustok.core.ids import new_id
from rustok.telemetry.logs import get_logger

RENEWALS_PER_LEASE: Final = 4

log = get_logger("rustok.bus.consuming")


class Consuming:
    """Args:
    db: where leases, inbox and effects are.
    broker: the connection; opened and closed by its owner.
    consumers: all receivers; each has its own durable consumers and its own pace.
    profile_of: gives the tenant's profile for the handler's context.
    max_attempts: after so many failures a consumer's event becomes a dead letter.
    lease_seconds: after so long without a sign of life a worker's lanes go to others.
    concurrency: how many lanes apply at one time; each takes a database connection.
    """

    def __init__(
        self,
        db: Database,
        broker: Broker,
        consumers: Sequence[Consumer],
        *,
        profile_of: ProfileOf,
        max_attempts: int,
        lease_seconds: float,
        concurrency: int,
    ) -> None:
        self._db = db
        self._broker = broker
        self._consumers = tuple(consumers)
        self._appliers = {
            consumer.name: Applier(db, [consumer], profile_of=profile_of, max_attempts=max_attempts)
            for consumer in consumers
        }
        self._lease_seconds = lease_seconds
        self._gate = asyncio.Semaphore(concurrency)
        self._partitions = Partitions(
            db,
            stream=broker.settings.stream,
            count=broker.settings.partitions,
            holder=str(new_id()),
            seconds=lease_seconds,
        )
        self._running: dict[int, list[tuple[Lane, asyncio.Task[None]]]] = {}

    @property
    def lanes(self) -> list[int]:
        """The lanes this worker reads now."""
        return sorted(self._running)

    async def waiting(self) -> dict[str, int]:
        """Events each consumer has not acknowledged yet, on the lanes this worker reads.

        Raises:
            BrokerUnavailable, BrokerNotProvisioned.
        """
        found = {consumer.name: 0 for consumer in self._consumers}
        for lane in self.lanes:
            for name in found:
                info = await self._broker.consumer_info(durable_name(name, lane))
                found[name] += (info.num_pending or 0) + (info.num_ack_pending or 0)
        return found

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then hand everything over."""
        try:
            while not stop.is_set():
                try:
                    wanted = await self._partitions.renew()
                    for lane in wanted - set(self._running):
                        self._start(lane)
                    surplus = self._partitions.held - wanted
                    await self._end(surplus)
                    await self._partitions.give_back(surplus)
                    # A lane whose lease ran out while this worker was paused is another's by now.
                    await self._end(set(self._running) - wanted)
                except Unavailable as error:
                    # Lanes go on: without the database they can do nothing, with it they are safe.
                    log.warning("consuming.unavailable", code=error.code)
                except Exception:
                    log.exception("consuming.failed")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._lease_seconds / RENEWALS_PER_LEASE):
                        await stop.wait()
        finally:
            await self._end(set(self._running))
            with contextlib.suppress(Unavailable):
                await self._partitions.give_back(set(self._partitions.held), leaving=True)

    def _start(self, lane: int) -> None:
        running: list[tuple[Lane, asyncio.Task[None]]] = []
        for consumer in self._consumers:
            applier = self._appliers[consumer.name]
            one = Lane(self._broker, applier, consumer, lane, gate=self._gate)
            task = asyncio.create_task(one.run(), name=f"lane {consumer.name} {lane}")
            running.append((one, task))
        self._running[lane] = running
        log.info("consuming.lane_taken", lane=lane)

    async def _end(self, lanes: set[int]) -> None:
        """Let lanes finish the batch at hand and end."""
        ending: list[asyncio.Task[None]] = []
        for lane in lanes & set(self._running):
            for one, task in self._running.pop(lane):
                one.stop()
                ending.append(task)
            log.info("consuming.lane_left", lane=lane)
        if ending:
            await asyncio.gather(*ending, return_exceptions=True)
