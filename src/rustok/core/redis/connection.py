"""The connection of a process to Redis or Valkey: bounded in time and number, behind a breaker.

Refuses: holding anybody up. A command takes at most `command_timeout_seconds` and never longer than
the request it belongs to; while the circuit is open it fails at once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

import msgspec
import redis.asyncio as redis
from redis.asyncio.connection import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import BusyLoadingError, NoScriptError, RedisError, ResponseError
from redis.exceptions import ConnectionError as RedisDisconnected
from redis.exceptions import TimeoutError as RedisTimeout

from rustok.core.db.transaction import forbid_in_transaction
from rustok.core.redis.errors import RedisUnavailable
from rustok.core.resilience.breaker_settings import BreakerSettings
from rustok.core.resilience.circuit_breaker import (
    BreakerState,
    CircuitBreaker,
    dependency_failed,
)
from rustok.core.resilience.deadline import TimedOut, within
from rustok.telemetry import tracing

T = TypeVar("T")
Value = str | bytes | int | float

BREAKER: Final = BreakerSettings(
    consecutive_failures=3,
    failure_rate=0.5,
    slow_call_rate=0.8,
    slow_call_seconds=0.2,
    window_seconds=10.0,
    minimum_calls=20,
    open_seconds=2.0,
    probes=1,
)
NAME: Final = "rustok"
_SPAN: Final = {"db.system.name": "redis"}


def speaks_against_redis(error: Exception) -> bool:
    """A refused command is an answer; the rule of failure for the breaker."""
    return not isinstance(error, ResponseError) and dependency_failed(error)


class RedisAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where Redis is and how long it may take.

    Attributes:
        url: redis://, rediss:// (TLS) or unix://, with the number of the database; no password.
        prefix: of every key and channel; one deployment, one prefix.
        max_connections: at most so many; further commands wait for one, within their bound.
    """

    url: str
    username: str | None = None
    password: str | None = None
    prefix: str = "rustok"
    max_connections: int = 32
    connect_timeout_seconds: float = 0.5
    command_timeout_seconds: float = 0.25


class Script:
    """A Lua script, sent by its digest; made by `RedisConnection.script`."""

    __slots__ = ("_connection", "_digest", "_text")

    def __init__(self, connection: RedisConnection, text: str) -> None:
        self._connection = connection
        self._text = text
        self._digest = connection.client.register_script(text).sha

    async def run(self, keys: Sequence[str], arguments: Sequence[Value]) -> Any:
        """Run it; the server that has forgotten it is sent the text.

        Args:
            keys: whole keys, as made by `RedisConnection.key`.

        Raises:
            RedisUnavailable, CircuitOpen.
        """
        try:
            return await self._connection.run("EVALSHA", self._digest, len(keys), *keys, *arguments)
        except NoScriptError:
            return await self._connection.run("EVAL", self._text, len(keys), *keys, *arguments)


class RedisConnection:
    """Args:
    address: where and how long.
    breaker: around every command.
    """

    def __init__(self, address: RedisAddress, breaker: CircuitBreaker) -> None:
        self.address = address
        self.breaker = breaker
        self._away_because: str | None = None
        self.client = self._client_of(address.max_connections)

    def _client_of(self, connections: int) -> redis.Redis:
        address = self.address
        pool = BlockingConnectionPool.from_url(
            address.url,
            username=address.username,
            password=address.password,
            max_connections=connections,
            timeout=address.command_timeout_seconds,
            socket_connect_timeout=address.connect_timeout_seconds,
            socket_timeout=address.command_timeout_seconds,
            # Once more over a new connection when the old one turns out to be dead; a command that
            # was not answered in time is not repeated.
            retry=Retry(NoBackoff(), 1, supported_errors=(RedisDisconnected,)),
            client_name=NAME,
            decode_responses=True,
        )
        return redis.Redis.from_pool(pool)

    def dedicated(self) -> redis.Redis:
        """A client of its own for a subscription, which holds its connection; close it yourself."""
        return self._client_of(2)

    def key(self, *parts: str) -> str:
        """A key or channel of this deployment."""
        return ":".join((self.address.prefix, *parts))

    async def run(self, *command: Value) -> Any:
        """One command and its answer.

        Raises:
            RedisUnavailable: no answer within the bound.
            CircuitOpen: the last ones failed; nothing was sent.
            redis.exceptions.ResponseError: the command itself is refused.
            RuntimeError: the task holds a transaction.
        """
        return await self.call(lambda client: _sent(client, *command), name=str(command[0]))

    async def call(
        self, function: Callable[[redis.Redis], Awaitable[T]], *, name: str = "PIPELINE"
    ) -> T:
        """The same for anything the client offers, a pipeline for instance.

        Args:
            name: of the command, for the trace; keys and values are never in it.
        """
        forbid_in_transaction("a command to Redis")
        with tracing.span(name, _SPAN, tracing.CLIENT) as span:
            span.set("db.operation.name", name)
            return await self.breaker.call(self._bounded, function)

    async def _bounded(self, function: Callable[[redis.Redis], Awaitable[T]]) -> T:
        address = self.address
        limit = address.connect_timeout_seconds + address.command_timeout_seconds
        try:
            answer = await within(limit, function(self.client))
        except TimedOut as error:
            raise self._away("no answer in time") from error
        except (RedisDisconnected, RedisTimeout, BusyLoadingError, OSError) as error:
            raise self._away(type(error).__name__) from error
        self._away_because = None
        return answer

    def _away(self, why: str) -> RedisUnavailable:
        self._away_because = why
        return RedisUnavailable(why)

    def script(self, text: str) -> Script:
        """A Lua script to be run often."""
        return Script(self, text)

    async def ping(self) -> None:
        """One round trip past the breaker, for health and doctor. Raises RedisUnavailable."""
        try:
            await self._bounded(lambda client: _sent(client, "PING"))
        except RedisError as error:
            raise self._away(type(error).__name__) from error

    async def server_version(self) -> str:
        """Such as "valkey 8.0.1". Raises RedisUnavailable."""
        told = await self._bounded(lambda client: client.info("server"))
        return (
            f"valkey {told['valkey_version']}"
            if "valkey_version" in told
            else f"redis {told.get('redis_version', '?')}"
        )

    def came_back(self) -> None:
        """Told by who holds a lasting connection: it stands again, so nobody need wait for a probe."""
        self._away_because = None
        if self.breaker.state is not BreakerState.CLOSED:
            self.breaker.reset("the connection is back")

    @property
    def is_up(self) -> bool:
        """Whether the last that is known is good."""
        return self._away_because is None and self.breaker.state is BreakerState.CLOSED

    def describe(self) -> str:
        """Some words for health."""
        if self._away_because is not None:
            return f"away ({self._away_because}), circuit {self.breaker.state}"
        return f"circuit {self.breaker.state}"

    async def close(self) -> None:
        """Let go of every connection."""
        with contextlib.suppress(RedisError, OSError):
            await self.client.aclose()
            await self.client.connection_pool.disconnect()


def _sent(client: redis.Redis, *command: Value) -> Awaitable[Any]:
    answer: Awaitable[Any] = client.execute_command(*command)  # type: ignore[no-untyped-call]  # untyped there
    return answer
