"""Our execution path against the bare drivers on the same work: an order with two lines and its event.

Run: python -m benchmarks.database [--seconds 3]. Both sides run the same SQL with the same parameters
in the same kind of transaction; ours builds typed parameters, validates and encodes the event and binds
the tenant, the bare side has all of that precomputed. Runs alternate A B A B; the ratio of medians counts.
PostgreSQL: 8 tasks, RUSTOK_TEST_POSTGRES_URL or 127.0.0.1 as postgres; SQLite: one writer, NORMAL sync.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import uvloop
from sqlalchemy import BigInteger, Column, Integer, Text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from rustok.core import outbox
from rustok.core.db import Database, Id, Json, Timestamp, tenant_table
from rustok.core.db.driver import Driver
from rustok.core.db.last_writes import LastWrite
from rustok.core.db.postgres import PostgresDriver
from rustok.core.db.schema import metadata, policies
from rustok.core.db.sqlite import SqliteDriver
from rustok.core.events.event import Event, event
from rustok.core.ids import new_id
from rustok.core.tenancy import TenantProfile, context_for

POSTGRES = os.environ.get(
    "RUSTOK_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres"
)
TASKS = 8

orders = tenant_table(
    "bench_orders",
    Column("number", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("total_minor", BigInteger, nullable=False),
    Column("address", Json(dict[str, str]), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
)
lines = tenant_table(
    "bench_order_lines",
    Column("order_id", Id(), nullable=False),
    Column("variant_id", Id(), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("unit_minor", BigInteger, nullable=False),
)
TABLES = [orders, lines, outbox.outbox, outbox.aggregate_sequences]
ADDRESS = {"name": "Ada", "street": "Main 1", "city": "Berlin", "country": "DE"}


@event("bench.placed", aggregate="bench_order", key="order_id")
class Placed(Event, frozen=True, kw_only=True):
    order_id: UUID
    number: str
    total_minor: int


TENANT = TenantProfile(id=new_id(), slug="bench", name="Bench", status="active")


async def ours(db: Database) -> None:
    """One order through the platform's own path."""
    async with db.write(context_for(TENANT)) as tx:
        order_id = new_id()
        await tx.insert(
            orders,
            id=order_id,
            number="1001",
            status="pending",
            total_minor=5_000,
            address=ADDRESS,
            version=1,
            created_at=tx.now,
        )
        await tx.insert_many(
            lines,
            [
                {
                    "id": new_id(),
                    "order_id": order_id,
                    "variant_id": TENANT.id,
                    "quantity": 1,
                    "unit_minor": 2_500,
                }
                for _ in range(2)
            ],
        )
        tx.emit(Placed(order_id=order_id, number="1001", total_minor=5_000))


async def record(driver: Driver) -> list[tuple[str, str, list[Any]]]:
    """(kind, sql, arguments) of one order, in order."""
    taken: list[tuple[str, str, list[Any]]] = []
    original = driver.transaction

    class Wrapped:
        def __init__(self, connection: Any) -> None:
            self._connection = connection

        async def fetch(self, sql: str, arguments: Any) -> Any:
            taken.append(("fetch", sql, list(arguments)))
            return await self._connection.fetch(sql, arguments)

        async def execute(self, sql: str, arguments: Any) -> Any:
            taken.append(("execute", sql, list(arguments)))
            return await self._connection.execute(sql, arguments)

        async def execute_many(self, sql: str, rows: Any) -> None:
            taken.append(("many", sql, [list(row) for row in rows]))
            await self._connection.execute_many(sql, rows)

        async def execute_last(self, writes: Sequence[LastWrite]) -> None:
            taken.extend(("many", write.compiled.sql, write.rows) for write in writes)
            await self._connection.execute_last(writes)

    @contextlib.asynccontextmanager
    async def transaction(**kw: Any) -> Any:
        async with original(**kw) as connection:
            yield Wrapped(connection)

    driver.transaction = transaction  # type: ignore[method-assign]
    await ours(Database(driver, flush_events=outbox.flush_events))
    driver.transaction = original  # type: ignore[method-assign]
    return taken


def fresh(statements: list[tuple[str, str, Any]], text: bool) -> list[tuple[str, str, Any]]:
    """The same statements with new ids, as another order would have."""
    ids: dict[Any, Any] = {}

    def new(value: Any) -> Any:
        if isinstance(value, UUID) and value != TENANT.id:
            return ids.setdefault(value, new_id())
        if text and isinstance(value, str) and len(value) == 36 and value != str(TENANT.id):
            return ids.setdefault(value, str(new_id()))
        if isinstance(value, str) and len(value) > 36:
            for old, made in list(ids.items()):
                value = value.replace(str(old), str(made))
            return value
        return value

    return [
        (
            kind,
            sql,
            [[new(v) for v in row] for row in args] if kind == "many" else [new(v) for v in args],
        )
        for kind, sql, args in statements
    ]


async def rate(work: Callable[[], Awaitable[None]], seconds: float, tasks: int) -> float:
    """Completed calls per second over `tasks` tasks."""
    done = 0
    until = time.perf_counter() + seconds
    started = time.perf_counter()

    async def loop() -> None:
        nonlocal done
        while time.perf_counter() < until:
            await work()
            done += 1

    await asyncio.gather(*(loop() for _ in range(tasks)))
    return done / (time.perf_counter() - started)


async def compare(
    name: str,
    a: Callable[[], Awaitable[None]],
    b: Callable[[], Awaitable[None]],
    seconds: float,
    tasks: int,
) -> float:
    await rate(a, 0.3, tasks)
    await rate(b, 0.3, tasks)
    ratios, left, right = [], [], []
    for _ in range(5):
        left.append(await rate(a, seconds / 5, tasks))
        right.append(await rate(b, seconds / 5, tasks))
        ratios.append(left[-1] / right[-1])
    ratio = statistics.median(ratios)
    print(
        f"{name:<28} ours {statistics.median(left):>8.0f} tx/s   bare {statistics.median(right):>8.0f} tx/s   "
        f"ratio {ratio:.2f} (min {min(ratios):.2f}, max {max(ratios):.2f})"
    )
    return ratio


async def on_sqlite(seconds: float) -> float:
    """Prints both comparisons; returns how many times as long ours takes as the bare driver in one hop."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.sqlite3"
        with sqlite3.connect(path) as made:
            made.execute("PRAGMA journal_mode=WAL")
            for table in TABLES:
                made.execute(str(CreateTable(table).compile(dialect=sqlite.dialect())))
                for index in table.indexes:
                    made.execute(str(CreateIndex(index).compile(dialect=sqlite.dialect())))
        driver = SqliteDriver(path, synchronous="NORMAL")
        db = Database(driver, flush_events=outbox.flush_events)
        await db.open()
        statements = await record(driver)
        from rustok.core.db.sqlite_actor import Actor

        actor = Actor(path, synchronous="NORMAL", busy_timeout_ms=5_000, name="bare")
        await actor.start()

        async def bare() -> None:
            """The bare driver behind the same kind of thread: one hand-over for the whole transaction."""
            work = fresh(statements, text=True)

            def run() -> None:
                connection = actor.connection
                assert connection is not None
                connection.execute("BEGIN IMMEDIATE")
                for kind, sql, arguments in work:
                    if kind == "many":
                        connection.executemany(sql, arguments)
                    else:
                        connection.execute(sql, arguments).fetchall()
                connection.execute("COMMIT")

            await actor.call(run)

        async def bare_by_statement() -> None:
            """The bare driver as aiosqlite-like libraries drive it: one hand-over per statement."""
            work = fresh(statements, text=True)
            connection = actor.connection
            assert connection is not None
            await actor.call(lambda: connection.execute("BEGIN IMMEDIATE") and None)
            for kind, sql, arguments in work:
                if kind == "many":
                    await actor.call(
                        lambda s=sql, a=arguments: connection.executemany(s, a) and None
                    )
                else:
                    await actor.call(lambda s=sql, a=arguments: connection.execute(s, a).fetchall())
            await actor.call(lambda: connection.execute("COMMIT") and None)

        ratio = await compare("sqlite, one hop in all", lambda: ours(db), bare, seconds, 1)
        await compare("sqlite, a hop a statement", lambda: ours(db), bare_by_statement, seconds, 1)
        actor.stop()
        await db.close()
    return 1 / ratio


async def on_postgres(seconds: float) -> None:
    name = f"rustok_bench_{os.getpid()}"
    admin = await asyncpg.connect(POSTGRES)
    await admin.execute(f"CREATE DATABASE {name}")  # constant sql: own name
    for role in ("rustok_app", "rustok_system"):
        if not await admin.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
            await admin.execute(
                f"CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS"  # constant sql: own name
            )
    place = POSTGRES.rpartition("/")[0].split("@")[-1]
    try:
        owner = await asyncpg.connect(POSTGRES.rpartition("/")[0] + "/" + name)
        for table in TABLES:
            await owner.execute(str(CreateTable(table).compile(dialect=postgresql.dialect())))
            for index in table.indexes:
                await owner.execute(str(CreateIndex(index).compile(dialect=postgresql.dialect())))
            for statement in policies(table):
                await owner.execute(statement)
        await owner.execute(
            "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO rustok_app, rustok_system"
        )
        await owner.close()
        url = f"postgresql://rustok_app@{place}/{name}"
        driver = PostgresDriver(url, system_url=url, pool_max=TASKS)
        db = Database(driver, flush_events=outbox.flush_events)
        await db.open()
        statements = await record(driver)
        pool = await asyncpg.create_pool(
            url, min_size=TASKS, max_size=TASKS, statement_cache_size=1024
        )

        async def bare() -> None:
            """asyncpg as its documentation shows it: pool, transaction block, set_config."""
            work = fresh(statements, text=False)
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute(
                    "SELECT set_config('app.tenant_id', $1, true)", str(TENANT.id)
                )
                for kind, sql, arguments in work:
                    if kind == "many":
                        await connection.executemany(sql, arguments)
                    elif kind == "fetch":
                        await connection.fetch(sql, *arguments)
                    else:
                        await connection.execute(sql, *arguments)

        await compare(f"postgres, {TASKS} tasks", lambda: ours(db), bare, seconds, TASKS)
        await pool.close()
        await db.close()
    finally:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")  # constant sql: own name
        await admin.close()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--seconds", type=float, default=5.0, help="time per side")
    seconds = arguments.parse_args().seconds
    assert metadata is not None
    uvloop.run(on_sqlite(seconds))
    try:
        uvloop.run(on_postgres(seconds))
    except OSError as error:
        print(f"postgres: skipped, it does not answer ({error})")


if __name__ == "__main__":
    main()
