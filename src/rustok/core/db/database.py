"""The door to the database: opens transactions, commits them with their events, counts statements."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextvars import ContextVar, Token
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Literal

from rustok.core.db.driver import Connection, Driver, PoolState
from rustok.core.db.pulse import Pulse
from rustok.core.db.read_transaction import Observer, ReadTx
from rustok.core.db.statement import DialectName
from rustok.core.db.system_transaction import SystemTx
from rustok.core.db.transaction import (
    FlushAudits,
    FlushEvents,
    WriteTx,
    _open,
)
from rustok.core.events.event import EncodedEvent
from rustok.core.tenancy import RequestContext, system_context
from rustok.telemetry import tracing

Role = Literal["app", "system"]
Outcome = Literal["commit", "rollback"]
Committed = Callable[[Sequence[tuple[EncodedEvent, RequestContext]]], None]
Ended = Callable[[Role, Outcome], None]

audited: Final[ContextVar[list[int] | None]] = ContextVar("rustok_audited", default=None)
"""Where set, how many audit entries each write transaction of this task has written."""


def _now() -> datetime:
    return datetime.now(UTC)


class Database:
    """One database, whichever driver is behind it.

    Args:
        driver: SQLite or PostgreSQL.
        flush_events: writes the collected events of a transaction to the outbox, before its commit.
        flush_audits: writes its audit entries, before its commit; None keeps none (tools).
        now: gives the time of a transaction (tests freeze it).
        observer: called after every statement.
        stamp: called last before every commit of a transaction that writes; says there what the
            commit changes for caches (`tx.stamps`).
        changed: called after every commit that changed something for caches.
        committed: called with the events of every commit that had some (wakes the relay).
        ended: called with the role and the outcome of every transaction.

    Attributes:
        pulse: beats after every commit of this process that had events.
    """

    def __init__(
        self,
        driver: Driver,
        *,
        flush_events: FlushEvents,
        flush_audits: FlushAudits | None = None,
        now: Callable[[], datetime] = _now,
        observer: Observer | None = None,
        stamp: FlushEvents | None = None,
        changed: Callable[[WriteTx], None] | None = None,
        committed: Committed | None = None,
        ended: Ended | None = None,
    ) -> None:
        self._driver = driver
        self._flush_events = flush_events
        self._flush_audits = flush_audits
        self.now = now
        self.observer = observer
        self.committed = committed
        self._stamp = stamp
        self.changed = changed
        self.ended = ended
        self.pulse = Pulse()

    @property
    def dialect(self) -> DialectName:
        return self._driver.dialect

    async def open(self) -> None:
        """Connect. Raises DatabaseUnavailable."""
        await self._driver.open()

    async def close(self) -> None:
        await self._driver.close()

    def read(
        self, ctx: RequestContext, *, one_statement: bool = False
    ) -> contextlib.AbstractAsyncContextManager[ReadTx]:
        """A transaction that reads the tenant of `ctx`.

        Args:
            one_statement: promises that one is all that is read; SQLite then needs no transaction around it.

        Raises:
            DatabaseUnavailable: no connection within the bound.
            RuntimeError: this task has a transaction open already; a second statement after the promise.
        """
        return _Reading(self, ctx, one_statement=one_statement)

    @contextlib.asynccontextmanager
    async def write(self, ctx: RequestContext, *, brief: bool = False) -> AsyncIterator[WriteTx]:
        """A transaction that writes in the tenant of `ctx`; commits on a clean exit, events included.

        Args:
            brief: promises to be over in some milliseconds; on SQLite it may then share its commit
                with the one before, which waits for it.

        Raises:
            DatabaseUnavailable: no connection or lock within the bound; nothing is changed.
            RuntimeError: this task has a transaction open already.
        """
        with _OnlyOne("write", "app", self.ended):
            async with self._driver.transaction(
                tenant_id=ctx.tenant_id, write=True, brief=brief
            ) as connection:
                tx = WriteTx(
                    connection,
                    dialect=self.dialect,
                    now=self.now(),
                    ctx=ctx,
                    observer=self.observer,
                )
                yield tx
                await self._flush(tx)
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
        with _OnlyOne(f"system: {reason}", "system", self.ended):
            async with self._driver.transaction(tenant_id=None, write=write) as connection:
                tx = SystemTx(
                    connection,
                    dialect=self.dialect,
                    now=self.now(),
                    ctx=ctx or system_context(),
                    observer=self.observer,
                )
                yield tx
                await self._flush(tx)
            self._after_commit(tx)

    def connections(self) -> list[PoolState]:
        """The connections to the database now, by role and state."""
        return self._driver.connections()

    async def _flush(self, tx: WriteTx) -> None:
        if tx.audits and self._flush_audits is not None:
            await self._flush_audits(tx)
            seen = audited.get()
            if seen is not None:
                seen.append(len(tx.audits))
        if tx.events:
            with tracing.span("outbox write") as span:
                span.set("rustok.events", len(tx.events))
                await self._flush_events(tx)
        await tx.write_last(is_end=True)
        if self._stamp is not None and (tx.events or tx.touched or tx.forgotten):
            await self._stamp(tx)

    def _after_commit(self, tx: WriteTx) -> None:
        for callback in tx._after_commit:
            callback()
        if self.changed is not None and (tx.events or tx.touched or tx.forgotten):
            self.changed(tx)
        if tx.events:
            self.pulse.beat()
            if self.committed is not None:
                self.committed(tx.events)

    async def ping(self) -> None:
        """One round trip. Raises DatabaseUnavailable."""
        async with self._driver.transaction(tenant_id=None, write=False) as connection:
            await connection.fetch("SELECT 1", ())

    def raw(self, *, write: bool = False) -> contextlib.AbstractAsyncContextManager[Connection]:
        """A bare system connection, for migrations and the doctor only."""
        return self._driver.transaction(tenant_id=None, write=write)


class _Reading:
    """What `Database.read` gives: the one transaction of its task while it is open."""

    __slots__ = ("_ctx", "_db", "_one_statement", "_token", "_transaction")

    def __init__(self, db: Database, ctx: RequestContext, *, one_statement: bool) -> None:
        self._db = db
        self._transaction = db._driver.transaction(
            tenant_id=ctx.tenant_id, write=False, one_statement=one_statement
        )
        self._ctx = ctx
        self._one_statement = one_statement

    async def __aenter__(self) -> ReadTx:
        self._token = _begin_only("read")
        try:
            connection = await self._transaction.__aenter__()
        except BaseException:
            _end_only(self._token, "app", self._db.ended, failed=True)
            raise
        db = self._db
        tx = ReadTx(
            connection, dialect=db.dialect, now=db.now(), ctx=self._ctx, observer=db.observer
        )
        if self._one_statement:
            tx.statements_left = 1
        return tx

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        try:
            handled = await self._transaction.__aexit__(kind, error, traceback)
        except BaseException:
            _end_only(self._token, "app", self._db.ended, failed=True)
            raise
        _end_only(self._token, "app", self._db.ended, failed=kind is not None)
        return handled


def _begin_only(name: str) -> Token[str | None]:
    """Raises RuntimeError when this task has a transaction open already."""
    already = _open.get()
    if already is not None:
        raise RuntimeError(f"transaction '{name}' inside transaction '{already}'")
    return _open.set(name)


def _end_only(token: Token[str | None], role: Role, ended: Ended | None, *, failed: bool) -> None:
    """Let the task open another, and tell how this one ended."""
    _open.reset(token)
    if ended is not None:
        ended(role, "rollback" if failed else "commit")


class _OnlyOne:
    """The transaction of this task: refuses a second one inside it, and tells how it ended."""

    __slots__ = ("_ended", "_name", "_role", "_token")

    def __init__(self, name: str, role: Role, ended: Ended | None) -> None:
        self._name = name
        self._role: Role = role
        self._ended = ended

    def __enter__(self) -> None:
        self._token = _begin_only(self._name)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _end_only(self._token, self._role, self._ended, failed=kind is not None)
