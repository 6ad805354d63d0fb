"""The platform as it is deployed, on this machine: serve, worker, PostgreSQL, NATS, mail, a webhook receiver."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

import httpx
import msgspec
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from rustok.cli import demo_seed
from rustok.core.db.schema import APP_ROLE, SYSTEM_ROLE
from rustok.server.platform import Platform
from tests.chaos.server_process import free_port
from tests.conftest import POSTGRES, settings_for
from tests.nats_process import NatsProcess
from tests.observability.proxy import Proxy
from tests.schema_for_tests import create_postgres_schema, drop_database

DATABASE = f"rustok_watch_{os.getpid()}"


class _Mailbox:
    """Takes mail, or refuses it for now."""

    def __init__(self) -> None:
        self.refuses = False

    async def handle_DATA(  # noqa: N802 - aiosmtpd names it
        self, _server: SMTP, _session: Session, _envelope: Envelope
    ) -> str:
        return "451 not now" if self.refuses else "250 taken"


class Receiver:
    """Answers webhooks with `status`."""

    def __init__(self) -> None:
        self.status = 204
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in tuple(self._open):
            writer.close()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                size = [
                    int(line.split(b":")[1])
                    for line in head.lower().split(b"\r\n")
                    if line.startswith(b"content-length:")
                ]
                await reader.readexactly(size[0] if size else 0)
                writer.write(f"HTTP/1.1 {self.status} X\r\ncontent-length: 0\r\n\r\n".encode())
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            writer.close()
        finally:
            self._open.discard(writer)


class Stack:
    """Everything of it; enter it to start, leave it to stop.

    Args:
        folder: for logs, media and streams.
        extra: further settings of both processes.
    """

    def __init__(self, folder: Path, **extra: str) -> None:
        self._folder = folder
        self._extra = extra
        self.nats = NatsProcess(folder)
        self.mailbox = _Mailbox()
        self.receiver = Receiver()
        place = urlsplit(POSTGRES)
        self.database = Proxy(place.hostname or "127.0.0.1", place.port or 5432)
        self.port, self.serve_port, self.worker_port = free_port(), free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.receiver_port = 0
        self._mail: Controller | None = None
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._environment: dict[str, str] = {}

    async def __aenter__(self) -> Stack:
        await create_postgres_schema(POSTGRES, DATABASE)
        self.nats.start()
        self.receiver_port = await self.receiver.start()
        self._mail = Controller(self.mailbox, hostname="127.0.0.1", port=free_port())
        self._mail.start()
        proxy_port = await self.database.start()
        direct = POSTGRES.rpartition("@")[2].rpartition("/")[0]
        await self._seed(direct)
        base = f"127.0.0.1:{proxy_port}/{DATABASE}"
        self._environment = {
            **os.environ,
            "RUSTOK_DATABASE__URL": f"postgresql://{APP_ROLE}@{base}",
            "RUSTOK_DATABASE__SYSTEM_URL": f"postgresql://{SYSTEM_ROLE}@{base}",
            "RUSTOK_SECURITY__SECRET_KEY": "test-" + "k" * 43,
            "RUSTOK_HTTP__PORT": str(self.port),
            "RUSTOK_MEDIA__ROOT": str(self._folder / "media"),
            "RUSTOK_TELEMETRY__LOG_LEVEL": "WARNING",
            "RUSTOK_TELEMETRY__METRICS_PORT": str(self.serve_port),
            "RUSTOK_TELEMETRY__WORKER_METRICS_PORT": str(self.worker_port),
            "RUSTOK_TELEMETRY__TOP_TENANTS": "10",
            "RUSTOK_EVENTS__TRANSPORT": "jetstream",
            "RUSTOK_NATS__URLS": self.nats.url,
            "RUSTOK_MAIL__HOST": "127.0.0.1",
            "RUSTOK_MAIL__PORT": str(self._mail.port),
            "RUSTOK_MAIL__SECURITY": "none",
            "RUSTOK_WEBHOOKS__ALLOW_HTTP": "true",
            "RUSTOK_WEBHOOKS__ALLOW_PRIVATE": "true",
            **self._extra,
        }
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "rustok.cli.main", "events", "provision"],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        self.start("serve")
        self.start("worker")
        await self._ready()
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        for name in list(self._processes):
            self.stop(name)
        self.nats.end()
        if self._mail is not None:
            self._mail.stop()
        await self.receiver.stop()
        await self.database.stop()
        await drop_database(POSTGRES, DATABASE)

    async def _seed(self, place: str) -> None:
        base = f"{place}/{DATABASE}"
        settings = settings_for(
            f"postgresql://{APP_ROLE}@{base}",
            self._folder,
            system_url=f"postgresql://{SYSTEM_ROLE}@{base}",
        )
        settings = msgspec.structs.replace(settings)
        platform = Platform(settings)
        await platform.open()
        try:
            await demo_seed.seed(platform, self._folder, note=lambda _text: None)
        finally:
            await platform.close()

    def start(self, *command: str) -> None:
        """Start `rustok COMMAND`; its log is beside the others."""
        with (self._folder / f"{command[0]}.log").open("ab") as log:
            self._processes[command[0]] = subprocess.Popen(
                [sys.executable, "-m", "rustok.cli.main", *command],
                env=self._environment,
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )

    def stop(self, name: str) -> None:
        process = self._processes.pop(name)
        process.terminate()
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)

    async def _ready(self) -> None:
        until = time.monotonic() + 60
        async with httpx.AsyncClient(timeout=2) as client:
            while time.monotonic() < until:
                try:
                    if (await client.get(f"{self.url}/health/ready")).status_code == 200:
                        return
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(0.1)
        raise AssertionError((self._folder / "serve.log").read_text()[-3_000:])
