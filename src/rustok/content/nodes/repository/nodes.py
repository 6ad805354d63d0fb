"""Rows of nodes themselves: reading, locking, the tree, the due ones; texts are next door."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Integer, Text, bindparam, func, literal, or_, select, tuple_
from sqlalchemy.sql.elements import ColumnElement

from rustok.content.nodes.errors import NodeNotFound
from rustok.content.nodes.model.node import (
    ArchivedNode,
    DraftNode,
    InReviewNode,
    Node,
    PublishedNode,
    ScheduledNode,
    state_columns,
)
from rustok.content.nodes.tables import nodes
from rustok.core.db import TENANT, Id, Query, ReadTx, SystemTx, Timestamp, WriteTx, any_of, scalar
from rustok.core.db.counting import count_by

_BY_STATE: Final = count_by(nodes.c.status, system="metrics")


async def count_by_state(tx: SystemTx) -> dict[str, int]:
    return {one.value: one.count for one in await tx.all(_BY_STATE)}


COLUMNS: Final = [column for column in nodes.c if column.key != "tenant_id"]


def to_node(
    *,
    status: str,
    submitted_at: datetime | None,
    publish_at: datetime | None,
    published_at: datetime | None,
    archived_at: datetime | None,
    archived_reason: str | None,
    **fields: Any,
) -> Node:
    """A row as the type of its state; the table's checks hold the columns of states."""
    if status == "published" and published_at is not None:
        return PublishedNode(published_at=published_at, **fields)
    if status == "scheduled" and publish_at is not None:
        return ScheduledNode(publish_at=publish_at, **fields)
    if status == "in_review" and submitted_at is not None:
        return InReviewNode(submitted_at=submitted_at, **fields)
    if status == "archived" and archived_at is not None:
        return ArchivedNode(
            archived_at=archived_at, archived_reason=archived_reason or "", **fields
        )
    return DraftNode(**fields)


def _where(*conditions: ColumnElement[bool]) -> Any:
    return select(*COLUMNS).where(nodes.c.tenant_id == TENANT, *conditions)


_ID = bindparam("id", type_=Id())
_GET: Final = Query(_where(nodes.c.id == _ID), to_node)
_LOCK: Final = Query(_where(nodes.c.id == _ID).with_for_update(), to_node)
_BY_SOURCE: Final = Query(
    _where(
        nodes.c.source == bindparam("source", type_=Text()),
        nodes.c.source_id == bindparam("source_id", type_=Text()),
    ),
    to_node,
)
_SOME: Final = Query(_where(any_of(nodes.c.id, "ids")).order_by(nodes.c.id), to_node)
_LOCK_SOME: Final = scalar(
    select(nodes.c.id)
    .where(nodes.c.tenant_id == TENANT, any_of(nodes.c.id, "ids"))
    .order_by(nodes.c.id)
    .with_for_update(),
    UUID,
)
_IDS: Final = scalar(
    select(nodes.c.id)
    .where(
        nodes.c.tenant_id == TENANT,
        or_(bindparam("after", type_=Id()).is_(None), nodes.c.id > bindparam("after", type_=Id())),
    )
    .order_by(nodes.c.id)
    .limit(bindparam("limit", type_=Integer())),
    UUID,
)
_EXISTING: Final = scalar(
    select(nodes.c.id).where(nodes.c.tenant_id == TENANT, any_of(nodes.c.id, "ids")), UUID
)
_CHILD: Final = scalar(
    select(nodes.c.id)
    .where(nodes.c.tenant_id == TENANT, nodes.c.parent_id == bindparam("id", type_=Id()))
    .limit(1),
    UUID,
)
_OF_KIND: Final = scalar(
    select(nodes.c.id)
    .where(nodes.c.tenant_id == TENANT, nodes.c.kind == bindparam("kind", type_=Text()))
    .limit(1),
    UUID,
)


async def get(tx: ReadTx, node_id: UUID) -> Node:
    """Raises NodeNotFound."""
    found = await tx.one(_GET, id=node_id)
    if found is None:
        raise NodeNotFound
    return found


async def lock(tx: WriteTx, node_id: UUID) -> Node:
    """The node, held against other writers until the end. Raises NodeNotFound."""
    found = await tx.one(_LOCK, id=node_id)
    if found is None:
        raise NodeNotFound
    return found


async def find_by_source(tx: ReadTx, source: str, source_id: str) -> Node | None:
    return await tx.one(_BY_SOURCE, source=source, source_id=source_id)


async def find_some(tx: ReadTx, ids: Sequence[UUID]) -> list[Node]:
    """Those of `ids` that exist, by id."""
    return await tx.all(_SOME, ids=list(ids)) if ids else []


async def lock_some(tx: WriteTx, ids: Sequence[UUID]) -> None:
    """Hold rows in the order of their ids, so that two moves cannot wait for each other."""
    await tx.all(_LOCK_SOME, ids=list(ids))


async def list_ids(tx: ReadTx, *, after: UUID | None, limit: int) -> list[UUID]:
    """Ids in order, after `after`."""
    return await tx.all(_IDS, after=after, limit=limit)


async def existing(tx: ReadTx, ids: Sequence[UUID]) -> set[UUID]:
    return set(await tx.all(_EXISTING, ids=list(ids))) if ids else set()


async def has_children(tx: ReadTx, node_id: UUID) -> bool:
    return await tx.one(_CHILD, id=node_id) is not None


async def kind_is_used(tx: ReadTx, kind: str) -> bool:
    return await tx.one(_OF_KIND, kind=kind) is not None


class Ancestor(msgspec.Struct, frozen=True, kw_only=True):
    """`id` stands `distance` steps above `origin`."""

    origin: UUID
    id: UUID
    distance: int


def _ancestors() -> Query[Ancestor]:
    # Bounded by distance, so that even a damaged tree ends.
    chain = (
        select(
            nodes.c.id.label("origin"), nodes.c.parent_id.label("id"), literal(1).label("distance")
        )
        .where(
            nodes.c.tenant_id == TENANT, any_of(nodes.c.id, "ids"), nodes.c.parent_id.is_not(None)
        )
        .cte("chain", recursive=True)
    )
    above = nodes.alias("above")
    chain = chain.union_all(
        select(chain.c.origin, above.c.parent_id, chain.c.distance + 1).where(
            above.c.tenant_id == TENANT,
            above.c.id == chain.c.id,
            above.c.parent_id.is_not(None),
            chain.c.distance < 20,
        )
    )
    return Query(
        select(chain.c.origin, chain.c.id, chain.c.distance).order_by(
            chain.c.origin, chain.c.distance.desc()
        ),
        Ancestor,
    )


def _height() -> Query[int]:
    below = (
        select(nodes.c.id.label("id"), literal(0).label("depth"))
        .where(nodes.c.tenant_id == TENANT, nodes.c.id == bindparam("id", type_=Id()))
        .cte("below", recursive=True)
    )
    child = nodes.alias("child")
    below = below.union_all(
        select(child.c.id, below.c.depth + 1).where(
            child.c.tenant_id == TENANT, child.c.parent_id == below.c.id, below.c.depth < 20
        )
    )
    return scalar(select(func.max(below.c.depth)), int)


_ANCESTORS: Final = _ancestors()
_HEIGHT: Final = _height()


async def ancestors(tx: ReadTx, ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """The ids above each of `ids`, the root first; nodes without a parent are left out."""
    found: dict[UUID, list[UUID]] = {}
    for one in await tx.all(_ANCESTORS, ids=list(ids)) if ids else []:
        found.setdefault(one.origin, []).append(one.id)
    return found


async def height(tx: ReadTx, node_id: UUID) -> int:
    """How many levels stand below the node."""
    return await tx.one(_HEIGHT, id=node_id) or 0


class Due(msgspec.Struct, frozen=True, kw_only=True):
    tenant_id: UUID
    id: UUID
    publish_at: datetime


_AFTER_AT = bindparam("after_at", type_=Timestamp())
_DUE: Final = Query(
    select(nodes.c.tenant_id, nodes.c.id, nodes.c.publish_at)
    .where(
        nodes.c.status == "scheduled",
        nodes.c.publish_at <= bindparam("now", type_=Timestamp()),
        or_(
            _AFTER_AT.is_(None),
            tuple_(nodes.c.publish_at, nodes.c.id)
            > tuple_(_AFTER_AT, bindparam("after_id", type_=Id())),
        ),
    )
    .order_by(nodes.c.publish_at, nodes.c.id)
    .limit(bindparam("limit", type_=Integer())),
    Due,
    system="the scheduler publishes what is due in all tenants",
)


async def list_due(tx: SystemTx, *, after: Due | None, limit: int) -> list[Due]:
    """Scheduled nodes of all tenants whose time has come, the longest due first."""
    return await tx.all(
        _DUE,
        now=tx.now,
        after_at=after.publish_at if after else None,
        after_id=after.id if after else None,
        limit=limit,
    )


def _row(node: Node) -> dict[str, object]:
    common = {c.key: getattr(node, c.key) for c in COLUMNS if c.key in type(node).__struct_fields__}
    return {**common, **state_columns(node)}


async def add(tx: WriteTx, node: Node) -> None:
    """Insert a new node."""
    await tx.insert(nodes, status=node.state, **_row(node))


async def store_step(tx: WriteTx, before: Node, after: Node) -> None:
    """Write a step of the lifecycle at the state and version seen. Raises ConcurrentUpdate."""
    await tx.update_version(
        nodes,
        {"id": before.id, "status": before.state},
        version=before.version,
        status=after.state,
        updated_at=tx.now,
        **state_columns(after),
    )


async def store(tx: WriteTx, before: Node, **changed: object) -> None:
    """Write changed columns, never the state's. Raises ConcurrentUpdate."""
    await tx.update_version(
        nodes,
        {"id": before.id, "status": before.state},
        version=before.version,
        updated_at=tx.now,
        **changed,
    )


async def remove(tx: WriteTx, node: Node) -> int:
    """Delete the node at its version with all that hangs on it; returns 0 when it has moved on."""
    return await tx.delete(nodes, id=node.id, version=node.version)
