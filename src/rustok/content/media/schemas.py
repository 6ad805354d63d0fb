"""Wire shapes of media."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from rustok.content.media.model.media import MAX_URL, Media, MediaInput
from rustok.core.types import LocaleTag, MimeType, ShortText

Url = Annotated[
    str, Meta(min_length=1, max_length=MAX_URL, examples=["https://cdn.example.com/harbour.webp"])
]
Pixels = Annotated[int, Meta(ge=1, le=1_000_000)]
Size = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Checksum = Annotated[str, Meta(min_length=64, max_length=64, pattern=r"^[0-9a-f]{64}$(?!\n)")]
Alt = Annotated[dict[LocaleTag, ShortText], Meta(max_length=50)]


class ReferToMedia(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that lies elsewhere. `checksum` is the SHA-256 of its content in hexadecimal."""

    url: Url
    mime_type: MimeType
    filename: ShortText | None = None
    width: Pixels | None = None
    height: Pixels | None = None
    size_bytes: Size | None = None
    checksum: Checksum | None = None
    alt: Alt = msgspec.field(default_factory=dict)


class UpdateMedia(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes; absent fields stay. `alt` replaces all alternative texts."""

    alt: Alt | None = None
    filename: Annotated[ShortText, Meta(min_length=1)] | None = None


class MediaView(msgspec.Struct, frozen=True, kw_only=True):
    """`url` is where to fetch it; for an uploaded file a path of this host."""

    id: UUID
    url: str
    is_uploaded: bool
    filename: str | None
    mime_type: str
    width: int | None
    height: int | None
    size_bytes: int | None
    checksum: str | None
    alt: dict[str, str]
    version: int
    created_at: datetime
    updated_at: datetime


def media_input(data: ReferToMedia) -> MediaInput:
    return msgspec.convert(data, MediaInput, from_attributes=True)


def media_view(item: Media) -> MediaView:
    return MediaView(
        id=item.id,
        url=item.address,
        is_uploaded=item.stored_as is not None,
        filename=item.filename,
        mime_type=item.mime_type,
        width=item.width,
        height=item.height,
        size_bytes=item.size_bytes,
        checksum=item.checksum,
        alt=item.alt,
        version=item.version,
        created_at=item.created_at,
        updated_at=item.updated_at,
    )
