"""The three tables every projection has: documents to serve, entries to search, facets to filter by.

Refuses: which documents there are (the projections say) and their columns beyond the shared ones.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, Column, Index, Table, Text, UniqueConstraint
from sqlalchemy.sql.schema import SchemaItem

from rustok.core.db import Id, Timestamp, tenant_table


class Shelf(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One projection's tables; `subject_id` is the product or the node a row is about.

    Attributes:
        documents: one row per subject, locale and (for products) currency.
        entries: one row per subject and locale, with the words that are searched.
        facets: one row per subject, locale and value one can filter by.
        name: "product" or "node".
    """

    name: str
    documents: Table
    entries: Table
    facets: Table

    @property
    def per_currency(self) -> bool:
        return "currency" in self.documents.c


def exact_text(name: str, **options: Any) -> Column[str]:
    """A text column ordered by code point on both databases, whatever the database's locale."""
    # SQLite's own order is by code point; its spelling of the type leaves the collation out.
    return Column(name, Text(collation="C"), **options)


def make_shelf(name: str, *items: SchemaItem, per_currency: bool, orders: tuple[str, ...]) -> Shelf:
    """Declare the tables of a projection.

    Args:
        items: columns and indexes of a document, beyond the shared ones.
        orders: columns that lists are sorted by; each gets an index.
    """
    key = ("subject_id", "locale", *(("currency",) if per_currency else ()))
    variety = key[1:]
    documents = tenant_table(
        f"{name}_documents",
        Column("subject_id", Id(), nullable=False),
        Column("locale", Text, nullable=False),
        *([Column("currency", Text, nullable=False)] if per_currency else []),
        Column("handle", Text, nullable=False),
        exact_text("title_key", nullable=False),
        Column("published_at", Timestamp(), nullable=False),
        *items,
        # Texts, not JSON columns: the bytes are served as they were made.
        Column("card", Text, nullable=False),
        Column("document", Text, nullable=False),
        Column("etag", Text, nullable=False),
        Column("projected_at", Timestamp(), nullable=False),
        *(
            Index(f"ix_{name}_documents_{order}", "tenant_id", *variety, order, "subject_id")
            for order in ("handle", *orders)
        ),
        primary_key=key,
        with_id=False,
    )
    entries = tenant_table(
        f"{name}_entries",
        Column("subject_id", Id(), nullable=False),
        Column("locale", Text, nullable=False),
        Column("entry", BigInteger, nullable=False),
        Column("digest", Text, nullable=False),
        Column("scope", Text, nullable=False),
        Column("configuration", Text, nullable=False),
        Column("title", Text, nullable=False),
        Column("keywords", Text, nullable=False),
        Column("body", Text, nullable=False),
        UniqueConstraint("tenant_id", "entry", name=f"uq_{name}_entries_entry"),
        # The full text of SQLite asks for an entry without naming the tenant.
        Index(f"ix_{name}_entries_entry", "entry"),
        primary_key=("subject_id", "locale"),
        with_id=False,
    )
    facets = tenant_table(
        f"{name}_facets",
        Column("subject_id", Id(), nullable=False),
        Column("locale", Text, nullable=False),
        Column("kind", Text, nullable=False),
        exact_text("value", nullable=False),
        Column("label", Text, nullable=False),
        Column("ref_id", Id()),
        Index(f"ix_{name}_facets_subject", "tenant_id", "subject_id"),
        Index(f"ix_{name}_facets_ref", "tenant_id", "ref_id", "subject_id"),
        primary_key=("locale", "kind", "value", "subject_id"),
        with_id=False,
    )
    for table in (documents, entries, facets):
        table.info["read_model"] = True  # an export leaves it out: it can be built anew
    return Shelf(name=name, documents=documents, entries=entries, facets=facets)


_INT63: Final = (1 << 63) - 1


def entry_number(tenant_id: UUID, subject_id: UUID, locale: str) -> int:
    """The number FTS5 knows a text by: the same one every time, so that a rewrite needs no look-up."""
    packed = hashlib.blake2b(
        tenant_id.bytes + subject_id.bytes + locale.encode(), digest_size=8
    ).digest()
    return int.from_bytes(packed) & _INT63


class Facet(msgspec.Struct, frozen=True, kw_only=True):
    """A value a subject can be found by.

    Attributes:
        kind: "category", "collection", "tag", "option", ...
        value: what a filter names, the same in all locales.
        label: what a reader sees.
        ref_id: the category or collection behind it; when that changes, its subjects are made anew.
    """

    kind: str
    value: str
    label: str
    ref_id: UUID | None = None


class SearchText(msgspec.Struct, frozen=True, kw_only=True):
    """The searchable words of a subject in one locale, by weight."""

    title: str
    keywords: str
    body: str
