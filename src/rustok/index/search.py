"""Reads the shelves: filters, full text, orders and keyset cursors, one statement per question.

The statement of every combination of filters is built once and kept. Refuses: offsets, operators in
what a reader types, and decoding the documents it finds.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import (
    BigInteger,
    Integer,
    Select,
    Text,
    bindparam,
    func,
    select,
    tuple_,
)
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause

from rustok.core.db import TENANT, Query, ReadTx
from rustok.core.db.schema import EPOCH, MICROSECOND, any_of
from rustok.core.db.statement import DialectName
from rustok.core.ids import parse_id
from rustok.core.pagination import InvalidCursor, decode_cursor, encode_cursor
from rustok.index.hits import RELEVANCE, SEPARATOR, Hit, Hits, Order, packed, sent, unpacked
from rustok.index.matching import JoinInOrder, found_by, search_parameters
from rustok.index.shelves import Shelf
from rustok.index.words import Terms

MAX_FACET_VALUES: Final = 50
"""Values counted per kind of facet, the most frequent first."""
HIDDEN_FACET: Final = "depends"
"""Kind of the facets that only say what a subject's documents depend on; it is never counted."""
_DIALECTS: Final[tuple[DialectName, ...]] = ("sqlite", "postgres")


class Selection(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Which rows of a shelf are wanted.

    Attributes:
        terms: words that must all be there; None for any text.
        facets: (kind, values): one of the values of each pair must be there.
        values: parameters of the shelf's own conditions, by the condition's name.
    """

    terms: Terms | None = None
    facets: tuple[tuple[str, tuple[str, ...]], ...] = ()
    values: dict[str, object] = msgspec.field(default_factory=dict)

    @functools.cached_property
    def shape(self) -> Shape:
        """What its statements look like."""
        return Shape(
            term_count=len(self.terms.words) if self.terms is not None else 0,
            facet_count=len(self.facets),
            conditions=tuple(sorted(self.values)),
        )


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """What makes one statement differ from another; the values are parameters."""

    term_count: int
    facet_count: int
    conditions: tuple[str, ...]


Conditions = Mapping[str, ColumnElement[bool]]


class Catalogue:
    """A shelf with the conditions and orders its lists take.

    Args:
        conditions: by name; each uses one parameter of the same name.
        orders: by name.
    """

    def __init__(self, shelf: Shelf, *, conditions: Conditions, orders: tuple[Order, ...]) -> None:
        self.shelf = shelf
        self.conditions = conditions
        self.orders: Final = {order.name: order for order in (*orders, RELEVANCE)}

    def parameters(self, tx: ReadTx, selection: Selection) -> dict[str, object]:
        """Everything a statement of this selection binds."""
        locale = tx.ctx.locale
        bound: dict[str, object] = {"locale": locale, **selection.values}
        if self.shelf.per_currency:
            bound["currency"] = tx.ctx.currency
        for index, (kind, values) in enumerate(selection.facets):
            bound |= {f"facet_kind_{index}": kind, f"facet_values_{index}": list(values)}
        if selection.terms is not None:
            bound |= search_parameters(selection.terms, tx.ctx.tenant_id, locale)
        return bound

    def in_variety(self, statement: Select[Any]) -> Select[Any]:
        """`statement` for the documents of the tenant in the locale and currency of the context."""
        documents = self.shelf.documents
        statement = statement.where(
            documents.c.tenant_id == TENANT,
            documents.c.locale == bindparam("locale", type_=Text()),
        )
        if self.shelf.per_currency:
            statement = statement.where(documents.c.currency == bindparam("currency", type_=Text()))
        return statement

    def found(self, shape: Shape, dialect: DialectName, *, is_ranked: bool) -> FromClause:
        """What the words of a search find."""
        return found_by(self.shelf, dialect, term_count=shape.term_count, is_ranked=is_ranked)

    def restricted(
        self,
        statement: Select[Any],
        shape: Shape,
        dialect: DialectName,
        *,
        is_ranked: bool = False,
    ) -> Select[Any]:
        """`statement`, which selects from the documents, with the conditions of `shape`.

        Args:
            is_ranked: whether the statement uses the score of `found`.
        """
        documents = self.shelf.documents
        statement = self.in_variety(statement).where(
            *(self.conditions[name] for name in shape.conditions)
        )
        for index in range(shape.facet_count):
            facets = self.shelf.facets.alias(f"facets_{index}")
            statement = statement.where(
                documents.c.subject_id.in_(
                    select(facets.c.subject_id).where(
                        facets.c.tenant_id == TENANT,
                        facets.c.locale == bindparam("locale", type_=Text()),
                        facets.c.kind == bindparam(f"facet_kind_{index}", type_=Text()),
                        any_of(facets.c.value, f"facet_values_{index}"),
                    )
                )
            )
        if shape.term_count:
            found = self.found(shape, dialect, is_ranked=is_ranked)
            same = documents.c.subject_id == found.c.subject_id
            statement = statement.select_from(JoinInOrder(found, documents, same))
        return statement

    async def list_hits(
        self,
        tx: ReadTx,
        selection: Selection,
        *,
        order_name: str | None,
        limit: int,
        cursor: str | None,
    ) -> Hits:
        """A page of what is selected, in the locale and currency of the context.

        Args:
            order_name: None, and `relevance` without words, take relevance with words, else the first order.

        Raises:
            InvalidCursor: malformed, or of another order.
        """
        order = self._order(selection, order_name)
        bound = self.parameters(tx, selection)
        if cursor is not None:
            bound |= _position(cursor, order)
        query = _page(self, selection.shape, order, cursor is not None)
        compiled, rows = await tx.rows(query, **bound, limit=limit + 1)
        if tx.dialect == "sqlite":
            return unpacked(rows[0], order, limit=limit)
        # Of a page the cards go out as they are stored, and only the last row's place is asked for.
        cursor = None
        if len(rows) > limit:
            rows = rows[:limit]
            cursor = encode_cursor(query.build(compiled, rows[-1]).key(order))
        return Hits(
            joined=SEPARATOR.join([row[0] for row in rows]),
            etags=" ".join([row[1] for row in rows]),
            next_cursor=cursor,
        )

    def _order(self, selection: Selection, name: str | None) -> Order:
        if selection.terms is None and name in (None, RELEVANCE.name):
            return next(iter(self.orders.values()))
        return self.orders[name or RELEVANCE.name]

    async def count_facets(self, tx: ReadTx, selection: Selection) -> list[FacetCount]:
        """How many of the selected subjects have each value, the most frequent of a kind first."""
        return await tx.all(_facet_counts(self, selection.shape), **self.parameters(tx, selection))


class FacetCount(msgspec.Struct, frozen=True, kw_only=True):
    """One value one could filter by, and how many would be left."""

    kind: str
    value: str
    label: str
    count: int


def _position(cursor: str, order: Order) -> dict[str, object]:
    name, place, subject_id = decode_cursor(cursor, (str, order.kind, str))
    if name != order.name:
        message = "the cursor was made for another order; start without one."
        raise InvalidCursor(message, pointer="cursor", rule="order")
    after: object = place
    if order.column == "published_at" and isinstance(place, int):
        try:
            after = EPOCH + place * MICROSECOND
        except OverflowError:
            message = "the cursor is malformed; send `next_cursor` of the page before unchanged."
            raise InvalidCursor(message, pointer="cursor", rule="malformed") from None
    return {"after_place": after, "after_id": parse_id(str(subject_id), pointer="cursor")}


@functools.lru_cache(maxsize=1_024)
def _page(catalogue: Catalogue, shape: Shape, order: Order, has_cursor: bool) -> Query[Hit]:
    return Query(
        {
            dialect: _page_statement(catalogue, shape, order, has_cursor, dialect)
            for dialect in _DIALECTS
        },
        Hit,
    )


def _page_statement(
    catalogue: Catalogue, shape: Shape, order: Order, has_cursor: bool, dialect: DialectName
) -> Select[Any]:
    documents = catalogue.shelf.documents
    is_ranked = order.column is None
    place: ColumnElement[Any] = (
        documents.c[order.column]
        if order.column is not None
        else catalogue.found(shape, dialect, is_ranked=True).c.score
    )
    # Words find many rows; their cards are fetched for those of the page alone.
    card = [] if shape.term_count else _card(catalogue, dialect)
    statement = catalogue.restricted(
        select(*card, documents.c.subject_id, place.label("place")),
        shape,
        dialect,
        is_ranked=is_ranked,
    )
    if has_cursor:
        kind = BigInteger() if order.column is None else documents.c[order.column].type
        after = tuple_(
            bindparam("after_place", type_=kind),
            bindparam("after_id", type_=documents.c.subject_id.type),
        )
        here = tuple_(place, documents.c.subject_id)
        statement = statement.where(here < after if order.descending else here > after)
    statement = _in_order(statement, order, place, documents.c.subject_id)
    statement = statement.limit(bindparam("limit", type_=Integer()))
    if shape.term_count:
        statement = _with_cards(catalogue, statement, order, dialect)
    return packed(statement, order) if dialect == "sqlite" else statement


def _card(catalogue: Catalogue, dialect: DialectName) -> list[ColumnElement[Any]]:
    documents = catalogue.shelf.documents
    card = documents.c.card if dialect == "sqlite" else sent(documents.c.card, dialect)
    return [card.label("card"), documents.c.etag]


def _in_order(statement: Select[Any], order: Order, *keys: ColumnElement[Any]) -> Select[Any]:
    return statement.order_by(*((key.desc() for key in keys) if order.descending else keys))


def _with_cards(
    catalogue: Catalogue, statement: Select[Any], order: Order, dialect: DialectName
) -> Select[Any]:
    """The cards of the subjects that `statement` found and placed."""
    documents = catalogue.shelf.documents
    top = statement.subquery("top")
    same = documents.c.subject_id == top.c.subject_id
    cards = catalogue.in_variety(select(*_card(catalogue, dialect), top.c.subject_id, top.c.place))
    cards = cards.select_from(JoinInOrder(top, documents, same))
    # The limit says again how many there are, and keeps the order of what is packed.
    cards = cards.limit(bindparam("limit", type_=Integer()))
    return _in_order(cards, order, top.c.place, top.c.subject_id)


@functools.lru_cache(maxsize=1_024)
def _facet_counts(catalogue: Catalogue, shape: Shape) -> Query[FacetCount]:
    return Query(
        {dialect: _facet_statement(catalogue, shape, dialect) for dialect in _DIALECTS}, FacetCount
    )


def _facet_statement(catalogue: Catalogue, shape: Shape, dialect: DialectName) -> Select[Any]:
    facets, documents = catalogue.shelf.facets, catalogue.shelf.documents
    count = func.count()
    counted = (
        select(
            facets.c.kind,
            facets.c.value,
            func.max(facets.c.label).label("label"),
            count.label("count"),
            func.row_number()
            .over(partition_by=facets.c.kind, order_by=(count.desc(), facets.c.value))
            .label("place"),
        )
        .where(
            facets.c.tenant_id == TENANT,
            facets.c.locale == bindparam("locale", type_=Text()),
            facets.c.kind != HIDDEN_FACET,
            facets.c.subject_id.in_(
                catalogue.restricted(select(documents.c.subject_id), shape, dialect)
            ),
        )
        .group_by(facets.c.kind, facets.c.value)
        .subquery("counted")
    )
    return (
        select(counted.c.kind, counted.c.value, counted.c.label, counted.c.count)
        .where(counted.c.place <= MAX_FACET_VALUES)
        .order_by(counted.c.kind, counted.c.place)
    )


@functools.cache
def _by_handle(catalogue: Catalogue, conditions: tuple[str, ...]) -> Query[Stored]:
    documents = catalogue.shelf.documents
    shape = Shape(term_count=0, facet_count=0, conditions=conditions)

    def statement(dialect: DialectName) -> Select[Any]:
        document = sent(documents.c.document, dialect).label("document")
        found = catalogue.restricted(
            select(document, documents.c.etag, documents.c.subject_id), shape, dialect
        ).where(documents.c.handle == bindparam("handle", type_=Text()))
        return found.order_by(documents.c.subject_id).limit(1)

    return Query({dialect: statement(dialect) for dialect in _DIALECTS}, Stored)


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A document as it is stored, with its validator."""

    document: bytes
    etag: str
    subject_id: UUID


async def find_by_handle(
    tx: ReadTx, catalogue: Catalogue, handle: str, **values: object
) -> Stored | None:
    """The document at an address in the locale and currency of the context.

    Args:
        values: parameters of further conditions, by name.
    """
    bound = catalogue.parameters(tx, Selection(values=values))
    return await tx.one(_by_handle(catalogue, tuple(sorted(values))), handle=handle, **bound)
