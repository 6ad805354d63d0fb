"""What a flood of one tenant does to another: latency of the quiet one's events, and of one look.

    python -m benchmarks.flood [--events 20000]

"latency": from the emit of an event to its commit at the consumer, relay and consumer embedded,
median and worst of 40; first with nothing else to do, then behind `--events` pending events of
another tenant. PostgreSQL (RUSTOK_TEST_POSTGRES_URL) is needed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from pathlib import Path
from uuid import UUID

import uvloop

from rustok.content.media.events import MediaDeleted
from rustok.core import outbox
from rustok.core.bus.embedded import EmbeddedTransport
from rustok.core.bus.port import Consumer
from rustok.core.db import WriteTx
from rustok.core.db.schema import APP_ROLE, SYSTEM_ROLE
from rustok.core.events.envelope import Envelope
from rustok.core.ids import new_id
from rustok.core.relay import Relay
from rustok.core.tenancy import TenantProfile
from rustok.server.platform import Platform
from rustok.server.settings import Settings
from rustok.telemetry import logs
from tests.conftest import POSTGRES, World, postgres_answers, settings_for
from tests.schema_for_tests import create_postgres_schema, create_sqlite_schema, drop_database

PROBES = 40


class Probe:
    """Waits for events of one tenant by the thing they are about."""

    def __init__(self) -> None:
        self.waiting: dict[UUID, asyncio.Event] = {}

    async def take(self, tx: WriteTx, event: MediaDeleted, _envelope: Envelope) -> None:
        waiter = self.waiting.get(event.media_id)
        if waiter is not None:
            tx.after_commit(waiter.set)

    async def latencies(self, world: World, relay: Relay, tenant: TenantProfile) -> list[float]:
        found: list[float] = []
        for _ in range(PROBES):
            thing = new_id()
            self.waiting[thing] = asyncio.Event()
            started = time.perf_counter()
            async with world.write(tenant) as tx:
                tx.emit(MediaDeleted(media_id=thing))
            relay.wake()
            await self.waiting[thing].wait()
            found.append(time.perf_counter() - started)
        return found


async def flood(world: World, tenant: TenantProfile, events: int) -> None:
    things = [new_id() for _ in range(50)]
    for start in range(0, events, 1_000):
        async with world.write(tenant) as tx:
            for number in range(min(1_000, events - start)):
                tx.emit(MediaDeleted(media_id=things[number % 50]))


def _show(what: str, seconds: list[float]) -> float:
    middle = statistics.median(seconds)
    print(f"{what:44} {middle * 1000:8.1f} ms median {max(seconds) * 1000:8.1f} ms worst")
    return middle


async def measure(settings: Settings, events: int) -> None:
    platform = Platform(settings, observer=None)
    await platform.open()
    try:
        world, probe = World(platform, []), Probe()
        loud, quiet = await world.tenant(), await world.tenant()
        await world.drain()
        consumer = Consumer(name="bench.flood", handlers={MediaDeleted.type: probe.take})
        transport = EmbeddedTransport(world.db, [consumer], profile_of=world.parts.profile_of)
        relay, stop = Relay(world.db, transport), asyncio.Event()
        running = asyncio.create_task(relay.run(stop))
        alone = _show(f"{world.kind}: quiet", await probe.latencies(world, relay, quiet))
        await flood(world, loud, events)
        behind = _show(f"{world.kind}: behind a flood", await probe.latencies(world, relay, quiet))
        async with world.db.system("benchmark", write=False) as tx:
            left = (await outbox.backlog(tx)).pending
            started = time.perf_counter()
            await outbox.list_pending(tx, now=tx.now, limit=200)
            look = time.perf_counter() - started
        print(
            f"{world.kind}: ratio {behind / alone:.1f}; {left} still pending, a look {look:.4f} s"
        )
        stop.set()
        relay.wake()
        await running
    finally:
        await platform.close()


async def run(events: int, folder: Path) -> None:
    path = folder / "flood.sqlite3"
    await asyncio.to_thread(create_sqlite_schema, path)
    await measure(settings_for(f"sqlite:///{path}", folder), events)
    name = f"rustok_flood_{os.getpid()}"
    await create_postgres_schema(POSTGRES, name)
    place = POSTGRES.rpartition("/")[0].split("@")[-1].removeprefix("postgresql://")
    system = f"postgresql://{SYSTEM_ROLE}@{place}/{name}"
    url = f"postgresql://{APP_ROLE}@{place}/{name}"
    try:
        await measure(settings_for(url, folder, system_url=system), events)
    finally:
        await drop_database(POSTGRES, name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    events = parser.parse_args().events
    logs.configure(level="ERROR", log_format="console")
    if why := postgres_answers():
        raise SystemExit(why)
    with tempfile.TemporaryDirectory() as folder:
        uvloop.run(run(events, Path(folder)))


if __name__ == "__main__":
    main()
