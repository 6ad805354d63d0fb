"""SQLite behind actor threads: one writer, a few readers, no thread pool and no per-call thread hand-out.

Every connection has one thread with a queue; a statement is one hop there and one back. A query that
is done within INLINE_SECONDS, as nearly all are, needs no hop: it runs on the event loop, and is
interrupted there and run again on the thread when it takes longer. So do writes of a row or a few.
A hop costs more than most statements, and between two busy threads each row waits for the
interpreter's lock. What may wait is the thread's: what begins a write, what writes much, the commit.

Write transactions wait for each other in order, so `database is locked` can only come from another
process, for which SQLite's own busy timeout stands.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from pathlib import Path
from typing import Final
from uuid import UUID

from rustok.core.db import waits
from rustok.core.db.driver import PoolState
from rustok.core.db.errors import DatabaseUnavailable
from rustok.core.db.sqlite_actor import CACHE_BYTES, Actor
from rustok.core.db.sqlite_connection import SqliteConnection
from rustok.core.db.sqlite_writer import Writer
from rustok.core.db.statement import DialectName

READERS: Final = 2


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
        self._writer: Writer | None = None
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
                self._writer = Writer(actor, wait_seconds=self._lock_timeout_seconds)
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
        writing = int(self._writer.is_lent)
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
        brief: bool = False,
    ) -> contextlib.AbstractAsyncContextManager[SqliteConnection]:
        if write:
            if self._writer is None:
                raise DatabaseUnavailable
            return self._writer.lend(brief=brief)
        begin = None if one_statement else "BEGIN"
        return _Reading(self._readers, self._lock_timeout_seconds, begin)
