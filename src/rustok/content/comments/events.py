"""Facts about comments; none carries what was said or by whom."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from rustok.core.events.event import Event, event


@event("comment.submitted", aggregate="comment", key="comment_id")
class CommentSubmitted(Event, frozen=True, kw_only=True):
    comment_id: UUID
    node_id: UUID
    parent_id: UUID | None = None


@event("comment.approved", aggregate="comment", key="comment_id")
class CommentApproved(Event, frozen=True, kw_only=True):
    comment_id: UUID
    node_id: UUID


@event("comment.rejected", aggregate="comment", key="comment_id")
class CommentRejected(Event, frozen=True, kw_only=True):
    comment_id: UUID
    node_id: UUID
    status: Literal["spam", "trash"]


@event("comment.reopened", aggregate="comment", key="comment_id")
class CommentReopened(Event, frozen=True, kw_only=True):
    """It waits for a moderator again."""

    comment_id: UUID
    node_id: UUID


@event("comment.deleted", aggregate="comment", key="comment_id")
class CommentDeleted(Event, frozen=True, kw_only=True):
    comment_id: UUID
    node_id: UUID
