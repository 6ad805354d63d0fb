"""A TCP proxy between a program and its service that can be slowed down or cut."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from typing import Final

HICCUP_EVERY: Final = 10
"""Of so many answers of a slow database one takes `hiccup_seconds`, the others `delay_seconds`."""


class Proxy:
    """Args:
    host, port: the service behind.
    """

    def __init__(self, host: str, port: int) -> None:
        self._behind = (host, port)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self.delay_seconds = 0.0
        self.hiccup_seconds = 0.0
        self._answers = itertools.count(1)
        self.is_cut = False

    async def start(self) -> int:
        """Listen; gives the port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def cut(self) -> None:
        """Close every connection and refuse new ones."""
        self.is_cut = True
        for writer in list(self._open):
            writer.transport.abort()

    def mend(self) -> None:
        self.is_cut, self.delay_seconds, self.hiccup_seconds = False, 0.0, 0.0

    async def stop(self) -> None:
        self.cut()
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_cut:
            writer.transport.abort()
            return
        try:
            back_reader, back_writer = await asyncio.open_connection(*self._behind)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, back_writer}
        try:
            await asyncio.gather(
                self._carry(reader, back_writer, slow=True),
                self._carry(back_reader, writer, slow=False),
            )
        finally:
            for one in (writer, back_writer):
                self._open.discard(one)
                one.transport.abort()

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, slow: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                if slow and self.delay_seconds:
                    is_hiccup = next(self._answers) % HICCUP_EVERY == 0
                    await asyncio.sleep(self.hiccup_seconds if is_hiccup else self.delay_seconds)
                writer.write(data)
                await writer.drain()
        with contextlib.suppress(OSError, RuntimeError):
            writer.write_eof()
