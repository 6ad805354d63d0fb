"""Static files stand under the hash of their content; no path of a request reaches a disk."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest

from rustok.server.message import Request
from rustok.server.pages.assets import DemoPictures, StaticFiles, image_src
from rustok.server.problems import RouteNotFound


def get(path: str, **headers: str) -> Request:
    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request"}

    sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"method": "GET", "path": path, "headers": sent}, receive)


async def test_a_style_sheet_is_served_for_ever_under_its_hash() -> None:
    static = StaticFiles()

    answer = await static.page(get(static.address("site.css")))

    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"].startswith("text/css")


async def test_a_style_sheet_changes_its_address_with_its_content(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a{}")
    first = StaticFiles(tmp_path).address("a.css")
    (tmp_path / "a.css").write_text("b{}")

    assert StaticFiles(tmp_path).address("a.css") != first


@pytest.mark.parametrize("path", ["/static/site.css", "/static/0/site.css", "/static/../assets.py"])
async def test_no_other_static_path_is_served(path: str) -> None:
    with pytest.raises(RouteNotFound):
        await StaticFiles().page(get(path))


async def test_a_picture_of_the_demo_is_served_and_may_run_nothing() -> None:
    answer = await DemoPictures().page(get("/demo/shop/images/kuksa-birch-cup.svg"))

    assert answer.headers["content-type"] == "image/svg+xml"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert b"<svg" in answer.body


async def test_a_picture_the_browser_has_is_not_sent_again() -> None:
    pictures = DemoPictures()
    etag = (await pictures.page(get("/demo/shop/images/kuksa-birch-cup.svg"))).headers["etag"]

    again = await pictures.page(get("/demo/shop/images/kuksa-birch-cup.svg", if_none_match=etag))

    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/demo/shop/products.csv",
        "/demo/README.md",
        "/demo/../main.py",
        "/demo/shop/images/../../../main.py",
        "/demo/%2e%2e/main.py",
        "/demo//etc/passwd",
    ],
)
async def test_nothing_but_the_pictures_of_the_demo_is_served(path: str) -> None:
    with pytest.raises(RouteNotFound):
        await DemoPictures().page(get(path))


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("demo://shop/images/x.svg", "/demo/shop/images/x.svg"),
        ("https://cdn.example/x.png?v=1", "https://cdn.example/x.png?v=1"),
        ("/media/x.png", "/media/x.png"),
        ("javascript:alert(1)", ""),
        ("//evil.example/x.png", ""),
        ("data:text/html,x", ""),
        ("", ""),
    ],
)
def test_a_stored_address_becomes_one_a_browser_may_load(stored: str, shown: str) -> None:
    assert image_src(stored) == shown
