"""What other features may call of media."""

from rustok.content.media.errors import MediaNotFound
from rustok.content.media.model.media import Media, MediaDescription, MediaInput
from rustok.content.media.service import (
    describe,
    get,
    key_of,
    list_media,
    refer,
    upsert,
)

__all__ = [
    "Media",
    "MediaDescription",
    "MediaInput",
    "MediaNotFound",
    "describe",
    "get",
    "key_of",
    "list_media",
    "refer",
    "upsert",
]
