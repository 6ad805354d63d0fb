"""Facts about nodes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from rustok.core.events.event import Event, event
from rustok.core.types import LocaleTag, ShortText

KindSlug = Annotated[
    str, Meta(min_length=1, max_length=63, pattern=r"^[a-z][a-z0-9_]*$(?!\n)", examples=["post"])
]
BodyFormat = Literal["markdown", "html", "blocks"]
_CHANGED = ("changed", "at least one field must have changed")


@event("node.created", aggregate="node", key="node_id", read_model=True)
class NodeCreated(Event, frozen=True, kw_only=True):
    node_id: UUID
    kind: KindSlug
    author_id: UUID | None = None


@event("node.updated", aggregate="node", key="node_id", read_model=True)
class NodeUpdated(Event, frozen=True, kw_only=True):
    """`changed` names fields; "parent_id" also moves everything below the node."""

    node_id: UUID
    changed: tuple[str, ...]

    def rule_broken(self) -> tuple[str, str] | None:
        return None if self.changed else _CHANGED


@event("node.translation_updated", aggregate="node", key="node_id", read_model=True)
class NodeTranslationUpdated(Event, frozen=True, kw_only=True):
    """A text in a locale was added, changed or removed (then `changed` is "removed")."""

    node_id: UUID
    locale: LocaleTag
    changed: tuple[str, ...]

    def rule_broken(self) -> tuple[str, str] | None:
        return None if self.changed else _CHANGED


@event("body.updated", aggregate="node", key="node_id", read_model=True)
class BodyUpdated(Event, frozen=True, kw_only=True):
    node_id: UUID
    locale: LocaleTag
    format: BodyFormat


@event("node.submitted_for_review", aggregate="node", key="node_id")
class NodeSubmittedForReview(Event, frozen=True, kw_only=True):
    node_id: UUID


@event("node.review_rejected", aggregate="node", key="node_id")
class NodeReviewRejected(Event, frozen=True, kw_only=True):
    node_id: UUID
    reason: ShortText


@event("node.scheduled", aggregate="node", key="node_id")
class NodeScheduled(Event, frozen=True, kw_only=True):
    node_id: UUID
    publish_at: datetime


@event("node.published", aggregate="node", key="node_id", read_model=True)
class NodePublished(Event, frozen=True, kw_only=True):
    node_id: UUID
    kind: KindSlug
    published_at: datetime


@event("node.unpublished", aggregate="node", key="node_id", read_model=True)
class NodeUnpublished(Event, frozen=True, kw_only=True):
    node_id: UUID


@event("node.archived", aggregate="node", key="node_id", read_model=True)
class NodeArchivedEvent(Event, frozen=True, kw_only=True):
    node_id: UUID
    reason: Annotated[ShortText, Meta(min_length=1)]

    def rule_broken(self) -> tuple[str, str] | None:
        return None if self.reason.strip() else ("reason", "must not be blank")


@event("node.restored", aggregate="node", key="node_id", read_model=True)
class NodeRestored(Event, frozen=True, kw_only=True):
    node_id: UUID


@event("node.deleted", aggregate="node", key="node_id", read_model=True)
class NodeDeleted(Event, frozen=True, kw_only=True):
    node_id: UUID
    kind: KindSlug
