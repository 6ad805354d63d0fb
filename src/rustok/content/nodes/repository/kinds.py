"""Rows of kinds; the built-in ones have none unless a tenant gave them fields."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy import Integer, Text, bindparam, select

from rustok.content.nodes.model.kinds import NodeKind
from rustok.content.nodes.tables import node_kinds
from rustok.core.db import TENANT, Id, Query, ReadTx, WriteTx

_COLUMNS: Final = [column for column in node_kinds.c if column.key != "tenant_id"]
_BY_SLUG: Final = Query(
    select(*_COLUMNS).where(
        node_kinds.c.tenant_id == TENANT, node_kinds.c.slug == bindparam("slug", type_=Text())
    ),
    NodeKind,
)
_BY_ID: Final = Query(
    select(*_COLUMNS).where(
        node_kinds.c.tenant_id == TENANT, node_kinds.c.id == bindparam("id", type_=Id())
    ),
    NodeKind,
)
_LIST: Final = Query(
    select(*_COLUMNS)
    .where(node_kinds.c.tenant_id == TENANT)
    .order_by(node_kinds.c.slug)
    .limit(bindparam("limit", type_=Integer())),
    NodeKind,
)


async def find_by_slug(tx: ReadTx, slug: str) -> NodeKind | None:
    return await tx.one(_BY_SLUG, slug=slug)


async def find(tx: ReadTx, kind_id: UUID) -> NodeKind | None:
    return await tx.one(_BY_ID, id=kind_id)


async def list_kinds(tx: ReadTx, *, limit: int) -> list[NodeKind]:
    """The tenant's own kinds by slug."""
    return await tx.all(_LIST, limit=limit)


async def add(tx: WriteTx, kind: NodeKind) -> None:
    """Raises UniqueViolation (uq_node_kinds_slug)."""
    await tx.insert(
        node_kinds,
        id=kind.id,
        slug=kind.slug,
        name=kind.name,
        is_hierarchical=kind.is_hierarchical,
        fields=kind.fields,
        version=kind.version,
        created_at=kind.created_at,
        updated_at=kind.updated_at,
    )


async def store(tx: WriteTx, kind: NodeKind, **changed: object) -> None:
    """Raises ConcurrentUpdate."""
    await tx.update_version(
        node_kinds, {"id": kind.id}, version=kind.version, updated_at=tx.now, **changed
    )


async def remove(tx: WriteTx, kind: NodeKind) -> None:
    await tx.delete(node_kinds, id=kind.id)
