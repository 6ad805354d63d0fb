"""Transactions: what repositories and services get to read, write and announce with.

A `ReadTx` cannot write, a `WriteTx` can and collects the events of its changes, a `SystemTx` is
the one door across tenants. None of them can commit: the edge that opened it does.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import Table

from rustok.core.audit.entry import (
    AuditEntry,
    AuditFacts,
    Outcome,
    entry,
    entry_of_event,
)
from rustok.core.cache.invalidation import ALL_KEYS, Change
from rustok.core.db.driver import Connection
from rustok.core.db.statement import (
    Command,
    Compiled,
    DialectName,
    Query,
    delete_command,
    insert_command,
    update_command,
)
from rustok.core.errors import ConcurrentUpdate
from rustok.core.events.event import EncodedEvent, Event, encode_event
from rustok.core.machine import step_announced_by
from rustok.core.tenancy import RequestContext
from rustok.telemetry import tracing
from rustok.telemetry.tracing import INTERNAL

T = TypeVar("T")
Observer = Callable[[Compiled[Any], float, int, Exception | None], None]
"""(statement, seconds, rows read or changed, what went wrong), after every statement."""

_open: Final[ContextVar[str | None]] = ContextVar("rustok_open_transaction", default=None)


def forbid_in_transaction(what: str) -> None:
    """Refuse an outside call while this task holds a transaction (ARCHITECTURE rule 2).

    Raises:
        RuntimeError: a transaction is open.
    """
    if _open.get() is not None:
        raise RuntimeError(f"{what} inside a transaction: do it before, or from an event after it")


class ReadTx:
    """Reads within one snapshot (SQLite) or READ ONLY transaction (PostgreSQL) of one tenant.

    Attributes:
        ctx: who asks, for which tenant, in which locale and trace.
        now: the time of this transaction, aware UTC; the same for all it writes.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        dialect: DialectName,
        now: datetime,
        ctx: RequestContext,
        observer: Observer | None,
    ) -> None:
        self._connection = connection
        self._dialect: DialectName = dialect
        self._observer = observer
        self.now = now
        self.ctx = ctx

    @property
    def dialect(self) -> DialectName:
        """Which database; for the few statements whose text differs (full text)."""
        return self._dialect

    def _tenant(self) -> UUID | None:
        return self.ctx.tenant_id

    def _bind(
        self, statement: Query[Any] | Command, params: dict[str, Any]
    ) -> tuple[Any, list[Any]]:
        tenant = self._tenant()
        if tenant is not None:
            if statement.system is not None:
                raise TypeError("a system statement needs a SystemTx")
            params["tenant_id"] = tenant
        compiled = statement.compiled(self._dialect)
        return compiled, compiled.bind(params)

    async def all(self, query: Query[T], **params: object) -> list[T]:
        """Every row of `query`, in its order."""
        compiled, arguments = self._bind(query, params)
        started = time.perf_counter()
        try:
            rows = await self._connection.fetch(compiled.sql, arguments)
        except Exception as error:
            self._tell(compiled, started, 0, error)
            raise
        self._tell(compiled, started, len(rows), None)
        return [query.build(compiled, row) for row in rows]

    def _tell(
        self, compiled: Compiled[Any], started: float, rows: int, error: Exception | None
    ) -> None:
        if self._observer is not None:
            self._observer(compiled, time.perf_counter() - started, rows, error)

    async def one(self, query: Query[T], **params: object) -> T | None:
        """The first row of `query`, or None."""
        rows = await self.all(query, **params)
        return rows[0] if rows else None


class WriteTx(ReadTx):
    """Reads and writes of one tenant; rows and their events are committed together or not at all."""

    def __init__(self, connection: Connection, **kw: Any) -> None:
        super().__init__(connection, **kw)
        self.events: list[tuple[EncodedEvent, RequestContext]] = []
        self.touched = False
        self.audits: list[tuple[UUID, AuditEntry]] = []
        self.forgotten: list[Change] = []
        self.stamps: dict[UUID, int] = {}
        self._after_commit: list[Callable[[], None]] = []

    def emit(
        self,
        event: Event,
        *,
        before: AuditFacts | None = None,
        after: AuditFacts | None = None,
    ) -> None:
        """Announce a fact; it is validated now and written with the rows of this transaction.

        It is recorded in the audit log, too, unless its type says why not.

        Args:
            before: for the audit log, what the thing was before; personal data as `Masked`.
            after: for the audit log, what it is now, where the event does not say it.

        Raises:
            InvalidEvent: a field breaks its rule.
        """
        tenant = self._tenant()
        if tenant is None:
            raise TypeError("emit on a SystemTx needs a tenant: use emit_for")
        self._announce(event, tenant, before, after)

    def _announce(
        self,
        event: Event,
        tenant_id: UUID,
        before: AuditFacts | None,
        after: AuditFacts | None = None,
    ) -> None:
        encoded = encode_event(event, tenant_id=tenant_id)
        self.events.append((encoded, self.ctx))
        span = tracing.current()
        if span is not None and (step := step_announced_by(encoded.type)) is not None:
            span.leaf(step.name, INTERNAL, 0.0, step.attributes)
        if not event.unaudited:
            recorded = entry_of_event(
                encoded.type,
                encoded.aggregate_type,
                encoded.aggregate_id,
                encoded.data,
                before=before,
                after=after,
                outcome=event.outcome,
            )
            self.audits.append((tenant_id, recorded))

    def audit(
        self,
        action: str,
        *,
        object_type: str,
        object_id: UUID | str | None = None,
        before: AuditFacts | None = None,
        after: AuditFacts | None = None,
        outcome: Outcome = "done",
        reason: str | None = None,
    ) -> None:
        """Record an action that has no event; written with the rows of this transaction.

        Args:
            action: `thing.done`, such as "recovery_codes.shown".
            before, after: scalars that mattered; personal data as `Masked("email")`. Secrets never.
            reason: a code or a short sentence, never what somebody sent.

        Raises:
            ValueError: the action is malformed.
        """
        tenant = self._tenant()
        if tenant is None:
            raise TypeError("audit on a SystemTx needs a tenant: use audit_for")
        recorded = entry(
            action,
            object_type=object_type,
            object_id=object_id,
            before=before,
            after=after,
            outcome=outcome,
            reason=reason,
        )
        self.audits.append((tenant, recorded))

    def forget(self, cache: str, key: str | None = ALL_KEYS) -> None:
        """Let every process forget what it cached, once this is committed.

        Args:
            cache: the cache's name.
            key: the key's text; ALL_KEYS: everything of the tenant.
        """
        self.forgotten.append(Change(cache, self.ctx.tenant_id, key))

    def touch(self) -> None:
        """Say that what the public sees of the tenant changes here, though no event says so."""
        self.touched = True

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Run `callback` once the commit is certain (in-process caches only: it is lost with the process)."""
        self._after_commit.append(callback)

    async def run(self, command: Command | Query[Any], **params: object) -> int:
        """Run a write; returns how many rows it changed."""
        compiled, arguments = self._bind(command, params)
        started = time.perf_counter()
        try:
            changed = await self._connection.execute(compiled.sql, arguments)
        except Exception as error:
            self._tell(compiled, started, 0, error)
            raise
        self._tell(compiled, started, changed, None)
        return changed

    def _with_tenant(self, table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
        column = table.info.get("tenant")
        tenant = self._tenant()
        if column is None or tenant is None:
            return dict(values)
        return {column: tenant, **values, **({column: tenant} if column in values else {})}

    async def insert(self, table: Table, **values: object) -> None:
        """Insert one row; the tenant is this transaction's.

        Raises:
            UniqueViolation, ForeignKeyViolation, CheckViolation: with the constraint's name.
        """
        row = self._with_tenant(table, values)
        await self.run(insert_command(table, tuple(row)), **row)

    async def insert_if_absent(self, table: Table, **values: object) -> bool:
        """Insert one row unless a unique value of it is taken; True when it was inserted."""
        row = self._with_tenant(table, values)
        return await self.run(insert_command(table, tuple(row), ignore_conflict=True), **row) == 1

    async def insert_many(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows of one shape in one statement call; no rows is no statement."""
        if not rows:
            return
        complete = [self._with_tenant(table, row) for row in rows]
        command = insert_command(table, tuple(complete[0]))
        compiled = command.compiled(self._dialect)
        bound = [compiled.bind(row) for row in complete]
        started = time.perf_counter()
        try:
            await self._connection.execute_many(compiled.sql, bound)
        except Exception as error:
            self._tell(compiled, started, 0, error)
            raise
        self._tell(compiled, started, len(bound), None)

    async def run_last(self, command: Command, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a write once per row at the end of the transaction, where nothing reads after it."""
        compiled = command.compiled(self._dialect)
        bound = [compiled.bind(row) for row in rows]
        started = time.perf_counter()
        try:
            await self._connection.execute_last(compiled.sql, bound)
        except Exception as error:
            self._tell(compiled, started, 0, error)
            raise
        self._tell(compiled, started, len(bound), None)

    async def update(self, table: Table, key: Mapping[str, Any], **values: object) -> int:
        """Set `values` where every column of `key` is equal; returns how many rows changed."""
        command = update_command(table, tuple(key), tuple(values))
        params = {f"key_{name}": value for name, value in key.items()}
        params |= {f"set_{name}": value for name, value in values.items()}
        return await self.run(command, **params)

    async def update_version(
        self, table: Table, key: Mapping[str, Any], *, version: int, **values: object
    ) -> None:
        """Update one row if it still has `version` (and the rest of `key`), raising its version by one.

        Raises:
            ConcurrentUpdate: no row matches any more.
        """
        changed = await self.update(
            table, {**key, "version": version}, version=version + 1, **values
        )
        if changed != 1:
            raise ConcurrentUpdate(
                "The resource was changed by somebody else since it was read; nothing was changed."
            )

    async def delete(self, table: Table, **key: object) -> int:
        """Delete where every column of `key` is equal; returns how many rows went."""
        params = {f"key_{name}": value for name, value in key.items()}
        return await self.run(delete_command(table, tuple(key)), **params)


class SystemTx(WriteTx):
    """Reads and writes across tenants: the relay, the scheduler, migrations, tenant administration.

    Statements on tenant tables get `tenant_id` as an explicit parameter.
    """

    def _tenant(self) -> UUID | None:
        return None

    def emit_for(self, tenant_id: UUID, event: Event, *, before: AuditFacts | None = None) -> None:
        """As `emit`, for the tenant named."""
        self._announce(event, tenant_id, before)

    def audit_for(self, tenant_id: UUID, recorded: AuditEntry) -> None:
        """As `audit`, for the tenant named; the entry is made by `core.audit.entry.entry`."""
        self.audits.append((tenant_id, recorded))

    async def update(self, table: Table, key: Mapping[str, Any], **values: object) -> int:
        """As `WriteTx.update`; for a tenant table `key` names the tenant."""
        command = update_command(
            table, tuple(name for name in key if name != "tenant_id"), tuple(values)
        )
        params = {f"key_{name}": value for name, value in key.items()}
        params |= {f"set_{name}": value for name, value in values.items()}
        if "tenant_id" in key:
            params["tenant_id"] = key["tenant_id"]
        elif table.info.get("tenant") == "id" and "id" in key:
            params["tenant_id"] = key["id"]
        return await self.run(command, **params)


FlushEvents = Callable[[WriteTx], Awaitable[None]]
FlushAudits = Callable[[WriteTx], Awaitable[None]]
