"""What editors do to content: create, change, translate, sort and delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from uuid import UUID

import msgspec

from rustok.content.nodes.errors import (
    LastTranslation,
    NodeHasChildren,
    TranslationNotFound,
)
from rustok.content.nodes.events import NodeDeleted
from rustok.content.nodes.model.bodies import Body, format_of, source_of
from rustok.content.nodes.model.content import NodeContent, StoredBody, Translation
from rustok.content.nodes.model.kinds import FieldValue
from rustok.content.nodes.model.node import DraftNode, InReviewNode
from rustok.content.nodes.repository import nodes
from rustok.content.nodes.service import access, saving
from rustok.content.nodes.service.saving import Stored
from rustok.core.db import WriteTx
from rustok.core.errors import ConcurrentUpdate
from rustok.core.ids import new_id
from rustok.core.routing import check_version


class TextInput(msgspec.Struct, frozen=True, kw_only=True):
    """The texts of one locale as an editor or an import brings them.

    Attributes:
        handle: None makes one from the title, or keeps the one there is.
        body: UNSET keeps the body there is; None removes it.
    """

    title: str
    handle: str | None = None
    excerpt: str = ""
    seo_title: str | None = None
    seo_description: str | None = None
    body: Body | msgspec.UnsetType | None = msgspec.UNSET


async def translation_of(
    tx: WriteTx,
    text: TextInput,
    *,
    node_id: UUID,
    kind: str,
    locale: str,
    present: Translation | None,
    adapt: bool = False,
) -> Translation:
    """`text` as it will be stored: with a free handle and the body's source.

    Raises:
        InvalidHandle, NodeHandleTaken, InvalidBody.
    """
    keeps = present is not None and (text.handle is None or text.handle == present.handle)
    if present is not None and keeps:
        handle = present.handle
    else:
        handle = await saving.choose_handle(
            tx,
            kind=kind,
            locale=locale,
            node_id=node_id,
            wanted=text.handle,
            title=text.title,
            adapt=adapt,
        )
    body: StoredBody | None
    if isinstance(text.body, msgspec.UnsetType):
        body = present.body if present is not None else None
    elif text.body is None:
        body = None
    else:
        pointer = f"/translations/{locale}/body"
        body = StoredBody(format=format_of(text.body), source=source_of(text.body, pointer=pointer))
    return Translation(
        title=text.title,
        handle=handle,
        excerpt=text.excerpt,
        seo_title=text.seo_title,
        seo_description=text.seo_description,
        body=body,
    )


async def create(
    tx: WriteTx,
    *,
    kind: str,
    translations: Mapping[str, TextInput],
    parent_id: UUID | None = None,
    menu_order: int = 0,
    is_sticky: bool = False,
    is_protected: bool = False,
    comment_policy: Literal["open", "closed"] = "open",
    author_id: UUID | None = None,
    author_name: str | None = None,
    featured_media_id: UUID | None = None,
    fields: dict[str, FieldValue] | None = None,
) -> Stored:
    """Create a draft. Without an author it is the actor's.

    Raises:
        NodeKindUnknown, LocaleNotEnabled, NodeHandleTaken, InvalidFields, InvalidBody,
        ParentUnusable, MediaUnknown, AuthorUnknown.
        MissingPermission: another author is named by somebody who does not publish.

    Emits: node.created, body.updated for each body
    """
    actor_id = tx.ctx.actor.id
    if author_id is not None:
        await access.check_author(tx, author_id)
    found = await saving.kind_of(tx, kind)
    node_id = new_id()
    texts: dict[str, Translation] = {}
    for locale, text in translations.items():
        tag = saving.check_locale(tx, locale, pointer=f"/translations/{locale[:35]}")
        texts[tag] = await translation_of(
            tx, text, node_id=node_id, kind=kind, locale=tag, present=None
        )
    if not texts:
        raise LastTranslation
    content = NodeContent(
        parent_id=parent_id,
        menu_order=menu_order,
        is_sticky=is_sticky,
        is_protected=is_protected,
        comment_policy=comment_policy,
        author_id=author_id or actor_id,
        author_name=author_name,
        featured_media_id=featured_media_id,
        fields=fields or {},
        translations=texts,
    )
    return await saving.add(tx, node_id=node_id, kind=found, content=content)


async def update(
    tx: WriteTx, node_id: UUID, *, expected_version: int | None, changes: Mapping[str, object]
) -> Stored:
    """Change what a node has beside its texts; no difference, no write.

    Args:
        changes: fields of `NodeContent` but translations and imported_fields, with their new values.

    Raises:
        NodeNotFound, PreconditionFailed, NotOwnNode, ReviewRequired, NodeArchived, InvalidFields,
        ParentUnusable, MediaUnknown, AuthorUnknown, MissingPermission, ConcurrentUpdate.

    Emits: node.updated
    """
    stored = await _editable(tx, node_id, expected_version)
    author_id = changes.get("author_id", stored.node.author_id)
    if author_id != stored.node.author_id:
        if isinstance(author_id, UUID):
            await access.check_author(tx, author_id)
        else:
            access.require_publisher(tx)
    return await saving.save(tx, stored, msgspec.structs.replace(stored.content, **changes))


async def translate(
    tx: WriteTx, node_id: UUID, locale: str, text: TextInput, *, expected_version: int | None
) -> Stored:
    """Add or replace the texts of a locale.

    Raises:
        NodeNotFound, PreconditionFailed, NotOwnNode, ReviewRequired, NodeArchived,
        LocaleNotEnabled, InvalidHandle, NodeHandleTaken, InvalidBody, ConcurrentUpdate.

    Emits: node.translation_updated, body.updated
    """
    stored = await _editable(tx, node_id, expected_version)
    tag = saving.check_locale(tx, locale, pointer="locale")
    content = stored.content
    translated = await translation_of(
        tx,
        text,
        node_id=node_id,
        kind=stored.node.kind,
        locale=tag,
        present=content.translations.get(tag),
    )
    translations = {**content.translations, tag: translated}
    return await saving.save(
        tx, stored, msgspec.structs.replace(content, translations=translations)
    )


async def remove_translation(
    tx: WriteTx, node_id: UUID, locale: str, *, expected_version: int | None
) -> Stored:
    """Remove the texts of a locale; the last stays.

    Raises:
        NodeNotFound, PreconditionFailed, NotOwnNode, ReviewRequired, NodeArchived,
        TranslationNotFound, LastTranslation, ConcurrentUpdate.

    Emits: node.translation_updated
    """
    stored = await _editable(tx, node_id, expected_version)
    content = stored.content
    if locale not in content.translations:
        raise TranslationNotFound(locale[:35])
    left = {tag: text for tag, text in content.translations.items() if tag != locale}
    return await saving.save(tx, stored, msgspec.structs.replace(content, translations=left))


async def delete(tx: WriteTx, node_id: UUID, *, expected_version: int | None) -> None:
    """Delete a node with its texts, revisions and comments.

    Raises:
        NodeNotFound, PreconditionFailed, NotOwnNode, ReviewRequired, NodeHasChildren,
        ConcurrentUpdate.

    Emits: node.deleted
    """
    node = await nodes.lock(tx, node_id)
    check_version(node.version, expected_version)
    if isinstance(node, DraftNode | InReviewNode):
        access.check_reach(tx, node)
    else:
        access.check_release(tx, node)
    if await nodes.has_children(tx, node_id):
        raise NodeHasChildren
    if await nodes.remove(tx, node) != 1:
        raise ConcurrentUpdate("The node was changed by somebody else; nothing was deleted.")
    tx.emit(NodeDeleted(node_id=node_id, kind=node.kind))


async def _editable(tx: WriteTx, node_id: UUID, expected_version: int | None) -> Stored:
    stored = await saving.load_locked(tx, node_id)
    check_version(stored.node.version, expected_version)
    access.check_editable(tx, stored.node)
    return stored
