"""Brings tables of PostgreSQL into hash partitions by tenant, or back, one transaction each.

What is done already is passed over, so a run that was stopped is run again. Refuses: SQLite, tables
that cannot be, and, unless it is told to, a database that somebody serves from: every statement on a
table would wait until its rows are copied.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec

from rustok.core.db import DatabaseUnavailable
from rustok.core.db.partitioning import count_rows, steps
from rustok.core.db.schema import APP_ROLE, SYSTEM_ROLE
from rustok.core.db.table_shapes import Shape, TableUnknown, list_tables, read_shape
from rustok.core.errors import Conflict, InvalidInput, RustokError
from rustok.server.migrations import owner_url
from rustok.server.settings import Settings

MAINTENANCE_MEMORY: Final = "SET LOCAL maintenance_work_mem = '256MB'"
TOLD_SECONDS: Final = 1.0
"""Phases as long as this are told of."""
_SERVING: Final = """
    SELECT count(*) AS sessions FROM pg_stat_activity
    WHERE datname = current_database() AND usename = ANY($1::text[])
"""

Progress = Callable[[str], None]


class PartitioningRefused(InvalidInput):
    """A table cannot be partitioned by tenant, or is none."""

    code = "partitioning_refused"
    title = "These tables cannot be partitioned"
    mend = "Leave the tables named out of --tables; `rustok db tables` tells which can be."

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))


class DatabaseServed(Conflict):
    code = "database_served"
    title = "Somebody serves from this database"
    mend = "Stop `rustok serve` and `rustok worker`, or say --while-serving: requests then wait."

    def __init__(self, sessions: int) -> None:
        super().__init__(f"{sessions} sessions of {APP_ROLE} and {SYSTEM_ROLE} are open.")


class PartitioningFailed(RustokError):
    code = "partitioning_failed"
    title = "A table could not be made anew"
    mend = (
        "Read the cause; the table is as it was. Run the same again: tables that are done stay so."
    )

    def __init__(self, table: str, cause: str) -> None:
        super().__init__(f"{table}: {cause}")


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a table; `statements` are those of a dry run."""

    table: str
    before: int
    after: int
    changed: bool
    rows: int = 0
    seconds: float = 0.0
    statements: tuple[str, ...] = ()


class TableView(msgspec.Struct, frozen=True, kw_only=True):
    """A table, its size, and why it cannot be partitioned (`obstacles`)."""

    table: str
    rows: int
    size_bytes: int
    partitions: int
    obstacles: tuple[str, ...]


async def list_shapes(settings: Settings) -> list[TableView]:
    """All tables, the largest first.

    Raises:
        PartitioningRefused: the database is SQLite.
        DatabaseUnavailable: it does not answer.
    """
    async with _owner(settings) as connection:
        shapes = [await read_shape(connection, name) for name in await list_tables(connection)]
    views = [
        TableView(
            table=one.name,
            rows=one.rows,
            size_bytes=one.size_bytes,
            partitions=one.partitions,
            obstacles=tuple(one.obstacles),
        )
        for one in shapes
    ]
    return sorted(views, key=lambda one: (-one.size_bytes, one.table))


async def partition(
    settings: Settings,
    tables: Sequence[str],
    partitions: int,
    *,
    dry_run: bool = False,
    while_serving: bool = False,
    lock_seconds: float = 5.0,
    progress: Progress = lambda _line: None,
) -> list[Outcome]:
    """Bring `tables` to so many partitions each; 0: whole again.

    Args:
        dry_run: change nothing and tell the statements.
        lock_seconds: how long a table is waited for.
        progress: gets a line for each phase.

    Raises:
        PartitioningRefused: SQLite, or a table that cannot be; nothing was changed.
        DatabaseServed: sessions of the server are open.
        PartitioningFailed: a table could not be made anew; those before it are.
        DatabaseUnavailable: it does not answer.
    """
    async with _owner(settings) as connection:
        await _check(connection, tables, partitions)
        if not while_serving and not dry_run:
            (row,) = await connection.fetch(_SERVING, [APP_ROLE, SYSTEM_ROLE])
            if row["sessions"]:
                raise DatabaseServed(row["sessions"])
        done: list[Outcome] = []
        for name in dict.fromkeys(tables):
            shape = await read_shape(connection, name)
            if shape.partitions == partitions:
                progress(f"{name}: nothing to do")
                done.append(Outcome(table=name, before=partitions, after=partitions, changed=False))
                continue
            lock_ms = round(lock_seconds * 1_000)
            if dry_run:
                told = tuple(one.sql for one in steps(shape, partitions, lock_ms=lock_ms))
                done.append(
                    Outcome(
                        table=name,
                        before=shape.partitions,
                        after=partitions,
                        changed=False,
                        rows=shape.rows,
                        statements=told,
                    )
                )
                continue
            done.append(await _convert(connection, shape, partitions, lock_ms, progress))
    return done


async def _check(connection: Any, tables: Sequence[str], partitions: int) -> None:
    """Raises PartitioningRefused for all that stands in the way."""
    reasons = []
    for name in tables:
        try:
            shape = await read_shape(connection, name)
        except TableUnknown:
            reasons.append(f"{name}: there is no such table")
            continue
        if shape.partitions < 0:
            reasons.append(f"{name}: it is partitioned in another way")
        elif partitions:
            reasons += [f"{name}: {why}" for why in shape.obstacles]
        elif shape.partitions:
            reasons += [f"{name}: {why}" for why in shape.unmovable]
    if reasons:
        raise PartitioningRefused(reasons)


async def _convert(
    connection: Any, shape: Shape, partitions: int, lock_ms: int, progress: Progress
) -> Outcome:
    import asyncpg  # late: not needed with SQLite

    started = phase_at = time.perf_counter()
    phase, rows = "lock", 0
    try:
        async with connection.transaction():
            await connection.execute(MAINTENANCE_MEMORY)
            for step in steps(shape, partitions, lock_ms=lock_ms):
                if step.phase != phase:
                    now = time.perf_counter()
                    if now - phase_at >= TOLD_SECONDS:
                        progress(f"{shape.name}: {phase} took {now - phase_at:.1f} s")
                    if phase == "copy":
                        await _compare(connection, shape)
                    if step.phase == "copy":
                        progress(f"{shape.name}: copying about {shape.rows} rows")
                    phase, phase_at = step.phase, now
                answer = await connection.execute(step.sql, timeout=None)
                if step.phase == "copy":
                    rows = int(answer.split()[-1])
    except (asyncpg.PostgresError, OSError, TimeoutError) as error:
        raise PartitioningFailed(shape.name, str(error).split("\n")[0]) from error
    seconds = time.perf_counter() - started
    progress(f"{shape.name}: {rows} rows in {seconds:.1f} s")
    return Outcome(
        table=shape.name,
        before=shape.partitions,
        after=partitions,
        changed=True,
        rows=rows,
        seconds=round(seconds, 3),
    )


async def _compare(connection: Any, shape: Shape) -> None:
    """The table is held, so both have the same rows or something hid some of them."""
    counts = [
        (await connection.fetchval(count_rows(shape, anew=anew), timeout=None))
        for anew in (False, True)
    ]
    if counts[0] != counts[1]:
        raise PartitioningFailed(shape.name, f"{counts[0]} rows became {counts[1]}")


@asynccontextmanager
async def _owner(settings: Settings) -> AsyncIterator[Any]:
    url = owner_url(settings)
    if url.is_sqlite:
        raise PartitioningRefused(["SQLite has no partitions"])
    import asyncpg  # late: as above

    try:
        connection = await asyncpg.connect(
            str(url), timeout=settings.database.connect_timeout_seconds
        )
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise DatabaseUnavailable from error
    try:
        yield connection
    finally:
        await connection.close()
