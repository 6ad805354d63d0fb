"""The kinds of nodes a tenant defines, with their custom fields.

Refuses: emitting events; a kind is no read model, and nodes are judged by it at their next save.
"""

from __future__ import annotations

from uuid import UUID

import msgspec

from rustok.content.nodes.errors import NodeKindInUse, NodeKindNotFound, NodeKindTaken
from rustok.content.nodes.model.kinds import (
    BUILT_IN,
    FieldDefinition,
    NodeKind,
    check_definitions,
)
from rustok.content.nodes.repository import kinds, nodes
from rustok.core.audit.entry import AuditValue
from rustok.core.db import ReadTx, WriteTx
from rustok.core.ids import new_id
from rustok.core.routing import check_version

MAX_KINDS = 200


async def list_kinds(tx: ReadTx) -> list[NodeKind]:
    """Built-in and own kinds by slug; at most 200 own ones."""
    own = {kind.slug: kind for kind in await kinds.list_kinds(tx, limit=MAX_KINDS)}
    return [kind for _, kind in sorted({**BUILT_IN, **own}.items())]


async def get_kind(tx: ReadTx, kind_id: UUID) -> NodeKind:
    """Raises NodeKindNotFound."""
    found = await kinds.find(tx, kind_id)
    if found is None:
        raise NodeKindNotFound
    return found


async def define_kind(
    tx: WriteTx, *, slug: str, name: str, is_hierarchical: bool, fields: list[FieldDefinition]
) -> NodeKind:
    """Define a kind; "page" and "post" may be given fields this way too, their tree is fixed.

    Raises:
        NodeKindTaken, InvalidKind.
    """
    check_definitions(fields)
    if await kinds.find_by_slug(tx, slug) is not None:
        raise NodeKindTaken(slug)
    built_in = BUILT_IN.get(slug)
    kind = NodeKind(
        id=new_id(),
        slug=slug,
        name=name,
        is_hierarchical=built_in.is_hierarchical if built_in else is_hierarchical,
        fields=fields,
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
    )
    await kinds.add(tx, kind)
    _record_change(tx, None, kind)
    return kind


async def change_kind(
    tx: WriteTx,
    kind_id: UUID,
    *,
    expected_version: int | None,
    name: str | None = None,
    fields: list[FieldDefinition] | None = None,
) -> NodeKind:
    """Rename a kind or replace its fields. No difference, no write.

    Raises:
        NodeKindNotFound, PreconditionFailed, InvalidKind, ConcurrentUpdate.
    """
    kind = await get_kind(tx, kind_id)
    check_version(kind.version, expected_version)
    if fields is not None:
        check_definitions(fields)
    wanted = {"name": name, "fields": fields}
    changed = {
        key: value
        for key, value in wanted.items()
        if value is not None and value != getattr(kind, key)
    }
    if not changed:
        return kind
    await kinds.store(tx, kind, **changed)
    _record_change(tx, kind, msgspec.structs.replace(kind, **changed))
    return await get_kind(tx, kind_id)


async def drop_kind(tx: WriteTx, kind_id: UUID, *, expected_version: int | None) -> None:
    """Remove a kind no node is of; a built-in one goes back to having no fields.

    Raises:
        NodeKindNotFound, PreconditionFailed, NodeKindInUse.
    """
    kind = await get_kind(tx, kind_id)
    check_version(kind.version, expected_version)
    if kind.slug not in BUILT_IN and await nodes.kind_is_used(tx, kind.slug):
        raise NodeKindInUse(kind.slug)
    await kinds.remove(tx, kind)
    _record_change(tx, kind, None)


def _record_change(tx: WriteTx, before: NodeKind | None, after: NodeKind | None) -> None:
    """A kind is configuration: what it was and is goes into the audit log."""
    kind = after or before
    tx.audit(
        "node_kind.removed" if after is None else "node_kind.set",
        object_type="node_kind",
        object_id=kind.slug if kind else None,
        before=_told(before),
        after=_told(after),
    )


def _told(kind: NodeKind | None) -> dict[str, AuditValue] | None:
    if kind is None:
        return None
    fields = [f"{one.name}: {one.type}{' required' if one.required else ''}" for one in kind.fields]
    return {"name": kind.name, "fields": fields}
