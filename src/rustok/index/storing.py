"""Writes what a projection made: only what differs from what is stored, all rows of a subject together.

Refuses: making documents (the projections do) and transactions of its own.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import (
    Integer,
    bindparam,
    column,
    delete,
    insert,
    literal_column,
    select,
    table,
)
from sqlalchemy.sql.elements import ColumnElement

from rustok.core.cache import showing
from rustok.core.db import TENANT, Command, Id, Query, ReadTx, WriteTx, any_of, scalar
from rustok.index.fulltext import WORDS, configuration_of, scope_of
from rustok.index.shelves import Facet, SearchText, Shelf, entry_number
from rustok.index.words import sort_key

MANY_THINGS: Final = 50
"""Above so many changed subjects a transaction names them all together."""
_encode: Final = msgspec.json.Encoder().encode


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A document ready to be stored.

    Attributes:
        currency: None on a shelf without currencies.
        columns: values of the shelf's own columns.
        card: the JSON that lists show.
        document: the JSON that the address of the thing shows.
    """

    locale: str
    currency: str | None = None
    handle: str
    title: str
    published_at: datetime
    columns: dict[str, str | int | bool | datetime | None]
    card: bytes
    document: bytes


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What a subject is found by in one locale."""

    locale: str
    text: SearchText
    facets: tuple[Facet, ...]


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """All a projection made of one subject."""

    subject_id: UUID
    documents: tuple[Document, ...]
    entries: tuple[Entry, ...]


class _Stored(msgspec.Struct, frozen=True, kw_only=True):
    subject_id: UUID
    key: tuple[str, ...]
    digest: str


def _digest(*parts: bytes) -> str:
    state = hashlib.blake2b(digest_size=12)
    for part in parts:
        state.update(len(part).to_bytes(8))
        state.update(part)
    return state.hexdigest()


@functools.cache
def _documents_of(shelf: Shelf) -> Query[_Stored]:
    t = shelf.documents
    currency = [t.c.currency] if shelf.per_currency else []

    def into(subject_id: UUID, locale: str, etag: str, currency: str = "") -> _Stored:
        return _Stored(subject_id=subject_id, key=(locale, currency), digest=etag)

    return Query(
        select(t.c.subject_id, t.c.locale, t.c.etag, *currency).where(
            t.c.tenant_id == TENANT, any_of(t.c.subject_id, "ids")
        ),
        into,
    )


@functools.cache
def _entries_of(shelf: Shelf) -> Query[_Stored]:
    t = shelf.entries

    def into(subject_id: UUID, locale: str, digest: str) -> _Stored:
        return _Stored(subject_id=subject_id, key=(locale,), digest=digest)

    return Query(
        select(t.c.subject_id, t.c.locale, t.c.digest).where(
            t.c.tenant_id == TENANT, any_of(t.c.subject_id, "ids")
        ),
        into,
    )


@functools.cache
def _removals(shelf: Shelf) -> tuple[Command, Command, Command]:
    documents, entries, facets = (
        Command(delete(t).where(t.c.tenant_id == TENANT, any_of(t.c.subject_id, "ids")))
        for t in (shelf.documents, shelf.entries, shelf.facets)
    )
    return documents, entries, facets


@functools.cache
def _words(shelf: Shelf, *, removing: bool, of_all: bool = False) -> Command:
    """Tells FTS5 of the entries of some subjects: that they came, or (with their words) that they go."""
    entries = shelf.entries
    name = f"{entries.name}_fts"
    words = table(name, column(name), column("rowid"), column("words"))
    columns: list[ColumnElement[object]] = [entries.c.entry, literal_column(WORDS)]
    names = ["rowid", "words"]
    if removing:
        columns.insert(0, literal_column("'delete'"))
        names.insert(0, name)
    rows = select(*columns).where(entries.c.tenant_id == TENANT)
    if not of_all:
        rows = rows.where(any_of(entries.c.subject_id, "ids"))
    return Command(insert(words).from_select(names, rows))


_Digests = dict[UUID, dict[tuple[str, ...], str]]


def _by_subject(rows: Sequence[_Stored]) -> _Digests:
    found: _Digests = {}
    for row in rows:
        found.setdefault(row.subject_id, {})[row.key] = row.digest
    return found


def _document_row(subject_id: UUID, one: Document) -> dict[str, object]:
    row: dict[str, object] = {
        "subject_id": subject_id,
        "locale": one.locale,
        "handle": one.handle,
        "title_key": sort_key(one.title),
        "published_at": one.published_at,
        **one.columns,
        "card": one.card.decode(),
        "document": one.document.decode(),
    }
    if one.currency is not None:
        row["currency"] = one.currency
    # Over all columns: a change that only a filter or an order sees is a change, too.
    return {**row, "etag": _digest(_encode(row))}


async def replace(
    tx: WriteTx, shelf: Shelf, subject_ids: Sequence[UUID], made: Sequence[Made]
) -> int:
    """Make the shelf hold exactly `made` of the subjects named; returns how many of them changed.

    Args:
        subject_ids: all that were looked at; those without anything made are removed.
    """
    if not subject_ids:
        return 0
    ids = list(subject_ids)
    stored_documents = _by_subject(await tx.all(_documents_of(shelf), ids=ids))
    stored_entries = _by_subject(await tx.all(_entries_of(shelf), ids=ids))
    documents: dict[UUID, list[dict[str, object]]] = {one: [] for one in ids}
    entries: dict[UUID, list[dict[str, object]]] = {one: [] for one in ids}
    facets: dict[UUID, list[dict[str, object]]] = {one: [] for one in ids}
    for subject in made:
        subject_id = subject.subject_id
        documents[subject_id] = [
            {**_document_row(subject_id, one), "projected_at": tx.now} for one in subject.documents
        ]
        for entry in subject.entries:
            entries[subject_id].append(_entry_row(tx, subject_id, entry))
            facets[subject_id] += _facet_rows(subject_id, entry)
    other_documents = [
        one
        for one in ids
        if {(row["locale"], row.get("currency", "")): row["etag"] for row in documents[one]}
        != stored_documents.get(one, {})
    ]
    other_entries = [
        one
        for one in ids
        if {(row["locale"],): row["digest"] for row in entries[one]} != stored_entries.get(one, {})
    ]
    remove_documents, remove_entries, remove_facets = _removals(shelf)
    if other_documents:
        if any(one in stored_documents for one in other_documents):
            await tx.run(remove_documents, ids=other_documents)
        await tx.insert_many(
            shelf.documents, [row for one in other_documents for row in documents[one]]
        )
    if other_entries:
        if any(one in stored_entries for one in other_entries):
            if tx.dialect == "sqlite":
                await tx.run(_words(shelf, removing=True), ids=other_entries)
            await tx.run(remove_entries, ids=other_entries)
            await tx.run(remove_facets, ids=other_entries)
        await tx.insert_many(shelf.entries, [row for one in other_entries for row in entries[one]])
        if tx.dialect == "sqlite" and any(entries[one] for one in other_entries):
            await tx.run(_words(shelf, removing=False), ids=other_entries)
        await tx.insert_many(shelf.facets, [row for one in other_entries for row in facets[one]])
    changed = {*other_documents, *other_entries}
    if changed:
        showing.altered(tx, *_altered(shelf, changed))
    return len(changed)


def _altered(shelf: Shelf, changed: set[UUID]) -> list[str]:
    """The shelf's lists and each thing; all its things together when there are many."""
    lists = f"{shelf.name}s"
    if len(changed) > MANY_THINGS:
        return [lists, shelf.name]
    return [lists, *(showing.thing(shelf.name, one) for one in sorted(changed))]


def _entry_row(tx: WriteTx, subject_id: UUID, entry: Entry) -> dict[str, object]:
    tenant_id = tx.ctx.tenant_id
    row: dict[str, object] = {
        "subject_id": subject_id,
        "locale": entry.locale,
        "entry": entry_number(tenant_id, subject_id, entry.locale),
        "scope": scope_of(tenant_id, entry.locale),
        "configuration": configuration_of(entry.locale),
        "title": entry.text.title,
        "keywords": entry.text.keywords,
        "body": entry.text.body,
    }
    return {**row, "digest": _digest(_encode(row), _encode(entry.facets))}


def _facet_rows(subject_id: UUID, entry: Entry) -> list[dict[str, object]]:
    unique = {(facet.kind, facet.value): facet for facet in reversed(entry.facets)}
    return [
        {
            "subject_id": subject_id,
            "locale": entry.locale,
            "kind": facet.kind,
            "value": facet.value,
            "label": facet.label,
            "ref_id": facet.ref_id,
        }
        for facet in unique.values()
    ]


@functools.cache
def _subjects_between(shelf: Shelf, *, has_after: bool, has_last: bool) -> Query[UUID]:
    t = shelf.documents
    conditions = [t.c.tenant_id == TENANT]
    if has_after:
        conditions.append(t.c.subject_id > bindparam("after", type_=Id()))
    if has_last:
        conditions.append(t.c.subject_id <= bindparam("last", type_=Id()))
    return scalar(
        select(t.c.subject_id)
        .distinct()
        .where(*conditions)
        .order_by(t.c.subject_id)
        .limit(bindparam("limit", type_=Integer())),
        UUID,
    )


async def subjects_between(
    tx: ReadTx, shelf: Shelf, *, after: UUID | None, last: UUID | None, limit: int
) -> list[UUID]:
    """Subjects that have documents, by id, after one and up to another (both may be open)."""
    query = _subjects_between(shelf, has_after=after is not None, has_last=last is not None)
    return await tx.all(query, after=after, last=last, limit=limit)


@functools.cache
def _subjects_of_ref(shelf: Shelf) -> Query[UUID]:
    t = shelf.facets
    return scalar(
        select(t.c.subject_id)
        .distinct()
        .where(t.c.tenant_id == TENANT, t.c.ref_id == bindparam("ref_id", type_=Id()))
        .order_by(t.c.subject_id)
        .limit(bindparam("limit", type_=Integer())),
        UUID,
    )


async def subjects_of_ref(tx: ReadTx, shelf: Shelf, ref_id: UUID, *, limit: int) -> list[UUID]:
    """Subjects with a facet that stands for `ref_id` (a category, a collection), by id."""
    return await tx.all(_subjects_of_ref(shelf), ref_id=ref_id, limit=limit)


async def clear(tx: WriteTx, shelf: Shelf) -> None:
    """Remove everything of the tenant from a shelf, its words in the full text included.

    Deleting the rows alone would leave the words of a tenant that is erased in SQLite's index.
    """
    tx.touch()
    if tx.dialect == "sqlite":
        await tx.run(_words(shelf, removing=True, of_all=True))
    for table_ in (shelf.documents, shelf.entries, shelf.facets):
        await tx.delete(table_)
