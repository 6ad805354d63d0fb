"""Every query on media."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Integer, Text, bindparam, or_, select

from rustok.content.media.errors import MediaNotFound
from rustok.content.media.model.media import Media
from rustok.content.media.tables import media
from rustok.core.db import TENANT, Id, Query, ReadTx, SystemTx, WriteTx, any_of

_COLUMNS: Final = [column for column in media.c if column.key != "tenant_id"]


def _query(*conditions: Any) -> Query[Media]:
    return Query(
        select(*_COLUMNS).where(media.c.tenant_id == TENANT, *conditions).order_by(media.c.id),
        Media,
    )


_BY_ID: Final = _query(media.c.id == bindparam("id", type_=Id()))
_SOME: Final = _query(any_of(media.c.id, "ids"))
_BY_FILE: Final = _query(media.c.stored_as == bindparam("stored_as", type_=Text()))
_BY_SOURCE: Final = _query(
    media.c.source == bindparam("source", type_=Text()),
    media.c.source_id == bindparam("source_id", type_=Text()),
)
_AFTER = bindparam("after", type_=Id())
_PAGE: Final = Query(
    select(*_COLUMNS)
    .where(media.c.tenant_id == TENANT, or_(_AFTER.is_(None), media.c.id < _AFTER))
    .order_by(media.c.id.desc())
    .limit(bindparam("limit", type_=Integer())),
    Media,
)


async def get(tx: ReadTx, media_id: UUID) -> Media:
    """Raises MediaNotFound."""
    found = await tx.one(_BY_ID, id=media_id)
    if found is None:
        raise MediaNotFound
    return found


async def find_some(tx: ReadTx, ids: Sequence[UUID]) -> list[Media]:
    return await tx.all(_SOME, ids=list(ids)) if ids else []


async def find_by_file(tx: ReadTx, stored_as: str) -> Media | None:
    return await tx.one(_BY_FILE, stored_as=stored_as)


async def find_by_source(tx: ReadTx, source: str, source_id: str) -> Media | None:
    return await tx.one(_BY_SOURCE, source=source, source_id=source_id)


async def list_media(tx: ReadTx, *, after: UUID | None, limit: int) -> list[Media]:
    """The newest first."""
    return await tx.all(_PAGE, after=after, limit=limit)


def _row(item: Media) -> dict[str, object]:
    return {name: getattr(item, name) for name in item.__struct_fields__}


async def add(tx: WriteTx, item: Media) -> bool:
    """Insert; False when the same file or source is there already."""
    return await tx.insert_if_absent(media, **_row(item))


async def store(tx: WriteTx, item: Media, **changed: object) -> None:
    """Raises ConcurrentUpdate."""
    await tx.update_version(
        media, {"id": item.id}, version=item.version, updated_at=tx.now, **changed
    )


async def remove(tx: WriteTx, item: Media) -> int:
    """Delete at the version seen; returns 0 when it has moved on.

    Raises:
        ForeignKeyViolation: something refers to it.
    """
    return await tx.delete(media, id=item.id, version=item.version)


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    tenant_id: UUID
    stored_as: str


_FILES: Final = Query(
    select(media.c.tenant_id, media.c.stored_as).where(any_of(media.c.stored_as, "paths")),
    StoredFile,
    system="the sweep of files that no media of any tenant names",
)


async def named_files(tx: SystemTx, paths: Sequence[str]) -> set[tuple[UUID, str]]:
    """Those of `paths` that media name, with their tenants."""
    return {(row.tenant_id, row.stored_as) for row in await tx.all(_FILES, paths=list(paths))}
