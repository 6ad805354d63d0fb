"""Wire shapes of comments."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from rustok.content.comments.model.comment import Comment, CommentState, Thread
from rustok.content.comments.states import COMMENT_LIFECYCLE
from rustok.core.pagination import PageRequest
from rustok.core.types import TITLE_PATTERN, EmailText

Words = Annotated[
    str, Meta(min_length=1, max_length=5_000, description="Plain text.", examples=["Thank you."])
]
Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=TITLE_PATTERN, examples=["Ada"])]


class SubmitComment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A comment in plain text; the e-mail address is for moderators only."""

    content: Words
    author_name: Name
    author_email: EmailText | None = None
    parent_id: UUID | None = None


class CommentFilter(PageRequest, frozen=True, kw_only=True):
    status: CommentState | None = None
    node_id: UUID | None = None


class SubmittedView(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a comment just written: "pending" ones wait for a moderator."""

    id: UUID
    status: CommentState
    content_html: str
    created_at: datetime


class ThreadView(msgspec.Struct, frozen=True, kw_only=True):
    """A shown comment; `avatar_seed` draws the same picture for the same person."""

    id: UUID
    author_name: str
    avatar_seed: str
    content_html: str
    created_at: datetime
    replies: list[ThreadView]


class CommentView(msgspec.Struct, frozen=True, kw_only=True):
    """A comment as moderators see it."""

    id: UUID
    node_id: UUID
    parent_id: UUID | None
    depth: int
    status: CommentState
    author_id: UUID | None
    author_name: str
    author_email: str | None
    author_url: str | None
    content: str
    content_html: str
    allowed_actions: list[str]
    version: int
    created_at: datetime
    updated_at: datetime


def submitted_view(comment: Comment) -> SubmittedView:
    return SubmittedView(
        id=comment.id,
        status=comment.state,
        content_html=comment.content_html,
        created_at=comment.created_at,
    )


def thread_view(thread: Thread) -> ThreadView:
    comment = thread.comment
    return ThreadView(
        id=comment.id,
        author_name=comment.author_name,
        avatar_seed=comment.avatar_seed,
        content_html=comment.content_html,
        created_at=comment.created_at,
        replies=[thread_view(reply) for reply in thread.replies],
    )


def comment_view(comment: Comment) -> CommentView:
    return CommentView(
        id=comment.id,
        node_id=comment.node_id,
        parent_id=comment.parent_id,
        depth=comment.depth,
        status=comment.state,
        author_id=comment.author_id,
        author_name=comment.author_name,
        author_email=comment.author_email,
        author_url=comment.author_url,
        content=comment.content,
        content_html=comment.content_html,
        allowed_actions=list(COMMENT_LIFECYCLE.allowed(comment.state)),
        version=comment.version,
        created_at=comment.created_at,
        updated_at=comment.updated_at,
    )
