"""Events from the outbox to the committed effect: embedded on SQLite, over JetStream on PostgreSQL.

Run by `python -m benchmarks.proof relay`; `benchmarks.relay` has the parts and more detail.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from benchmarks.figures import Figure, skipped
from benchmarks.relay import TENANTS, Counting, drained, emit
from benchmarks.servers import database
from rustok.core.bus.consuming import Consuming
from rustok.core.bus.embedded import EmbeddedTransport
from rustok.core.bus.jetstream import JetStreamTransport
from rustok.core.bus.jetstream_connection import Broker, JetStreamSettings
from rustok.core.bus.jetstream_provision import provision
from rustok.server.platform import Platform
from tests.conftest import World
from tests.nats_process import NatsProcess

EVENTS: Final = 20_000
AGGREGATES: Final = 200


async def run(folder: Path, show: Callable[[Figure], None], *, events: int = EVENTS) -> None:
    async with database("sqlite", folder) as settings:
        platform = Platform(settings, observer=None)
        await platform.open()
        try:
            await _embedded(World(platform, []), events, show)
        finally:
            await platform.close()
    try:
        server = NatsProcess(folder)
        await asyncio.to_thread(server.start)
    except (OSError, AssertionError, RuntimeError) as error:
        show(skipped("events over JetStream to applied", f"no nats-server ({error})"))
        return
    try:
        async with database("postgres", folder) as settings:
            platform = Platform(settings, observer=None)
            await platform.open()
            try:
                await _jetstream(World(platform, []), server.url, events, show)
            finally:
                await platform.close()
    finally:
        server.end()


async def _fill(world: World, events: int) -> None:
    tenants = [(await world.tenant()).id for _ in range(TENANTS)]
    await drained(world, EmbeddedTransport(world.db, [], profile_of=world.parts.profile_of))
    await emit(world, tenants, AGGREGATES, events)


async def _embedded(world: World, events: int, show: Callable[[Figure], None]) -> None:
    await _fill(world, events)
    counting = Counting(events)
    transport = EmbeddedTransport(
        world.db, [counting.consumer("bench.embedded")], profile_of=world.parts.profile_of
    )
    used = time.process_time()
    seconds = await drained(world, transport)
    used = time.process_time() - used
    show(
        Figure(
            name="events to applied, embedded, SQLite",
            ours=counting.count / seconds,
            unit="events/s",
            at_least=5_000,
            note=f"{counting.count / used:,.0f} a second of processor time",
        )
    )


async def _jetstream(world: World, url: str, events: int, show: Callable[[Figure], None]) -> None:
    await _fill(world, events)
    broker = Broker(JetStreamSettings(urls=(url,)))
    broker.open()
    await broker.wait_connected(10)
    counting = Counting(events)
    consumer = counting.consumer("bench.jetstream")
    await provision(broker, [consumer])
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
    used, started = time.process_time(), time.perf_counter()
    working = asyncio.create_task(consuming.run(stop))
    # Publishing and applying at one time, as in a running system.
    published = await drained(world, JetStreamTransport(broker))
    await counting.done.wait()
    seconds, used = time.perf_counter() - started, time.process_time() - used
    stop.set()
    with contextlib.suppress(asyncio.CancelledError):
        await working
    await broker.close()
    show(
        Figure(
            name="events over JetStream to applied, PostgreSQL",
            ours=events / seconds,
            unit="events/s",
            at_least=2_000,
            note=f"published within {published:.1f} s of {seconds:.1f} s; "
            f"{events / used:,.0f} a second of processor time; one process does both",
        )
    )
