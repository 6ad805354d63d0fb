"""PostgreSQL over asyncpg: two pools, one per role; BEGIN and the tenant in one round trip.

The application pool logs in as a role that owns nothing and is held by row-level security; the
system pool (relay, scheduler, tenant administration) as another login. No session state outlives
a transaction (`set_config(..., true)`), so connections go back to the pool without RESET.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg

from rustok.core.db import waits
from rustok.core.db.driver import PoolState
from rustok.core.db.errors import (
    CheckViolation,
    DatabaseBusy,
    DatabaseUnavailable,
    DataRefused,
    ForeignKeyViolation,
    UniqueViolation,
)
from rustok.core.db.last_writes import LastWrite, joined, may_join, waves
from rustok.core.db.statement import DialectName
from rustok.core.errors import ConcurrentUpdate
from rustok.core.resilience.breaker_settings import BreakerSettings
from rustok.core.resilience.circuit_breaker import CircuitBreaker, CircuitOpen
from rustok.core.resilience.time_limit import TimeLimit

BREAKER: Final = BreakerSettings(
    consecutive_failures=5,
    failure_rate=0.5,
    slow_call_rate=None,
    window_seconds=10.0,
    minimum_calls=20,
    open_seconds=1.0,
    probes=1,
)
"""Of a database that takes no connection or begins nothing; what happens in transactions is their own."""
BEGIN_SECONDS: Final = 2.0
"""Beginning takes less than a millisecond; so long without an answer and the connection is dead."""
ROLLBACK_SECONDS: Final = 5.0
"""Undoing may take its time; a connection that takes longer is cut, which undoes too."""


class _Connection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg ships no types
    async def reset(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Nothing to reset but a transaction left open by a cancelled task."""
        if self.is_in_transaction():
            await self.execute("ROLLBACK", timeout=timeout)


class PostgresConnection:
    """A connection in a transaction.

    Args:
        time: what a statement may take that the server's own bound does not end, as when the network
            swallows it. One timer for all: asyncpg's own bound sets one for each statement.
    """

    def __init__(self, connection: Any, time: TimeLimit) -> None:
        self._connection = connection
        self._time = time

    async def _ask(self, call: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
        """The answer within the bound. Raises what `translate` makes of a fault."""
        try:
            with self._time.bound():
                return await call(*arguments)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError) as error:
            raise translate(error) from error

    async def fetch(self, sql: str, arguments: Sequence[Any]) -> Sequence[Sequence[Any]]:
        rows: Sequence[Sequence[Any]] = await self._ask(self._connection.fetch, sql, *arguments)
        return rows

    async def execute(self, sql: str, arguments: Sequence[Any]) -> int:
        status: str = await self._ask(self._connection.execute, sql, *arguments)
        last = status.rsplit(" ", 1)[-1]
        return int(last) if last.isdigit() else 0

    async def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        await self._ask(self._connection.executemany, sql, rows)

    async def execute_together(self, writes: Sequence[LastWrite]) -> None:
        for wave in waves(writes):
            if len(wave) == 1 and (len(wave[0].rows) == 1 or not may_join(wave[0])):
                await self._execute_alone(wave[0])
            else:
                await self._execute_joined(wave)

    execute_last = execute_together

    async def _execute_alone(self, write: LastWrite) -> None:
        sql, rows = write.compiled.sql, write.rows
        if write.expected is None and len(rows) > 1:
            await self.execute_many(sql, rows)
            return
        changed = 0
        for row in rows:
            changed += await self.execute(sql, row)
        write.check(changed)

    async def _execute_joined(self, wave: Sequence[LastWrite]) -> None:
        counted = [write for write in wave if write.expected is not None]
        parts = tuple(
            (write.compiled.sql, len(write.rows), write.expected is not None) for write in wave
        )
        arguments = [value for write in wave for row in write.rows for value in row]
        found = await self.fetch(joined(parts), arguments)
        for write, changed in zip(counted, found[0], strict=False):
            write.check(changed)


class PostgresDriver:
    """A PostgreSQL database.

    Args:
        url: login of the application role.
        system_url: login of the system role.
        pool_min, pool_max: connections per pool.
        statement_timeout_ms, lock_timeout_ms: bounds set on every connection.
        connect_timeout_seconds: bound for a connection to open or to become free.
        breaker: around taking a connection and beginning on it; None makes one of its own.
    """

    dialect: DialectName = "postgres"

    def __init__(
        self,
        url: str,
        *,
        system_url: str,
        pool_min: int = 1,
        pool_max: int = 10,
        statement_timeout_ms: int = 15_000,
        lock_timeout_ms: int = 5_000,
        connect_timeout_seconds: float = 5.0,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        self._urls = {"app": url, "system": system_url}
        self._pool_size = (pool_min, pool_max)
        self._connect_timeout_seconds = connect_timeout_seconds
        self._server_settings = {
            "application_name": "rustok",
            "TimeZone": "UTC",
            "statement_timeout": str(statement_timeout_ms),
            "lock_timeout": str(lock_timeout_ms),
            "idle_in_transaction_session_timeout": str(statement_timeout_ms * 2),
        }
        self._connecting = TimeLimit(connect_timeout_seconds)
        self._beginning = TimeLimit(BEGIN_SECONDS)
        self._commands = TimeLimit(statement_timeout_ms / 1000 + 5.0)
        self.breaker = breaker or CircuitBreaker("database", BREAKER)
        self._pools: dict[str, Any] = {}
        self._opening = asyncio.Lock()

    async def open(self) -> None:
        await self._pool("app")

    async def _pool(self, door: str) -> Any:
        pool = self._pools.get(door)
        if pool is not None:
            return pool
        low, high = self._pool_size
        try:
            # The bound holds for the queue of those who want the same, too.
            async with asyncio.timeout(self._connect_timeout_seconds), self._opening:
                if door in self._pools:
                    return self._pools[door]
                pool = await asyncpg.create_pool(
                    self._urls[door],
                    min_size=low if door == "app" else 0,
                    max_size=high,
                    connection_class=_Connection,
                    statement_cache_size=1024,
                    max_cached_statement_lifetime=0,
                    server_settings=self._server_settings,
                    timeout=self._connect_timeout_seconds,
                )
        except (OSError, TimeoutError, asyncpg.PostgresError) as error:
            raise DatabaseUnavailable from error
        self._pools[door] = pool
        return pool

    async def close(self) -> None:
        for pool in self._pools.values():
            try:
                async with asyncio.timeout(10):
                    await pool.close()
            except TimeoutError:
                pool.terminate()
        self._pools.clear()

    def connections(self) -> list[PoolState]:
        found: list[PoolState] = []
        for door, pool in self._pools.items():
            idle = pool.get_idle_size()
            found.append(PoolState(door, "idle", idle))
            found.append(PoolState(door, "used", pool.get_size() - idle))
            found.append(PoolState(door, "limit", pool.get_max_size()))
        return found

    @contextlib.asynccontextmanager
    async def transaction(
        self,
        *,
        tenant_id: UUID | None,
        write: bool,
        one_statement: bool = False,  # noqa: ARG002 - the tenant belongs to a transaction
        brief: bool = False,  # noqa: ARG002 - commits are shared by the server
    ) -> AsyncIterator[PostgresConnection]:
        try:
            async with self.breaker.guard():
                pool, connection = await self._begun(tenant_id, write)
        except CircuitOpen as error:
            raise DatabaseUnavailable(retry_after_seconds=error.retry_after_seconds) from error
        try:
            try:
                yield PostgresConnection(connection, self._commands)
            except BaseException:
                await _roll_back(connection)
                raise
            began = time.perf_counter()
            try:
                with self._commands.bound():
                    await connection.execute("COMMIT")
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
                if isinstance(error, TimeoutError):
                    _cut(connection)  # whether it was kept is not known
                raise translate(error) from error
            if write:
                waits.record_commit(began, "postgresql")
        finally:
            await _give_back(pool, connection)

    async def _begun(self, tenant_id: UUID | None, write: bool) -> tuple[Any, Any]:
        """A connection of the right pool with the transaction begun on it."""
        pool = await self._pool("system" if tenant_id is None else "app")
        asked = time.perf_counter()
        try:
            # Without its own bound the pool makes no task for this.
            with self._connecting.bound():
                connection = await pool.acquire()
        except TimeoutError as error:
            if pool.get_size() - pool.get_idle_size() >= pool.get_max_size():
                raise DatabaseBusy from error
            raise DatabaseUnavailable from error
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise DatabaseUnavailable from error
        waits.record_wait(asked)
        try:
            with self._beginning.bound():
                await connection.execute(_begin(tenant_id, write))
        except BaseException as error:
            if isinstance(error, TimeoutError | asyncio.CancelledError):
                _cut(connection)  # whether it began is not known
            await _give_back(pool, connection)
            if isinstance(error, TimeoutError):
                raise DatabaseUnavailable from error
            if isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError | OSError):
                raise translate(error) from error
            raise
        return pool, connection


def _begin(tenant_id: UUID | None, write: bool) -> str:
    begin = "BEGIN" if write else "BEGIN READ ONLY"
    if tenant_id is None:
        return begin
    # A UUID's text holds hex digits and hyphens only; the simple protocol takes no parameters.
    return f"{begin}; SELECT set_config('app.tenant_id', '{UUID(int=tenant_id.int)}', true)"


async def _roll_back(connection: Any) -> None:
    """Roll back within a bound; a connection that does not answer is cut, which rolls back too."""
    try:
        async with asyncio.timeout(ROLLBACK_SECONDS):
            await asyncio.shield(connection.execute("ROLLBACK"))
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
        _cut(connection)
    except asyncio.CancelledError:
        _cut(connection)
        raise


async def _give_back(pool: Any, connection: Any) -> None:
    """A connection that cannot be reset any more has been cut by the pool: nobody's error by now.

    One that breaks in this very moment is free already, which the pool calls an internal error.
    """
    with contextlib.suppress(
        asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError
    ):
        # Shielded there. The bound is for what was cancelled and is not through with it yet.
        await pool.release(connection, timeout=ROLLBACK_SECONDS)


def _cut(connection: Any) -> None:
    """Hang up; a connection that broke by itself has left the pool and cannot be asked any more."""
    with contextlib.suppress(asyncpg.InterfaceError):
        connection.terminate()


def translate(error: BaseException) -> Exception:
    """The platform's error for what PostgreSQL, asyncpg or the network said."""
    name = getattr(error, "constraint_name", None) or ""
    match error:
        case asyncpg.UniqueViolationError():
            return UniqueViolation(name)
        case asyncpg.ForeignKeyViolationError():
            return ForeignKeyViolation(name)
        case asyncpg.CheckViolationError():
            return CheckViolation(name)
        case asyncpg.SerializationError() | asyncpg.DeadlockDetectedError():
            return ConcurrentUpdate("Two changes met; nothing was changed. Send the request again.")
        case (
            asyncpg.LockNotAvailableError()
            | asyncpg.QueryCanceledError()
            | asyncpg.PostgresConnectionError()
            | asyncpg.TooManyConnectionsError()
            | asyncpg.AdminShutdownError()
            | asyncpg.CannotConnectNowError()
            | asyncpg.InterfaceError()
            | OSError()
            | TimeoutError()
        ):
            if isinstance(error, asyncpg.DataError):
                return DataRefused()
            return DatabaseUnavailable()
        case asyncpg.DataError() | asyncpg.NotNullViolationError():
            return DataRefused()
        case Exception():
            return error
        case _:
            raise error
