"""The connection to Redis: bounded, behind its breaker, and back by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Final
from uuid import uuid4

import pytest
import pytest_asyncio
from redis.exceptions import ResponseError

from rustok.core.redis.connection import RedisConnection
from rustok.core.redis.errors import RedisUnavailable
from rustok.core.resilience.breaker_registry import BreakerRegistry
from rustok.core.resilience.circuit_breaker import BreakerState, CircuitOpen
from rustok.core.resilience.deadline import deadline
from rustok.server.redis import redis_connection
from rustok.server.settings import RedisSettings
from tests.conftest import World
from tests.redis_for_tests import redis_place
from tests.unplugging import Mode, Plug

pytestmark = pytest.mark.redis
COUNT: Final = "return redis.call('INCRBY', KEYS[1], ARGV[1])"


def connection_through(plug: Plug) -> RedisConnection:
    settings = RedisSettings(url=f"redis://127.0.0.1:{plug.port}/0", prefix=f"t{uuid4().hex[:8]}")
    return redis_connection(settings, BreakerRegistry())


@pytest_asyncio.fixture
async def plug() -> AsyncIterator[Plug]:
    async with Plug(*redis_place()) as made:
        yield made


@pytest_asyncio.fixture
async def connection(plug: Plug) -> AsyncIterator[RedisConnection]:
    made = connection_through(plug)
    yield made
    await made.close()


async def test_a_command_and_a_script_answer(connection: RedisConnection) -> None:
    key = connection.key("count", "a")
    assert key.endswith(":count:a")
    await connection.run("SET", key, 2, "EX", 5)
    script = connection.script(COUNT)
    await connection.run("SCRIPT", "FLUSH", "ASYNC")
    assert await script.run([key], [3]) == 5
    assert await script.run([key], [3]) == 8
    assert await connection.server_version()


async def test_a_refused_command_is_an_answer_and_no_failure(connection: RedisConnection) -> None:
    for _ in range(10):
        with pytest.raises(ResponseError):
            await connection.run("NONSENSE")
    assert connection.breaker.state is BreakerState.CLOSED
    await connection.ping()


@pytest.mark.parametrize("mode", ["refused", "hangs"])
async def test_an_absent_redis_costs_a_bounded_time_then_none_and_comes_back(
    plug: Plug, connection: RedisConnection, mode: Mode
) -> None:
    await connection.run("PING")
    await plug.set(mode)
    started = time.perf_counter()
    for _ in range(3):
        with pytest.raises(RedisUnavailable):
            await connection.run("PING")
    assert time.perf_counter() - started < 3 * 0.8
    assert connection.breaker.snapshot().state is BreakerState.OPEN
    assert "away" in connection.describe()
    started = time.perf_counter()
    for _ in range(1_000):
        with pytest.raises(CircuitOpen):
            await connection.run("PING")
    assert time.perf_counter() - started < 0.5
    await plug.set("through")
    await asyncio.sleep(connection.breaker.snapshot().retry_after_seconds)
    assert await connection.run("PING") is True
    assert connection.breaker.snapshot().state is BreakerState.CLOSED
    assert connection.is_up


async def test_the_deadline_of_a_request_shortens_the_wait(
    plug: Plug, connection: RedisConnection
) -> None:
    await plug.set("hangs")
    started = time.perf_counter()
    with deadline(0.05), pytest.raises(RedisUnavailable):
        await connection.run("PING")
    assert time.perf_counter() - started < 0.2


async def test_a_cancelled_command_leaves_no_foreign_answer(connection: RedisConnection) -> None:
    key = connection.key("list")
    waiting = asyncio.create_task(connection.run("BLPOP", key, 1))
    await asyncio.sleep(0.05)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    values = await asyncio.gather(*(connection.run("ECHO", str(n)) for n in range(50)))
    assert values == [str(n) for n in range(50)]


async def test_more_commands_than_connections_wait_for_one(plug: Plug) -> None:
    settings = RedisSettings(url=f"redis://127.0.0.1:{plug.port}/0", max_connections=4)
    connection = redis_connection(settings, BreakerRegistry())
    await asyncio.gather(*(connection.run("PING") for _ in range(200)))
    assert plug.connections <= 4
    await connection.close()


async def test_a_command_inside_a_transaction_is_refused(
    world: World, connection: RedisConnection
) -> None:
    tenant = await world.tenant()
    async with world.read(tenant):
        with pytest.raises(RuntimeError, match="inside a transaction"):
            await connection.run("PING")
