"""Transactions: what repositories and services get to read, write and announce with.

A `ReadTx` cannot write, a `WriteTx` can and collects the events of its changes, a `SystemTx` (see
`system_transaction`) is the one door across tenants. None of them can commit: the edge that opened it does.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Final
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
from rustok.core.db.last_writes import LastWrite
from rustok.core.db.read_transaction import ReadTx
from rustok.core.db.statement import (
    Command,
    Compiled,
    Query,
    Row,
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

_open: Final[ContextVar[str | None]] = ContextVar("rustok_open_transaction", default=None)


def forbid_in_transaction(what: str) -> None:
    """Refuse an outside call while this task holds a transaction (ARCHITECTURE rule 2).

    Raises:
        RuntimeError: a transaction is open.
    """
    if _open.get() is not None:
        raise RuntimeError(f"{what} inside a transaction: do it before, or from an event after it")


class WriteTx(ReadTx):
    """Reads and writes of one tenant; rows and their events are committed together or not at all."""

    def __init__(self, connection: Connection, **kw: Any) -> None:
        super().__init__(connection, **kw)
        self.events: list[tuple[EncodedEvent, RequestContext]] = []
        self.touched = False
        self.audits: list[tuple[UUID, AuditEntry]] = []
        self.forgotten: list[Change] = []
        self.stamps: dict[UUID, int] = {}
        self._last: list[LastWrite] = []
        self._last_tables: set[str] = set()
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

    async def rows(
        self, query: Query[Any], **params: object
    ) -> tuple[Compiled[Any], Sequence[Row]]:
        """As `ReadTx.rows`, of what this transaction has written, too."""
        if self._last:
            await self._catch_up(query.compiled(self._dialect))
        return await super().rows(query, **params)

    async def _catch_up(self, compiled: Compiled[Any]) -> None:
        if not self._last_tables.isdisjoint(compiled.needs):
            await self.write_last()

    async def run(self, command: Command | Query[Any], **params: object) -> int:
        """Run a write; returns how many rows it changed."""
        compiled, arguments = self._bind(command, params)
        if self._last:
            await self._catch_up(compiled)
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
        if self._last:
            await self._catch_up(compiled)
        started = time.perf_counter()
        try:
            await self._connection.execute_many(compiled.sql, bound)
        except Exception as error:
            self._tell(compiled, started, 0, error)
            raise
        self._tell(compiled, started, len(bound), None)

    def run_last(
        self,
        command: Command | Query[Any],
        rows: Sequence[Mapping[str, Any]],
        *,
        expected: int | None = None,
        otherwise: Callable[[], Exception] | None = None,
    ) -> None:
        """Run a write once per row at the end of the transaction, in one round trip with others.

        Whatever reads or writes its table before then runs it first, so this is a matter of time alone:
        errors come late, too. For tables of the caller's own, where the row is locked or new.

        Args:
            expected: how many rows it must change in all; None: however many.
            otherwise: makes the error when another number changed.
        """
        if not rows:
            return
        compiled = command.compiled(self._dialect)
        bound = [self._bind(command, dict(row))[1] for row in rows]
        write = LastWrite(compiled, bound, expected, otherwise)
        if self._last and (joint := self._last[-1].joined_with(write)) is not None:
            self._last[-1] = joint
            return
        self._last.append(write)
        self._last_tables |= compiled.tables

    def insert_last(self, table: Table, **values: object) -> None:
        """As `insert`, at the end of the transaction (see `run_last`)."""
        self.insert_many_last(table, [values])

    def insert_many_last(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """As `insert_many`, at the end of the transaction (see `run_last`)."""
        if rows:
            complete = [self._with_tenant(table, row) for row in rows]
            self.run_last(insert_command(table, tuple(complete[0])), complete)

    def insert_new_last(
        self, table: Table, *, otherwise: Callable[[], Exception], **values: object
    ) -> None:
        """Insert one row at the end of the transaction; `otherwise()` when a unique value of it is taken."""
        row = self._with_tenant(table, values)
        command = insert_command(table, tuple(row), ignore_conflict=True)
        self.run_last(command, [row], expected=1, otherwise=otherwise)

    def update_last(self, table: Table, key: Mapping[str, Any], **values: object) -> None:
        """As `update` of one row that is there, at the end of the transaction (see `run_last`).

        Raises:
            ConcurrentUpdate: then, when it is not there any more.
        """
        command, params = _update(table, key, values)
        self.run_last(command, [params], expected=1, otherwise=_changed_meanwhile)

    def update_version_last(
        self, table: Table, key: Mapping[str, Any], *, version: int, **values: object
    ) -> None:
        """As `update_version`, at the end of the transaction (see `run_last`)."""
        self.update_last(table, {**key, "version": version}, version=version + 1, **values)

    async def write_last(self, *, is_end: bool = False) -> None:
        """Run what `run_last` has kept.

        Args:
            is_end: nothing but the commit follows, which may carry it.
        """
        if not self._last:
            return
        writes, self._last = self._last, []
        self._last_tables = set()
        started = time.perf_counter()
        error: Exception | None = None
        try:
            if is_end:
                await self._connection.execute_last(writes)
            else:
                await self._connection.execute_together(writes)
        except Exception as failed:
            error = failed
            raise
        finally:
            # They share the time they took together.
            share = (time.perf_counter() - started) / len(writes)
            for write in writes:
                self._tell(write.compiled, started, len(write.rows), error, share)

    async def update(self, table: Table, key: Mapping[str, Any], **values: object) -> int:
        """Set `values` where every column of `key` is equal; returns how many rows changed."""
        command, params = _update(table, key, values)
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
            raise _changed_meanwhile()

    async def delete(self, table: Table, **key: object) -> int:
        """Delete where every column of `key` is equal; returns how many rows went."""
        params = {f"key_{name}": value for name, value in key.items()}
        return await self.run(delete_command(table, tuple(key)), **params)


def _update(
    table: Table, key: Mapping[str, Any], values: Mapping[str, Any]
) -> tuple[Command, dict[str, Any]]:
    params = {f"key_{name}": value for name, value in key.items()}
    params |= {f"set_{name}": value for name, value in values.items()}
    return update_command(table, tuple(key), tuple(values)), params


def _changed_meanwhile() -> ConcurrentUpdate:
    return ConcurrentUpdate(
        "The resource was changed by somebody else since it was read; nothing was changed."
    )


FlushEvents = Callable[[WriteTx], Awaitable[None]]
FlushAudits = Callable[[WriteTx], Awaitable[None]]
