"""Which events make which nodes' documents anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol
from uuid import UUID

from rustok.content.media.events import MediaDeleted, MediaUpdated
from rustok.content.nodes.events import (
    BodyUpdated,
    NodeArchivedEvent,
    NodeCreated,
    NodeDeleted,
    NodePublished,
    NodeRestored,
    NodeTranslationUpdated,
    NodeUnpublished,
    NodeUpdated,
)
from rustok.content.taxonomy.events import TagAttached, TagDeleted, TagDetached, TagUpdated
from rustok.core.bus.port import Consumer, Handler
from rustok.core.db import WriteTx
from rustok.core.events.envelope import Envelope
from rustok.core.events.shared import CategoryDeleted, CategoryUpdated
from rustok.index.applying import apply, apply_to_ref
from rustok.index.nodes.service import PROJECTION
from rustok.index.rebuild import request
from rustok.platform.tenants.events import (
    LocaleDisabled,
    LocaleEnabled,
    TenantRestored,
    TenantUpdated,
)

_MOVING: Final = frozenset({"parent_id", "handle", "removed"})
"""Changes that also change the paths of everything below a node."""


class OfNode(Protocol):
    """An event that names its node."""

    @property
    def node_id(self) -> UUID: ...


async def refresh_node(tx: WriteTx, event: OfNode, envelope: Envelope) -> None:
    await apply(tx, PROJECTION, envelope, event.node_id)


async def refresh_moved_node(
    tx: WriteTx, event: NodeUpdated | NodeTranslationUpdated, envelope: Envelope
) -> None:
    """As `refresh_node`, and all nodes below it when their paths lead through what changed."""
    await apply(tx, PROJECTION, envelope, event.node_id)
    if _MOVING & set(event.changed):
        await apply_to_ref(tx, PROJECTION, envelope, event.node_id, reason="parent_changed")


async def refresh_deleted_node(tx: WriteTx, event: NodeDeleted, envelope: Envelope) -> None:
    await apply(tx, PROJECTION, envelope, event.node_id)
    await apply_to_ref(tx, PROJECTION, envelope, event.node_id, reason="parent_changed")


async def refresh_category(
    tx: WriteTx, event: CategoryUpdated | CategoryDeleted, envelope: Envelope
) -> None:
    if event.domain == "content":
        await apply_to_ref(tx, PROJECTION, envelope, event.category_id, reason="category_changed")


async def refresh_tag(tx: WriteTx, event: TagUpdated | TagDeleted, envelope: Envelope) -> None:
    await apply_to_ref(tx, PROJECTION, envelope, event.tag_id, reason="tag_changed")


async def refresh_pictures(
    tx: WriteTx, event: MediaUpdated | MediaDeleted, envelope: Envelope
) -> None:
    await apply_to_ref(tx, PROJECTION, envelope, event.media_id, reason="media_changed")


async def refresh_tenant(tx: WriteTx, event: TenantUpdated, envelope: Envelope) -> None:
    """Emits: index.reindex_requested when documents depend on what changed"""
    if {"default_locale", "locales"} & set(event.changed):
        await apply(tx, PROJECTION, envelope)
        await request(tx, PROJECTION, reason="tenant_changed")


async def rebuild_restored(tx: WriteTx, _event: TenantRestored, envelope: Envelope) -> None:
    """Emits: index.reindex_requested"""
    await apply(tx, PROJECTION, envelope)
    await request(tx, PROJECTION, reason="requested")


async def refresh_locales(
    tx: WriteTx, _event: LocaleEnabled | LocaleDisabled, envelope: Envelope
) -> None:
    """Emits: index.reindex_requested"""
    await apply(tx, PROJECTION, envelope)
    await request(tx, PROJECTION, reason="tenant_changed")


_HANDLERS: Final[Mapping[str, Handler]] = {
    **{
        kind.type: refresh_node
        for kind in (
            NodeCreated,
            BodyUpdated,
            NodePublished,
            NodeUnpublished,
            NodeArchivedEvent,
            NodeRestored,
            TagAttached,
            TagDetached,
        )
    },
    NodeUpdated.type: refresh_moved_node,
    NodeTranslationUpdated.type: refresh_moved_node,
    NodeDeleted.type: refresh_deleted_node,
    CategoryUpdated.type: refresh_category,
    CategoryDeleted.type: refresh_category,
    TagUpdated.type: refresh_tag,
    TagDeleted.type: refresh_tag,
    MediaUpdated.type: refresh_pictures,
    MediaDeleted.type: refresh_pictures,
    TenantUpdated.type: refresh_tenant,
    LocaleEnabled.type: refresh_locales,
    LocaleDisabled.type: refresh_locales,
    TenantRestored.type: rebuild_restored,
}

CONSUMER: Final = Consumer(name="index.nodes", handlers=_HANDLERS)
