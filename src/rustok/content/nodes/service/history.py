"""Every save of a node, and the way back to one."""

from __future__ import annotations

from uuid import UUID

import msgspec

from rustok.content.nodes.errors import RevisionNotFound
from rustok.content.nodes.model.content import NodeContent, Revision, RevisionSummary, Translation
from rustok.content.nodes.model.kinds import FieldValue
from rustok.content.nodes.repository import nodes, revisions
from rustok.content.nodes.service import access, saving
from rustok.content.nodes.service.saving import Stored
from rustok.core.db import ReadTx, WriteTx
from rustok.core.pagination import Page, PageRequest, cut_page, decode_cursor
from rustok.core.routing import check_version


async def list_revisions(tx: ReadTx, node_id: UUID, page: PageRequest) -> Page[RevisionSummary]:
    """The newest first.

    Raises:
        NodeNotFound, NotOwnNode.
    """
    access.check_reach(tx, await nodes.get(tx, node_id))
    before = None if page.cursor is None else decode_cursor(page.cursor, (int,))[0]
    rows = await revisions.list_revisions(
        tx, node_id, before=before if isinstance(before, int) else None, limit=page.limit + 1
    )
    return cut_page(rows, limit=page.limit, key_of=lambda one: (one.number,))


async def get_revision(tx: ReadTx, node_id: UUID, number: int) -> Revision:
    """Raises NodeNotFound, NotOwnNode, RevisionNotFound."""
    access.check_reach(tx, await nodes.get(tx, node_id))
    return await _find(tx, node_id, number)


async def _find(tx: ReadTx, node_id: UUID, number: int) -> Revision:
    found = await revisions.find(tx, node_id, number) if 0 < number < 2**31 else None
    if found is None:
        raise RevisionNotFound(number)
    return found


async def restore_revision(
    tx: WriteTx, node_id: UUID, number: int, *, expected_version: int | None = None
) -> Stored:
    """Save what a revision holds as the newest content; the state stays as it is.

    What the world has lost since is left as it is now: an author, a parent, a picture, a locale or
    a field that is gone does not come back, and a handle that another node took gets a number.

    Raises:
        NodeNotFound, PreconditionFailed, NotOwnNode, ReviewRequired, NodeArchived,
        RevisionNotFound, InvalidFields, ConcurrentUpdate.

    Emits: node.updated, node.translation_updated, body.updated as far as they differ
    """
    stored = await saving.load_locked(tx, node_id)
    check_version(stored.node.version, expected_version)
    access.check_editable(tx, stored.node)
    old = (await _find(tx, node_id, number)).content
    now = stored.content
    kind = await saving.kind_of(tx, stored.node.kind)
    known = {field.name for field in kind.fields}
    fields: dict[str, FieldValue] = {k: v for k, v in old.fields.items() if k in known}
    parent = old.parent_id
    if parent is not None and parent not in await nodes.existing(tx, [parent]):
        parent = now.parent_id
    featured = old.featured_media_id
    if featured is not None and not await saving.media_exists(tx, featured):
        featured = now.featured_media_id
    content = msgspec.structs.replace(
        old,
        author_id=now.author_id,
        author_name=now.author_name,
        parent_id=parent,
        featured_media_id=featured,
        fields=fields,
        translations=await _free_translations(tx, stored, old),
    )
    return await saving.save(tx, stored, content, note=f"restored:{number}")


async def _free_translations(
    tx: WriteTx, stored: Stored, old: NodeContent
) -> dict[str, Translation]:
    free: dict[str, Translation] = {}
    for locale, text in old.translations.items():
        handle = await saving.choose_handle(
            tx,
            kind=stored.node.kind,
            locale=locale,
            node_id=stored.node.id,
            wanted=text.handle,
            title=text.title,
            adapt=True,
        )
        free[locale] = msgspec.structs.replace(text, handle=handle)
    return free
