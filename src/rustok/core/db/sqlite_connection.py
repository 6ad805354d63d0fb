"""A transaction on SQLite: which of its statements run on the event loop, and which on the thread."""

from __future__ import annotations

import asyncio
import functools
import math
import re
import sqlite3
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from rustok.core.db.errors import DatabaseUnavailable, DataRefused
from rustok.core.db.last_writes import LastWrite
from rustok.core.db.sqlite_actor import INLINE_SECONDS, Actor, Rows
from rustok.core.db.sqlite_errors import translate

T = TypeVar("T")

JOIN: Final = "SAVEPOINT one_of_many"
LEAVE: Final = "RELEASE one_of_many"
TAKE_BACK: Final = "ROLLBACK TO one_of_many"
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
    """A transaction on an actor; what begins it travels with the first statement, in the same hop.

    Args:
        begin: the statement before the first; None where one is all there is, as each step lets others
            have the interpreter's lock. With JOIN it is a part of a transaction that is open already, and
            ends without ending that.
        writes: what begins it may wait for another process, and what it runs may write; both on the thread.
    """

    def __init__(self, actor: Actor, begin: str | None, *, writes: bool) -> None:
        self._actor = actor
        self._begin = begin
        self._writes = writes
        self._joins = begin == JOIN
        self._is_released = False
        self._inline_seconds = 0.0
        self.is_cut = False
        self._last: list[LastWrite] = []

    @property
    def has_begun(self) -> bool:
        """Whether it has run, or is about to run, anything."""
        return self._begin is None or bool(self._last)

    def _start(self) -> sqlite3.Connection:
        connection = self._actor.opened()
        is_open = self._joins or self._begin is None
        if self._writes and is_open and not connection.in_transaction:
            # A full disk makes SQLite take back a whole transaction; what follows would be another.
            raise DatabaseUnavailable
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
            not (self._writes and self._begin and not self._joins)
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

    def _write_last(self) -> sqlite3.Connection | None:
        """Run what was kept for the end; None when the transaction has run nothing at all."""
        if self._last:
            self._write(self._last)
        return self._start() if self._begin is None else None

    def _commit(self) -> None:
        connection = self._write_last()
        if connection is not None:
            connection.execute("COMMIT")

    async def commit(self) -> None:
        await self._run(self._commit)

    async def leave_open(self) -> None:
        """End the transaction as far as it is this one's, and leave it open for the next; no commit.

        Raises:
            Exception: what a last write raises; then `abandon` takes back what this one did.
        """
        await self._run(self._leave)

    def _leave(self) -> None:
        connection = self._write_last()
        if connection is not None and self._joins:
            connection.execute(LEAVE)
            self._is_released = True

    def abandon(self) -> None:
        """Take back what was not ended, queued before whatever is next."""
        self._actor.send(self._take_back)

    def _take_back(self) -> None:
        connection = self._actor.connection
        if connection is None or not connection.in_transaction:
            return
        if not self._joins:
            connection.execute("ROLLBACK")
        elif self._begin is None and not self._is_released:
            try:
                connection.execute(TAKE_BACK)
                connection.execute(LEAVE)
            except sqlite3.Error:
                # Half of it must not be committed with the others.
                connection.execute("ROLLBACK")
                raise

    def end_read(self, freed: Callable[[], None]) -> None:
        """End a transaction that read; `freed` is called when the connection is free."""
        if not self.is_cut:
            self._take_back()
            freed()
            return
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        future.add_done_callback(lambda _: freed())
        self._actor.send(self._take_back, loop, future)
