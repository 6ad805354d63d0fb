"""Rows of revisions."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy import Integer, bindparam, or_, select

from rustok.content.nodes.model.content import Revision, RevisionSummary
from rustok.content.nodes.tables import node_revisions
from rustok.core.db import TENANT, Id, Query, ReadTx, WriteTx

_R: Final = node_revisions.c
_BEFORE = bindparam("before", type_=Integer())
_PAGE: Final = Query(
    select(_R.number, _R.author_id, _R.changed, _R.created_at)
    .where(
        _R.tenant_id == TENANT,
        _R.node_id == bindparam("node_id", type_=Id()),
        or_(_BEFORE.is_(None), _R.number < _BEFORE),
    )
    .order_by(_R.number.desc())
    .limit(bindparam("limit", type_=Integer())),
    RevisionSummary,
)
_GET: Final = Query(
    select(_R.id, _R.node_id, _R.number, _R.author_id, _R.changed, _R.content, _R.created_at).where(
        _R.tenant_id == TENANT,
        _R.node_id == bindparam("node_id", type_=Id()),
        _R.number == bindparam("number", type_=Integer()),
    ),
    Revision,
)


async def list_revisions(
    tx: ReadTx, node_id: UUID, *, before: int | None, limit: int
) -> list[RevisionSummary]:
    """The newest first, those with a number below `before`."""
    return await tx.all(_PAGE, node_id=node_id, before=before, limit=limit)


async def find(tx: ReadTx, node_id: UUID, number: int) -> Revision | None:
    return await tx.one(_GET, node_id=node_id, number=number)


async def add(tx: WriteTx, revision: Revision) -> None:
    await tx.insert(
        node_revisions,
        id=revision.id,
        node_id=revision.node_id,
        number=revision.number,
        author_id=revision.author_id,
        changed=revision.changed,
        content=revision.content,
        created_at=revision.created_at,
    )
