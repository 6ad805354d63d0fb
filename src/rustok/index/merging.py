"""Keeps SQLite's full text in few pieces: each write adds one, and a search looks into all of them.

FTS5 puts some together while it writes, but leaves a dozen or more. Refuses: PostgreSQL, which has
autovacuum for what its index leaves behind, and more than a few milliseconds of the writer at a time.
"""

from __future__ import annotations

import functools
import time
from typing import Final

from sqlalchemy import (
    Integer,
    Text,
    bindparam,
    column,
    func,
    insert,
    literal_column,
    select,
    table,
)

from rustok.core.db import Command, Query, scalar
from rustok.core.parts import Parts
from rustok.index.projections import PROJECTIONS
from rustok.index.shelves import Shelf

MANY: Final = 8
"""Up to so many pieces are left as they are."""
STEP_PAGES: Final = 250
"""Written in one transaction; others write in between."""
SLICE_SECONDS: Final = 5.0
_WHY: Final = "the full text of SQLite is one for all tenants"


@functools.cache
def _count_pieces(shelf: Shelf) -> Query[int]:
    pieces = table(f"{shelf.entries.name}_fts_idx", column("segid"))
    return scalar(select(func.count(pieces.c.segid.distinct())), int, system=_WHY)


@functools.cache
def _merge(shelf: Shelf) -> Command:
    name = f"{shelf.entries.name}_fts"
    words = table(name, column(name), column("rank"))
    # A negative number of pages merges all pieces into one, in steps of so many.
    how, pages = literal_column("'merge'", Text()), -bindparam("pages", type_=Integer())
    told = select(how, pages)
    return Command(insert(words).from_select([name, "rank"], told), system=_WHY)


async def merge_words(parts: Parts, *, many: int = MANY) -> int:
    """Put the pieces of each full text together where they are more than `many`; returns the steps made."""
    if parts.db.dialect != "sqlite":
        return 0
    steps = 0
    ends_at = time.monotonic() + SLICE_SECONDS
    for shelf in (one.shelf for one in PROJECTIONS.values()):
        async with parts.db.system("pieces of the full text", write=False) as tx:
            pieces = await tx.one(_count_pieces(shelf)) or 0
        left = pieces > many
        while left and time.monotonic() < ends_at:
            async with parts.db.system("merging the full text") as tx:
                await tx.run(_merge(shelf), pages=STEP_PAGES)
                left = (await tx.one(_count_pieces(shelf)) or 0) > 1
            steps += 1
    return steps
