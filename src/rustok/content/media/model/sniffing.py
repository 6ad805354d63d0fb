"""What a file is by its first bytes, whatever it is called; knows six types and refuses the rest.

Source: PNG (ISO/IEC 15948), JPEG (ISO/IEC 10918-1), GIF 89a, WebP (RFC 9649), AVIF (ISO/IEC
23000-22, brands of ISO/IEC 14496-12), PDF (ISO 32000-1).
"""

from __future__ import annotations

import struct
from typing import Final

import msgspec

from rustok.content.media.errors import PictureTooLarge


class FileKind(msgspec.Struct, frozen=True, kw_only=True):
    """A type with what its header says; sizes in pixels, None when it does not."""

    mime_type: str
    extension: str
    width: int | None = None
    height: int | None = None


MAX_PIXELS: Final = 100_000_000
MAX_SIDE: Final = 32_768


def check_size(kind: FileKind) -> None:
    """Raises PictureTooLarge for more than MAX_PIXELS, or MAX_SIDE along a side."""
    width, height = kind.width or 0, kind.height or 0
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise PictureTooLarge(width, height)


def sniff(content: bytes) -> FileKind | None:
    """The type of `content`, or None when it is none of those taken."""
    if (
        content.startswith(b"\x89PNG\r\n\x1a\n")
        and content[12:16] == b"IHDR"
        and len(content) >= 24
    ):
        width, height = struct.unpack(">II", content[16:24])
        return FileKind(mime_type="image/png", extension="png", width=width, height=height)
    if content.startswith(b"\xff\xd8\xff"):
        width_height = _jpeg_size(content)
        return FileKind(
            mime_type="image/jpeg",
            extension="jpg",
            width=width_height[0] if width_height else None,
            height=width_height[1] if width_height else None,
        )
    if content[:6] in (b"GIF87a", b"GIF89a") and len(content) >= 10:
        width, height = struct.unpack("<HH", content[6:10])
        return FileKind(mime_type="image/gif", extension="gif", width=width, height=height)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP" and len(content) >= 30:
        return _webp(content)
    if content[4:8] == b"ftyp" and _has_avif_brand(content):
        return FileKind(mime_type="image/avif", extension="avif")
    if content.startswith(b"%PDF-"):
        return FileKind(mime_type="application/pdf", extension="pdf")
    return None


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    """Width and height of the first frame header (SOF), walking the segments."""
    position = 2
    while position + 9 <= len(content):
        if content[position] != 0xFF:
            return None
        marker = content[position + 1]
        if marker == 0xFF:  # a fill byte
            position += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[position + 5 : position + 9])
            return width, height
        (length,) = struct.unpack(">H", content[position + 2 : position + 4])
        if length < 2:
            return None
        position += 2 + length
    return None


def _webp(content: bytes) -> FileKind:
    width: int | None = None
    height: int | None = None
    form = content[12:16]
    if form == b"VP8X":
        width = int.from_bytes(content[24:27], "little") + 1
        height = int.from_bytes(content[27:30], "little") + 1
    elif form == b"VP8L":
        bits = int.from_bytes(content[21:25], "little")
        width, height = (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
    elif form == b"VP8 ":
        width, height = (value & 0x3FFF for value in struct.unpack("<HH", content[26:30]))
    return FileKind(mime_type="image/webp", extension="webp", width=width, height=height)


def _has_avif_brand(content: bytes) -> bool:
    size = min(int.from_bytes(content[:4], "big"), 256, len(content))
    brands = {content[8:12], *(content[at : at + 4] for at in range(16, size - 3, 4))}
    return bool(brands & {b"avif", b"avis"})
