"""Rows that belong together, given out once the last of them is read.

Refuses to hold the whole file: a first pass keeps one number per key, the second pass holds only
the groups still open (rows of a group may be far apart).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from rustok.importers.reading import CsvFile, CsvRow


class RowGroup(msgspec.Struct, kw_only=True):
    """The rows of one key in file order; `adjacent` is False when others stood between them."""

    key: str
    rows: list[CsvRow]
    adjacent: bool = True
    bytes_read: int = 0
    last_ordinal: int = 0


def grouped_rows(
    file: CsvFile, key_of: Callable[[CsvRow], str | None]
) -> Iterator[RowGroup | CsvRow]:
    """Groups in the order of their last rows; rows without cells or key come alone, in place."""
    last_of: dict[str, int] = {}
    for ordinal, row in enumerate(file.rows()):
        key = key_of(row) if row.cells is not None else None
        if key is not None:
            last_of[key] = ordinal
    groups: dict[str, RowGroup] = {}
    for ordinal, row in enumerate(file.rows()):
        key = key_of(row) if row.cells is not None else None
        if key is None:
            yield row
            continue
        group = groups.get(key)
        if group is None:
            group = groups[key] = RowGroup(key=key, rows=[], last_ordinal=ordinal - 1)
        group.adjacent = group.adjacent and group.last_ordinal == ordinal - 1
        group.rows.append(row)
        group.last_ordinal, group.bytes_read = ordinal, row.bytes_read
        if last_of.get(key, ordinal) <= ordinal:
            yield groups.pop(key)
    # Only a file that changed between the passes leaves groups open; its rows still count.
    yield from groups.values()
