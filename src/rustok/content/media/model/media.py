"""A file of the tenant: where it is and what is known of it."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from rustok.content.media.errors import InvalidMediaUrl

SCHEMES: Final = frozenset({"http", "https", "demo"})
"""`demo://` names a file of the sample data; the storefront resolves it."""
MAX_URL: Final = 2_048


class Media(msgspec.Struct, frozen=True, kw_only=True):
    """A picture or document.

    Attributes:
        url: where a referred file is; None for an uploaded one (served at /media/{id}).
        stored_as: path below the tenant's media folder; None for a referred one.
        alt: alternative text by locale.
        checksum: SHA-256 of the content in hexadecimal, when known.
    """

    id: UUID
    url: str | None
    stored_as: str | None
    filename: str | None
    mime_type: str
    width: int | None
    height: int | None
    size_bytes: int | None
    checksum: str | None
    alt: dict[str, str]
    source: str | None
    source_id: str | None
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def address(self) -> str:
        """What to put into a page: the foreign address, or the own path."""
        return self.url if self.url is not None else f"/api/v1/storefront/media/{self.id}"


class MediaInput(msgspec.Struct, frozen=True, kw_only=True):
    """A referred file as a caller or an import brings it."""

    url: str
    mime_type: str = "application/octet-stream"
    filename: str | None = None
    width: int | None = None
    height: int | None = None
    size_bytes: int | None = None
    checksum: str | None = None
    alt: dict[str, str] = msgspec.field(default_factory=dict)


class MediaDescription(msgspec.Struct, frozen=True, kw_only=True):
    """What an index document needs of a media; `alt` by locale."""

    id: UUID
    url: str
    mime_type: str
    width: int | None
    height: int | None
    alt: dict[str, str]


def check_url(text: str, *, pointer: str = "/url") -> str:
    """Refuse what is no plain address of a file.

    Raises:
        InvalidMediaUrl: another scheme, a name or password in it, spaces, over 2,048 characters.
    """
    wrong = InvalidMediaUrl(
        "write an http or https address without a user name, of at most 2,048 characters.",
        pointer=pointer,
        rule="url",
    )
    if not 1 <= len(text) <= MAX_URL or any(
        ord(char) <= 0x20 or char in "\"'<>\\`" for char in text
    ):
        raise wrong
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        raise wrong from None
    if (
        parts.scheme not in SCHEMES
        or not host
        or parts.username is not None
        or parts.password is not None
    ):
        raise wrong
    return text
