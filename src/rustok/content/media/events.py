"""Facts about media."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from rustok.core.events.event import Event, event
from rustok.core.types import MimeType

Bytes = Annotated[int, Meta(ge=0, le=2**53 - 1)]


@event("media.uploaded", aggregate="media", key="media_id")
class MediaUploaded(Event, frozen=True, kw_only=True):
    """A file was stored or referred to; `size_bytes` None when nobody counted."""

    media_id: UUID
    mime_type: MimeType
    size_bytes: Bytes | None = None


@event("media.updated", aggregate="media", key="media_id", read_model=True)
class MediaUpdated(Event, frozen=True, kw_only=True):
    media_id: UUID
    changed: tuple[str, ...]

    def rule_broken(self) -> tuple[str, str] | None:
        return None if self.changed else ("changed", "at least one field must have changed")


@event("media.deleted", aggregate="media", key="media_id")
class MediaDeleted(Event, frozen=True, kw_only=True):
    media_id: UUID
