"""A small TCP proxy in front of a service, which a test can cut or let hang, and plug in again."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Literal, Self

Mode = Literal["through", "refused", "hangs"]


class Plug:
    """Listens on a port of its own and carries bytes to `host:port`, as long as the mode says so.

    `refused`: connections are reset and new ones refused. `hangs`: connections stand, new ones are
    taken, and nothing comes through either way.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self.port = 0
        self.mode: Mode = "through"
        self.connections = 0
        self._server: asyncio.Server | None = None
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._pipes: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()

    async def set(self, mode: Mode) -> None:
        """Change the mode; `through` plugs in again."""
        if mode == self.mode:
            return
        before, self.mode = self.mode, mode
        if mode == "hangs":
            self._flowing.clear()
        else:
            self._flowing.set()
        if mode == "refused":
            await self._close()
        elif before == "refused":
            await self._listen()
        if before == "hangs" and mode == "through":
            # What hung stays broken, as after a network that came back: only new connections work.
            self._reset_all()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._taken, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self._reset_all()
        if self._pipes:
            await asyncio.wait(self._pipes, timeout=2)

    def _reset_all(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()
        for pipe in list(self._pipes):
            pipe.cancel()

    async def _taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._pipes.add(task)
        self._writers.add(writer)
        try:
            await self._flowing.wait()
            there_reader, there_writer = await asyncio.open_connection(*self._target)
            self._writers.add(there_writer)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._carry(reader, there_writer))
                    group.create_task(self._carry(there_reader, writer))
            finally:
                self._writers.discard(there_writer)
                there_writer.transport.abort()
        except (OSError, asyncio.CancelledError, ExceptionGroup):
            pass
        finally:
            self._writers.discard(writer)
            writer.transport.abort()
            self._pipes.discard(task)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(65_536):
                await self._flowing.wait()
                writer.write(chunk)
                await writer.drain()
        raise ConnectionAbortedError
