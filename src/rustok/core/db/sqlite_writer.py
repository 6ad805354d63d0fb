"""Turns at the one connection that writes, and commits that writers share.

A commit writes every page its transaction has touched and waits for the disk, which costs more than
the statements of an order; orders one after the other touch the same pages. So whoever is done while
a brief writer waits leaves the transaction open for it and waits for the commit the last one makes.
Each but the first is a savepoint: one that fails takes back its own rows only. Nobody is told of
success before the commit, and all are told when it fails. As group commit (DeWitt et al., 1984).
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator
from typing import Final

from rustok.core.db import waits
from rustok.core.db.errors import DatabaseUnavailable
from rustok.core.db.sqlite_actor import Actor
from rustok.core.db.sqlite_connection import JOIN, SqliteConnection
from rustok.core.resilience.time_limit import TimeLimit

MOST_SHARING: Final = 16
"""So many transactions are committed together at most."""
SHARING_SECONDS: Final = 0.02
"""So long after the first of them was done, no other begins before the commit."""


class _Shared:
    """Transactions that are done but not committed."""

    def __init__(self) -> None:
        self.since = time.perf_counter()
        self.waiting: list[asyncio.Future[None]] = []

    def settle(self, ended: asyncio.Future[object]) -> None:
        """Tell all what became of the commit."""
        error = ended.exception()
        for one in self.waiting:
            if one.done():  # its task was cancelled
                continue
            if error is None:
                one.set_result(None)
            else:
                unavailable = DatabaseUnavailable()
                unavailable.__cause__ = error
                one.set_exception(unavailable)


class Writer:
    """Lends the connection of `actor` to one transaction at a time, in the order they ask.

    Args:
        wait_seconds: how long a turn is waited for.
    """

    def __init__(self, actor: Actor, *, wait_seconds: float) -> None:
        self._actor = actor
        self._limit = TimeLimit(wait_seconds)
        self._turn = asyncio.Lock()
        self._waiting: dict[object, bool] = {}  # whether each is brief, in their order
        self._shared: _Shared | None = None

    @property
    def is_lent(self) -> bool:
        return self._turn.locked()

    @contextlib.asynccontextmanager
    async def lend(self, *, brief: bool) -> AsyncIterator[SqliteConnection]:
        """A transaction, committed on a clean exit, taken back otherwise.

        Args:
            brief: it may keep others waiting, as it is over in some milliseconds.

        Raises:
            DatabaseUnavailable: no turn within the bound, or the commit failed; nothing is changed.
        """
        await self._take_turn(brief)
        if not brief:
            self._commit_shared()
        begin = "BEGIN IMMEDIATE" if self._shared is None else JOIN
        connection = SqliteConnection(self._actor, begin, writes=True)
        committed: asyncio.Future[None] | None = None
        try:
            yield connection
            began = time.perf_counter()
            if self._shared is None and not (self._next_is_brief() and connection.has_begun):
                await connection.commit()
            else:
                await connection.leave_open()
                committed = self._share()
        except BaseException:
            connection.abandon()
            self._commit_shared()
            raise
        finally:
            self._turn.release()
        if committed is not None:
            await committed
        waits.record_commit(began, "sqlite")

    async def _take_turn(self, brief: bool) -> None:
        asked = time.perf_counter()
        me = object()
        self._waiting[me] = brief
        try:
            with self._limit.bound():
                await self._turn.acquire()
        except TimeoutError as error:
            raise DatabaseUnavailable("Too many writers wait for the database.") from error
        finally:
            del self._waiting[me]
            if not self._waiting and not self._turn.locked():
                self._commit_shared()  # it was left open for this one, which goes without its turn
        waits.record_wait(asked)

    def _next_is_brief(self) -> bool:
        return next(iter(self._waiting.values()), False)

    def _share(self) -> asyncio.Future[None]:
        """Wait with those before for the commit; it is made now unless the next may join."""
        if self._shared is None:
            self._shared = _Shared()
        shared = self._shared
        committed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        shared.waiting.append(committed)
        is_over = (
            len(shared.waiting) >= MOST_SHARING
            or time.perf_counter() - shared.since > SHARING_SECONDS
        )
        if is_over or not self._next_is_brief():
            self._commit_shared()
        return committed

    def _commit_shared(self) -> None:
        """Queue the commit of what is done, before whatever is next on the thread."""
        shared, self._shared = self._shared, None
        if shared is None:
            return
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[object] = loop.create_future()
        ended.add_done_callback(shared.settle)
        self._actor.send(self._commit, loop, ended)

    def _commit(self) -> None:
        connection = self._actor.opened()
        try:
            connection.execute("COMMIT")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
