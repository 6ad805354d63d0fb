"""A relay, a transport and consumers of a test, of either kind, and what they applied."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from rustok.core import dead_letters
from rustok.core.bus.consuming import Consuming
from rustok.core.bus.embedded import EmbeddedTransport
from rustok.core.bus.errors import BrokerUnavailable
from rustok.core.bus.jetstream import JetStreamTransport
from rustok.core.bus.jetstream_connection import Broker, JetStreamSettings
from rustok.core.bus.jetstream_layout import durable_name
from rustok.core.bus.jetstream_provision import provision
from rustok.core.bus.port import Consumer, Transport
from rustok.core.db import WriteTx, scalar
from rustok.core.errors import Conflict
from rustok.core.events.envelope import Envelope
from rustok.core.events.shared import CategoryUpdated
from rustok.core.relay import Relay
from rustok.core.tenancy import TenantProfile
from tests.conftest import World

DEAD = scalar(select(func.count()).select_from(dead_letters.dead_letters), int, system="test")
Effect = tuple[str, UUID, int]
"""(consumer, aggregate, sequence)."""


class Taker:
    """A consumer whose effects are listed when they are committed."""

    def __init__(self, name: str, effects: list[Effect]) -> None:
        self.name = name
        self.effects = effects
        self.failures: dict[tuple[UUID, int], int] = {}
        self.error: Exception = Conflict("not now")
        self.calls = 0

    async def handle(self, tx: WriteTx, _event: Any, envelope: Envelope) -> None:
        self.calls += 1
        key = (envelope.aggregate_id, envelope.sequence)
        left = self.failures.get(key, 0)
        if left:
            self.failures[key] = left - 1
            raise self.error
        effect = (self.name, envelope.aggregate_id, envelope.sequence)
        tx.after_commit(lambda: self.effects.append(effect))

    @property
    def consumer(self) -> Consumer:
        return Consumer(name=self.name, handlers={"category.updated": self.handle})


class Rig:
    """Relay, transport and whatever applies, of one kind, for one test."""

    def __init__(self, world: World, kind: str, url: str, stream: str) -> None:
        self.world = world
        self.kind = kind
        self.nats = JetStreamSettings(
            urls=(url,),
            stream=stream,
            subjects=stream.lower(),
            partitions=3,
            publish_timeout_seconds=2.0,
            ack_wait_seconds=2.0,
        )
        self.effects: list[Effect] = []
        self.broker: Broker | None = None
        self.max_attempts = 3
        self._takers: list[Taker] = []
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def taker(self, name: str = "test.taker") -> Taker:
        made = Taker(name, self.effects)
        self._takers.append(made)
        return made

    @property
    def consumers(self) -> list[Consumer]:
        return [taker.consumer for taker in self._takers]

    def _embedded(self) -> Transport:
        return EmbeddedTransport(
            self.world.db,
            self.consumers,
            profile_of=self.world.parts.profile_of,
            max_attempts=self.max_attempts,
        )

    async def connect(self) -> Broker:
        broker = Broker(self.nats)
        broker.open()
        await broker.wait_connected(10)
        return broker

    def consuming(self, broker: Broker, *, lease_seconds: float = 2.0) -> Consuming:
        return Consuming(
            self.world.db,
            broker,
            self.consumers,
            profile_of=self.world.parts.profile_of,
            max_attempts=self.max_attempts,
            lease_seconds=lease_seconds,
            concurrency=4,
        )

    async def start(self, *, consume: bool = True) -> None:
        self._stop = asyncio.Event()
        if self.kind == "embedded":
            self.relay = Relay(self.world.db, self._embedded(), batch=50)
            return
        self.broker = await self.connect()
        await provision(self.broker, self.consumers)
        self.transport = JetStreamTransport(self.broker)
        self.relay = Relay(self.world.db, self.transport, batch=50)
        if consume:
            consuming = self.consuming(self.broker)
            self._tasks.append(asyncio.create_task(consuming.run(self._stop)))

    async def stop(self) -> None:
        self._stop.set()
        await asyncio.gather(*self._tasks)
        self._tasks.clear()
        if self.broker is not None:
            await self.broker.close()
            self.broker = None

    async def settle(self) -> None:
        """Until nothing is pending anywhere."""
        await self.relay.drain(timeout_seconds=40)
        if self.broker is None:
            return
        async with asyncio.timeout(40):
            while await self.lag():
                await asyncio.sleep(0.05)

    async def lag(self) -> int:
        assert self.broker is not None
        waiting = 0
        for consumer in self.consumers:
            for lane in range(self.nats.partitions):
                info = await self.broker.consumer_info(durable_name(consumer.name, lane))
                waiting += (info.num_pending or 0) + (info.num_ack_pending or 0)
        return waiting

    async def delete(self) -> None:
        if self.kind == "jetstream":
            broker = Broker(self.nats)
            broker.open()
            with contextlib.suppress(BrokerUnavailable):  # a test's own server is gone by now
                await broker.wait_connected(2)
                await broker.js.delete_stream(self.nats.stream)
            await broker.close()

    def of(self, aggregate: UUID, consumer: str = "test.taker") -> list[int]:
        return [s for name, one, s in self.effects if one == aggregate and name == consumer]


async def emit(world: World, tenant: TenantProfile, aggregate: UUID, count: int = 1) -> None:
    for _ in range(count):
        async with world.write(tenant) as tx:
            tx.emit(CategoryUpdated(category_id=aggregate, domain="catalog", changed=("name",)))


async def dead(world: World) -> int | None:
    async with world.db.system("test", write=False) as tx:
        return await tx.one(DEAD)


RigFactory = Callable[[str, str], Awaitable[Rig]]
