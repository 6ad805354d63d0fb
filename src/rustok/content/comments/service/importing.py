"""Taking comments over from elsewhere, by where they come from.

Refuses: writing or announcing anything when nothing differs, and passing by the lifecycle.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from rustok.content.comments import repository
from rustok.content.comments.errors import ReplyNotPossible
from rustok.content.comments.events import CommentSubmitted
from rustok.content.comments.model.comment import (
    MAX_DEPTH,
    ApprovedComment,
    Comment,
    CommentState,
    PendingComment,
    SpamComment,
    TrashedComment,
)
from rustok.content.comments.model.words import avatar_seed, clean_html
from rustok.content.comments.service.moderating import Action, carry, step
from rustok.core.db import WriteTx
from rustok.core.ids import new_id

Outcome = Literal["created", "updated", "unchanged"]


class CommentInput(msgspec.Struct, frozen=True, kw_only=True):
    """A comment as an import brings it; `content_html` is sanitised, deep answers move up to depth 5."""

    node_id: UUID
    content_html: str
    author_name: str
    author_email: str | None = None
    author_url: str | None = None
    parent_id: UUID | None = None
    status: CommentState = "pending"
    created_at: datetime | None = None


async def upsert(
    tx: WriteTx, data: CommentInput, *, source: str, source_id: str
) -> tuple[UUID, Outcome]:
    """Create or change the comment an import names.

    Raises:
        ReplyNotPossible: the comment answered is not there, or below another node.

    Emits: comment.submitted for a new one, and the events of the steps to the status wanted
    """
    found = await repository.find_by_source(tx, source, source_id)
    if found is None:
        made = await _create(tx, data, source, source_id)
        return (await _bring_to(tx, made, data.status)).id, "created"
    comment = await repository.lock(tx, found.id)
    wanted: dict[str, object] = {
        "content": data.content_html,
        "content_html": clean_html(data.content_html),
        "author_name": _name(data),
        "author_email": data.author_email,
        "author_url": data.author_url,
        "avatar_seed": avatar_seed(tx.ctx.tenant_id, data.author_email, _name(data)),
    }
    changed = {name: value for name, value in wanted.items() if value != getattr(comment, name)}
    if changed:
        await repository.store(tx, comment, **changed)
        comment = await repository.get(tx, comment.id)
    moved = await _bring_to(tx, comment, data.status)
    return moved.id, "updated" if moved.version != found.version else "unchanged"


def _name(data: CommentInput) -> str:
    return data.author_name.strip() or "Anonymous"


async def _create(tx: WriteTx, data: CommentInput, source: str, source_id: str) -> PendingComment:
    parent = None if data.parent_id is None else await repository.find(tx, data.parent_id)
    if data.parent_id is not None and (parent is None or parent.node_id != data.node_id):
        raise ReplyNotPossible("The node has no comment with the id given as parent.")
    while parent is not None and parent.depth >= MAX_DEPTH and parent.parent_id is not None:
        parent = await repository.get(tx, parent.parent_id)
    comment_id = new_id()
    pending = PendingComment(
        id=comment_id,
        node_id=data.node_id,
        parent_id=parent.id if parent is not None else None,
        root_id=parent.root_id if parent is not None else comment_id,
        depth=parent.depth + 1 if parent is not None else 1,
        author_id=None,
        author_name=_name(data),
        author_email=data.author_email,
        author_url=data.author_url,
        avatar_seed=avatar_seed(tx.ctx.tenant_id, data.author_email, _name(data)),
        content=data.content_html,
        content_html=clean_html(data.content_html),
        source=source,
        source_id=source_id,
        version=1,
        created_at=data.created_at or tx.now,
        updated_at=tx.now,
    )
    await repository.add(tx, pending)
    tx.emit(
        CommentSubmitted(comment_id=comment_id, node_id=data.node_id, parent_id=pending.parent_id)
    )
    return pending


async def _bring_to(tx: WriteTx, comment: Comment, status: CommentState) -> Comment:
    while comment.state != status:
        comment = await carry(tx, comment, *step(comment, _next(comment, status)))
    return comment


def _next(comment: Comment, status: CommentState) -> Action:
    """The first step on the shortest way."""
    if status == "trash":
        return "discard"
    match comment:
        case PendingComment():
            return "approve" if status == "approved" else "mark_spam"
        case ApprovedComment() if status == "spam":
            return "mark_spam"
        case ApprovedComment() | SpamComment() | TrashedComment():
            return "reopen"
