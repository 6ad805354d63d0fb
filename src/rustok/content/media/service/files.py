"""Files on disk: an upload is stored before its row is written, and swept after the row is gone.

Refuses: paths made by users; a file is named by its tenant and its content alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from uuid import UUID

from rustok.content.media.errors import MediaNotFound, MediaTypeRefused
from rustok.content.media.model.media import Media
from rustok.content.media.model.sniffing import sniff
from rustok.content.media.repository import named_files
from rustok.content.media.service.records import record_upload
from rustok.core.parts import Parts
from rustok.core.routing import OpenCall, RawBody

GRACE_SECONDS: Final = 3_600
"""A file without a row may belong to an upload that is under way; only older ones are swept."""
_BATCH: Final = 500
_OURS: Final = re.compile(r"[0-9a-f]{2}/(?:[0-9a-f]{64}\.[a-z0-9]{2,5}|[^/]+\.part)")


def folder_of(root: Path, tenant_id: UUID) -> Path:
    return root / str(tenant_id)


async def upload(call: OpenCall, data: RawBody) -> Media:
    """Store an uploaded file, then write its row.

    Raises:
        MediaTypeRefused: the content is of no type that is taken.

    Emits: media.uploaded, when the content is new
    """
    kind = sniff(data.content)
    if kind is None:
        raise MediaTypeRefused
    checksum = await asyncio.to_thread(lambda: hashlib.sha256(data.content).hexdigest())
    stored_as = f"{checksum[:2]}/{checksum}.{kind.extension}"
    path = folder_of(call.parts.media_root, call.ctx.tenant_id) / stored_as
    await asyncio.to_thread(_write, path, data.content)
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
    """
    if item.stored_as is None:
        raise MediaNotFound
    path = folder_of(parts.media_root, tenant_id) / item.stored_as
    try:
        return await asyncio.to_thread(path.read_bytes)
    except FileNotFoundError:
        raise MediaNotFound from None


def _write(path: Path, content: bytes) -> None:
    """Write all or nothing: to a temporary name, then rename; an existing file is made young again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        os.utime(path)
        return
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise


def _plain_name(name: str | None) -> str | None:
    """A file name to show, never to open: its last part, without control characters."""
    if name is None:
        return None
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(char for char in last if char.isprintable())[:200] or None


def _old_files(root: Path, before: float) -> Iterator[tuple[UUID, str, Path]]:
    """Files of ours alone: others keep theirs below the same root."""
    for path in root.glob("*/??/*"):
        tenant, folder, name = path.parts[-3:]
        with contextlib.suppress(OSError, ValueError):
            if _OURS.fullmatch(f"{folder}/{name}") and path.stat().st_mtime < before:
                yield UUID(tenant), f"{folder}/{name}", path


async def sweep(parts: Parts) -> int:
    """Remove stored files that no media names any more; safe to run twice. Returns how many went."""
    before = parts.db.now().timestamp() - GRACE_SECONDS
    files = await asyncio.to_thread(lambda: list(_old_files(parts.media_root, before)))
    removed = 0
    for start in range(0, len(files), _BATCH):
        batch = files[start : start + _BATCH]
        async with parts.db.system("sweep of unnamed media files", write=False) as tx:
            named = await named_files(tx, [stored_as for _, stored_as, _ in batch])
        for tenant_id, stored_as, path in batch:
            if (tenant_id, stored_as) not in named:
                await asyncio.to_thread(path.unlink, missing_ok=True)
                removed += 1
    return removed
