"""Taking nodes over from elsewhere: created, changed or found to be the same, by where they come from.

Refuses: writing or announcing anything when nothing differs, and passing by the lifecycle.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from rustok.content.nodes.events import NodeUpdated
from rustok.content.nodes.model.content import CommentPolicy, NodeContent, Translation
from rustok.content.nodes.model.kinds import FieldValue
from rustok.content.nodes.model.node import (
    ArchivedNode,
    DraftNode,
    InReviewNode,
    Node,
    NodeState,
    PublishedNode,
    ScheduledNode,
)
from rustok.content.nodes.repository import nodes
from rustok.content.nodes.service import filing, saving
from rustok.content.nodes.service.editing import TextInput, translation_of
from rustok.content.nodes.service.saving import Stored
from rustok.content.nodes.service.steps import carry
from rustok.content.taxonomy import api as taxonomy
from rustok.core.db import ReadTx, WriteTx
from rustok.core.events.event import Event
from rustok.core.ids import new_id

Outcome = Literal["created", "updated", "unchanged"]


class NodeInput(msgspec.Struct, frozen=True, kw_only=True):
    """A node as an import brings it.

    Attributes:
        translations: by locale; locales the node has and the import has not stay.
        status: with its date: `published_at` (None: now, or what it has), `publish_at`,
            `archived_reason`. A `publish_at` that has passed means published at that time.
        parent_id, category_ids, tag_ids: UNSET leaves them as they are.
        category_paths: names from the root, made where missing; added to `category_ids`.
        tag_names: made where missing; added to `tag_ids`.
        fields: typed fields of the kind. imported_fields: everything else, kept verbatim.
        created_at: taken on creation only.
    """

    kind: str
    translations: Mapping[str, TextInput]
    status: NodeState = "draft"
    published_at: datetime | None = None
    publish_at: datetime | None = None
    archived_reason: str = "Archived where it was imported from"
    created_at: datetime | None = None
    parent_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    menu_order: int = 0
    is_sticky: bool = False
    is_protected: bool = False
    comment_policy: CommentPolicy = "open"
    author_id: UUID | None = None
    author_name: str | None = None
    featured_media_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    fields: dict[str, FieldValue] = msgspec.field(default_factory=dict)
    imported_fields: dict[str, str] = msgspec.field(default_factory=dict)
    category_ids: tuple[UUID, ...] | msgspec.UnsetType = msgspec.UNSET
    tag_ids: tuple[UUID, ...] | msgspec.UnsetType = msgspec.UNSET
    category_paths: tuple[tuple[str, ...], ...] = ()
    tag_names: tuple[str, ...] = ()


async def upsert(
    tx: WriteTx, data: NodeInput, *, source: str, source_id: str
) -> tuple[UUID, Outcome]:
    """Create or change the node an import names. Handles that are taken get a number.

    Raises:
        NodeKindUnknown, LocaleNotEnabled, InvalidHandle, InvalidFields, InvalidBody, ParentUnusable,
        MediaUnknown, CategoryNotFound, TagNotFound.

    Emits: node.created, or what differs: node.updated, node.translation_updated, body.updated,
        tag.attached, tag.detached, and the events of the steps to the status wanted
    """
    found = await nodes.find_by_source(tx, source, source_id)
    if found is None:
        stored = await _create(tx, data, source, source_id)
    else:
        before = await saving.load_locked(tx, found.id)
        stored = await saving.save(tx, before, await _content(tx, data, before))
    moved = await _bring_to(tx, stored.node, data)
    filed = await _file(tx, moved, data)
    if found is None:
        return moved.id, "created"
    changed = filed or moved.version != found.version
    return moved.id, "updated" if changed else "unchanged"


async def find_imported(tx: ReadTx, *, source: str, source_id: str) -> UUID | None:
    """The node an import made before, if it did."""
    found = await nodes.find_by_source(tx, source, source_id)
    return found.id if found is not None else None


async def _create(tx: WriteTx, data: NodeInput, source: str, source_id: str) -> Stored:
    kind = await saving.kind_of(tx, data.kind)
    node_id = new_id()
    content = await _content(tx, data, None, node_id=node_id)
    return await saving.add(
        tx,
        node_id=node_id,
        kind=kind,
        content=content,
        source=source,
        source_id=source_id,
        created_at=data.created_at,
    )


async def _content(
    tx: WriteTx, data: NodeInput, stored: Stored | None, *, node_id: UUID | None = None
) -> NodeContent:
    before = stored.content if stored is not None else NodeContent()
    texts: dict[str, Translation] = dict(before.translations)
    for locale, text in data.translations.items():
        tag = saving.check_locale(tx, locale, pointer=f"/translations/{locale[:35]}")
        present = before.translations.get(tag)
        texts[tag] = await translation_of(
            tx,
            _keeping_handle(text, present),
            node_id=stored.node.id if stored is not None else node_id or new_id(),
            kind=stored.node.kind if stored is not None else data.kind,
            locale=tag,
            present=present,
            adapt=True,
        )
    return NodeContent(
        parent_id=before.parent_id
        if isinstance(data.parent_id, msgspec.UnsetType)
        else data.parent_id,
        menu_order=data.menu_order,
        is_sticky=data.is_sticky,
        is_protected=data.is_protected,
        comment_policy=data.comment_policy,
        author_id=data.author_id,
        author_name=data.author_name,
        featured_media_id=before.featured_media_id
        if isinstance(data.featured_media_id, msgspec.UnsetType)
        else data.featured_media_id,
        fields=data.fields,
        imported_fields=data.imported_fields,
        translations=texts,
    )


def _keeping_handle(text: TextInput, present: Translation | None) -> TextInput:
    """A handle that got a number at the first import keeps it at the next."""
    if present is None or text.handle is None:
        return text
    numbered = re.fullmatch(r"(.+)-[0-9]+", present.handle)
    if (
        numbered is not None
        and text.handle.startswith(numbered[1])
        and numbered[1] == text.handle[:190].rstrip("-")
    ):
        return msgspec.structs.replace(text, handle=present.handle)
    return text


async def _file(tx: WriteTx, node: Node, data: NodeInput) -> bool:
    default = tx.ctx.tenant.default_locale
    categories = (
        None if isinstance(data.category_ids, msgspec.UnsetType) else list(data.category_ids)
    )
    tags = None if isinstance(data.tag_ids, msgspec.UnsetType) else list(data.tag_ids)
    for path in data.category_paths:
        made = await taxonomy.ensure_category_path(tx, path, locale=default)
        categories = [*(categories or []), made]
    for name in data.tag_names:
        tags = [*(tags or []), await taxonomy.ensure_tag(tx, name)]
    if categories is None and tags is None:
        return False
    return await filing.replace_terms(tx, node, category_ids=categories, tag_ids=tags)


async def _bring_to(tx: WriteTx, node: Node, data: NodeInput) -> Node:
    """Take the steps from the state the node has to the one the import says."""
    status, published_at = data.status, data.published_at
    if status == "scheduled" and (data.publish_at is None or data.publish_at <= tx.now):
        status, published_at = "published", data.publish_at or published_at
    match node:
        case PublishedNode() if status == "published":
            return await _redate(tx, node, published_at)
        case PublishedNode() if status == "archived":
            return await carry(tx, node, *node.archive(reason=data.archived_reason, at=tx.now))
        case ScheduledNode() if status == "scheduled" and node.publish_at == data.publish_at:
            return node
        case InReviewNode() if status == "in_review":
            return node
        case ArchivedNode() if status == "archived":
            return node
        case _:
            draft = await _to_draft(tx, node)
    match status:
        case "draft":
            return draft
        case "in_review":
            return await carry(tx, draft, *draft.submit(at=tx.now))
        case "scheduled":
            at = data.publish_at or tx.now
            return await carry(tx, draft, *draft.schedule(publish_at=at, now=tx.now))
        case "published" | "archived":
            shown, event = draft.publish(at=published_at or tx.now)
            published = await carry(tx, draft, shown, event)
            if status == "published" or not isinstance(published, PublishedNode):
                return published
            return await carry(
                tx, published, *published.archive(reason=data.archived_reason, at=tx.now)
            )


async def _to_draft(tx: WriteTx, node: Node) -> DraftNode:
    step = _step_to_draft(node)
    draft = node if step is None else await carry(tx, node, *step)
    if not isinstance(draft, DraftNode):
        raise TypeError(f"a step to draft led to {draft.state}")
    return draft


def _step_to_draft(node: Node) -> tuple[DraftNode, Event] | None:
    match node:
        case DraftNode():
            return None
        case InReviewNode():
            return node.reject(reason="Imported as a draft again")
        case ScheduledNode():
            return node.unschedule()
        case PublishedNode():
            return node.unpublish()
        case ArchivedNode():
            return node.restore()


async def _redate(tx: WriteTx, node: PublishedNode, published_at: datetime | None) -> Node:
    if published_at is None or published_at == node.published_at:
        return node
    await nodes.store(tx, node, published_at=published_at)
    tx.emit(NodeUpdated(node_id=node.id, changed=("published_at",)))
    return msgspec.structs.replace(node, published_at=published_at, version=node.version + 1)
