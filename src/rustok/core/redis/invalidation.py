"""Invalidation over a channel of Redis: sent through the shared connection, heard on one of its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from redis.exceptions import RedisError

from rustok.core.cache.invalidation import Receiver, Receivers
from rustok.core.cache.listening import PING_SECONDS, Listening
from rustok.core.redis.connection import RedisConnection
from rustok.core.redis.errors import RedisUnavailable
from rustok.core.resilience.deadline import within

ANSWER_SECONDS: Final = 2.0
"""A ping on the channel's connection not answered for so long, and it counts as dead."""


class RedisBus:
    """Args:
    connection: of this process; the channel has its prefix.
    """

    name = "redis"
    longest = 60_000

    def __init__(self, connection: RedisConnection) -> None:
        self._connection = connection
        self._channel = connection.key("invalidation")
        self._receivers = Receivers()
        self._listening = Listening(self.name, self._receivers, self._session)

    async def publish(self, message: str) -> None:
        """See `InvalidationBus.publish`. Raises RedisUnavailable, CircuitOpen."""
        await self._connection.run("PUBLISH", self._channel, message)

    def subscribe(self, receiver: Receiver) -> Callable[[], None]:
        return self._receivers.add(receiver)

    def listen(self) -> None:
        self._listening.start()

    def describe(self) -> str:
        return self._listening.describe()

    async def close(self) -> None:
        await self._listening.stop()

    async def _session(self, connected: Callable[[], None]) -> None:
        client = self._connection.dedicated()
        channel = client.pubsub()
        try:
            await within(ANSWER_SECONDS, channel.subscribe(self._channel))
            heard_at = asked_at = time.monotonic()
            while True:
                told = await within(
                    ANSWER_SECONDS,
                    channel.get_message(ignore_subscribe_messages=False, timeout=PING_SECONDS / 4),
                )
                now = time.monotonic()
                if told is not None:
                    heard_at = now
                    if told["type"] == "subscribe":
                        connected()
                        self._connection.came_back()
                    elif told["type"] == "message":
                        self._receivers.tell(told["data"])
                elif now - heard_at > PING_SECONDS + ANSWER_SECONDS:
                    raise RedisUnavailable("no answer on the channel")
                elif now - max(heard_at, asked_at) > PING_SECONDS:
                    asked_at = now
                    await within(ANSWER_SECONDS, channel.ping())
        except (RedisError, OSError) as error:
            raise RedisUnavailable(type(error).__name__) from error
        finally:
            await channel.aclose()  # type: ignore[no-untyped-call]  # untyped there
            await client.aclose()
            await client.connection_pool.disconnect()
