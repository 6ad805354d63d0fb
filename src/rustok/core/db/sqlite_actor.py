"""A thread that owns a SQLite connection, and lends it to the event loop for queries that are quick."""

from __future__ import annotations

import asyncio
import contextlib
import math
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final, TypeVar

T = TypeVar("T")

INLINE_SECONDS: Final = 0.001
"""How long a query may hold up the event loop before it is moved to the thread."""
_INSTRUCTIONS: Final = 10_000
"""Of SQLite's machine between two looks at the clock; some 250 us. A page of a list takes 500, and each
look takes the interpreter's lock."""
CACHE_BYTES: Final = 16 * 1024 * 1024
"""For pages of the file, of each connection; unless it is told otherwise."""
Rows = Sequence[Sequence[Any]]
_Work = tuple[Callable[[], Any], asyncio.AbstractEventLoop | None, "asyncio.Future[Any] | None"]


class Actor:
    """A thread that owns one sqlite3 connection and runs what is queued, in order."""

    def __init__(
        self,
        path: Path,
        *,
        synchronous: str,
        cache_bytes: int = CACHE_BYTES,
        busy_timeout_ms: int,
        name: str,
    ) -> None:
        self._path = path
        self._synchronous = synchronous
        self._cache_bytes = cache_bytes
        self._busy_timeout_ms = busy_timeout_ms
        self._queue: SimpleQueue[_Work | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.connection: sqlite3.Connection | None = None
        self._until = math.inf

    async def start(self) -> None:
        self._thread.start()
        await self.call(self._connect)

    def _connect(self) -> None:
        connection = sqlite3.connect(
            self._path, isolation_level=None, cached_statements=1024, check_same_thread=False
        )
        for pragma in (
            f"busy_timeout={self._busy_timeout_ms}",
            "journal_mode=WAL",
            f"synchronous={self._synchronous}",
            "foreign_keys=ON",
            "trusted_schema=OFF",
            "temp_store=MEMORY",
            # Negative: in KiB, not in pages.
            f"cache_size=-{self._cache_bytes // 1024}",
        ):
            connection.execute(f"PRAGMA {pragma}")  # constant sql: settings of our own
        connection.set_progress_handler(self._is_over, _INSTRUCTIONS)
        self.connection = connection

    def opened(self) -> sqlite3.Connection:
        """The connection. Raises sqlite3.OperationalError before it is opened."""
        if self.connection is None:
            raise sqlite3.OperationalError("closed")
        return self.connection

    def _is_over(self) -> bool:
        return time.perf_counter() > self._until

    def inline(self, function: Callable[[], T], *, seconds: float) -> T | None:
        """Run a statement here and now; None when it takes longer than `seconds`, with nothing done.

        Only for whoever holds the connection, while nothing of it is queued.
        """
        self._until = time.perf_counter() + seconds
        try:
            return function()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            return None
        finally:
            self._until = math.inf

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

    def send(
        self,
        function: Callable[[], Any],
        loop: asyncio.AbstractEventLoop | None = None,
        future: asyncio.Future[Any] | None = None,
    ) -> None:
        """Queue without waiting: the next call on this actor finds it done, and `future` says when."""
        self._queue.put((function, loop, future))

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
