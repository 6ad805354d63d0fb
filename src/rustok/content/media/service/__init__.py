"""The use cases of media: what is recorded of files, and the files themselves."""

from rustok.content.media.service.files import key_of
from rustok.content.media.service.records import (
    describe,
    get,
    list_media,
    refer,
    upsert,
)

__all__ = [
    "describe",
    "get",
    "key_of",
    "list_media",
    "refer",
    "upsert",
]
