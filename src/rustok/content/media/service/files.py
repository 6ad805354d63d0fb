"""Stored files: an upload is stored before its row is written, and swept after the row is gone.

Refuses: paths made by users; a file is named by its tenant and its content alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
from datetime import timedelta
from typing import Final
from urllib.parse import quote
from uuid import UUID

from rustok.content.media.errors import MediaNotFound, MediaTypeRefused
from rustok.content.media.model.media import Media
from rustok.content.media.model.sniffing import check_size, sniff
from rustok.content.media.repository import named_files
from rustok.content.media.service.records import record_upload
from rustok.core.parts import Parts
from rustok.core.routing import OpenCall, RawBody
from rustok.core.storage.port import StoredFileMissing

GRACE_SECONDS: Final = 3_600
"""A file without a row may belong to an upload that is under way; only older ones are swept."""
_OURS: Final = re.compile(r"[0-9a-f]{2}/(?:[0-9a-f]{64}\.[a-z0-9]{2,5}|[^/]+\.part)")


def key_of(tenant_id: UUID, stored_as: str) -> str:
    """Where a tenant's file lies in the storage."""
    return f"{tenant_id}/{stored_as}"


async def upload(call: OpenCall, data: RawBody) -> Media:
    """Store an uploaded file, then write its row.

    Raises:
        PictureTooLarge: see there.
        MediaTypeRefused: the content is of no type that is taken.
        StorageUnavailable, CircuitOpen: it cannot be stored now; nothing is recorded.

    Emits: media.uploaded, when the content is new
    """
    kind = sniff(data.content)
    if kind is None:
        raise MediaTypeRefused
    check_size(kind)
    checksum = await asyncio.to_thread(lambda: hashlib.sha256(data.content).hexdigest())
    stored_as = f"{checksum[:2]}/{checksum}.{kind.extension}"
    await call.parts.storage.put(key_of(call.ctx.tenant_id, stored_as), data.content)
    async with call.write() as tx:
        return await record_upload(
            tx,
            stored_as=stored_as,
            kind=kind,
            size_bytes=len(data.content),
            checksum=checksum,
            filename=_plain_name(data.filename),
        )


async def read_file(parts: Parts, tenant_id: UUID, item: Media) -> bytes:
    """The content of an uploaded file.

    Raises:
        MediaNotFound: it is a reference, or the file is gone.
        StorageUnavailable, CircuitOpen: it cannot be fetched now.
    """
    if item.stored_as is None:
        raise MediaNotFound
    try:
        return await parts.storage.get(key_of(tenant_id, item.stored_as))
    except StoredFileMissing:
        raise MediaNotFound from None


def disposition(item: Media) -> str:
    """How a browser shows an uploaded file, and the name it saves it under.

    The name is the uploader's; its ending is that of the content, so that no picture is saved as a
    program. Source: RFC 6266, RFC 8187.
    """
    place = "inline" if item.mime_type.startswith("image/") else "attachment"
    if item.filename is None or item.stored_as is None:
        return place
    ending = item.stored_as.rpartition(".")[2]
    name = f"{item.filename.rpartition('.')[0] or item.filename}.{ending}"
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    return f"{place}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _plain_name(name: str | None) -> str | None:
    """A file name to show, never to open: its last part, without control characters."""
    if name is None:
        return None
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(char for char in last if char.isprintable())[:200] or None


def _ours(key: str) -> tuple[UUID, str] | None:
    """Tenant and name of a file of ours; others may keep theirs in the same place."""
    tenant, _, stored_as = key.partition("/")
    if not _OURS.fullmatch(stored_as):
        return None
    with contextlib.suppress(ValueError):
        return UUID(tenant), stored_as
    return None


async def sweep(parts: Parts) -> int:
    """Remove stored files that no media names any more; safe to run twice. Returns how many went."""
    before = parts.db.now() - timedelta(seconds=GRACE_SECONDS)
    removed = 0
    async for keys in parts.storage.list_old(before):
        batch = [one for one in map(_ours, keys) if one is not None]
        if not batch:
            continue
        async with parts.db.system("sweep of unnamed media files", write=False) as tx:
            named = await named_files(tx, [stored_as for _, stored_as in batch])
        for tenant_id, stored_as in batch:
            if (tenant_id, stored_as) not in named:
                await parts.storage.delete(key_of(tenant_id, stored_as))
                removed += 1
    return removed
