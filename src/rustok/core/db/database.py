"""The door to the database: opens transactions, commits them with their events, counts statements."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime

from rustok.core.db.driver import Connection, Driver
from rustok.core.db.statement import DialectName
from rustok.core.db.transaction import FlushEvents, Observer, ReadTx, SystemTx, WriteTx, _open
from rustok.core.tenancy import RequestContext, system_context


def _now() -> datetime:
    return datetime.now(UTC)


class Database:
    """One database, whichever driver is behind it.

    Args:
        driver: SQLite or PostgreSQL.
        flush_events: writes the collected events of a transaction to the outbox, before its commit.
        now: gives the time of a transaction (tests freeze it).
        observer: called with (sql, seconds) after every statement.
        committed: called after every commit that had events (wakes the relay).
        changed: called after every commit that had events or touched what the public sees.
    """

    def __init__(
        self,
        driver: Driver,
        *,
        flush_events: FlushEvents,
        now: Callable[[], datetime] = _now,
        observer: Observer | None = None,
        committed: Callable[[], None] | None = None,
        changed: Callable[[WriteTx], None] | None = None,
    ) -> None:
        self._driver = driver
        self._flush_events = flush_events
        self.now = now
        self.observer = observer
        self.committed = committed
        self.changed = changed

    @property
    def dialect(self) -> DialectName:
        return self._driver.dialect

    async def open(self) -> None:
        """Connect. Raises DatabaseUnavailable."""
        await self._driver.open()

    async def close(self) -> None:
        await self._driver.close()

    @contextlib.asynccontextmanager
    async def read(self, ctx: RequestContext) -> AsyncIterator[ReadTx]:
        """A transaction that reads the tenant of `ctx`.

        Raises:
            DatabaseUnavailable: no connection within the bound.
            RuntimeError: this task has a transaction open already.
        """
        with _only_one("read"):
            async with self._driver.transaction(tenant_id=ctx.tenant_id, write=False) as connection:
                yield ReadTx(
                    connection,
                    dialect=self.dialect,
                    now=self.now(),
                    ctx=ctx,
                    observer=self.observer,
                )

    @contextlib.asynccontextmanager
    async def write(self, ctx: RequestContext) -> AsyncIterator[WriteTx]:
        """A transaction that writes in the tenant of `ctx`; commits on a clean exit, events included.

        Raises:
            DatabaseUnavailable: no connection or lock within the bound; nothing is changed.
            RuntimeError: this task has a transaction open already.
        """
        with _only_one("write"):
            async with self._driver.transaction(tenant_id=ctx.tenant_id, write=True) as connection:
                tx = WriteTx(
                    connection,
                    dialect=self.dialect,
                    now=self.now(),
                    ctx=ctx,
                    observer=self.observer,
                )
                yield tx
                if tx.events:
                    await self._flush_events(tx)
            self._after_commit(tx)

    @contextlib.asynccontextmanager
    async def system(
        self, reason: str, *, write: bool = True, ctx: RequestContext | None = None
    ) -> AsyncIterator[SystemTx]:
        """The door across tenants.

        Args:
            reason: why; kept greppable at each call.
            write: False for a read-only look.
            ctx: who asks, when a request stands behind it (its ids go on the events).
        """
        with _only_one(f"system: {reason}"):
            async with self._driver.transaction(tenant_id=None, write=write) as connection:
                tx = SystemTx(
                    connection,
                    dialect=self.dialect,
                    now=self.now(),
                    ctx=ctx or system_context(),
                    observer=self.observer,
                )
                yield tx
                if tx.events:
                    await self._flush_events(tx)
            self._after_commit(tx)

    def _after_commit(self, tx: WriteTx) -> None:
        for callback in tx._after_commit:
            callback()
        if self.changed is not None and (tx.events or tx.touched):
            self.changed(tx)
        if tx.events and self.committed is not None:
            self.committed()

    async def ping(self) -> None:
        """One round trip. Raises DatabaseUnavailable."""
        async with self._driver.transaction(tenant_id=None, write=False) as connection:
            await connection.fetch("SELECT 1", ())

    def raw(self, *, write: bool = False) -> contextlib.AbstractAsyncContextManager[Connection]:
        """A bare system connection, for migrations and the doctor only."""
        return self._driver.transaction(tenant_id=None, write=write)


@contextlib.contextmanager
def _only_one(name: str) -> Iterator[None]:
    already = _open.get()
    if already is not None:
        raise RuntimeError(f"transaction '{name}' inside transaction '{already}'")
    token = _open.set(name)
    try:
        yield
    finally:
        _open.reset(token)
