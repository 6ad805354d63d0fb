"""A node as types, one per state; each step exists only where the lifecycle has it.

Refuses: I/O and permissions. The steps return the new state with its event.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from rustok.content.nodes.errors import PublishTimeNotAhead, ReasonMissing
from rustok.content.nodes.events import (
    NodeArchivedEvent,
    NodePublished,
    NodeRestored,
    NodeReviewRejected,
    NodeScheduled,
    NodeSubmittedForReview,
    NodeUnpublished,
    NodeUpdated,
)
from rustok.content.nodes.model.content import CommentPolicy
from rustok.content.nodes.model.kinds import FieldValue

NodeState = Literal["draft", "in_review", "scheduled", "published", "archived"]


class NodeData(msgspec.Struct, frozen=True, kw_only=True):
    """What every node has, whatever its state.

    Attributes:
        author_name: what to show when the author is no user of the tenant (imports).
        is_protected: its bodies are never served publicly.
        revision: number of the last save.
        source, source_id: where an import found it.
    """

    state: ClassVar[NodeState]

    id: UUID
    kind: str
    parent_id: UUID | None
    menu_order: int
    is_sticky: bool
    is_protected: bool
    comment_policy: CommentPolicy
    author_id: UUID | None
    author_name: str | None
    featured_media_id: UUID | None
    fields: dict[str, FieldValue]
    imported_fields: dict[str, str]
    source: str | None
    source_id: str | None
    revision: int
    version: int
    created_at: datetime
    updated_at: datetime

    def _shared(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in NodeData.__struct_fields__}


def _check_ahead(at: datetime, now: datetime) -> None:
    if at <= now:
        raise PublishTimeNotAhead


class DraftNode(NodeData, frozen=True, kw_only=True):
    state: ClassVar[NodeState] = "draft"

    def submit(self, *, at: datetime) -> tuple[InReviewNode, NodeSubmittedForReview]:
        """Ask for a review."""
        return (
            msgspec.convert({**self._shared(), "submitted_at": at}, InReviewNode),
            NodeSubmittedForReview(node_id=self.id),
        )

    def publish(self, *, at: datetime) -> tuple[PublishedNode, NodePublished]:
        """Show it to readers; `at` is now, or when an imported node was published."""
        return _published(self, at)

    def schedule(
        self, *, publish_at: datetime, now: datetime
    ) -> tuple[ScheduledNode, NodeScheduled]:
        """Have it published later.

        Raises:
            PublishTimeNotAhead: `publish_at` is not after `now`.
        """
        return _scheduled(self, publish_at, now)


class InReviewNode(NodeData, frozen=True, kw_only=True):
    state: ClassVar[NodeState] = "in_review"

    submitted_at: datetime

    def approve(
        self, *, now: datetime, publish_at: datetime | None = None
    ) -> tuple[PublishedNode, NodePublished] | tuple[ScheduledNode, NodeScheduled]:
        """Publish it now, or at the time given.

        Raises:
            PublishTimeNotAhead: `publish_at` is not after `now`.
        """
        return _published(self, now) if publish_at is None else _scheduled(self, publish_at, now)

    def reject(self, *, reason: str) -> tuple[DraftNode, NodeReviewRejected]:
        """Give it back to its author."""
        return _draft(self), NodeReviewRejected(node_id=self.id, reason=reason)


class ScheduledNode(NodeData, frozen=True, kw_only=True):
    state: ClassVar[NodeState] = "scheduled"

    publish_at: datetime

    def unschedule(self) -> tuple[DraftNode, NodeUpdated]:
        """Take the appointment back."""
        return _draft(self), NodeUpdated(node_id=self.id, changed=("status",))

    def release(self, *, now: datetime) -> tuple[PublishedNode, NodePublished]:
        """Its time has come: published at the time it was scheduled for.

        Raises:
            ValueError: it has not come.
        """
        if now < self.publish_at:
            raise ValueError("a scheduled node is not released before its time")
        return _published(self, self.publish_at)


class PublishedNode(NodeData, frozen=True, kw_only=True):
    state: ClassVar[NodeState] = "published"

    published_at: datetime

    def unpublish(self) -> tuple[DraftNode, NodeUnpublished]:
        """Hide it from readers."""
        return _draft(self), NodeUnpublished(node_id=self.id)

    def archive(self, *, reason: str, at: datetime) -> tuple[ArchivedNode, NodeArchivedEvent]:
        """Put it away.

        Raises:
            ReasonMissing: the reason is blank.
        """
        if not reason.strip():
            raise ReasonMissing
        data = {**self._shared(), "archived_at": at, "archived_reason": reason}
        return msgspec.convert(data, ArchivedNode), NodeArchivedEvent(
            node_id=self.id, reason=reason
        )


class ArchivedNode(NodeData, frozen=True, kw_only=True):
    state: ClassVar[NodeState] = "archived"

    archived_at: datetime
    archived_reason: str

    def restore(self) -> tuple[DraftNode, NodeRestored]:
        """Take it out again, as a draft."""
        return _draft(self), NodeRestored(node_id=self.id)


Node = DraftNode | InReviewNode | ScheduledNode | PublishedNode | ArchivedNode


def _draft(node: NodeData) -> DraftNode:
    return msgspec.convert(node._shared(), DraftNode)


def _published(node: NodeData, at: datetime) -> tuple[PublishedNode, NodePublished]:
    return (
        msgspec.convert({**node._shared(), "published_at": at}, PublishedNode),
        NodePublished(node_id=node.id, kind=node.kind, published_at=at),
    )


def _scheduled(node: NodeData, at: datetime, now: datetime) -> tuple[ScheduledNode, NodeScheduled]:
    _check_ahead(at, now)
    return (
        msgspec.convert({**node._shared(), "publish_at": at}, ScheduledNode),
        NodeScheduled(node_id=node.id, publish_at=at),
    )


STATE_COLUMNS = ("submitted_at", "publish_at", "published_at", "archived_at", "archived_reason")


def state_columns(node: Node) -> dict[str, object]:
    """The columns that belong to states: those of this one filled, the others empty."""
    return {name: getattr(node, name, None) for name in STATE_COLUMNS}
