"""How fast events go from the outbox through each transport to a consumer, beside the bare client.

    python -m benchmarks.relay [--events 20000]

PostgreSQL (RUSTOK_TEST_POSTGRES_URL) and a nats-server binary are needed. Each figure is events a
second. "publish": outbox to acknowledged and marked; "apply": stream to inbox and effect committed,
one worker; "bare": the client library alone with the same payloads, which is the most there is.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from pathlib import Path
from uuid import UUID

import nats
import uvloop
from nats.js.api import ConsumerConfig

from rustok.core import outbox
from rustok.core.bus.consuming import Consuming
from rustok.core.bus.embedded import EmbeddedTransport
from rustok.core.bus.jetstream import JetStreamTransport
from rustok.core.bus.jetstream_connection import Broker, JetStreamSettings
from rustok.core.bus.jetstream_layout import durable_name, encode, headers_of, subject_of
from rustok.core.bus.jetstream_provision import provision
from rustok.core.bus.port import Consumer, Transport
from rustok.core.db import Command, WriteTx
from rustok.core.db.schema import APP_ROLE, SYSTEM_ROLE
from rustok.core.events.envelope import Envelope
from rustok.core.events.shared import CategoryUpdated
from rustok.core.ids import new_id
from rustok.core.relay import Relay
from rustok.server.platform import Platform
from rustok.telemetry import logs
from tests.conftest import POSTGRES, World, settings_for
from tests.nats_process import NatsProcess
from tests.schema_for_tests import create_postgres_schema, drop_database

TENANTS = 20
BATCH = 500


class Counting:
    """A consumer that only counts: what is measured is the way to it."""

    def __init__(self, target: int) -> None:
        self.count = 0
        self.done = asyncio.Event()
        self._target = target

    async def handle(self, tx: WriteTx, _event: object, _envelope: Envelope) -> None:
        tx.after_commit(self._one)

    def _one(self) -> None:
        self.count += 1
        if self.count >= self._target:
            self.done.set()

    def consumer(self, name: str) -> Consumer:
        return Consumer(name=name, handlers={"category.updated": self.handle})


async def emit(world: World, tenants: list[UUID], aggregates: int, events: int) -> None:
    """Fill the outbox: `events` spread over `aggregates` of all tenants."""
    profiles = [await world.parts.profile_of(tenant) for tenant in tenants]
    ids = [(profiles[n % len(profiles)], new_id()) for n in range(aggregates)]
    for start in range(0, events, 100):
        profile, aggregate = ids[(start // 100) % len(ids)]
        mine = [one for owner, one in ids if owner is profile]
        async with world.write(profile) as tx:
            for number in range(100):
                chosen = aggregate if len(ids) == 1 else mine[number % len(mine)]
                tx.emit(CategoryUpdated(category_id=chosen, domain="catalog", changed=("name",)))


async def forget(world: World) -> None:
    """Mark everything pending again."""
    async with world.db.system("benchmark") as tx:
        await tx.run(Command(outbox.outbox.update().values(published_at=None), system="benchmark"))


async def drained(world: World, transport: Transport) -> float:
    """Seconds to empty the outbox into `transport`."""
    relay = Relay(world.db, transport, batch=BATCH)
    started = time.perf_counter()
    while await relay.step():
        pass
    return time.perf_counter() - started


async def bare(url: str, envelopes: list[Envelope], settings: JetStreamSettings) -> None:
    """publish_async with 256 outstanding, then fetch and acknowledge, as the client's manual shows."""
    client = await nats.connect(url)
    js = client.jetstream(publish_async_max_pending=256)
    await js.add_stream(name="BARE", subjects=["bare.>"])
    started = time.perf_counter()
    for one in envelopes:
        subject = subject_of(one, prefix="bare", partitions=settings.partitions)
        await js.publish_async(subject, encode(one), headers=headers_of(one))
    await js.publish_async_completed()
    show("bare publish, order not kept", len(envelopes), time.perf_counter() - started)
    await js.add_consumer("BARE", ConsumerConfig(durable_name="bare"))
    subscription = await js.pull_subscribe_bind(consumer="bare", stream="BARE")
    started, left = time.perf_counter(), len(envelopes)
    while left > 0:
        for message in await subscription.fetch(min(100, left), timeout=2):
            await message.ack()
            left -= 1
    show("bare pull and ack, nothing applied", len(envelopes), time.perf_counter() - started)
    await js.delete_stream("BARE")
    await client.close()


def show(what: str, events: int, seconds: float) -> None:
    print(f"{what:48} {events / seconds:10,.0f} /s")


async def run(events: int, folder: Path) -> None:
    name = f"rustok_bench_{os.getpid()}"
    await create_postgres_schema(POSTGRES, name)
    place = POSTGRES.rpartition("/")[0].split("@")[-1].removeprefix("postgresql://")
    system = f"postgresql://{SYSTEM_ROLE}@{place}/{name}"
    settings = settings_for(f"postgresql://{APP_ROLE}@{place}/{name}", folder, system_url=system)
    server = NatsProcess(folder)
    await asyncio.to_thread(server.start)
    platform = Platform(settings, observer=None)
    await platform.open()
    try:
        world = World(platform, [])
        tenants = [(await world.tenant()).id for _ in range(TENANTS)]
        await drained(world, EmbeddedTransport(world.db, [], profile_of=world.parts.profile_of))
        await emit(world, tenants, 200, events)
        async with world.db.system("benchmark", write=False) as tx:
            pending = await outbox.list_pending(tx, now=tx.now, limit=events)
        counting = Counting(events)
        embedded = EmbeddedTransport(
            world.db, [counting.consumer("bench.embedded")], profile_of=world.parts.profile_of
        )
        show("embedded: outbox to applied", events, await drained(world, embedded))
        assert counting.count == events
        await forget(world)
        nats_settings = JetStreamSettings(urls=(server.url,))
        broker = Broker(nats_settings)
        broker.open()
        await broker.wait_connected(10)
        counting = Counting(events)
        consumer = counting.consumer("bench.jetstream")
        await provision(broker, [consumer])
        transport = JetStreamTransport(broker)
        seconds = await drained(world, transport)
        show("jetstream: publish, 200 aggregates", events, seconds)
        await applied(world, broker, consumer, counting, events)
        await emit(world, tenants, 1, events // 10)
        seconds = await drained(world, transport)
        show("jetstream: publish, one aggregate", events // 10, seconds)
        await bare(server.url, [one.envelope for one in pending], nats_settings)
        await broker.close()
    finally:
        await platform.close()
        server.end()
        await drop_database(POSTGRES, name)


async def applied(
    world: World, broker: Broker, consumer: Consumer, counting: Counting, events: int
) -> None:
    """One worker empties the stream."""
    consuming = Consuming(
        world.db,
        broker,
        [consumer],
        profile_of=world.parts.profile_of,
        max_attempts=10,
        lease_seconds=10,
        concurrency=4,
    )
    stop = asyncio.Event()
    started = time.perf_counter()
    working = asyncio.create_task(consuming.run(stop))
    await counting.done.wait()
    show("jetstream: apply, one worker", events, time.perf_counter() - started)
    stop.set()
    await working
    unacknowledged = 0
    for lane in range(broker.settings.partitions):
        info = await broker.consumer_info(durable_name(consumer.name, lane))
        unacknowledged += info.num_ack_pending or 0
    print(f"{'not acknowledged at the end':48} {unacknowledged:10}")


def main() -> None:
    logs.configure(level="WARNING", log_format="console")
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--events", type=int, default=20_000)
    with tempfile.TemporaryDirectory(prefix="rustok-bench-") as folder:
        uvloop.run(run(arguments.parse_args().events, Path(folder)))


if __name__ == "__main__":
    main()
