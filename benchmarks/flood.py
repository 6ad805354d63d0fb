"""A flood of one tenant while a consumer stands still: memory, states, loss, catching up, the quiet tenant.

    python -m benchmarks.flood [--events 200000] [--place sqlite --place postgres --place jetstream]

Tenant A emits `--events` events of 50 things while the consumer is stopped; then it is started and
catches up. Told are: memory of the process over time, the states the backlog went through, that the
write that can wait is refused at the limit, that each event was applied once and in order, how fast
it caught up, and how long tenant B's events took from emit to effect: with nothing else to do, and
while A's flood is applied. PostgreSQL (RUSTOK_TEST_POSTGRES_URL) and a nats-server binary are needed
for their places.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import resource
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import uvloop
from sqlalchemy import func, select

from rustok.content.media.events import MediaDeleted
from rustok.core import dead_letters, inbox
from rustok.core.bus.consuming import Consuming
from rustok.core.bus.embedded import EmbeddedTransport
from rustok.core.bus.jetstream import JetStreamTransport
from rustok.core.bus.jetstream_connection import Broker, JetStreamSettings
from rustok.core.bus.jetstream_provision import provision
from rustok.core.bus.jetstream_room import LaneRoom
from rustok.core.bus.port import Consumer, Transport
from rustok.core.db import WriteTx, scalar
from rustok.core.db.schema import APP_ROLE, SYSTEM_ROLE
from rustok.core.events.envelope import Envelope
from rustok.core.ids import new_id
from rustok.core.pressure import BacklogFull, BacklogWatch
from rustok.core.relay import Relay
from rustok.core.tenancy import TenantProfile
from rustok.server.platform import Platform
from rustok.server.settings import NatsSettings, Settings
from rustok.telemetry import logs
from tests.conftest import POSTGRES, World, postgres_answers, settings_for
from tests.nats_process import NatsProcess
from tests.schema_for_tests import create_postgres_schema, create_sqlite_schema, drop_database

PLACES = ("sqlite", "postgres", "jetstream")
PROBES = 40
THINGS = 50
LANE_EVENTS = NatsSettings().lane_events
BATCH = 1_000
PAGE_BYTES = resource.getpagesize()
_APPLIED = scalar(select(func.count()).select_from(inbox.inbox), int, system="benchmark")
_DEAD = scalar(select(func.count()).select_from(dead_letters.dead_letters), int, system="benchmark")


class Applied:
    """What the consumer has committed: per thing the last sequence, and who waits for what."""

    def __init__(self) -> None:
        self.count = 0
        self.faults = 0
        self.last: dict[UUID, int] = {}
        self.waiting: dict[UUID, asyncio.Event] = {}

    async def take(self, tx: WriteTx, event: MediaDeleted, envelope: Envelope) -> None:
        tx.after_commit(lambda: self._committed(event.media_id, envelope.sequence))

    def _committed(self, thing: UUID, sequence: int) -> None:
        waiter = self.waiting.pop(thing, None)
        if waiter is not None:
            waiter.set()
            return
        self.count += 1
        # One more than the last: neither lost, nor twice, nor overtaken.
        self.faults += self.last.get(thing, 0) + 1 != sequence
        self.last[thing] = sequence


class Watch:
    """Memory and the state of the backlog, twice a second."""

    def __init__(self, backlog: BacklogWatch) -> None:
        self._backlog = backlog
        self._began = time.perf_counter()
        self.states: list[str] = []
        self.memory: list[tuple[float, float, int]] = []

    async def run(self) -> None:
        while True:
            found = await self._backlog.measure()
            if not self.states or self.states[-1] != found.state:
                self.states.append(found.state)
            self.memory.append((time.perf_counter() - self._began, rss_mb(), found.pending))
            await asyncio.sleep(0.5)

    @property
    def peak_mb(self) -> float:
        return max(mb for _, mb, _ in self.memory)

    def series(self, points: int = 8) -> str:
        every = max(1, len(self.memory) // points)
        return ", ".join(f"{at:.0f} s {mb:.0f} MB" for at, mb, _ in self.memory[::every])


def rss_mb() -> float:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * PAGE_BYTES / 1e6


class Bench:
    """Relay, transport and consumer of one place; the consumer can be stopped."""

    def __init__(self, world: World, broker: Broker | None) -> None:
        self.world, self.broker = world, broker
        self.applied = Applied()
        self._consumer = Consumer(
            name="bench.flood", handlers={MediaDeleted.type: self.applied.take}
        )
        transport: Transport = (
            EmbeddedTransport(world.db, [self._consumer], profile_of=world.parts.profile_of)
            if broker is None
            else JetStreamTransport(
                broker, room=LaneRoom(broker, [self._consumer.name], limit=LANE_EVENTS)
            )
        )
        self.relay = Relay(world.db, transport)
        self._stop, self._stop_relay = asyncio.Event(), asyncio.Event()
        self._consuming: asyncio.Task[None] | None = None
        self._relaying: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Consume. Embedded, the relay is what consumes."""
        if self.broker is not None:
            await provision(self.broker, [self._consumer])
            consuming = Consuming(
                self.world.db,
                self.broker,
                [self._consumer],
                profile_of=self.world.parts.profile_of,
                max_attempts=10,
                lease_seconds=10,
                concurrency=4,
            )
            self._stop = asyncio.Event()
            self._consuming = asyncio.create_task(consuming.run(self._stop))
        if self._relaying is None:
            self._stop_relay = asyncio.Event()
            self._relaying = asyncio.create_task(self.relay.run(self._stop_relay))

    async def stop(self, *, relay: bool = False) -> None:
        """Stop consuming; the relay to a broker goes on unless it is to stop, too."""
        if self._consuming is not None:
            self._stop.set()
            await self._consuming
            self._consuming = None
        if self._relaying is not None and (relay or self.broker is None):
            self._stop_relay.set()
            self.relay.wake()
            await self._relaying
            self._relaying = None

    async def probe(self, tenant: TenantProfile) -> float:
        """Seconds from the emit of an event of `tenant` to its effect."""
        thing = new_id()
        waiter = self.applied.waiting[thing] = asyncio.Event()
        started = time.perf_counter()
        async with self.world.write(tenant) as tx:
            tx.emit(MediaDeleted(media_id=thing))
        self.relay.wake()
        await waiter.wait()
        return time.perf_counter() - started


async def flood(world: World, tenant: TenantProfile, events: int, wake: Relay) -> float:
    """Emit; gives the seconds it took."""
    things = [new_id() for _ in range(THINGS)]
    started = time.perf_counter()
    for start in range(0, events, BATCH):
        async with world.write(tenant) as tx:
            for number in range(min(BATCH, events - start)):
                tx.emit(MediaDeleted(media_id=things[number % THINGS]))
        wake.wake()
    return time.perf_counter() - started


def _middle(seconds: list[float]) -> str:
    worst = sorted(seconds)[int(len(seconds) * 0.99)]
    return f"{statistics.median(seconds) * 1000:.1f} ms median, {worst * 1000:.1f} ms p99"


async def measure(settings: Settings, events: int, place: str, broker: Broker | None) -> bool:
    """Prints what was seen; True when nothing was lost, doubled or overtaken."""
    platform = Platform(settings, observer=None)
    await platform.open()
    try:
        world = World(platform, [])
        loud, quiet = await world.tenant(), await world.tenant()
        await world.drain()
        async with world.db.system("benchmark", write=False) as tx:
            before = await tx.one(_APPLIED) or 0
        bench, backlog = Bench(world, broker), BacklogWatch(world.db, limit=events)
        await bench.start()
        await bench.probe(quiet)
        alone = [await bench.probe(quiet) for _ in range(PROBES)]
        await bench.stop()
        base, watch = rss_mb(), Watch(backlog)
        watching = asyncio.create_task(watch.run())
        emitting = await flood(world, loud, events, bench.relay)
        await asyncio.sleep(2.5)
        refused = False
        try:
            await backlog.require_room()
        except BacklogFull:
            refused = True
        flooded = rss_mb()
        started = time.perf_counter()
        await bench.start()
        behind: list[float] = []
        while bench.applied.count < events:
            behind.append(await bench.probe(quiet))
            await asyncio.sleep(0.02)
        catching_up = time.perf_counter() - started
        await asyncio.sleep(2.5)
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
        await bench.stop(relay=True)
        async with world.db.system("benchmark", write=False) as tx:
            rows = (await tx.one(_APPLIED) or 0) - before - len(alone) - 1 - len(behind)
            dead = await tx.one(_DEAD)
        faults = bench.applied.faults
        good = rows == events and not faults and not dead and watch.states[-1] == "normal"
        ratio = statistics.median(behind) / statistics.median(alone)
        lines = {
            "emitted": f"{events} in {emitting:.1f} s ({events / emitting:,.0f} /s)",
            "memory": f"{base:.0f} MB before, {flooded:.0f} MB after the flood, peak {watch.peak_mb:.0f} MB",
            "memory over time": watch.series(),
            "states": " > ".join(watch.states) + (", refused at the limit" if refused else ""),
            "applied": f"{rows} once and in order"
            if good
            else f"{rows}, faults {faults}, dead {dead}",
            "catching up": f"{catching_up:.1f} s ({events / catching_up:,.0f} /s)",
            "B, nothing else": _middle(alone),
            "B, behind A": f"{_middle(behind)}, {len(behind)} probes; ratio of medians {ratio:.1f}",
        }
        for name, line in lines.items():
            print(f"{place + ':':11}{name:18}{line}", flush=True)
        return good
    finally:
        await platform.close()


@contextlib.asynccontextmanager
async def postgres(folder: Path) -> AsyncIterator[Settings]:
    name = f"rustok_flood_{os.getpid()}"
    await create_postgres_schema(POSTGRES, name)
    place = POSTGRES.rpartition("/")[0].split("@")[-1].removeprefix("postgresql://")
    system = f"postgresql://{SYSTEM_ROLE}@{place}/{name}"
    url = f"postgresql://{APP_ROLE}@{place}/{name}"
    try:
        yield settings_for(url, folder, system_url=system)
    finally:
        await drop_database(POSTGRES, name)


async def run(events: int, place: str, folder: Path) -> bool:
    if place == "sqlite":
        path = folder / "flood.sqlite3"
        await asyncio.to_thread(create_sqlite_schema, path)
        return await measure(settings_for(f"sqlite:///{path}", folder), events, place, None)
    async with postgres(folder) as settings:
        if place == "postgres":
            return await measure(settings, events, place, None)
        server = NatsProcess(folder)
        await asyncio.to_thread(server.start)
        broker = Broker(JetStreamSettings(urls=(server.url,)))
        try:
            broker.open()
            await broker.wait_connected(10)
            return await measure(settings, events, place, broker)
        finally:
            await broker.close()
            server.end()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--place", action="append", choices=PLACES)
    arguments = parser.parse_args()
    logs.configure(level="ERROR", log_format="console")
    places = arguments.place or list(PLACES)
    if places != ["sqlite"] and (why := postgres_answers()):
        raise SystemExit(why)
    good = True
    for place in places:
        with tempfile.TemporaryDirectory(prefix="rustok-flood-") as folder:
            good &= uvloop.run(run(arguments.events, place, Path(folder)))
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()
