"""What moderators do: look, approve, mark as spam, discard, reopen, delete for good."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import msgspec

from rustok.content.comments import repository
from rustok.content.comments.errors import CommentHasReplies, CommentNotDiscarded
from rustok.content.comments.events import CommentDeleted
from rustok.content.comments.model.comment import (
    ApprovedComment,
    Comment,
    CommentState,
    PendingComment,
    SpamComment,
    TrashedComment,
)
from rustok.content.comments.states import COMMENT_LIFECYCLE
from rustok.core.db import ReadTx, WriteTx
from rustok.core.errors import ConcurrentUpdate
from rustok.core.events.event import Event
from rustok.core.pagination import Page, PageRequest, cut_page, decode_cursor
from rustok.core.routing import check_version

Action = Literal["approve", "mark_spam", "discard", "reopen"]


async def get(tx: ReadTx, comment_id: UUID) -> Comment:
    """Raises CommentNotFound."""
    return await repository.get(tx, comment_id)


async def list_comments(
    tx: ReadTx,
    page: PageRequest,
    *,
    status: CommentState | None = None,
    node_id: UUID | None = None,
) -> Page[Comment]:
    """The newest first."""
    after = None if page.cursor is None else UUID(str(decode_cursor(page.cursor, (str,))[0]))
    rows = await repository.list_comments(
        tx, limit=page.limit + 1, after=after, status=status, node_id=node_id
    )
    return cut_page(rows, limit=page.limit, key_of=lambda one: (str(one.id),))


def step(comment: Comment, action: Action) -> tuple[Comment, Event]:
    """What `action` makes of `comment`.

    Raises:
        IllegalTransition: there is no such step from its state.
    """
    match comment, action:
        case PendingComment(), "approve":
            return comment.approve()
        case ((PendingComment() | ApprovedComment()), "mark_spam"):
            return comment.mark_spam()
        case ((PendingComment() | ApprovedComment() | SpamComment()), "discard"):
            return comment.discard()
        case ((ApprovedComment() | SpamComment() | TrashedComment()), "reopen"):
            return comment.reopen()
        case _:
            raise COMMENT_LIFECYCLE.refusal(comment.state, action)


async def moderate(
    tx: WriteTx, comment_id: UUID, action: Action, *, expected_version: int | None = None
) -> Comment:
    """Take a step.

    Raises:
        CommentNotFound, PreconditionFailed, IllegalTransition, ConcurrentUpdate.

    Emits: comment.approved, comment.rejected or comment.reopened
    """
    comment = await repository.lock(tx, comment_id)
    check_version(comment.version, expected_version)
    return await carry(tx, comment, *step(comment, action))


async def carry(tx: WriteTx, before: Comment, after: Comment, event: Event) -> Comment:
    """Write a step that the model decided."""
    await repository.store_step(tx, before, after)
    tx.emit(event)
    return msgspec.structs.replace(after, version=before.version + 1, updated_at=tx.now)


async def delete(tx: WriteTx, comment_id: UUID, *, expected_version: int | None) -> None:
    """Delete spam or trash for good.

    Raises:
        CommentNotFound, PreconditionFailed, CommentNotDiscarded, CommentHasReplies, ConcurrentUpdate.

    Emits: comment.deleted
    """
    comment = await repository.lock(tx, comment_id)
    check_version(comment.version, expected_version)
    if not isinstance(comment, SpamComment | TrashedComment):
        raise CommentNotDiscarded
    if await repository.has_replies(tx, comment_id):
        raise CommentHasReplies
    if await repository.remove(tx, comment) != 1:
        raise ConcurrentUpdate("The comment was changed by somebody else; nothing was deleted.")
    tx.emit(CommentDeleted(comment_id=comment_id, node_id=comment.node_id))
