"""A comment as types, one per state; the steps return the new state with its event."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Final, Literal
from uuid import UUID

import msgspec

from rustok.content.comments.events import CommentApproved, CommentRejected, CommentReopened

CommentState = Literal["pending", "approved", "spam", "trash"]
MAX_DEPTH: Final = 5


class CommentData(msgspec.Struct, frozen=True, kw_only=True):
    """What every comment has, whatever its state.

    Attributes:
        root_id: the first comment of its thread; its own id for that one.
        depth: 1 for the first of a thread, at most 5.
        author_email: for moderators only.
        content: as it was written; content_html as it is shown.
    """

    state: ClassVar[CommentState]

    id: UUID
    node_id: UUID
    parent_id: UUID | None
    root_id: UUID
    depth: int
    author_id: UUID | None
    author_name: str
    author_email: str | None
    author_url: str | None
    avatar_seed: str
    content: str
    content_html: str
    source: str | None
    source_id: str | None
    version: int
    created_at: datetime
    updated_at: datetime

    def _shared(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in CommentData.__struct_fields__}

    def _rejected(self, status: Literal["spam", "trash"]) -> CommentRejected:
        return CommentRejected(comment_id=self.id, node_id=self.node_id, status=status)

    def _reopened(self) -> CommentReopened:
        return CommentReopened(comment_id=self.id, node_id=self.node_id)


class PendingComment(CommentData, frozen=True, kw_only=True):
    state: ClassVar[CommentState] = "pending"

    def approve(self) -> tuple[ApprovedComment, CommentApproved]:
        """Show it to readers."""
        event = CommentApproved(comment_id=self.id, node_id=self.node_id)
        return msgspec.convert(self._shared(), ApprovedComment), event

    def mark_spam(self) -> tuple[SpamComment, CommentRejected]:
        """Keep it away from readers, as spam."""
        return msgspec.convert(self._shared(), SpamComment), self._rejected("spam")

    def discard(self) -> tuple[TrashedComment, CommentRejected]:
        """Put it into the trash."""
        return msgspec.convert(self._shared(), TrashedComment), self._rejected("trash")


class ApprovedComment(CommentData, frozen=True, kw_only=True):
    state: ClassVar[CommentState] = "approved"

    def mark_spam(self) -> tuple[SpamComment, CommentRejected]:
        """Hide it, as spam."""
        return msgspec.convert(self._shared(), SpamComment), self._rejected("spam")

    def discard(self) -> tuple[TrashedComment, CommentRejected]:
        """Put it into the trash."""
        return msgspec.convert(self._shared(), TrashedComment), self._rejected("trash")

    def reopen(self) -> tuple[PendingComment, CommentReopened]:
        """Hide it until a moderator has looked again."""
        return msgspec.convert(self._shared(), PendingComment), self._reopened()


class SpamComment(CommentData, frozen=True, kw_only=True):
    state: ClassVar[CommentState] = "spam"

    def discard(self) -> tuple[TrashedComment, CommentRejected]:
        """Put it into the trash."""
        return msgspec.convert(self._shared(), TrashedComment), self._rejected("trash")

    def reopen(self) -> tuple[PendingComment, CommentReopened]:
        """It was none: a moderator looks again."""
        return msgspec.convert(self._shared(), PendingComment), self._reopened()


class TrashedComment(CommentData, frozen=True, kw_only=True):
    state: ClassVar[CommentState] = "trash"

    def reopen(self) -> tuple[PendingComment, CommentReopened]:
        """Take it out again; a moderator looks at it."""
        return msgspec.convert(self._shared(), PendingComment), self._reopened()


Comment = PendingComment | ApprovedComment | SpamComment | TrashedComment


class Thread(msgspec.Struct, frozen=True, kw_only=True):
    """A shown comment with the shown answers to it, oldest first."""

    comment: ApprovedComment
    replies: list[Thread]
