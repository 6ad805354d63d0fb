"""Invalidation over PostgreSQL's LISTEN and NOTIFY, on one connection of its own per process.

Refuses: carrying anything that must not be lost. Behind a pooler that shares connections between
transactions, let `database.system_url` go past it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import asyncpg

from rustok.core.cache.invalidation import Receiver, Receivers
from rustok.core.cache.listening import PING_SECONDS, Listening
from rustok.core.db.errors import DatabaseUnavailable

CHANNEL: Final = "rustok_invalidation"
ANSWER_SECONDS: Final = 2.0
"""Longest wait for a connection, a notification to be taken, or the answer to a ping."""
_NOTIFY: Final = "SELECT pg_notify($1, $2)"
_FAULTS: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


class PostgresBus:
    """Args:
    url: login with which to listen and notify; any will do.
    """

    name = "postgres"
    longest = 7_900  # PostgreSQL takes 8,000 bytes; messages are ASCII

    def __init__(self, url: str) -> None:
        self._url = url
        self._receivers = Receivers()
        self._listening = Listening(self.name, self._receivers, self._session)
        self._connection: Any = None
        self._one_at_a_time = asyncio.Lock()

    async def publish(self, message: str) -> None:
        """See `InvalidationBus.publish`. Raises DatabaseUnavailable."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS), self._one_at_a_time:
                if self._connection is None or self._connection.is_closed():
                    self._connection = await self._connect()
                await self._connection.execute(_NOTIFY, CHANNEL, message)
        except _FAULTS as error:
            await self._let_go()
            raise DatabaseUnavailable from error

    def subscribe(self, receiver: Receiver) -> Callable[[], None]:
        return self._receivers.add(receiver)

    def listen(self) -> None:
        self._listening.start()

    def describe(self) -> str:
        return self._listening.describe()

    async def close(self) -> None:
        await self._listening.stop()
        await self._let_go()

    async def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def _connect(self) -> Any:
        return await asyncpg.connect(
            self._url,
            timeout=ANSWER_SECONDS,
            server_settings={"application_name": "rustok invalidation"},
        )

    def _hear(self, _connection: object, _pid: int, _channel: str, message: object) -> None:
        self._receivers.tell(str(message))

    async def _session(self, connected: Callable[[], None]) -> None:
        connection: Any = None
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                connection = await self._connect()
                await connection.add_listener(CHANNEL, self._hear)
            connected()
            while True:
                await asyncio.sleep(PING_SECONDS)
                async with asyncio.timeout(ANSWER_SECONDS):
                    await connection.execute("SELECT 1")
        except _FAULTS as error:
            raise DatabaseUnavailable from error
        finally:
            if connection is not None:
                connection.terminate()
