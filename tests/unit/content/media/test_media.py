"""Files are known by their content, addresses by their form."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rustok.content.media.errors import InvalidMediaUrl
from rustok.content.media.model.media import Media, check_url
from rustok.content.media.model.sniffing import sniff
from rustok.content.media.service.files import disposition
from rustok.core.ids import new_id

PNG = (
    b"\x89PNG\r\n\x1a\n"
    + struct.pack(">I", 13)
    + b"IHDR"
    + struct.pack(">II", 640, 480)
    + b"\x08\x06\x00\x00\x00"
)
JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    b"\xff\xc0\x00\x11\x08"
    + struct.pack(">HH", 30, 40)
    + b"\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01"
)
GIF = b"GIF89a" + struct.pack("<HH", 12, 13) + b"\x00\x00\x00"
WEBP_LOSSY = (
    b"RIFF\x24\x00\x00\x00WEBPVP8 \x18\x00\x00\x00\x30\x01\x00\x9d\x01\x2a"
    + struct.pack("<HH", 50, 60)
    + b"\x00" * 8
)
WEBP_EXTENDED = (
    b"RIFF\x24\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00"
    + (99).to_bytes(3, "little")
    + (199).to_bytes(3, "little")
)
WEBP_LOSSLESS = (
    b"RIFF\x24\x00\x00\x00WEBPVP8L\x0a\x00\x00\x00\x2f"
    + (9 | (19 << 14)).to_bytes(4, "little")
    + b"\x00" * 8
)
AVIF = struct.pack(">I", 28) + b"ftypavif\x00\x00\x00\x00mif1avif" + b"\x00" * 8


@pytest.mark.parametrize(
    ("content", "mime_type", "size"),
    [
        (PNG, "image/png", (640, 480)),
        (JPEG, "image/jpeg", (40, 30)),
        (GIF, "image/gif", (12, 13)),
        (WEBP_LOSSY, "image/webp", (50, 60)),
        (WEBP_EXTENDED, "image/webp", (100, 200)),
        (WEBP_LOSSLESS, "image/webp", (10, 20)),
        (AVIF, "image/avif", (None, None)),
        (b"%PDF-1.7\n", "application/pdf", (None, None)),
    ],
)
def test_a_file_is_known_by_its_first_bytes(
    content: bytes, mime_type: str, size: tuple[int | None, int | None]
) -> None:
    kind = sniff(content)
    assert kind is not None
    assert (kind.mime_type, (kind.width, kind.height)) == (mime_type, size)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<?xml version='1.0'?><svg/>",
        b"<html><script>alert(1)</script></html>",
        b"MZ\x90\x00",
        b"PK\x03\x04",
        b"\x89PNG",
        b"RIFF\x00\x00\x00\x00WAVE" + b"\x00" * 30,
        struct.pack(">I", 24) + b"ftypmp42\x00\x00\x00\x00isommp42",
    ],
)
def test_other_files_are_not_taken(content: bytes) -> None:
    assert sniff(content) is None


@given(
    st.sampled_from([PNG, JPEG, GIF, WEBP_LOSSY, AVIF]), st.binary(max_size=60), st.integers(0, 60)
)
def test_a_broken_header_never_fails(start: bytes, tail: bytes, cut: int) -> None:
    sniff(start[:cut] + tail)


@pytest.mark.parametrize(
    "url", ["https://x.example/a.png", "http://127.0.0.1:9000/a?b=c#d", "demo://shop/boot.webp"]
)
def test_an_address_of_a_file_is_taken(url: str) -> None:
    assert check_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "javascript:alert(1)",
        "data:image/png;base64,AA",
        "file:///etc/passwd",
        "/a.png",
        "//x.example/a.png",
        "https://",
        "https://user:pass@x.example/a.png",
        "https://x.example/a b.png",
        'https://x.example/"onerror=',
        "https://x.example/\nx",
        "http://[::1",
        "https://x.example/" + "a" * 2_048,
    ],
)
def test_what_is_no_address_of_a_file_is_refused(url: str) -> None:
    with pytest.raises(InvalidMediaUrl):
        check_url(url)


def _stored(filename: str | None, ending: str = "png", mime_type: str = "image/png") -> Media:
    return Media(
        id=new_id(),
        url=None,
        stored_as=f"ab/{'ab' * 32}.{ending}",
        filename=filename,
        mime_type=mime_type,
        width=1,
        height=1,
        size_bytes=1,
        checksum="ab" * 32,
        alt={},
        source=None,
        source_id=None,
        version=1,
        created_at=datetime.now(UTC),
        updated_at=datetime.now(UTC),
    )


@pytest.mark.parametrize(
    ("filename", "told"),
    [
        (None, "inline"),
        ("boats.png", "inline; filename=\"boats.png\"; filename*=UTF-8''boats.png"),
        ("Träume.PNG", "inline; filename=\"Tr_ume.png\"; filename*=UTF-8''Tr%C3%A4ume.png"),
        ("page.html", "inline; filename=\"page.png\"; filename*=UTF-8''page.png"),
        ('a";\r\nx', "inline; filename=\"a____x.png\"; filename*=UTF-8''a%22%3B%0D%0Ax.png"),
    ],
)
def test_a_file_is_saved_under_its_name_with_the_ending_of_its_content(
    filename: str | None, told: str
) -> None:
    assert disposition(_stored(filename)) == told


def test_what_is_no_picture_is_offered_for_saving() -> None:
    found = disposition(_stored("report.pdf", "pdf", "application/pdf"))
    assert found.startswith('attachment; filename="report.pdf"')
