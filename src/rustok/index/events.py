"""Facts about the read models themselves."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from rustok.core.events.event import Event, event

IndexName = Literal["products", "nodes"]
Reason = Literal[
    "requested",
    "tenant_changed",
    "category_changed",
    "collection_changed",
    "tag_changed",
    "parent_changed",
    "media_changed",
]


@event("index.reindex_requested", aggregate="index", key="rebuild_id")
class IndexReindexRequested(Event, frozen=True, kw_only=True):
    """A rebuild begins, or begins anew when one was under way."""

    rebuild_id: UUID
    index: IndexName
    reason: Reason


@event(
    "index.updated",
    aggregate="index",
    key="rebuild_id",
    unaudited="a read model, made by the platform itself",
)
class IndexUpdated(Event, frozen=True, kw_only=True):
    """A rebuild is complete. `changed` counts the subjects whose documents differed."""

    rebuild_id: UUID
    index: IndexName
    changed: Annotated[int, Meta(ge=0)]
