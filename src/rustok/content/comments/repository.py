"""Every query on comments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Integer, Text, bindparam, or_, select, tuple_

from rustok.content.comments.errors import CommentNotFound
from rustok.content.comments.model.comment import (
    ApprovedComment,
    Comment,
    PendingComment,
    SpamComment,
    TrashedComment,
)
from rustok.content.comments.tables import comments
from rustok.core.db import TENANT, Id, Query, ReadTx, Timestamp, WriteTx, any_of, scalar

_C: Final = comments.c
_COLUMNS: Final = [column for column in _C if column.key != "tenant_id"]
_CLASSES: Final[dict[str, type[Comment]]] = {
    "pending": PendingComment,
    "approved": ApprovedComment,
    "spam": SpamComment,
    "trash": TrashedComment,
}


def to_comment(*, status: str, **fields: Any) -> Comment:
    """A row as the type of its state."""
    return _CLASSES[status](**fields)


def _approved(*, status: str, **fields: Any) -> ApprovedComment:
    if status != "approved":
        raise ValueError(f"a {status} comment is not shown")
    return ApprovedComment(**fields)


def _select(*conditions: Any) -> Any:
    return select(*_COLUMNS).where(_C.tenant_id == TENANT, *conditions)


_ID = bindparam("id", type_=Id())
_LIMIT = bindparam("limit", type_=Integer())
_GET: Final = Query(_select(_C.id == _ID), to_comment)
_LOCK: Final = Query(_select(_C.id == _ID).with_for_update(), to_comment)
_BY_SOURCE: Final = Query(
    _select(
        _C.source == bindparam("source", type_=Text()),
        _C.source_id == bindparam("source_id", type_=Text()),
    ),
    to_comment,
)
_AFTER_AT = bindparam("after_at", type_=Timestamp())
_ROOTS: Final = Query(
    _select(
        _C.node_id == bindparam("node_id", type_=Id()),
        _C.status == "approved",
        _C.depth == 1,
        or_(
            _AFTER_AT.is_(None),
            tuple_(_C.created_at, _C.id) > tuple_(_AFTER_AT, bindparam("after_id", type_=Id())),
        ),
    )
    .order_by(_C.created_at, _C.id)
    .limit(_LIMIT),
    _approved,
)
_REPLIES: Final = Query(
    _select(any_of(_C.root_id, "ids"), _C.status == "approved", _C.depth > 1)
    .order_by(_C.depth, _C.created_at, _C.id)
    .limit(_LIMIT),
    _approved,
)
_REPLY: Final = scalar(
    select(_C.id)
    .where(_C.tenant_id == TENANT, _C.parent_id == bindparam("id", type_=Id()))
    .limit(1),
    UUID,
)


@cache
def _page(shape: frozenset[str]) -> Query[Comment]:
    conditions: dict[str, Any] = {
        "status": _C.status == bindparam("status", type_=Text()),
        "node_id": _C.node_id == bindparam("node_id", type_=Id()),
        "after": _C.id < bindparam("after", type_=Id()),
    }
    statement = _select(*(conditions[name] for name in sorted(shape)))
    return Query(statement.order_by(_C.id.desc()).limit(_LIMIT), to_comment)


async def get(tx: ReadTx, comment_id: UUID) -> Comment:
    """Raises CommentNotFound."""
    found = await tx.one(_GET, id=comment_id)
    if found is None:
        raise CommentNotFound
    return found


async def find(tx: ReadTx, comment_id: UUID) -> Comment | None:
    return await tx.one(_GET, id=comment_id)


async def lock(tx: WriteTx, comment_id: UUID) -> Comment:
    """The comment, held against other writers. Raises CommentNotFound."""
    found = await tx.one(_LOCK, id=comment_id)
    if found is None:
        raise CommentNotFound
    return found


async def find_by_source(tx: ReadTx, source: str, source_id: str) -> Comment | None:
    return await tx.one(_BY_SOURCE, source=source, source_id=source_id)


async def list_comments(
    tx: ReadTx, *, limit: int, after: UUID | None, status: str | None, node_id: UUID | None
) -> list[Comment]:
    """For moderators, the newest first."""
    given = {"after": after, "status": status, "node_id": node_id}
    bound = {name: value for name, value in given.items() if value is not None}
    return await tx.all(_page(frozenset(bound)), limit=limit, **bound)


async def list_roots(
    tx: ReadTx, node_id: UUID, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[ApprovedComment]:
    """Shown first comments of threads, the oldest first."""
    return await tx.all(
        _ROOTS,
        node_id=node_id,
        after_at=after[0] if after else None,
        after_id=after[1] if after else None,
        limit=limit,
    )


async def list_replies(
    tx: ReadTx, root_ids: Sequence[UUID], *, limit: int
) -> list[ApprovedComment]:
    """Shown answers of these threads, those higher up first."""
    return await tx.all(_REPLIES, ids=list(root_ids), limit=limit) if root_ids else []


async def has_replies(tx: ReadTx, comment_id: UUID) -> bool:
    return await tx.one(_REPLY, id=comment_id) is not None


async def add(tx: WriteTx, comment: Comment) -> None:
    """Insert a new comment."""
    row = {name: getattr(comment, name) for name in comment.__struct_fields__}
    await tx.insert(comments, status=comment.state, **row)


async def store_step(tx: WriteTx, before: Comment, after: Comment) -> None:
    """Write a step at the state and version seen. Raises ConcurrentUpdate."""
    await tx.update_version(
        comments,
        {"id": before.id, "status": before.state},
        version=before.version,
        status=after.state,
        updated_at=tx.now,
    )


async def store(tx: WriteTx, comment: Comment, **changed: object) -> None:
    """Write changed columns. Raises ConcurrentUpdate."""
    await tx.update_version(
        comments, {"id": comment.id}, version=comment.version, updated_at=tx.now, **changed
    )


async def remove(tx: WriteTx, comment: Comment) -> int:
    """Delete at the version seen; returns 0 when it has moved on."""
    return await tx.delete(comments, id=comment.id, version=comment.version)
