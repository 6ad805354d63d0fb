"""Files from outside: typed by their content, never named by their sender, never unpacked or run.

Source: OWASP file upload cheat sheet, XML external entity prevention cheat sheet; CWE-776 (billion laughs).
"""

from __future__ import annotations

import io
import struct
import time
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest

from tests.security.live import Live
from tests.seeding import PIXEL

MEDIA: Final = "/api/v1/admin/media"
IMPORTS: Final = "/api/v1/admin/imports"


@pytest.fixture
def admin(live: Live) -> Iterator[httpx.Client]:
    with live.admin() as client:
        yield client


def _zip_bomb() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * 20_000_000)
    return made.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"<html><script>alert(1)</script></html>",
        b"<!DOCTYPE html><body onload=alert(1)>",
        b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script/></svg>',
        b"<?php system($_GET['c']); ?>",
        b"#!/bin/sh\nid\n",
        b"MZ\x90\x00\x03\x00\x00\x00",
        b"\x7fELF\x02\x01\x01",
        b"PK\x03\x04" + b"\x00" * 40,
        _zip_bomb(),
        b"\x1f\x8b\x08\x00" + b"\x00" * 40,
        b"BM" + b"\x00" * 60,
        b" \x89PNG\r\n\x1a\n",
        b"\x89PNG",
        b"GIF87b\x01\x00\x01\x00",
        b"alert(1)//\x89PNG\r\n\x1a\n",
        b"%!PS-Adobe-3.0",
        b"\x00" * 64,
        b"x",
    ],
)
def test_what_is_none_of_the_six_types_is_refused_whatever_it_is_called(
    admin: httpx.Client, content: bytes
) -> None:
    for name, kind in (
        ("a.png", "image/png"),
        ("a.jpg", "image/jpeg"),
        ("a.pdf", "application/pdf"),
    ):
        answer = admin.post(
            MEDIA, content=content, headers={"Content-Type": kind, "X-Filename": name}
        )
        assert answer.status_code in (400, 415, 422), (name, answer.text)


def test_a_picture_that_is_also_a_script_is_shown_as_a_picture_and_nothing_else(
    live: Live, admin: httpx.Client
) -> None:
    polyglot = b"GIF89a/*" + b"\x01" * 8 + b"*/=1;alert(1)//<script>alert(1)</script>"
    sent = admin.post(
        MEDIA, content=polyglot, headers={"Content-Type": "text/html", "X-Filename": "x.html"}
    )
    assert sent.status_code == 201, sent.text
    with live.client() as client:
        shown = client.get(f"/api/v1/storefront/media/{sent.json()['id']}")
    assert shown.headers["content-type"] == "image/gif"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in shown.headers["content-security-policy"]
    assert "default-src 'none'" in shown.headers["content-security-policy"]


@pytest.mark.parametrize(
    "name",
    [
        "../../../../etc/cron.d/x",
        "..\\..\\windows\\system32\\x.dll",
        "/etc/passwd",
        "C:\\boot.ini",
        "x.png\x00.php",
        "%2e%2e%2fx",
        ".htaccess",
        "....//....//x",
        "a" * 5_000,
        "con",
        "x\u202egnp.exe",
    ],
)
def test_the_name_of_an_upload_is_a_label_and_no_path(
    live: Live, admin: httpx.Client, name: str
) -> None:
    unique = PIXEL + str(time.monotonic_ns()).encode()
    try:
        answer = admin.post(
            MEDIA, content=unique, headers=[(b"X-Filename", name.encode("utf-8", "replace"))]
        )
    except httpx.LocalProtocolError:
        return  # no HTTP client can even send it
    assert answer.status_code in (201, 400, 431), answer.text
    if answer.status_code == 201:
        shown = answer.json()["filename"] or ""
        assert "/" not in shown
        assert "\\" not in shown
        assert "\x00" not in shown
        assert len(shown) <= 200
    outside = list(live.folder.parent.rglob("x.dll")) + list(live.folder.parent.rglob("*.php"))
    assert outside == []


def _png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize(("width", "height"), [(65_535, 65_535), (2**31 - 1, 1), (100_000, 20_000)])
def test_a_small_file_that_claims_a_huge_picture_is_refused(
    admin: httpx.Client, width: int, height: int
) -> None:
    """An image bomb bursts where it is shown: in every visitor's browser."""
    answer = admin.post(MEDIA, content=_png(width, height))
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] == "picture_too_large"


LAUGHS: Final = (
    '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(10))
    + "]><rss><channel><title>&k;</title></channel></rss>"
)
BOMBS: Final = {
    "billion laughs": LAUGHS,
    "quadratic blow-up": '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "'
    + "x" * 50_000
    + '">]><rss><channel><title>'
    + "&a;" * 1_000
    + "</title></channel></rss>",
    "a local file": '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    "<rss><channel><title>&x;</title></channel></rss>",
    "a foreign address": '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY x SYSTEM '
    '"http://127.0.0.1:1/">]><rss><channel><title>&x;</title></channel></rss>',
    "a parameter entity": '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY % p SYSTEM '
    '"http://127.0.0.1:1/x.dtd"> %p;]><rss><channel/></rss>',
    "a foreign DTD": '<?xml version="1.0"?><!DOCTYPE rss SYSTEM "http://127.0.0.1:1/x.dtd">'
    "<rss><channel/></rss>",
    "an entity without use": '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "b">]>'
    "<rss><channel/></rss>",
    "depth": "<rss><channel><item>" + "<a>" * 50_000 + "</item></channel></rss>",
    "another root": "<html><body/></html>",
    "nothing": "<",
    "binary": "\x00\x01\x02",
}


def _outcome(admin: httpx.Client, source: str, content: bytes) -> dict[str, Any]:
    """The run of an import at its end; a refusal at the door is an end, too."""
    sent = admin.post(f"{IMPORTS}/{source}", content=content)
    if sent.status_code >= 400:
        return {"status": "refused", "code": sent.json()["code"]}
    run: dict[str, Any] = {}
    until = time.monotonic() + 60
    while time.monotonic() < until:
        run = admin.get(f"{IMPORTS}/{sent.json()['id']}").json()["run"]
        if run["status"] not in ("pending", "running"):
            return run
        time.sleep(0.1)
    raise AssertionError(f"the import hangs: {run}")


@pytest.mark.parametrize("name", BOMBS)
def test_an_export_in_xml_with_entities_a_dtd_or_endless_depth_is_refused(
    admin: httpx.Client, name: str
) -> None:
    run = _outcome(admin, "wordpress", BOMBS[name].encode())
    assert run["status"] in ("failed", "refused"), run
    assert "root:" not in str(run)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("one endless row", b"Handle,Title\n" + b"x" * 9_000_000),
        ("very many columns", b",".join(b"c%d" % n for n in range(5_000)) + b"\n"),
        ("a quote that never closes", b'Handle,Title\n"' + b"x\n" * 100_000),
        ("a column name without end", b"x" * 100_000 + b",Title\nx,y\n"),
        ("bytes of no encoding", b"\xff\xfe" + b"\x00\xd8" * 1_000),
        ("a zip file", _zip_bomb()),
        ("nothing but line ends", b"\n" * 100_000),
    ],
)
def test_an_export_in_csv_beyond_the_bounds_ends_in_a_report(
    admin: httpx.Client, name: str, content: bytes
) -> None:
    run = _outcome(admin, "shopify", content)
    assert run["status"] in ("failed", "refused", "finished"), (name, run)
    if run["status"] == "finished":
        assert "created" not in str(run["counts"]), (name, run["counts"])


def test_a_formula_in_an_export_is_a_text_of_a_product_and_nothing_more(
    live: Live, admin: httpx.Client
) -> None:
    rows = "".join(
        f'formula-{n},"{text}",<p>x</p>,V,active,S{n},9.90\n'
        for n, text in enumerate(("=1+1", "+1+1", "-1+1", "@SUM(1)", "=HYPERLINK(1)"))
    )
    run = _outcome(
        admin,
        "shopify",
        f"Handle,Title,Body (HTML),Vendor,Status,Variant SKU,Variant Price\n{rows}".encode(),
    )
    assert run["status"] == "finished", run
