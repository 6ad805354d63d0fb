"""Kills relays and workers with kill -9 at random and restarts the broker, while events are produced.

Run by hand, in full (PostgreSQL and a nats-server binary needed):

    python -m tests.chaos.bus_chaos --events 50000
    python -m tests.chaos.bus_chaos --events 50000 --sqlite     the embedded transport instead
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateTable

from rustok.cli.events_provision import provisioned
from rustok.core import dead_letters, inbox, outbox
from rustok.core.db import Query, scalar
from rustok.core.db.schema import APP_ROLE, SYSTEM_ROLE
from rustok.core.errors import Unavailable
from rustok.core.events.shared import CategoryUpdated
from rustok.core.ids import new_id
from rustok.core.tenancy import TenantProfile
from rustok.server.platform import Platform
from rustok.server.settings import Settings, load
from tests.chaos.bus_process import CONSUMER, effects, up_file
from tests.conftest import World
from tests.nats_process import NatsProcess

ROOT = Path(__file__).parents[2]
TENANTS = 20
AGGREGATES = 200
IN_ONE_COMMIT = 5

_COUNT = scalar(select(func.count()).select_from(effects), int, system="test")
_DEAD = scalar(select(func.count()).select_from(dead_letters.dead_letters), int, system="test")
_INBOX = scalar(select(func.count()).select_from(inbox.inbox), int, system="test")


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    aggregate_id: UUID
    sequence: int


_APPLIED = Query(
    select(effects.c.aggregate_id, effects.c.sequence).order_by(effects.c.position),
    Applied,
    system="test",
)


class Report(msgspec.Struct, kw_only=True):
    """What happened; `lost`, `doubled` and `misordered` are what must be 0."""

    events: int = 0
    applied: int = 0
    kills: int = 0
    broker_restarts: int = 0
    lost: int = 0
    doubled: int = 0
    misordered_aggregates: int = 0
    pending: int = 0
    dead_letters: int = 0
    inbox_rows: int = 0
    unclean_stops: int = 0
    seconds: float = 0.0
    seconds_to_catch_up: float = 0.0


class Chaos:
    """Args:
    environment: RUSTOK_* of the processes and of the producer.
    folder: for logs.
    roles: the duties of each process.
    broker: restarted twice; None for the embedded transport.
    admin_url: PostgreSQL as a superuser; None for SQLite.
    """

    def __init__(
        self,
        environment: dict[str, str],
        folder: Path,
        *,
        roles: list[list[str]],
        broker: NatsProcess | None,
        admin_url: str | None,
        seed: int,
    ) -> None:
        self._environment = environment
        self._folder = folder
        self._roles = roles
        self._broker = broker
        self._admin_url = admin_url
        self._random = random.Random(seed)
        self._processes: list[subprocess.Popen[bytes]] = []
        self.settings: Settings = load(environ=environment)
        self.report = Report()

    def _start(self, duties: list[str]) -> subprocess.Popen[bytes]:
        with (self._folder / "bus.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.bus_process", str(self._folder), *duties],
                env={**os.environ, **self._environment},
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )

    def log(self) -> str:
        path = self._folder / "bus.log"
        return path.read_text(errors="replace")[-3_000:] if path.exists() else ""

    async def _create_table(self, platform: Platform) -> None:
        if self._admin_url is None:
            async with platform.db.raw(write=True) as connection:
                await connection.execute(
                    str(CreateTable(effects).compile(dialect=sqlite.dialect())),
                    (),
                )
            return
        connection = await asyncpg.connect(self._admin_url)
        try:
            await connection.execute("DROP TABLE IF EXISTS chaos_effects")
            made = str(CreateTable(effects).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
            await connection.execute(made)
            for what in ("TABLE chaos_effects", "SEQUENCE chaos_effects_position_seq"):
                await connection.execute(f"GRANT ALL ON {what} TO {APP_ROLE}, {SYSTEM_ROLE}")
        finally:
            await connection.close()

    async def run(self, events: int, *, kills: int, limit_seconds: float) -> Report:
        """Produce `events`, break what can be broken, wait until all is applied, and count."""
        platform = Platform(self.settings, observer=None)
        await platform.db.open()  # the producer needs no broker
        world = World(platform, [])
        try:
            await self._create_table(platform)
            tenants = [await world.tenant() for _ in range(TENANTS)]
            if self._broker is not None:
                await provisioned(self.settings, [CONSUMER])
            self._processes = [self._start(duties) for duties in self._roles]
            started = time.monotonic()
            async with asyncio.timeout(limit_seconds):
                producing = asyncio.create_task(self._produce(world, tenants, events))
                breaking = asyncio.create_task(self._break(platform, events, kills))
                await producing
                await breaking
                calm = time.monotonic()
                while await self._applied(platform) < events or await self._pending(platform):
                    self._need_alive()
                    await asyncio.sleep(0.1)
                self.report.seconds_to_catch_up = time.monotonic() - calm
            self.report.seconds = time.monotonic() - started
            await asyncio.sleep(1)  # for what would be applied once too often
            await self._all_up()
            self._stop_processes()
            await self._count(platform, events)
            return self.report
        finally:
            self._stop_processes()
            await platform.db.close()

    def _need_alive(self) -> None:
        """Raises AssertionError when a process ended that nobody killed."""
        if any(one.poll() is not None for one in self._processes):
            raise AssertionError(f"a process ended by itself: {self.log()}")

    async def _all_up(self) -> None:
        """A process that is still starting cannot stop cleanly yet."""
        async with asyncio.timeout(30):
            while not all(up_file(self._folder, one.pid).exists() for one in self._processes):
                await asyncio.sleep(0.05)

    def _stop_processes(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                if process.wait(20) != 0:
                    self.report.unclean_stops += 1
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
                self.report.unclean_stops += 1
        self._processes.clear()

    async def _produce(self, world: World, tenants: list[TenantProfile], events: int) -> None:
        mine = {tenant.id: [new_id() for _ in range(AGGREGATES // TENANTS)] for tenant in tenants}
        left = events

        async def one() -> None:
            nonlocal left
            while left > 0:
                count = min(IN_ONE_COMMIT, left)
                left -= count
                tenant = self._random.choice(tenants)
                async with world.write(tenant) as tx:
                    for _ in range(count):
                        category = self._random.choice(mine[tenant.id])
                        tx.emit(
                            CategoryUpdated(
                                category_id=category, domain="catalog", changed=("name",)
                            )
                        )
                await asyncio.sleep(0.001)

        await asyncio.gather(*(one() for _ in range(3)))
        self.report.events = events

    async def _break(self, platform: Platform, events: int, kills: int) -> None:
        """Kill `kills` times and restart the broker twice, each when a random share is applied.

        Shares and not seconds: a busy machine is slow to start a process, a fast one is done soon.
        """
        shares = sorted(self._random.uniform(0.02, 0.9) for _ in range(kills))
        plan: list[tuple[float, signal.Signals | None]] = [(share, None) for share in shares]
        if self._broker is not None:
            plan += [(0.3, signal.SIGTERM), (0.6, signal.SIGKILL)]
        for share, number in sorted(plan, key=lambda step: step[0]):
            while await self._applied(platform) < share * events:
                self._need_alive()
                await asyncio.sleep(0.02)
            if number is None:
                index = self._random.randrange(len(self._processes))
                self._processes[index].send_signal(signal.SIGKILL)
                self._processes[index].wait(10)
                self.report.kills += 1
                self._processes[index] = self._start(self._roles[index])
            else:
                assert self._broker is not None
                await asyncio.to_thread(self._broker.end, number)
                await asyncio.sleep(self._random.uniform(0.3, 1.0))
                await asyncio.to_thread(self._broker.start)
                self.report.broker_restarts += 1

    async def _applied(self, platform: Platform) -> int:
        try:
            async with platform.db.system("test", write=False) as tx:
                return await tx.one(_COUNT) or 0
        except Unavailable:
            return 0

    async def _pending(self, platform: Platform) -> int:
        async with platform.db.system("test", write=False) as tx:
            return (await outbox.backlog(tx)).pending

    async def _count(self, platform: Platform, events: int) -> None:
        report = self.report
        async with platform.db.system("test", write=False) as tx:
            rows = await tx.all(_APPLIED)
            report.dead_letters = await tx.one(_DEAD) or 0
            report.inbox_rows = await tx.one(_INBOX) or 0
            report.pending = (await outbox.backlog(tx)).pending
        distinct = {(row.aggregate_id, row.sequence) for row in rows}
        report.applied = len(rows)
        report.lost = events - len(distinct)
        report.doubled = len(rows) - len(distinct)
        by_aggregate: dict[UUID, list[int]] = {}
        for row in rows:
            by_aggregate.setdefault(row.aggregate_id, []).append(row.sequence)
        report.misordered_aggregates = sum(
            1 for found in by_aggregate.values() if found != list(range(1, len(found) + 1))
        )


def environment_for(
    url: str,
    system_url: str | None,
    folder: Path,
    *,
    broker: NatsProcess | None,
    stream: str = "CHAOS",
) -> dict[str, str]:
    """RUSTOK_* variables of every process of the chaos."""
    made = {
        "RUSTOK_DATABASE__URL": url,
        "RUSTOK_DATABASE__SQLITE_SYNCHRONOUS": "NORMAL",
        "RUSTOK_DATABASE__POOL_MAX": "6",
        "RUSTOK_SECURITY__SECRET_KEY": "test-" + "k" * 43,
        "RUSTOK_MEDIA__ROOT": str(folder / "media"),
        "RUSTOK_EVENTS__LEASE_SECONDS": "2",
        "RUSTOK_EVENTS__RELAY_POLL_SECONDS": "0.1",
    }
    if system_url is not None:
        made["RUSTOK_DATABASE__SYSTEM_URL"] = system_url
    if broker is not None:
        made |= {
            "RUSTOK_EVENTS__TRANSPORT": "jetstream",
            "RUSTOK_NATS__URLS": broker.url,
            "RUSTOK_NATS__STREAM": stream,
            "RUSTOK_NATS__SUBJECTS": stream.lower(),
        }
    return made


ROLES = [["relay"], ["relay"], ["consumers"], ["consumers"]]


async def _by_hand(events: int, kills: int, seed: int, admin: str, folder: Path) -> Report:
    from tests.schema_for_tests import create_postgres_schema, drop_database

    name = f"rustok_chaos_{os.getpid()}"
    await create_postgres_schema(admin, name)
    place = admin.rpartition("/")[0].split("@")[-1].removeprefix("postgresql://")
    broker = NatsProcess(folder)
    await asyncio.to_thread(broker.start)
    try:
        environment = environment_for(
            f"postgresql://{APP_ROLE}@{place}/{name}",
            f"postgresql://{SYSTEM_ROLE}@{place}/{name}",
            folder,
            broker=broker,
        )
        chaos = Chaos(
            environment,
            folder,
            roles=ROLES,
            broker=broker,
            admin_url=admin.rpartition("/")[0] + "/" + name,
            seed=seed,
        )
        return await chaos.run(events, kills=kills, limit_seconds=3_600)
    finally:
        broker.end()
        await drop_database(admin, name)


async def _by_hand_on_sqlite(events: int, kills: int, seed: int, folder: Path) -> Report:
    from tests.schema_for_tests import create_sqlite_schema

    path = folder / "rustok.sqlite3"
    await asyncio.to_thread(create_sqlite_schema, path)
    chaos = Chaos(
        environment_for(f"sqlite:///{path}", None, folder, broker=None),
        folder,
        roles=[["relay"]],
        broker=None,
        admin_url=None,
        seed=seed,
    )
    return await chaos.run(events, kills=kills, limit_seconds=3_600)


def main() -> None:
    from tests.conftest import POSTGRES

    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--events", type=int, default=50_000)
    arguments.add_argument("--seed", type=int, default=int(time.time()))
    arguments.add_argument("--kills", type=int, default=20)
    arguments.add_argument(
        "--sqlite", action="store_true", help="the embedded transport, one process"
    )
    chosen = arguments.parse_args()
    events, kills, seed = chosen.events, chosen.kills, chosen.seed
    with tempfile.TemporaryDirectory(prefix="rustok-chaos-") as place:
        folder = Path(place)
        report = asyncio.run(
            _by_hand_on_sqlite(events, kills, seed, folder)
            if chosen.sqlite
            else _by_hand(events, kills, seed, POSTGRES, folder)
        )
    print(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
    faults = (report.lost, report.doubled, report.misordered_aggregates, report.dead_letters)
    if any(faults) or report.unclean_stops:
        sys.exit(1)


if __name__ == "__main__":
    main()
