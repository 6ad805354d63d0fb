"""Rows that say which categories and tags a node has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import select

from rustok.content.nodes.tables import node_categories, node_tags
from rustok.core.db import TENANT, Query, ReadTx, WriteTx, any_of


class Filed(msgspec.Struct, frozen=True, kw_only=True):
    node_id: UUID
    term_id: UUID


_C: Final = node_categories.c
_T: Final = node_tags.c
_CATEGORIES: Final = Query(
    select(_C.node_id, _C.category_id.label("term_id"))
    .where(_C.tenant_id == TENANT, any_of(_C.node_id, "ids"))
    .order_by(_C.node_id, _C.category_id),
    Filed,
)
_TAGS: Final = Query(
    select(_T.node_id, _T.tag_id.label("term_id"))
    .where(_T.tenant_id == TENANT, any_of(_T.node_id, "ids"))
    .order_by(_T.node_id, _T.tag_id),
    Filed,
)


async def _list(tx: ReadTx, query: Query[Filed], ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    found: dict[UUID, list[UUID]] = {}
    for row in await tx.all(query, ids=list(ids)) if ids else []:
        found.setdefault(row.node_id, []).append(row.term_id)
    return found


async def list_categories(tx: ReadTx, ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """Category ids by node."""
    return await _list(tx, _CATEGORIES, ids)


async def list_tags(tx: ReadTx, ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """Tag ids by node."""
    return await _list(tx, _TAGS, ids)


async def change_categories(
    tx: WriteTx, node_id: UUID, *, added: Sequence[UUID], removed: Sequence[UUID]
) -> None:
    """Raises ForeignKeyViolation for a category that has gone."""
    for category_id in removed:
        await tx.delete(node_categories, node_id=node_id, category_id=category_id)
    await tx.insert_many(
        node_categories, [{"node_id": node_id, "category_id": one} for one in added]
    )


async def change_tags(
    tx: WriteTx, node_id: UUID, *, added: Sequence[UUID], removed: Sequence[UUID]
) -> None:
    """Raises ForeignKeyViolation for a tag that has gone."""
    for tag_id in removed:
        await tx.delete(node_tags, node_id=node_id, tag_id=tag_id)
    await tx.insert_many(node_tags, [{"node_id": node_id, "tag_id": one} for one in added])
