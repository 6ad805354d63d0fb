"""The use cases of tags; every change carries its event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from rustok.content.taxonomy import repository
from rustok.content.taxonomy.errors import TermHandleTaken
from rustok.content.taxonomy.events import TagCreated, TagDeleted, TagUpdated
from rustok.content.taxonomy.model import Tag, TagDescription, TagInput
from rustok.content.taxonomy.service.handles import after_cursor, free_handle
from rustok.core.db import ReadTx, WriteTx
from rustok.core.errors import ConcurrentUpdate
from rustok.core.ids import new_id
from rustok.core.pagination import Page, PageRequest, cut_page
from rustok.core.routing import check_version
from rustok.core.security.identifiers import handle_from_title, parse_handle

Outcome = Literal["created", "updated", "unchanged"]


async def get_tag(tx: ReadTx, tag_id: UUID) -> Tag:
    """Raises TagNotFound."""
    return await repository.get_tag(tx, tag_id)


async def list_tags(tx: ReadTx, page: PageRequest) -> Page[Tag]:
    """Tags by handle."""
    rows = await repository.list_tags(tx, after=after_cursor(page), limit=page.limit + 1)
    return cut_page(rows, limit=page.limit, key_of=lambda one: (one.handle,))


async def create_tag(
    tx: WriteTx,
    *,
    name: str,
    handle: str | None = None,
    source: str | None = None,
    source_id: str | None = None,
    adapt_handle: bool = False,
) -> Tag:
    """Create a tag.

    Raises:
        InvalidHandle, TermHandleTaken.

    Emits: tag.created
    """

    async def taken(candidate: str) -> bool:
        return await repository.find_tag(tx, handle=candidate) is not None

    tag = Tag(
        id=new_id(),
        name=name,
        handle=await free_handle(handle, name, taken, adapt=adapt_handle),
        source=source,
        source_id=source_id,
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
    )
    await repository.add(tx, tag)
    tx.emit(TagCreated(tag_id=tag.id, handle=tag.handle))
    return tag


async def update_tag(
    tx: WriteTx,
    tag_id: UUID,
    *,
    expected_version: int | None,
    name: str | None = None,
    handle: str | None = None,
) -> Tag:
    """Rename a tag. No change, no event.

    Raises:
        TagNotFound, PreconditionFailed, InvalidHandle, TermHandleTaken, ConcurrentUpdate.

    Emits: tag.updated
    """
    tag = await repository.get_tag(tx, tag_id)
    check_version(tag.version, expected_version)
    if handle is not None and handle != tag.handle:
        parse_handle(handle, pointer="/handle")
        if await repository.find_tag(tx, handle=handle) is not None:
            raise TermHandleTaken(handle)
    wanted = {"name": name, "handle": handle}
    changed = {
        key: value
        for key, value in wanted.items()
        if value is not None and value != getattr(tag, key)
    }
    if not changed:
        return tag
    await repository.store(tx, tag, **changed)
    tx.emit(TagUpdated(tag_id=tag_id, changed=tuple(sorted(changed))))
    return await repository.get_tag(tx, tag_id)


async def delete_tag(tx: WriteTx, tag_id: UUID, *, expected_version: int | None) -> None:
    """Delete a tag; nodes lose it.

    Raises:
        TagNotFound, PreconditionFailed, ConcurrentUpdate.

    Emits: tag.deleted
    """
    tag = await repository.get_tag(tx, tag_id)
    check_version(tag.version, expected_version)
    if await repository.remove(tx, tag) != 1:
        raise ConcurrentUpdate("The tag was changed by somebody else; nothing was deleted.")
    tx.emit(TagDeleted(tag_id=tag_id))


async def describe_tags(tx: ReadTx, ids: Sequence[UUID]) -> dict[UUID, TagDescription]:
    """What documents need of tags, in one statement."""
    found = await repository.find_tags(tx, ids)
    return {one.id: TagDescription(id=one.id, handle=one.handle, name=one.name) for one in found}


async def upsert_tag(
    tx: WriteTx, data: TagInput, *, source: str, source_id: str
) -> tuple[UUID, Outcome]:
    """Create or rename the tag an import names; no difference, no write.

    Raises:
        InvalidHandle.

    Emits: tag.created or tag.updated
    """
    found = await repository.find_tag(tx, source=source, source_id=source_id)
    if found is None:
        made = await create_tag(
            tx,
            name=data.name,
            handle=data.handle,
            source=source,
            source_id=source_id,
            adapt_handle=True,
        )
        return made.id, "created"
    changed = await update_tag(tx, found.id, expected_version=None, name=data.name)
    return found.id, "updated" if changed.version != found.version else "unchanged"


async def ensure_tag(tx: WriteTx, name: str) -> UUID:
    """The tag of this name (by its handle), made when it is missing. Emits: tag.created when made"""
    found = await repository.find_tag(tx, handle=handle_from_title(name))
    return (found or await create_tag(tx, name=name, adapt_handle=True)).id
