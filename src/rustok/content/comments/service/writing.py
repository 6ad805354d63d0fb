"""What readers do: write a comment, read those that are shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from rustok.content.comments import repository
from rustok.content.comments.errors import CommentBlank, CommentsClosed, ReplyNotPossible
from rustok.content.comments.events import CommentSubmitted
from rustok.content.comments.model.comment import (
    MAX_DEPTH,
    ApprovedComment,
    Comment,
    PendingComment,
    Thread,
)
from rustok.content.comments.model.words import as_html, avatar_seed
from rustok.content.nodes import api as nodes
from rustok.core.db import ReadTx, WriteTx
from rustok.core.ids import new_id
from rustok.core.pagination import Page, PageRequest, cut_page, decode_cursor
from rustok.core.security.identifiers import parse_email

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MAX_REPLIES: Final = 500
"""Answers shown with one page of threads; deeper talk is cut, the threads themselves are not."""


async def submit(
    tx: WriteTx,
    node_id: UUID,
    *,
    content: str,
    author_name: str,
    author_email: str | None = None,
    parent_id: UUID | None = None,
) -> Comment:
    """Write a comment; it waits for a moderator, unless a moderator wrote it.

    Raises:
        NodeNotFound: no such node, or it is not published.
        CommentsClosed, CommentBlank, ReplyNotPossible, InvalidEmail.

    Emits: comment.submitted, and comment.approved for a moderator's own
    """
    node = await nodes.get_public(tx, node_id)
    if not node.is_published:
        raise nodes.NodeNotFound
    if node.is_protected or node.comment_policy != "open":
        raise CommentsClosed
    shown = as_html(content)
    if not shown or not any(char.isprintable() and not char.isspace() for char in content):
        raise CommentBlank
    parent = None if parent_id is None else await _answered(tx, node_id, parent_id)
    email = None if author_email is None else parse_email(author_email, pointer="/author_email")
    comment_id = new_id()
    actor = tx.ctx.actor
    pending = PendingComment(
        id=comment_id,
        node_id=node_id,
        parent_id=parent_id,
        root_id=parent.root_id if parent is not None else comment_id,
        depth=parent.depth + 1 if parent is not None else 1,
        author_id=actor.id if actor.kind in ("customer", "staff") else None,
        author_name=author_name,
        author_email=email,
        author_url=None,
        avatar_seed=avatar_seed(tx.ctx.tenant_id, email, author_name),
        content=content,
        content_html=shown,
        source=None,
        source_id=None,
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
    )
    tx.emit(CommentSubmitted(comment_id=comment_id, node_id=node_id, parent_id=parent_id))
    if actor.may("comments:update"):
        approved, event = pending.approve()
        await repository.add(tx, approved)
        tx.emit(event)
        return approved
    await repository.add(tx, pending)
    return pending


async def _answered(tx: WriteTx, node_id: UUID, parent_id: UUID) -> ApprovedComment:
    parent = await repository.find(tx, parent_id)
    if not isinstance(parent, ApprovedComment) or parent.node_id != node_id:
        raise ReplyNotPossible("The node shows no comment with this id.")
    if parent.depth >= MAX_DEPTH:
        raise ReplyNotPossible(f"A thread is at most {MAX_DEPTH} comments deep.")
    return parent


async def list_threads(tx: ReadTx, node_id: UUID, page: PageRequest) -> Page[Thread]:
    """A page of threads with their answers, oldest first, in three statements.

    An answer to a comment that is not shown is not shown either.

    Raises:
        NodeNotFound: no such node, or it is not published; protected ones show none.
    """
    node = await nodes.get_public(tx, node_id)
    if not node.is_published:
        raise nodes.NodeNotFound
    if node.is_protected:
        return Page(items=[])
    roots = await repository.list_roots(tx, node_id, after=_after(page), limit=page.limit + 1)
    cut = cut_page(roots, limit=page.limit, key_of=_key)
    replies = await repository.list_replies(tx, [root.id for root in cut.items], limit=MAX_REPLIES)
    below: dict[UUID, list[ApprovedComment]] = {}
    for reply in replies:
        if reply.parent_id is not None:
            below.setdefault(reply.parent_id, []).append(reply)
    return Page(items=[_thread(root, below) for root in cut.items], next_cursor=cut.next_cursor)


def _thread(comment: ApprovedComment, below: dict[UUID, list[ApprovedComment]]) -> Thread:
    return Thread(
        comment=comment, replies=[_thread(reply, below) for reply in below.get(comment.id, [])]
    )


def _key(comment: ApprovedComment) -> tuple[int, str]:
    return (comment.created_at - _EPOCH) // timedelta(microseconds=1), str(comment.id)


def _after(page: PageRequest) -> tuple[datetime, UUID] | None:
    if page.cursor is None:
        return None
    micros, last_id = decode_cursor(page.cursor, (int, str))
    return _EPOCH + timedelta(microseconds=int(micros or 0)), UUID(str(last_id))
