"""The words of a search as conditions and scores, where the two databases differ.

Refuses: documents and filters; `search` joins what is found here to them.
"""

from __future__ import annotations

import functools
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Integer,
    Text,
    bindparam,
    case,
    cast,
    column,
    func,
    literal_column,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import REGCONFIG
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import TableValuedAlias

from rustok.core.db import Id
from rustok.core.db.statement import DialectName
from rustok.index.fulltext import configuration_of, scope_of
from rustok.index.shelves import Shelf
from rustok.index.words import Terms


def search_parameters(terms: Terms, tenant_id: UUID, locale: str) -> dict[str, object]:
    """What the conditions and scores below bind, for both databases."""
    scope = scope_of(tenant_id, locale)
    return {
        "match_any": terms.fts5("title keywords body", scope=scope),
        "match_keywords": terms.fts5("title keywords", scope=scope),
        "match_title": terms.fts5("title", scope=scope),
        "match_start": terms.fts5_start("title", scope=scope),
        "scope": scope,
        "configuration": configuration_of(locale),
        "tsquery": terms.tsquery(),
    }


def fts5(shelf: Shelf, parameter: str) -> ColumnElement[bool]:
    """The entry is among those that SQLite's full text finds with the query of `parameter`."""
    name = f"{shelf.entries.name}_fts"
    words = table(name, column("rowid", BigInteger()))
    matching = literal_column(name).op("MATCH", is_comparison=True)(
        bindparam(parameter, type_=Text())
    )
    return shelf.entries.c.entry.in_(select(words.c.rowid).where(matching))


def _tsquery() -> ColumnElement[Any]:
    configuration = cast(cast(bindparam("configuration", type_=Text()), Text), REGCONFIG)
    terms = bindparam("tsquery", type_=Text())
    stemmed = func.to_tsquery(configuration, terms)
    plain = func.to_tsquery(literal_column("'simple'::regconfig"), terms)
    return stemmed.op("||")(plain)


@functools.cache
def found_by(shelf: Shelf, *, is_ranked: bool) -> TableValuedAlias:
    """The subjects PostgreSQL finds, with their scores; see `fulltext` on why a function looks."""
    look: FunctionElement[Any] = getattr(func, f"{shelf.entries.name}_found")(
        bindparam("locale", type_=Text()),
        _tsquery(),
        bindparam("scope", type_=Text()),
        literal_column("true" if is_ranked else "false"),
    )
    return look.table_valued(column("subject_id", Id()), column("score", BigInteger())).alias(
        "found"
    )


def score_of(shelf: Shelf, dialect: DialectName) -> ColumnElement[int]:
    """Relevance as a whole number that depends on the row and the words alone.

    A measure that looks at the whole index (bm25) would shift while rows are written, and a cursor
    on it would lose rows; SQLite therefore gets tiers: words in the title, at its beginning, ...
    """
    if dialect == "sqlite":
        total: ColumnElement[Any] = literal_column("1", Integer())
        for parameter, weight in (("match_keywords", 2), ("match_title", 4), ("match_start", 8)):
            total = total + case((fts5(shelf, parameter), weight), else_=0)
        return total
    score: ColumnElement[int] = found_by(shelf, is_ranked=True).c.score
    return score
