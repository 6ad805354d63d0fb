"""Serves the application over HTTP: one process with everything in it, or several that share a port.

One process (the embedded start) runs the web server, the relay and the jobs on one event loop.
With `http.workers` above 1 (PostgreSQL), Granian starts that many processes of the web part and
this one keeps relay and jobs. A stop is graceful: no new connections, requests under way finish,
the relay ends its step, then the database is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import signal
import socket
from collections.abc import Callable, Collection
from typing import Final

from granian.constants import Interfaces, Loops, RuntimeModes
from granian.http import HTTP1Settings
from granian.server import Server as ProcessServer
from granian.server.embed import Server as EmbeddedServer

from rustok.core.errors import RustokError
from rustok.server.app import Application
from rustok.server.asgi import application
from rustok.server.message import Receive, Scope, Send
from rustok.server.metering.exposing import ParentExposer
from rustok.server.operations import plain_pages
from rustok.server.platform import Duty, Platform
from rustok.server.settings import Settings, load
from rustok.server.settings.safety import refuse_unsafe, with_secret_key
from rustok.telemetry import logs
from rustok.telemetry.logs import get_logger

BACKLOG = 1_024
HEAD_BYTES: Final = 65_536
"""Request line and headers together, and what is read of a body at once."""
ALL_DUTIES: Final[tuple[Duty, ...]] = ("relay", "consumers", "jobs")

TRIM_SECONDS: Final = 1.0

log = get_logger("rustok.serving")


def give_back_memory() -> None:
    """Hand what the start needed and freed back to the system (glibc keeps it otherwise)."""
    gc.collect()
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def _http1(settings: Settings) -> HTTP1Settings:
    """Bounds on the head of a request: who dawdles or sends too much of it is hung up on."""
    return HTTP1Settings(
        header_read_timeout=settings.http.header_timeout_seconds * 1_000,
        max_buffer_size=HEAD_BYTES,
    )


class PortTaken(RustokError):
    code = "port_taken"
    title = "The port is taken"
    mend = "Stop the other program or choose another port (--port, RUSTOK_HTTP__PORT)."

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"Something listens on {host}:{port} already.")


def check_port(host: str, port: int) -> None:
    """Raises PortTaken when nobody could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTaken(host, port) from error


async def serve_embedded(
    platform: Platform, *, ready: Callable[[], None] | None = None, background: bool = True
) -> None:
    """Serve until SIGINT or SIGTERM, then stop gracefully. The platform is open and will be closed.

    Args:
        ready: called when requests are taken.
        background: run relay and jobs here too (False where workers do).
    """
    settings = platform.settings
    app = application(platform)
    server = EmbeddedServer(
        app,
        address=settings.http.host,
        port=settings.http.port,
        interface=Interfaces.ASGI,
        backlog=BACKLOG,
        http1_settings=_http1(settings),
        websockets=False,
        log_enabled=False,
    )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await platform.exposer.start("serve", settings.telemetry.metrics_port, plain_pages(platform))
    platform.listen()
    if background:
        platform.start_background()
    serving = asyncio.create_task(server.serve(), name="http")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    if ready is not None:
        loop.call_soon(ready)
    loop.call_later(TRIM_SECONDS, give_back_memory)
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        grace = settings.http.shutdown_grace_seconds
        log.info("server.stopping", in_flight=app.in_flight)
        await app.drain(grace)
        server.stop()  # type: ignore[no-untyped-call]  # untyped in Granian
        with contextlib.suppress(TimeoutError, Exception):
            async with asyncio.timeout(grace):
                await serving
        stopping.cancel()
        await platform.close(grace_seconds=grace)
        log.info("server.stopped")


def serve_processes(settings: Settings) -> None:
    """Serve with several processes of the web part on one port; relay and jobs are a worker's."""
    exposer = ParentExposer(settings)
    exposer.start()
    server = ProcessServer(
        "rustok.server.serving:process_application",
        address=settings.http.host,
        port=settings.http.port,
        interface=Interfaces.ASGI,
        workers=settings.http.workers,
        runtime_mode=RuntimeModes.st,
        loop=Loops.uvloop,
        backlog=BACKLOG,
        http1_settings=_http1(settings),
        websockets=False,
        factory=True,
        log_enabled=False,
    )
    try:
        server.serve()
    finally:
        exposer.close()


class _ProcessApplication:
    """The application of one web process: opens its platform at start, drains and closes at stop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._app: Application | None = None
        self._platform: Platform | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            if self._app is not None:
                await self._app(scope, receive, send)
            return
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._platform = Platform(self._settings)
                await self._platform.open()
                await self._platform.exposer.start("web", None, {})
                self._platform.listen()
                self._app = application(self._platform)
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                grace = self._settings.http.shutdown_grace_seconds
                if self._app is not None and self._platform is not None:
                    await self._app.drain(grace)
                    await self._platform.close(grace_seconds=grace)
                await send({"type": "lifespan.shutdown.complete"})
                return


def process_application() -> _ProcessApplication:
    """What Granian calls in each process: settings come from the file and the environment."""
    settings = load()
    refuse_unsafe(settings)
    settings = with_secret_key(settings)
    logs.configure(level=settings.telemetry.log_level, log_format=settings.telemetry.log_format)
    return _ProcessApplication(settings)


async def work(platform: Platform, duties: Collection[Duty] = ALL_DUTIES) -> None:
    """Do `duties` without a web server until SIGINT or SIGTERM. Closes the platform."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    port = platform.settings.telemetry.worker_metrics_port
    await platform.exposer.start("worker", port, plain_pages(platform))
    platform.listen()
    platform.start_background(duties)
    try:
        await stop.wait()
    finally:
        await platform.close(grace_seconds=platform.settings.http.shutdown_grace_seconds)
