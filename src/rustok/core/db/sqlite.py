"""SQLite behind actor threads: one writer, a few readers, no thread pool and no per-call thread hand-out.

Every connection has one thread with a queue; a statement is one hop there and one back. A query that
is done within INLINE_SECONDS, as nearly all are, needs no hop: it runs on the event loop, and is
interrupted there and run again on the thread when it takes longer. So do writes of a row or a few.
A hop costs more than most statements, and between two busy threads each row waits for the
interpreter's lock. What may wait is the thread's: what begins a write, what writes much, the commit.

Write transactions wait for each other in order on an asyncio lock, so `database is locked` can
only come from another process, for which SQLite's own busy timeout stands.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import math
import re
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import PrimaryKeyConstraint, UniqueConstraint
from sqlalchemy.sql.schema import ColumnCollectionConstraint

from rustok.core.db import waits
from rustok.core.db.driver import PoolState
from rustok.core.db.errors import (
    CheckViolation,
    DatabaseUnavailable,
    DataRefused,
    ForeignKeyViolation,
    UniqueViolation,
)
from rustok.core.db.last_writes import LastWrite
from rustok.core.db.schema import metadata
from rustok.core.db.sqlite_actor import CACHE_BYTES, INLINE_SECONDS, Actor, Rows
from rustok.core.db.statement import DialectName
from rustok.core.resilience.time_limit import TimeLimit

T = TypeVar("T")

READERS: Final = 2
FEW_ROWS: Final = 8
"""So many rows are inserted on the event loop; more are the thread's."""
_LITTLE: Final = re.compile(
    r"INSERT INTO \w+ \([^()]*\) VALUES|UPDATE \w+ SET (?!.*\b(?:FROM|SELECT|IN)\b)", re.DOTALL
)


@functools.lru_cache(maxsize=4_096)
def writes_little(sql: str) -> bool:
    """A row by its values, or what has a key: microseconds, as the pages are written by the commit."""
    return _LITTLE.match(sql) is not None


class SqliteConnection:
    """A transaction on an actor; BEGIN travels with the first statement, in the same hop.

    Args:
        begin: the statement before the first; None where one is all there is, as each step lets others
            have the interpreter's lock.
        writes: what begins it may wait for another process, and what it runs may write; both on the thread.
    """

    def __init__(self, actor: Actor, begin: str | None, *, writes: bool) -> None:
        self._actor = actor
        self._begin = begin
        self._writes = writes
        self._inline_seconds = 0.0
        self.is_cut = False
        self._last: list[LastWrite] = []

    def _start(self) -> sqlite3.Connection:
        connection = self._actor.connection
        if connection is None:
            raise sqlite3.OperationalError("closed")
        if self._begin is not None:
            connection.execute(self._begin)
            self._begin = None
        return connection

    async def _run(self, function: Callable[[], Any]) -> Any:
        self._inline_seconds = 0.0
        try:
            return await self._actor.call(function)
        except sqlite3.Error as error:
            raise translate(error) from error
        except OverflowError as error:
            raise DataRefused from error
        except asyncio.CancelledError:
            self.is_cut = True  # the thread may be at it still
            raise

    async def fetch(self, sql: str, arguments: Sequence[Any]) -> Rows:
        def query() -> Rows:
            return self._start().execute(sql, arguments).fetchall()

        if self._may_inline() and sql.startswith("SELECT"):
            found: Rows | None = self._inline(query, seconds=INLINE_SECONDS)
            if found is not None:
                return found
        rows: Rows = await self._run(query)
        return rows

    def _may_inline(self) -> bool:
        """Not what begins a write, which may wait; now and then a hop, so that others have their turn."""
        return (
            not (self._writes and self._begin)
            and not self.is_cut
            and self._inline_seconds < INLINE_SECONDS
        )

    def _inline(self, function: Callable[[], T], *, seconds: float) -> T | None:
        started = time.perf_counter()
        try:
            return self._actor.inline(function, seconds=seconds)
        except sqlite3.Error as error:
            raise translate(error) from error
        except OverflowError as error:
            raise DataRefused from error
        finally:
            self._inline_seconds += time.perf_counter() - started

    async def execute(self, sql: str, arguments: Sequence[Any]) -> int:
        def statement() -> int:
            return self._start().execute(sql, arguments).rowcount

        if self._may_inline() and writes_little(sql):
            # Never interrupted: that would roll the transaction back.
            return self._inline(statement, seconds=math.inf) or 0
        changed: int = await self._run(statement)
        return changed

    async def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        def statement() -> int:
            return self._start().executemany(sql, rows).rowcount

        if len(rows) <= FEW_ROWS and self._may_inline() and writes_little(sql):
            self._inline(statement, seconds=math.inf)
            return
        await self._run(statement)

    async def execute_together(self, writes: Sequence[LastWrite]) -> None:
        await self._run(lambda: self._write(writes))

    async def execute_last(self, writes: Sequence[LastWrite]) -> None:
        self._last += writes

    def _write(self, writes: Sequence[LastWrite]) -> None:
        connection = self._start()
        for write in writes:
            write.check(connection.executemany(write.compiled.sql, write.rows).rowcount)

    def _commit(self) -> None:
        if self._last:
            self._write(self._last)
        self._end("COMMIT")

    def _end(self, statement: str) -> None:
        connection = self._actor.connection
        if connection is not None and connection.in_transaction:
            connection.execute(statement)

    async def commit(self) -> None:
        await self._run(self._commit)

    def abandon(self) -> None:
        self._actor.send(lambda: self._end("ROLLBACK"))

    def end_read(self, freed: Callable[[], None]) -> None:
        """End a transaction that read; `freed` is called when the connection is free."""
        if not self.is_cut:
            self._end("ROLLBACK")
            freed()
            return
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        future.add_done_callback(lambda _: freed())
        self._actor.send(lambda: self._end("ROLLBACK"), loop, future)


class _Reading:
    """A reader, lent for a transaction. No generator: it would cost as much as a quick statement.

    Args:
        readers: those that are free.
        wait_seconds: how long is waited for one.
        begin: see SqliteConnection.
    """

    __slots__ = ("_begin", "_connection", "_reader", "_readers", "_wait_seconds")

    def __init__(
        self, readers: asyncio.LifoQueue[Actor], wait_seconds: float, begin: str | None
    ) -> None:
        self._readers = readers
        self._wait_seconds = wait_seconds
        self._begin = begin

    async def __aenter__(self) -> SqliteConnection:
        try:
            self._reader = self._readers.get_nowait()
        except asyncio.QueueEmpty:
            self._reader = await self._wait()
        self._connection = SqliteConnection(self._reader, self._begin, writes=False)
        return self._connection

    async def _wait(self) -> Actor:
        asked = time.perf_counter()
        try:
            async with asyncio.timeout(self._wait_seconds):
                reader = await self._readers.get()
        except TimeoutError as error:
            raise DatabaseUnavailable from error
        waits.record_wait(asked)
        return reader

    async def __aexit__(self, *_error: object) -> None:
        self._connection.end_read(self._free)

    def _free(self) -> None:
        self._readers.put_nowait(self._reader)


class SqliteDriver:
    """A SQLite file in WAL mode.

    Args:
        path: the database file; its folder is made.
        synchronous: "FULL" survives loss of power, "NORMAL" survives the death of the process
            only for the last commits, "OFF" is for tests.
        cache_bytes: for pages of the file, of each of the three connections.
        busy_timeout_ms: how long another process' write is waited for.
        lock_timeout_seconds: how long this process' own writers wait for each other.
    """

    dialect: DialectName = "sqlite"

    def __init__(
        self,
        path: Path,
        *,
        synchronous: str = "FULL",
        cache_bytes: int = CACHE_BYTES,
        busy_timeout_ms: int = 5_000,
        lock_timeout_seconds: float = 5.0,
    ) -> None:
        self.path = path
        self._synchronous = synchronous
        self._cache_bytes = cache_bytes
        self._busy_timeout_ms = busy_timeout_ms
        self._lock_timeout_seconds = lock_timeout_seconds
        self._lock_time = TimeLimit(lock_timeout_seconds)
        self._write_lock = asyncio.Lock()
        self._writer: Actor | None = None
        self._readers: asyncio.LifoQueue[Actor] = asyncio.LifoQueue()
        self._actors: list[Actor] = []

    async def open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        for index in range(READERS + 1):
            actor = Actor(
                self.path,
                synchronous=self._synchronous,
                cache_bytes=self._cache_bytes,
                busy_timeout_ms=self._busy_timeout_ms,
                name="sqlite-writer" if index == 0 else f"sqlite-reader-{index}",
            )
            try:
                await actor.start()
            except sqlite3.Error as error:
                raise DatabaseUnavailable(
                    "The SQLite file cannot be opened; check its folder's permissions."
                ) from error
            self._actors.append(actor)
            if index == 0:
                self._writer = actor
            else:
                self._readers.put_nowait(actor)

    async def close(self) -> None:
        for actor in self._actors:
            await asyncio.to_thread(actor.stop)
        self._actors.clear()
        self._writer = None

    def connections(self) -> list[PoolState]:
        """Readers serve every role; the writer is one."""
        if self._writer is None:
            return []
        free = self._readers.qsize()
        writing = int(self._write_lock.locked())
        return [
            PoolState("reader", "idle", free),
            PoolState("reader", "used", READERS - free),
            PoolState("writer", "idle", 1 - writing),
            PoolState("writer", "used", writing),
            PoolState("reader", "limit", READERS),
            PoolState("writer", "limit", 1),
        ]

    def transaction(
        self,
        *,
        tenant_id: UUID | None,  # noqa: ARG002 - no rows are hidden here; statements carry it
        write: bool,
        one_statement: bool = False,
    ) -> contextlib.AbstractAsyncContextManager[SqliteConnection]:
        if write:
            return self._writing()
        begin = None if one_statement else "BEGIN"
        return _Reading(self._readers, self._lock_timeout_seconds, begin)

    @contextlib.asynccontextmanager
    async def _writing(self) -> AsyncIterator[SqliteConnection]:
        if self._writer is None:
            raise DatabaseUnavailable
        asked = time.perf_counter()
        try:
            with self._lock_time.bound():
                await self._write_lock.acquire()
        except TimeoutError as error:
            raise DatabaseUnavailable("Too many writers wait for the database.") from error
        waits.record_wait(asked)
        connection = SqliteConnection(self._writer, "BEGIN IMMEDIATE", writes=True)
        try:
            yield connection
            began = time.perf_counter()
            await connection.commit()
            waits.record_commit(began, "sqlite")
        finally:
            connection.abandon()  # nothing to do after a commit; else ROLLBACK, queued before the next writer
            self._write_lock.release()


_UNIQUE = re.compile(r"^UNIQUE constraint failed: (?:index '(?P<index>[^']+)'|(?P<columns>.+))$")
_CHECK = re.compile(r"^CHECK constraint failed: (?P<name>.+)$")


def translate(error: sqlite3.Error) -> Exception:
    """The platform's error for what SQLite said."""
    text = str(error)
    if isinstance(error, sqlite3.IntegrityError):
        if found := _UNIQUE.match(text):
            return UniqueViolation(found["index"] or _constraint_on(found["columns"]))
        if found := _CHECK.match(text):
            return CheckViolation(found["name"])
        if "FOREIGN KEY" in text:
            return ForeignKeyViolation(None)
        if "NOT NULL" in text or "cannot store" in text:
            return DataRefused()
    if isinstance(error, sqlite3.OperationalError) and (
        "locked" in text or "closed" in text or "disk" in text or "readonly" in text
    ):
        return DatabaseUnavailable()
    if isinstance(error, sqlite3.DataError | sqlite3.InterfaceError):
        return DataRefused()
    return error


def _constraint_on(columns: str) -> str:
    """The declared name of the unique constraint over `table.a, table.b`."""
    pairs = [part.strip().split(".", 1) for part in columns.split(",")]
    table = metadata.tables.get(pairs[0][0])
    wanted = {pair[-1] for pair in pairs}
    if table is not None:
        for constraint in table.constraints:
            if isinstance(constraint, ColumnCollectionConstraint) and constraint.name:
                unique = isinstance(constraint, UniqueConstraint | PrimaryKeyConstraint)
                if unique and {column.name for column in constraint.columns} == wanted:
                    return str(constraint.name)
        for index in table.indexes:
            if index.unique and {column.name for column in index.columns} == wanted:
                return str(index.name)
    return columns
