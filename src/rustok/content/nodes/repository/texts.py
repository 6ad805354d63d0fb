"""Rows of translations and bodies: several nodes at once, or one to write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import Text, and_, bindparam, select

from rustok.content.nodes.model.bodies import Format, Rendered
from rustok.content.nodes.model.content import StoredBody, Translation
from rustok.content.nodes.tables import node_bodies, node_translations, nodes
from rustok.core.db import TENANT, Id, Query, ReadTx, WriteTx, any_of, scalar


class TextRow(msgspec.Struct, frozen=True, kw_only=True):
    """The texts of one node in one locale, without the body."""

    node_id: UUID
    locale: str
    title: str
    handle: str
    excerpt: str
    seo_title: str | None
    seo_description: str | None


class FullTextRow(TextRow, frozen=True, kw_only=True):
    """The same with the body; the body columns are None together."""

    format: Format | None
    body_source: str | None
    html: str | None

    def translation(self) -> Translation:
        body = None
        if self.format is not None:
            body = StoredBody(format=self.format, source=self.body_source or "")
        return Translation(
            title=self.title,
            handle=self.handle,
            excerpt=self.excerpt,
            seo_title=self.seo_title,
            seo_description=self.seo_description,
            body=body,
        )


_T: Final = node_translations.c
_COLUMNS: Final = [
    _T.node_id,
    _T.locale,
    _T.title,
    _T.handle,
    _T.excerpt,
    _T.seo_title,
    _T.seo_description,
]
_TEXTS: Final = Query(
    select(*_COLUMNS)
    .where(_T.tenant_id == TENANT, any_of(_T.node_id, "ids"))
    .order_by(_T.node_id, _T.locale),
    TextRow,
)
_FULL: Final = Query(
    select(
        *_COLUMNS,
        node_bodies.c.format,
        node_bodies.c.source.label("body_source"),
        node_bodies.c.html,
    )
    .select_from(
        node_translations.outerjoin(
            node_bodies,
            and_(
                node_bodies.c.tenant_id == _T.tenant_id,
                node_bodies.c.node_id == _T.node_id,
                node_bodies.c.locale == _T.locale,
            ),
        )
    )
    .where(_T.tenant_id == TENANT, any_of(_T.node_id, "ids"))
    .order_by(_T.node_id, _T.locale),
    FullTextRow,
)
_HANDLES: Final = scalar(
    select(_T.handle).where(
        _T.tenant_id == TENANT,
        _T.kind == bindparam("kind", type_=Text()),
        _T.locale == bindparam("locale", type_=Text()),
        _T.node_id != bindparam("node_id", type_=Id()),
        any_of(_T.handle, "handles"),
    ),
    str,
)
_BY_HANDLE: Final = scalar(
    select(_T.node_id)
    .select_from(
        node_translations.join(
            nodes, and_(nodes.c.tenant_id == _T.tenant_id, nodes.c.id == _T.node_id)
        )
    )
    .where(
        _T.tenant_id == TENANT,
        nodes.c.tenant_id == TENANT,
        _T.kind == bindparam("kind", type_=Text()),
        _T.locale == bindparam("locale", type_=Text()),
        _T.handle == bindparam("handle", type_=Text()),
    ),
    UUID,
)


async def list_texts(tx: ReadTx, ids: Sequence[UUID]) -> dict[UUID, list[TextRow]]:
    """The texts of `ids` without bodies, by node, then locale."""
    found: dict[UUID, list[TextRow]] = {}
    for row in await tx.all(_TEXTS, ids=list(ids)) if ids else []:
        found.setdefault(row.node_id, []).append(row)
    return found


async def list_full_texts(tx: ReadTx, ids: Sequence[UUID]) -> dict[UUID, list[FullTextRow]]:
    """The texts of `ids` with bodies, by node, then locale."""
    found: dict[UUID, list[FullTextRow]] = {}
    for row in await tx.all(_FULL, ids=list(ids)) if ids else []:
        found.setdefault(row.node_id, []).append(row)
    return found


async def taken_handles(
    tx: ReadTx, *, kind: str, locale: str, node_id: UUID, handles: Sequence[str]
) -> set[str]:
    """Those of `handles` that other nodes of the kind have in the locale."""
    return set(
        await tx.all(_HANDLES, kind=kind, locale=locale, node_id=node_id, handles=list(handles))
    )


async def find_by_handle(tx: ReadTx, *, kind: str, locale: str, handle: str) -> UUID | None:
    return await tx.one(_BY_HANDLE, kind=kind, locale=locale, handle=handle)


def _values(text: Translation) -> dict[str, object]:
    return {
        "title": text.title,
        # An index entry has a bound on PostgreSQL, an imported title has none.
        "title_folded": text.title.casefold()[:300],
        "handle": text.handle,
        "excerpt": text.excerpt,
        "seo_title": text.seo_title,
        "seo_description": text.seo_description,
    }


async def put_text(
    tx: WriteTx, node_id: UUID, kind: str, locale: str, text: Translation, *, is_new: bool
) -> None:
    """Insert or change the texts of a locale. Raises UniqueViolation (uq_node_translations_handle)."""
    if is_new:
        await tx.insert(
            node_translations, node_id=node_id, locale=locale, kind=kind, **_values(text)
        )
    else:
        await tx.update(node_translations, {"node_id": node_id, "locale": locale}, **_values(text))


async def put_body(tx: WriteTx, node_id: UUID, locale: str, body: Rendered | None) -> None:
    """Replace the body of a locale; None removes it."""
    await tx.delete(node_bodies, node_id=node_id, locale=locale)
    if body is not None:
        await tx.insert(
            node_bodies,
            node_id=node_id,
            locale=locale,
            format=body.format,
            source=body.source,
            html=body.html,
        )


async def remove_text(tx: WriteTx, node_id: UUID, locale: str) -> None:
    """Remove a locale with its body."""
    await tx.delete(node_translations, node_id=node_id, locale=locale)
