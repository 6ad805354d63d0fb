"""Metrics and health on a port of their own, away from what the public reaches.

It speaks as much HTTP as scrapers and probes need: GET, one request a connection. Refuses: heads
over 16 KiB, slow ones, and paths it was not given.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Final

import msgspec

from rustok.telemetry.logs import get_logger

MAX_HEAD_BYTES: Final = 16 * 1024
HEAD_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 30.0

log = get_logger("rustok.metering")


class PlainAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Status, content type and bytes."""

    status: int
    content_type: str
    body: bytes


PlainPage = Callable[[str, Mapping[str, str]], Awaitable[PlainAnswer]]
"""(address of the peer, headers in lower case) -> answer."""


class MetricsPort:
    """Args:
    host, port: where to listen; port 0 takes a free one.
    pages: answers by path.
    """

    def __init__(self, host: str, port: int, pages: Mapping[str, PlainPage]) -> None:
        self._host, self._port = host, port
        self._pages = pages
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port it listens on."""
        if self._server is None:
            return self._port
        found: int = self._server.sockets[0].getsockname()[1]
        return found

    async def open(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        self._server = await asyncio.start_server(
            self._serve, self._host, self._port, limit=MAX_HEAD_BYTES
        )
        log.info("metrics.listening", host=self._host, port=self.port)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await self._answer(head.decode("latin-1"), writer)
                writer.write(_encoded(answer))
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _answer(self, head: str, writer: asyncio.StreamWriter) -> PlainAnswer:
        request, *lines = head.split("\r\n")
        method, _, rest = request.partition(" ")
        page = self._pages.get(rest.partition(" ")[0].partition("?")[0])
        if page is None:
            return _words(HTTPStatus.NOT_FOUND)
        if method != "GET":
            return _words(HTTPStatus.METHOD_NOT_ALLOWED)
        headers: dict[str, str] = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if colon:
                headers[name.strip().lower()] = value.strip()
        peer = writer.get_extra_info("peername")
        try:
            return await page(peer[0] if peer else "", headers)
        except Exception:
            log.exception("metrics.failed")
            return _words(HTTPStatus.INTERNAL_SERVER_ERROR)


def _words(status: HTTPStatus) -> PlainAnswer:
    return PlainAnswer(status=status, content_type="text/plain", body=status.phrase.encode())


def _encoded(answer: PlainAnswer) -> bytes:
    phrase = HTTPStatus(answer.status).phrase
    return (
        f"HTTP/1.1 {answer.status} {phrase}\r\ncontent-type: {answer.content_type}\r\n"
        f"content-length: {len(answer.body)}\r\ncache-control: no-store\r\n"
        "connection: close\r\n\r\n"
    ).encode() + answer.body
