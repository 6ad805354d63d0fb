"""What is recorded of files; the files themselves are next door, outside every transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from rustok.content.media import repository
from rustok.content.media.errors import MediaInUse
from rustok.content.media.events import MediaDeleted, MediaUpdated, MediaUploaded
from rustok.content.media.model.media import Media, MediaDescription, MediaInput, check_url
from rustok.content.media.model.sniffing import FileKind
from rustok.core.db import ForeignKeyViolation, ReadTx, WriteTx
from rustok.core.errors import ConcurrentUpdate
from rustok.core.ids import new_id
from rustok.core.locale import parse_locale
from rustok.core.pagination import Page, PageRequest, cut_page, decode_cursor
from rustok.core.routing import check_version

Outcome = Literal["created", "updated", "unchanged"]


async def get(tx: ReadTx, media_id: UUID) -> Media:
    """Raises MediaNotFound."""
    return await repository.get(tx, media_id)


async def list_media(tx: ReadTx, page: PageRequest) -> Page[Media]:
    """The newest first."""
    after = None if page.cursor is None else UUID(str(decode_cursor(page.cursor, (str,))[0]))
    rows = await repository.list_media(tx, after=after, limit=page.limit + 1)
    return cut_page(rows, limit=page.limit, key_of=lambda one: (str(one.id),))


def _alt(alt: dict[str, str]) -> dict[str, str]:
    return {
        parse_locale(tag, pointer=f"/alt/{tag[:35]}"): text for tag, text in sorted(alt.items())
    }


async def refer(
    tx: WriteTx, data: MediaInput, *, source: str | None = None, source_id: str | None = None
) -> Media:
    """Take a file by its address.

    Raises:
        InvalidMediaUrl, InvalidLocale.

    Emits: media.uploaded
    """
    item = Media(
        id=new_id(),
        url=check_url(data.url),
        stored_as=None,
        filename=data.filename,
        mime_type=data.mime_type,
        width=data.width,
        height=data.height,
        size_bytes=data.size_bytes,
        checksum=data.checksum,
        alt=_alt(data.alt),
        source=source,
        source_id=source_id,
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
    )
    if not await repository.add(tx, item):
        raise ConcurrentUpdate("Somebody else took the same file at the same time.")
    tx.emit(MediaUploaded(media_id=item.id, mime_type=item.mime_type, size_bytes=item.size_bytes))
    return item


async def record_upload(
    tx: WriteTx,
    *,
    stored_as: str,
    kind: FileKind,
    size_bytes: int,
    checksum: str,
    filename: str | None,
) -> Media:
    """Take a file that lies in the media folder already; the same content again is the same media.

    Emits: media.uploaded, when it is new
    """
    found = await repository.find_by_file(tx, stored_as)
    if found is not None:
        return found
    item = Media(
        id=new_id(),
        url=None,
        stored_as=stored_as,
        filename=filename,
        mime_type=kind.mime_type,
        width=kind.width,
        height=kind.height,
        size_bytes=size_bytes,
        checksum=checksum,
        alt={},
        source=None,
        source_id=None,
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
    )
    if not await repository.add(tx, item):
        there = await repository.find_by_file(tx, stored_as)
        if there is None:
            raise ConcurrentUpdate("The same file was uploaded and removed at the same time.")
        return there
    tx.emit(MediaUploaded(media_id=item.id, mime_type=item.mime_type, size_bytes=size_bytes))
    return item


async def update(
    tx: WriteTx,
    media_id: UUID,
    *,
    expected_version: int | None,
    alt: dict[str, str] | None = None,
    filename: str | None = None,
) -> Media:
    """Change what is said of a file; `alt` replaces all alternative texts.

    Raises:
        MediaNotFound, PreconditionFailed, InvalidLocale, ConcurrentUpdate.

    Emits: media.updated
    """
    item = await repository.get(tx, media_id)
    check_version(item.version, expected_version)
    wanted = {"alt": None if alt is None else _alt(alt), "filename": filename}
    changed = {
        name: value
        for name, value in wanted.items()
        if value is not None and value != getattr(item, name)
    }
    if not changed:
        return item
    await repository.store(tx, item, **changed)
    tx.emit(MediaUpdated(media_id=media_id, changed=tuple(sorted(changed))))
    return await repository.get(tx, media_id)


async def delete(tx: WriteTx, media_id: UUID, *, expected_version: int | None) -> None:
    """Forget a file; what was stored of it is swept later.

    Raises:
        MediaNotFound, PreconditionFailed, ConcurrentUpdate.
        MediaInUse: a node or product shows it.

    Emits: media.deleted
    """
    item = await repository.get(tx, media_id)
    check_version(item.version, expected_version)
    try:
        removed = await repository.remove(tx, item)
    except ForeignKeyViolation as error:
        raise MediaInUse from error
    if removed != 1:
        raise ConcurrentUpdate("The media was changed by somebody else; nothing was deleted.")
    tx.emit(MediaDeleted(media_id=media_id))


async def upsert(
    tx: WriteTx, data: MediaInput, *, source: str, source_id: str
) -> tuple[UUID, Outcome]:
    """Create or change the referred file an import names; no difference, no write.

    Raises:
        InvalidMediaUrl, InvalidLocale.

    Emits: media.uploaded or media.updated
    """
    found = await repository.find_by_source(tx, source, source_id)
    if found is None:
        return (await refer(tx, data, source=source, source_id=source_id)).id, "created"
    wanted: dict[str, object] = {
        "url": check_url(data.url),
        "filename": data.filename,
        "mime_type": data.mime_type,
        "width": data.width,
        "height": data.height,
        "size_bytes": data.size_bytes,
        "checksum": data.checksum,
        "alt": {**found.alt, **_alt(data.alt)},
    }
    changed = {name: value for name, value in wanted.items() if value != getattr(found, name)}
    if not changed:
        return found.id, "unchanged"
    await repository.store(tx, found, **changed)
    tx.emit(MediaUpdated(media_id=found.id, changed=tuple(sorted(changed))))
    return found.id, "updated"


async def describe(tx: ReadTx, ids: Sequence[UUID]) -> dict[UUID, MediaDescription]:
    """What documents need of media, in one statement."""
    return {
        one.id: MediaDescription(
            id=one.id,
            url=one.address,
            mime_type=one.mime_type,
            width=one.width,
            height=one.height,
            alt=one.alt,
        )
        for one in await repository.find_some(tx, ids)
    }
