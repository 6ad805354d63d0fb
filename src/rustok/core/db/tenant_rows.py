"""Reads everything a tenant has, table by table and page by page, from the declared tables.

Refuses: secrets, unless `whole` is said (a backup). Columns that hold one are not even selected, and
tables that are nothing else are passed over; `left_out` names both.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Integer, Table, bindparam, select, text, tuple_

from rustok.core.db.schema import TENANT, metadata
from rustok.core.db.statement import Command, Query
from rustok.core.db.system_transaction import SystemTx

Row = dict[str, Any]
TenantTable = Table
"""A declared table with rows of tenants; callers read its name."""

_SECRET: Final = re.compile(
    r"(^|_)(password|passphrase|secret|secrets|token|digest|hash|private_key|credentials?)(_|$)"
)
NOT_EXPORTED: Final[dict[str, str]] = {
    "refresh_tokens": "holds nothing but digests of tokens",
    "sessions": "sign-ins end with their tokens",
    "second_factors": "sealed under the key of this deployment, bound to its address",
    "recovery_codes": "holds nothing but digests of codes",
    "sign_in_challenges": "lives for minutes",
    "account_tokens": "holds nothing but digests of links",
    "sign_in_attempts": "counters against guessing",
    "known_devices": "sign-ins end with their tokens",
    "account_requests": "waits for seconds",
    "external_sign_ins": "lives for minutes",
    "idempotency_keys": "answers kept for retries, with whatever they said once",
    "inbox": "book-keeping of deliveries",
    "cdn_purges": "lives for seconds",
}
"""Tables passed over as a whole, with the reason that the manifest gives."""
_READ_MODEL: Final = "index_"
READ_MODEL_REASON: Final = "a read model, built from the other tables"

_SNAPSHOT: Final = Command(
    text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"),
    system="an export shows one moment",
)


async def hold_still(tx: SystemTx) -> None:
    """Let all that `tx` reads be of one moment; to be called before it reads anything."""
    if tx.dialect == "postgres":  # a read transaction of SQLite is a snapshot anyway
        await tx.run(_SNAPSHOT)


def exported_tables() -> list[Table]:
    """All tables with rows of a tenant that an export holds; referred ones before referring ones."""
    return [
        table
        for table in metadata.sorted_tables
        if table.info.get("tenant") and table.name not in left_out()
    ]


def left_out() -> dict[str, str]:
    """What an export does not hold: `table` or `table.column`, with the reason."""
    found: dict[str, str] = {}
    for table in metadata.sorted_tables:
        if not table.info.get("tenant"):
            continue
        if table.name in NOT_EXPORTED:
            found[table.name] = NOT_EXPORTED[table.name]
        elif is_read_model(table):
            found[table.name] = READ_MODEL_REASON
        else:
            for column in table.c:
                if _SECRET.search(column.name):
                    found[f"{table.name}.{column.name}"] = "a secret or what proves one"
    return found


def is_read_model(table: Table) -> bool:
    """Whether its rows are built from those of other tables."""
    return bool(table.info.get("read_model")) or table.name.startswith(_READ_MODEL)


@cache
def _page(name: str, *, is_first: bool, whole: bool) -> Query[Row]:
    table = metadata.tables[name]
    tenant = table.c[table.info["tenant"]]
    kept = [column for column in table.c if whole or f"{name}.{column.name}" not in left_out()]
    keys = list(table.primary_key.columns)
    statement = select(*kept).where(tenant == TENANT)
    if not is_first:
        last = [bindparam(f"after_{key.name}", type_=key.type) for key in keys]
        statement = statement.where(tuple_(*keys) > tuple_(*last))
    return Query(statement.order_by(*keys).limit(bindparam("limit", type_=Integer())), _as_row)


def _as_row(**values: Any) -> Row:
    return values


async def read_table(
    tx: SystemTx, table: Table, tenant_id: UUID, *, page: int, whole: bool = False
) -> AsyncIterator[list[Row]]:
    """The rows of one tenant in the order of the primary key, at most `page` at a time.

    Args:
        whole: with the columns that hold secrets.
    """
    first = _page(table.name, is_first=True, whole=whole)
    rows = await tx.all(first, tenant_id=tenant_id, limit=page)
    keys = [key.name for key in table.primary_key.columns]
    while rows:
        yield rows
        if len(rows) < page:
            return
        after = {f"after_{key}": rows[-1][key] for key in keys}
        more = _page(table.name, is_first=False, whole=whole)
        rows = await tx.all(more, tenant_id=tenant_id, limit=page, **after)
