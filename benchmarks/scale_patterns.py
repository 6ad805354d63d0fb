"""Patterns of rows for the scale generator: what the features themselves write, taken apart.

A tenant is filled through the services once, on a scratch database, step by step; the rows each step
leaves are a pattern. Copying a pattern means new ids, words, numbers and times in the same rows, so
what is copied is what the features would have written. Refuses: writing (`scale_writing` does).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Table, bindparam, select

from rustok.core.db import Id, Query
from rustok.core.db.schema import StoredType, Timestamp, metadata
from rustok.server.platform import Platform
from rustok.server.tables import load_tables

PATTERN_TIME: Final = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)
"""When everything in the patterns happened; JSON texts say it, too."""
TIME_TEXT: Final = "2026-01-01T12:00:00.123456Z"
LEFT_OUT: Final = frozenset({
    "audit_checkpoints", "audit_heads", "audit_pending", "audit_records", "cache_stamps",
    "dead_letters", "idempotency_keys", "inbox", "index_marks", "index_rebuilds", "leases", "mails",
    "outbox",
})  # fmt: skip
"""Tables of what happened; the generator only leaves what is there afterwards."""

_UUID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_SYMBOL: Final = re.compile(rf"{_UUID}|[Ww]ord[a-z]q\d\d|7700000\d\d|{re.escape(TIME_TEXT)}")

Row = dict[str, Any]
Key = tuple[str, str]


class Text(msgspec.Struct, frozen=True):
    """A text with gaps: literals and, between them, the symbols that fill the gaps."""

    literals: tuple[str, ...]
    symbols: tuple[str, ...]

    def filled(self, values: Mapping[str, str]) -> str:
        parts = [self.literals[0]]
        for symbol, literal in zip(self.symbols, self.literals[1:], strict=True):
            parts += (values[symbol], literal)
        return "".join(parts)


class Moment(msgspec.Struct, frozen=True):
    """A time so many microseconds after the copy's own."""

    after_micros: int


class RowPattern(msgspec.Struct, frozen=True):
    """One row; each column is a constant, a `Text` or a `Moment`."""

    table: Table
    columns: tuple[tuple[str, Any], ...]


class Pattern(msgspec.Struct, frozen=True):
    """The rows of one thing.

    Attributes:
        own: ids that are new in every copy.
        facets: by (subject id, locale), as the read model's digest wants them.
    """

    rows: tuple[RowPattern, ...]
    own: tuple[str, ...]
    facets: dict[tuple[str, str], Text | str]


class Recorder:
    """Watches a platform and tells which rows came since it last looked."""

    def __init__(self, platform: Platform, tenant_id: UUID) -> None:
        load_tables()
        self._platform = platform
        self._tenant_id = tenant_id
        self._seen: set[Key] = set()
        self._known: set[str] = set()
        self.facets: dict[tuple[str, str], str] = {}

    async def step(self) -> Pattern:
        """The rows that came since the last step, as a pattern."""
        await self._platform.relay.drain(timeout_seconds=60)
        found: list[tuple[Table, Row]] = []
        async with self._platform.db.system("scale patterns", write=False) as tx:
            for table in metadata.sorted_tables:
                if "tenant" not in table.info or table.name in LEFT_OUT:
                    continue
                for row in await tx.all(_rows_of(table), whose=self._tenant_id):
                    key = table.name, repr([row[one.name] for one in table.primary_key])
                    if key not in self._seen:
                        self._seen.add(key)
                        found.append((table, row))
        pattern = self._pattern(found)
        self._known |= set(pattern.own)
        return pattern

    def _pattern(self, found: Sequence[tuple[Table, Row]]) -> Pattern:
        named = {
            str(value) for table, row in found for value in row.values() if isinstance(value, UUID)
        }
        own = tuple(sorted(named - self._known))
        rows = tuple(_row_pattern(table, row) for table, row in found)
        subjects = {str(row["subject_id"]) for table, row in found if "subject_id" in row}
        facets = {key: _text(facets) for key, facets in self.facets.items() if key[0] in subjects}
        return Pattern(rows, own, facets)


def _rows_of(table: Table) -> Query[Row]:
    column = table.c[table.info["tenant"]]
    return Query(
        select(*table.c).where(column == bindparam("whose", type_=Id())),
        dict,
        system="the generator's own scratch database",
    )


def _row_pattern(table: Table, row: Row) -> RowPattern:
    return RowPattern(
        table,
        tuple((column.name, _value(column.type, row[column.name])) for column in table.c),
    )


def _value(kind: Any, value: Any) -> Any:
    if value is None or isinstance(value, int):
        return value
    if isinstance(kind, Timestamp):
        return Moment(round((value - PATTERN_TIME).total_seconds() * 1_000_000))
    if isinstance(kind, StoredType) and kind.to_sqlite is not None:
        value = kind.to_sqlite(value)
    return _text(value)


def _text(value: str) -> Any:
    symbols = tuple(_SYMBOL.findall(value))
    return Text(tuple(_SYMBOL.split(value)), symbols) if symbols else value
