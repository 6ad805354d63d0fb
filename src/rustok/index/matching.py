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
    and_,
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
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import FromClause, Join

from rustok.core.db import TENANT, Id
from rustok.core.db.statement import DialectName
from rustok.index.fulltext import configuration_of, scope_of
from rustok.index.shelves import Shelf
from rustok.index.words import Terms


class JoinInOrder(Join):
    """A join that SQLite makes from left to right.

    Without statistics SQLite takes the rows of a tenant to be few and reads them all, to look for
    each among those that were found.
    """

    inherit_cache = True


@compiles(JoinInOrder, "sqlite")
def _join_in_order(element: JoinInOrder, compiler: Any, **kw: Any) -> str:
    kw = {name: value for name, value in kw.items() if name not in ("asfrom", "from_linter")}
    left = compiler.process(element.left, asfrom=True, **kw)
    right = compiler.process(element.right, asfrom=True, **kw)
    return f"{left} CROSS JOIN {right} ON {compiler.process(element.onclause, **kw)}"


def search_parameters(terms: Terms, tenant_id: UUID, locale: str) -> dict[str, object]:
    """What the conditions and scores below bind, for both databases."""
    scope = scope_of(tenant_id, locale)
    return {
        "match_any": terms.fts5(scope=scope),
        **{f"piece_{number}": piece for number, piece in enumerate(terms.pieces())},
        "start": terms.start(),
        "scope": scope,
        "configuration": configuration_of(locale),
        "tsquery": terms.tsquery(),
    }


def _fts5(shelf: Shelf) -> ColumnElement[bool]:
    """The entry is among those that SQLite's full text finds."""
    name = f"{shelf.entries.name}_fts"
    words = table(name, column("rowid", BigInteger()))
    matching = literal_column(name).op("MATCH", is_comparison=True)(
        bindparam("match_any", type_=Text())
    )
    return shelf.entries.c.entry.in_(select(words.c.rowid).where(matching))


def _tsquery() -> ColumnElement[Any]:
    configuration = cast(cast(bindparam("configuration", type_=Text()), Text), REGCONFIG)
    terms = bindparam("tsquery", type_=Text())
    stemmed = func.to_tsquery(configuration, terms)
    plain = func.to_tsquery(literal_column("'simple'::regconfig"), terms)
    return stemmed.op("||")(plain)


@functools.lru_cache(maxsize=256)
def found_by(shelf: Shelf, dialect: DialectName, *, term_count: int, is_ranked: bool) -> FromClause:
    """The subjects a search finds, as `subject_id` and `score`.

    The score is a whole number that depends on the row and the words alone: a measure that looks at
    the whole index (bm25) would shift while rows are written, and a cursor on it would lose rows.
    On PostgreSQL a function looks; `fulltext` says why.
    """
    if dialect == "sqlite":
        return _found_by_sqlite(shelf, term_count)
    look: FunctionElement[Any] = getattr(func, f"{shelf.entries.name}_found")(
        bindparam("locale", type_=Text()),
        _tsquery(),
        bindparam("scope", type_=Text()),
        literal_column("true" if is_ranked else "false"),
    )
    return look.table_valued(column("subject_id", Id()), column("score", BigInteger())).alias(
        "found"
    )


def _found_by_sqlite(shelf: Shelf, term_count: int) -> FromClause:
    """With tiers for scores: words in the title, at its beginning, ...; the texts are normal words."""
    e = shelf.entries
    space = literal_column("' '", Text())
    title = space.concat(e.c.title).concat(space)
    told = title.concat(e.c.keywords).concat(space)

    def has_all(text: ColumnElement[Any]) -> ColumnElement[bool]:
        pieces = (bindparam(f"piece_{number}", type_=Text()) for number in range(term_count))
        return and_(*(func.instr(text, piece) > 0 for piece in pieces))

    begins = func.instr(title, bindparam("start", type_=Text())) == 1
    score: ColumnElement[Any] = literal_column("1", Integer())
    for condition, weight in ((has_all(told), 2), (has_all(title), 4), (begins, 8)):
        score = score + case((condition, literal_column(str(weight))), else_=literal_column("0"))
    return (
        select(e.c.subject_id, score.label("score"))
        .where(
            e.c.tenant_id == TENANT, e.c.locale == bindparam("locale", type_=Text()), _fts5(shelf)
        )
        .subquery("found")
    )
