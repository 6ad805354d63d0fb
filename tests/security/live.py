"""The real server as its own process over a seeded database, and sockets to send it anything at all."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from rustok.server.platform import Platform
from tests.chaos.server_process import ServerProcess
from tests.conftest import World, settings_for
from tests.seeding import Rows, Seeded, dump, seed_everything

PUBLIC_URL = "https://shops.example"


class Live:
    """A running server with two seeded tenants, `a` (whose people the tests are) and `b`.

    Attributes:
        rows, rows_b: all rows of the tenants as they were at the start.
    """

    def __init__(self, template: Path, folder: Path) -> None:
        self.folder = folder
        path = folder / "rustok.sqlite3"
        shutil.copyfile(template, path)
        self.url = f"sqlite:///{path}"
        self.a: Seeded
        self.b: Seeded
        self.rows: Rows
        self.rows_b: Rows
        asyncio.run(self._seed())
        self.server = ServerProcess(self.url, folder, synchronous="OFF")
        self.server.set(
            RUSTOK_HTTP__PUBLIC_URL=PUBLIC_URL,
            RUSTOK_HTTP__HEADER_TIMEOUT_SECONDS="1",
            RUSTOK_HTTP__BODY_TIMEOUT_SECONDS="1",
            RUSTOK_TELEMETRY__LOG_LEVEL="INFO",
            RUSTOK_TELEMETRY__LOG_FORMAT="json",
        )
        self.server.start(timeout_seconds=180)

    async def _seed(self) -> None:
        platform = Platform(settings_for(self.url, self.folder), observer=None)
        await platform.open()
        world = World(platform, [])
        seeded = []
        for marker in ("aaamarker", "bbbmarker"):
            tenant = await world.tenant(
                slug=f"t-{marker}", locales=["en", "de"], currencies=["EUR", "USD"]
            )
            seeded.append(await seed_everything(world, tenant, marker))
        self.a, self.b = seeded
        self.rows = await dump(world, self.a.profile.id)
        self.rows_b = await dump(world, self.b.profile.id)
        await platform.close()

    @property
    def port(self) -> int:
        return self.server.port

    def client(
        self, *, token: str | None = None, tenant: bool = True, **headers: str
    ) -> httpx.Client:
        """A client at the server; of tenant a, and signed in with `token`."""
        if tenant:
            headers["X-Tenant"] = self.a.profile.slug
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return httpx.Client(base_url=self.server.base_url, headers=headers, timeout=20)

    def admin(self) -> httpx.Client:
        return self.client(token=self.a.admin_token)

    def log(self) -> str:
        """All the server has logged."""
        return (self.folder / "server.log").read_text(errors="replace")

    def raw(self, *chunks: bytes, pause_seconds: float = 0.0, wait_seconds: float = 8.0) -> bytes:
        """What comes back for bytes sent as they are, until the server closes or falls silent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=wait_seconds) as line:
            got = b""
            with contextlib.suppress(OSError):
                for chunk in chunks:
                    line.sendall(chunk)
                    time.sleep(pause_seconds)
            with contextlib.suppress(OSError):
                while part := line.recv(65_536):
                    got += part
                    if _is_whole(got):
                        break
            return got

    def raw_status(self, *chunks: bytes, **more: float) -> int:
        """The status of `raw`; 0 when the server hung up without a word."""
        found = re.match(rb"HTTP/1\.1 (\d{3})", self.raw(*chunks, **more))
        return int(found[1]) if found else 0

    def is_well(self) -> bool:
        return httpx.get(f"{self.server.base_url}/health/ready", timeout=5).status_code == 200


def _is_whole(got: bytes) -> bool:
    head, gap, body = got.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    return bool(gap) and length is not None and len(body) >= int(length[1])


@contextlib.contextmanager
def running(template: Path, folder: Path) -> Iterator[Live]:
    live = Live(template, folder)
    try:
        yield live
    finally:
        live.server.stop()
