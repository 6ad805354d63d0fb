"""Facts about tags; those about categories are shared with commerce (core.events.shared)."""

from __future__ import annotations

from uuid import UUID

from rustok.core.events.event import Event, event
from rustok.core.types import Handle


@event("tag.created", aggregate="tag", key="tag_id")
class TagCreated(Event, frozen=True, kw_only=True):
    tag_id: UUID
    handle: Handle


@event("tag.updated", aggregate="tag", key="tag_id", read_model=True)
class TagUpdated(Event, frozen=True, kw_only=True):
    tag_id: UUID
    changed: tuple[str, ...]

    def rule_broken(self) -> tuple[str, str] | None:
        return None if self.changed else ("changed", "at least one field must have changed")


@event("tag.deleted", aggregate="tag", key="tag_id", read_model=True)
class TagDeleted(Event, frozen=True, kw_only=True):
    tag_id: UUID


@event("tag.attached", aggregate="tag", key="tag_id", read_model=True)
class TagAttached(Event, frozen=True, kw_only=True):
    tag_id: UUID
    node_id: UUID


@event("tag.detached", aggregate="tag", key="tag_id", read_model=True)
class TagDetached(Event, frozen=True, kw_only=True):
    tag_id: UUID
    node_id: UUID
