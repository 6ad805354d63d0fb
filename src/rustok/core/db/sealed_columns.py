"""Every column that holds sealed secrets, found in the declared tables, and how to bring them under another key.

A column says what its secrets belong to, as a template over its row: `info={"sealed": "mail/{id}"}`.
Refuses: knowing a secret. It moves the wrapping of data keys and reads nothing within.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import msgspec
from sqlalchemy import Column, Integer, Table, Text, bindparam, select, tuple_, update

from rustok.core.db.schema import metadata
from rustok.core.db.statement import Command, Query
from rustok.core.db.system_transaction import SystemTx
from rustok.core.security.sealing import Sealer, kid_of

_REASON: Final = "secrets are brought under another key"
PORTION: Final = 200


class Rewrapped(msgspec.Struct, frozen=True, kw_only=True):
    """A portion done: `after` is where to go on, None at the end of the column."""

    seen: int
    moved: int
    after: tuple[Any, ...] | None


def sealed_columns() -> list[tuple[str, str]]:
    """Table and column of everything that is sealed."""
    return [
        (table.name, column.name)
        for table in metadata.sorted_tables
        for column in table.c
        if "sealed" in column.info
    ]


def place_of(table: str, column: str, row: dict[str, Any]) -> str:
    """What the secret of this row belongs to."""
    template: str = metadata.tables[table].c[column].info["sealed"]
    return template.format(**row)


def _keys(table: Table) -> list[Column[Any]]:
    return list(table.primary_key.columns)


@cache
def _page(table: str, column: str, *, is_first: bool) -> Query[dict[str, Any]]:
    declared = metadata.tables[table]
    keys = _keys(declared)
    statement = select(*declared.c).where(declared.c[column].is_not(None))
    if not is_first:
        last = [bindparam(f"after_{key.name}", type_=key.type) for key in keys]
        statement = statement.where(tuple_(*keys) > tuple_(*last))
    limit = bindparam("limit", type_=Integer())
    return Query(statement.order_by(*keys).limit(limit), dict, system=_REASON)


@cache
def _store(table: str, column: str) -> Command:
    declared = metadata.tables[table]
    statement = update(declared).where(
        declared.c[column] == bindparam("old", type_=Text()),
        *(key == bindparam(f"key_{key.name}", type_=key.type) for key in _keys(declared)),
    )
    return Command(
        statement.values({column: bindparam("new", type_=Text())}),
        system=_REASON,
    )


async def rewrap(
    tx: SystemTx, sealer: Sealer, table: str, column: str, *, after: tuple[Any, ...] | None = None
) -> Rewrapped:
    """Bring a portion of a column under the active key; a row changed meanwhile is left to a later run.

    Raises:
        SealBroken: a secret is under a key that is not configured, or damaged.
    """
    keys = _keys(metadata.tables[table])
    given = (
        {}
        if after is None
        else {f"after_{key.name}": value for key, value in zip(keys, after, strict=True)}
    )
    rows = await tx.all(_page(table, column, is_first=after is None), **given, limit=PORTION)
    moved = 0
    for row in rows:
        old = row[column]
        new = sealer.rewrapped(old, belongs_to=place_of(table, column, row))
        if new is not None:
            where = {f"key_{key.name}": row[key.name] for key in keys}
            moved += await tx.run(_store(table, column), **where, old=old, new=new)
    last = tuple(rows[-1][key.name] for key in keys) if len(rows) == PORTION else None
    return Rewrapped(seen=len(rows), moved=moved, after=last)


async def count_by_key(tx: SystemTx, table: str, column: str) -> dict[str, int]:
    """How many secrets of a column are under which key."""
    counts: dict[str, int] = {}
    after: tuple[Any, ...] | None = None
    keys = _keys(metadata.tables[table])
    while True:
        given = (
            {}
            if after is None
            else {f"after_{key.name}": value for key, value in zip(keys, after, strict=True)}
        )
        rows = await tx.all(_page(table, column, is_first=after is None), **given, limit=PORTION)
        for row in rows:
            kid = kid_of(row[column])
            counts[kid] = counts.get(kid, 0) + 1
        if len(rows) < PORTION:
            return counts
        after = tuple(rows[-1][key.name] for key in keys)
