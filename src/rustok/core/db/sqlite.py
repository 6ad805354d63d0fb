"""SQLite behind actor threads: one writer, a few readers, no thread pool and no per-call thread hand-out.

Every connection lives on one thread with a queue; a statement is one hop there and one back.
Write transactions wait for each other in order on an asyncio lock, so `database is locked` can
only come from another process, for which SQLite's own busy timeout stands.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final
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
from rustok.core.db.schema import metadata
from rustok.core.db.statement import DialectName

READERS: Final = 2
_Work = tuple[Callable[[], Any], asyncio.AbstractEventLoop | None, "asyncio.Future[Any] | None"]


class Actor:
    """A thread that owns one sqlite3 connection and runs what is queued, in order."""

    def __init__(self, path: Path, *, synchronous: str, busy_timeout_ms: int, name: str) -> None:
        self._path = path
        self._synchronous = synchronous
        self._busy_timeout_ms = busy_timeout_ms
        self._queue: SimpleQueue[_Work | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.connection: sqlite3.Connection | None = None

    async def start(self) -> None:
        self._thread.start()
        await self.call(self._connect)

    def _connect(self) -> None:
        connection = sqlite3.connect(
            self._path, isolation_level=None, cached_statements=1024, check_same_thread=True
        )
        for pragma in (
            f"busy_timeout={self._busy_timeout_ms}",
            "journal_mode=WAL",
            f"synchronous={self._synchronous}",
            "foreign_keys=ON",
            "trusted_schema=OFF",
            "temp_store=MEMORY",
            "cache_size=-16000",
        ):
            connection.execute(f"PRAGMA {pragma}")  # constant sql: settings of our own
        self.connection = connection

    def _run(self) -> None:
        while (work := self._queue.get()) is not None:
            function, loop, future = work
            try:
                result = function()
            except BaseException as error:
                if loop is not None and future is not None:
                    _deliver(loop, future, None, error)
            else:
                if loop is not None and future is not None:
                    _deliver(loop, future, result, None)
        if self.connection is not None:
            self.connection.close()

    async def call(self, function: Callable[[], Any]) -> Any:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._queue.put((function, loop, future))
        return await future

    def send(self, function: Callable[[], Any]) -> None:
        """Queue without waiting: the next call on this actor finds it done."""
        self._queue.put((function, None, None))

    def stop(self) -> None:
        self._queue.put(None)
        self._thread.join(timeout=10)


def _deliver(
    loop: asyncio.AbstractEventLoop,
    future: asyncio.Future[Any],
    result: Any,
    error: BaseException | None,
) -> None:
    def settle() -> None:
        if future.done():  # its waiter was cancelled
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)

    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(settle)


class SqliteConnection:
    """A transaction on an actor; BEGIN travels with the first statement, in the same hop."""

    def __init__(self, actor: Actor, begin: str) -> None:
        self._actor = actor
        self._begin: str | None = begin
        self._last: list[tuple[str, Sequence[Sequence[Any]]]] = []

    def _start(self) -> sqlite3.Connection:
        connection = self._actor.connection
        if connection is None:
            raise sqlite3.OperationalError("closed")
        if self._begin is not None:
            connection.execute(self._begin)
            self._begin = None
        return connection

    async def _run(self, function: Callable[[], Any]) -> Any:
        try:
            return await self._actor.call(function)
        except sqlite3.Error as error:
            raise translate(error) from error
        except OverflowError as error:
            raise DataRefused from error

    async def fetch(self, sql: str, arguments: Sequence[Any]) -> Sequence[Sequence[Any]]:
        rows: list[tuple[Any, ...]] = await self._run(
            lambda: self._start().execute(sql, arguments).fetchall()
        )
        return rows

    async def execute(self, sql: str, arguments: Sequence[Any]) -> int:
        changed: int = await self._run(lambda: self._start().execute(sql, arguments).rowcount)
        return changed

    async def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        await self._run(lambda: self._start().executemany(sql, rows).rowcount)

    async def execute_last(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        self._last.append((sql, rows))

    def _commit(self) -> None:
        for sql, rows in self._last:
            self._start().executemany(sql, rows)
        self._end("COMMIT")

    def _end(self, statement: str) -> None:
        connection = self._actor.connection
        if connection is not None and connection.in_transaction:
            connection.execute(statement)

    async def commit(self) -> None:
        await self._run(self._commit)

    def abandon(self) -> None:
        self._actor.send(lambda: self._end("ROLLBACK"))


class SqliteDriver:
    """A SQLite file in WAL mode.

    Args:
        path: the database file; its folder is made.
        synchronous: "FULL" survives loss of power, "NORMAL" survives the death of the process
            only for the last commits, "OFF" is for tests.
        busy_timeout_ms: how long another process' write is waited for.
        lock_timeout_seconds: how long this process' own writers wait for each other.
    """

    dialect: DialectName = "sqlite"

    def __init__(
        self,
        path: Path,
        *,
        synchronous: str = "FULL",
        busy_timeout_ms: int = 5_000,
        lock_timeout_seconds: float = 5.0,
    ) -> None:
        self.path = path
        self._synchronous = synchronous
        self._busy_timeout_ms = busy_timeout_ms
        self._lock_timeout_seconds = lock_timeout_seconds
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

    @contextlib.asynccontextmanager
    async def transaction(
        self,
        *,
        tenant_id: UUID | None,  # noqa: ARG002 - no rows are hidden here; statements carry it
        write: bool,
    ) -> AsyncIterator[SqliteConnection]:
        if write:
            async with self._writing() as connection:
                yield connection
            return
        asked = time.perf_counter()
        try:
            async with asyncio.timeout(self._lock_timeout_seconds):
                reader = await self._readers.get()
        except TimeoutError as error:
            raise DatabaseUnavailable from error
        waits.record_wait(asked)
        connection = SqliteConnection(reader, "BEGIN")
        try:
            yield connection
        finally:
            connection.abandon()
            self._readers.put_nowait(reader)

    @contextlib.asynccontextmanager
    async def _writing(self) -> AsyncIterator[SqliteConnection]:
        if self._writer is None:
            raise DatabaseUnavailable
        asked = time.perf_counter()
        try:
            async with asyncio.timeout(self._lock_timeout_seconds):
                await self._write_lock.acquire()
        except TimeoutError as error:
            raise DatabaseUnavailable("Too many writers wait for the database.") from error
        waits.record_wait(asked)
        connection = SqliteConnection(self._writer, "BEGIN IMMEDIATE")
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
