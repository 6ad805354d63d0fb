"""The pages in a real browser: everything they name loads, and nothing breaks their own policy."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server

from rustok.server.asgi import application
from rustok.server.message import Receive, Scope, Send
from tests.integration.pages.conftest import Furnished

CHROMIUM = next(
    (
        found
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (found := shutil.which(name))
    ),
    "",
)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--enable-logging=stderr",
    "--virtual-time-budget=3000",
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not CHROMIUM, reason="no chromium, chromium-browser or google-chrome is installed"
    ),
]


class Site(msgspec.Struct, frozen=True):
    """A running server: its address, and what it was asked for with the status of each answer."""

    url: str
    answers: list[tuple[str, int]]


@pytest.fixture
def database_kind() -> str:
    # What a browser makes of a page does not depend on the database.
    return "sqlite"


@pytest.fixture
async def site(world: Any, furnished: Furnished) -> AsyncIterator[Site]:
    """The furnished tenant, the only one, on a free port of this machine."""
    app = application(world.platform)
    answers: list[tuple[str, int]] = []

    async def recording(scope: Scope, receive: Receive, send: Send) -> None:
        async def noted(message: Any) -> None:
            if message["type"] == "http.response.start":
                answers.append((scope["path"], message["status"]))
            await send(message)

        await app(scope, receive, noted)

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    server = Server(
        recording,
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGI,
        websockets=False,
        log_enabled=False,
    )
    serving = asyncio.create_task(server.serve())
    await _listening(port)
    yield Site(f"http://127.0.0.1:{port}", answers)
    server.stop()  # type: ignore[no-untyped-call]  # granian leaves it untyped
    await serving


async def _listening(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                await writer.wait_closed()
                return
            await asyncio.sleep(0.02)


async def browse(url: str, profile: Path, *flags: str) -> tuple[str, str]:
    """The document as the browser has it after loading, and what its console said."""
    process = await asyncio.create_subprocess_exec(
        CHROMIUM,
        *FLAGS,
        *flags,
        f"--user-data-dir={profile}",
        "--dump-dom",
        url,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    return out.decode(), "\n".join(line for line in err.decode().splitlines() if "CONSOLE" in line)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/", "Fjord &amp; Co"),
        ("/products", "Birch cup"),
        ("/products/birch-cup", "Carved by hand."),
        ("/search?q=winter", "Winter light"),
        ("/cart", "Your cart is empty."),
        ("/posts", "Winter light"),
        ("/posts/winter-light", "<em>paths</em>"),
        ("/pages/about/team", "Team"),
        ("/problems", "form_not_trusted"),
    ],
)
async def test_a_page_and_all_it_names_load_without_a_complaint(
    site: Site, tmp_path: Path, path: str, shown: str
) -> None:
    document, console = await browse(site.url + path, tmp_path / "profile")

    assert shown in document
    assert console == ""
    assert [one for one in site.answers if one[1] >= 400] == []
    assert any(name.endswith("/site.css") for name, _ in site.answers)


async def test_a_picture_of_the_demo_is_shown(site: Site, tmp_path: Path) -> None:
    await browse(f"{site.url}/products/birch-cup", tmp_path / "profile")

    assert ("/demo/shop/images/kuksa-birch-cup.svg", 200) in site.answers


async def test_the_search_box_of_the_reference_comes_with_its_script(
    site: Site, tmp_path: Path
) -> None:
    document, console = await browse(f"{site.url}/docs", tmp_path / "profile")

    assert console == ""
    assert '<div class="field" id="docs-search"><label' in document


async def test_a_missing_page_reads_in_the_browsers_language(site: Site, tmp_path: Path) -> None:
    document, _ = await browse(f"{site.url}/nothing", tmp_path / "profile", "--accept-lang=de")

    assert 'lang="de"' in document
    assert "Diese Seite haben wir nicht gefunden" in document
