"""All rows of one tenant as lines of JSON and back into a database, secrets as they are stored: sealed or hashed.

A line names neither its tenant nor a number the database gives by itself (`outbox.position`): whose
rows they are is said when they are put back, so a line cannot reach into another tenant. Refuses:
opening a seal, and what must not come back to life (`NOT_BACKED_UP`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, Boolean, Column, Integer, Table, delete

from rustok.core.db.erased_rows import erase_rows, erased_tables
from rustok.core.db.schema import TENANT, Id, Json, Timestamp, metadata
from rustok.core.db.sealed_columns import sealed_columns
from rustok.core.db.statement import Command
from rustok.core.db.system_transaction import SystemTx
from rustok.core.db.tenant_rows import READ_MODEL_REASON, Row, is_read_model, read_table
from rustok.core.security.sealing import kid_of

Lines = Callable[[], Iterable[bytes]]
"""The lines of a table from the first on, as often as they are asked for."""

READ_ROWS: Final = 500
INSERT_ROWS: Final = 200

NOT_BACKED_UP: Final[dict[str, str]] = {
    "sessions": "sign-ins end with a restore",
    "refresh_tokens": "end with their sessions",
    "known_devices": "end with the sign-ins",
    "sign_in_challenges": "live for minutes",
    "external_sign_ins": "live for minutes",
    "account_tokens": "a link that was used since would work once more",
    "account_requests": "wait for seconds",
    "sign_in_attempts": "counters against guessing",
    "cache_stamps": "count the changes a running deployment has seen",
    "cdn_purges": "are about copies of what was shown then",
}
"""Tables that do not come back, with the reason that the manifest gives."""

KEPT_IN_PLACE: Final[dict[str, str]] = {
    "audit_pending": "what happened has happened",
    "audit_records": "what happened has happened",
    "audit_heads": "the chain goes on",
    "audit_checkpoints": "the chain goes on",
    "outbox": "what was announced has been heard",
    "aggregate_sequences": "numbers of events are given once",
    "inbox": "what was applied is not applied again",
    "dead_letters": "what waits for an operator goes on waiting",
    "mails": "what was sent is not sent again",
    "order_counters": "numbers of orders are given once",
    "cache_stamps": "only ever grow",
    "cdn_purges": "what has changed is still to be told",
}
"""Tables that a restore over a tenant that is there leaves as they are, with the reason."""


class LineBroken(ValueError):
    """A line is no row of its table. Never quotes it."""


def backed_up_tables() -> list[Table]:
    """Tables of a backup; referred ones before referring ones."""
    return [
        table
        for table in metadata.sorted_tables
        if table.info.get("tenant") and table.name not in not_backed_up()
    ]


def not_backed_up() -> dict[str, str]:
    """Tables of tenants that a backup does not hold, with the reason."""
    models = {
        table.name: READ_MODEL_REASON
        for table in metadata.sorted_tables
        if table.info.get("tenant") and is_read_model(table)
    }
    return NOT_BACKED_UP | models


def _stored(table: Table) -> list[Column[Any]]:
    return [
        column
        for column in table.c
        if column.name != table.info["tenant"] and column.identity is None
    ]


def _kind(column: Column[Any]) -> Any:
    kind: Any = str
    if isinstance(column.type, Json):
        kind = column.type.of
    elif isinstance(column.type, Id):
        kind = UUID
    elif isinstance(column.type, Timestamp):
        kind = datetime
    elif isinstance(column.type, Boolean):
        kind = bool
    elif isinstance(column.type, Integer | BigInteger):
        kind = int
    return kind | None if column.nullable and kind is not Any else kind


@cache
def _decoder(name: str) -> msgspec.json.Decoder[Any]:
    fields = [(str(column.name), _kind(column)) for column in _stored(metadata.tables[name])]
    return msgspec.json.Decoder(
        msgspec.defstruct(f"row_of_{name}", fields, kw_only=True, forbid_unknown_fields=True)
    )


async def read_rows(tx: SystemTx, name: str, tenant_id: UUID) -> AsyncIterator[list[Row]]:
    """The rows of a table as they go into a backup, page by page."""
    table = metadata.tables[name]
    names = [column.name for column in _stored(table)]
    async for page in read_table(tx, table, tenant_id, page=READ_ROWS, whole=True):
        yield [{one: row[one] for one in names} for row in page]


def keys_named(name: str, rows: Iterable[Row]) -> set[str]:
    """Ids of the platform's keys that secrets and digests in these rows are under."""
    columns = [column for table, column in sealed_columns() if table == name]
    found = {kid_of(row[one]) for row in rows for one in columns if row[one] is not None}
    return found | ({row["kid"] for row in rows} if name == "audit_pending" else set())


def _rows(name: str, lines: Iterable[bytes]) -> Iterator[Row]:
    decode = _decoder(name).decode
    for line in lines:
        try:
            yield msgspec.structs.asdict(decode(line))
        except (msgspec.DecodeError, ValueError):  # ValidationError is a DecodeError
            raise LineBroken(name) from None


def _upward(table: Table) -> str | None:
    """The column by which a row refers to another one of its own table."""
    for key in table.foreign_key_constraints:
        if key.referred_table is table:
            return next(one.name for one in key.columns if one.name != table.info["tenant"])
    return None


def _levels(name: str, upward: str, lines: Lines) -> dict[UUID, int]:
    """How deep each row lies that others refer to; only those are held in memory."""
    referred = {row[upward] for row in _rows(name, lines()) if row[upward] is not None}
    above = {
        row["id"]: row[upward] for row in _rows(name, lines()) if referred and row["id"] in referred
    }
    levels: dict[UUID, int] = {}
    for start in above:
        path = [start]
        while path[-1] not in levels and above.get(path[-1]) is not None:
            path.append(above[path[-1]])
            if len(path) > len(above) + 1:
                raise LineBroken(name)
        for one in reversed(path):
            parent = above.get(one)
            levels[one] = 0 if parent is None else levels[parent] + 1
    return levels


async def put_rows(
    tx: SystemTx,
    name: str,
    tenant_id: UUID,
    lines: Lines,
    *,
    replacing: Row | None = None,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Insert the rows of a table for `tenant_id`; returns how many.

    Rows that others of the same table refer to go first, so that no database has to defer its checks.

    Args:
        replacing: columns that get another value than the line says.
        progress: called with the number of rows so far.

    Raises:
        LineBroken: a line is no row of this table.
        UniqueViolation, ForeignKeyViolation, CheckViolation: see `WriteTx.insert`.
    """
    table = metadata.tables[name]
    fixed = {table.info["tenant"]: tenant_id} | (replacing or {})
    upward = _upward(table)
    levels = _levels(name, upward, lines) if upward is not None else {}
    total = 0
    for level in range(max(levels.values(), default=-1) + 2):
        page: list[Row] = []
        for row in _rows(name, lines()):
            if upward is not None:
                parent = row[upward]
                if (0 if parent is None else levels.get(parent, -2) + 1) != level:
                    continue
            page.append(row | fixed)
            if len(page) == INSERT_ROWS:
                await tx.insert_many(table, page)
                total += len(page)
                page = []
                if progress is not None:
                    progress(total)
        await tx.insert_many(table, page)
        total += len(page)
    return total


async def remove_rows(tx: SystemTx, tenant_id: UUID) -> int:
    """Delete what a restore in place brings anew, and what must not outlive it; returns how many rows."""
    removed = 0
    for table in erased_tables():
        if table.name not in KEPT_IN_PLACE and not is_read_model(table):
            removed += await erase_rows(tx, table, tenant_id)
    return removed + await tx.run(_own_row(), tenant_id=tenant_id)


@cache
def _own_row() -> Command:
    tenants = metadata.tables["tenants"]
    return Command(delete(tenants).where(tenants.c.id == TENANT))
