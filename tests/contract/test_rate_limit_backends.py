"""One body for both places of the buckets: this process, and Redis shared by several.

64 callers at once get exactly what the bucket holds; two buckets are taken from together or not at
all; and when Redis is away the process' own buckets go on, without a wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from rustok.core.redis.connection import RedisAddress, RedisConnection
from rustok.core.redis.errors import RedisUnavailable
from rustok.core.resilience.breaker_settings import BreakerSettings
from rustok.core.resilience.circuit_breaker import CircuitBreaker
from rustok.core.security.rate_limit import Decision, Limit, LocalBuckets, Wanted
from rustok.core.security.rate_limit_shared import SCRIPT, SharedBuckets
from tests.redis_for_tests import REDIS_URL, redis_place

Take = Callable[[Wanted], Awaitable[Decision]]
PROCESSES = 4
# A busy machine is slow; what is asked here is whether the count is right.
PATIENT = BreakerSettings(consecutive_failures=3, failure_rate=None, slow_call_rate=None)


def _shared(connection: RedisConnection, prefix: str, **more: Any) -> SharedBuckets:
    script = connection.script(SCRIPT)
    return SharedBuckets(
        script.run,
        key=lambda name: connection.key(prefix, name),
        local=LocalBuckets(),
        **{"timeout_seconds": 20.0, "breaker": CircuitBreaker("limits", PATIENT), **more},
    )


def _connection(url: str = REDIS_URL) -> RedisConnection:
    address = RedisAddress(
        url=url,
        prefix=f"test-{uuid4().hex[:8]}",
        connect_timeout_seconds=10.0,
        command_timeout_seconds=10.0,
    )
    return RedisConnection(address, CircuitBreaker("redis", PATIENT))


@pytest.fixture
async def connection() -> AsyncIterator[RedisConnection]:
    redis_place()
    made = _connection()
    yield made
    await made.close()


@pytest.fixture(params=["in process", pytest.param("redis", marks=pytest.mark.redis)])
async def callers(request: pytest.FixtureRequest) -> AsyncIterator[list[Take]]:
    """64 callers: of one process, or of four that share only Redis."""
    if request.param == "in process":
        buckets = LocalBuckets()

        async def take(wanted: Wanted) -> Decision:
            await asyncio.sleep(0)
            return buckets.take_all(wanted)

        yield [take] * 64
        return
    redis_place()
    connection, prefix = _connection(), uuid4().hex
    # Exactness is about Redis; while it is away the own buckets decide, which has its own test.
    for _ in range(20):
        with contextlib.suppress(RedisUnavailable):
            await connection.run("PING")
            break
        await asyncio.sleep(0.25)
    processes = [_shared(connection, prefix) for _ in range(PROCESSES)]
    yield [processes[number % PROCESSES].take_all for number in range(64)]
    await connection.close()


async def _taken(callers: list[Take], wanted: Wanted, *, each: int) -> int:
    async def one(take: Take) -> int:
        return sum([(await take(wanted)).allowed for _ in range(each)])

    return sum(await asyncio.gather(*(one(take) for take in callers)))


async def test_64_concurrent_callers_get_exactly_what_the_bucket_holds(callers: list[Take]) -> None:
    limit = Limit("read", count=1, seconds=3_600, burst=150)
    assert await _taken(callers, [("bucket", limit)], each=6) == 150


async def test_64_concurrent_callers_get_no_more_than_came_in_the_meantime(
    callers: list[Take],
) -> None:
    limit = Limit("read", count=100, seconds=1, burst=50)
    begun = time.monotonic()
    taken = await _taken(callers, [("bucket", limit)], each=10)
    elapsed = time.monotonic() - begun
    assert 50 <= taken <= 50 + elapsed * 100 + 1


async def test_two_buckets_are_taken_from_together_or_not_at_all(callers: list[Take]) -> None:
    few = Limit("few", count=1, seconds=3_600, burst=20)
    many = Limit("many", count=1, seconds=3_600, burst=100)
    assert await _taken(callers, [("few", few), ("many", many)], each=2) == 20
    assert await _taken(callers, [("many", many)], each=2) == 80


@pytest.mark.redis
async def test_what_one_process_took_another_process_does_not_get(
    connection: RedisConnection,
) -> None:
    prefix, limit = uuid4().hex, Limit("login", count=6, seconds=60, burst=1)
    one, other = _shared(connection, prefix), _shared(connection, prefix)
    assert (await one.take_all([("a", limit)])).allowed
    refused = await other.take_all([("a", limit)])
    assert not refused.allowed
    assert 9 <= refused.retry_after_seconds <= 10


@pytest.mark.redis
async def test_a_bucket_lives_in_redis_no_longer_than_until_it_is_full(
    connection: RedisConnection,
) -> None:
    prefix = uuid4().hex
    await _shared(connection, prefix).take_all([("a", Limit("x", count=1, seconds=30))])
    left = await connection.run("PTTL", connection.key(prefix, "a"))
    assert 29_000 < left <= 30_002


async def test_with_redis_away_the_own_buckets_decide_and_nobody_waits() -> None:
    connection = _connection("redis://127.0.0.1:1/0")
    buckets = _shared(connection, "x", timeout_seconds=0.05)
    limit = Limit("login", count=6, seconds=60, burst=20)
    waits, allowed = [], 0
    for _ in range(40):
        begun = time.perf_counter()
        allowed += (await buckets.take_all([("a", limit)])).allowed
        waits.append(time.perf_counter() - begun)
    await connection.close()
    assert allowed == 20
    assert str(buckets.breaker.state) == "open"
    assert sorted(waits)[30] < 0.005, "an open circuit costs nothing"


async def test_a_redis_that_hangs_costs_three_short_waits_in_all() -> None:
    async def hang(*_: object) -> None:
        await asyncio.sleep(60)

    buckets = SharedBuckets(hang, key=str, local=LocalBuckets(), timeout_seconds=0.02)
    begun = time.perf_counter()
    for _ in range(500):
        await buckets.take_all([("a", Limit("x", count=1_000, seconds=1))])
    assert time.perf_counter() - begun < 1


async def test_when_redis_is_back_the_shared_buckets_count_again() -> None:
    is_away, asked = True, 0

    async def run(_keys: object, arguments: Any) -> list[int]:
        nonlocal asked
        asked += 1
        if is_away:
            raise ConnectionError
        return [arguments[0]]

    buckets = SharedBuckets(run, key=str, local=LocalBuckets(), timeout_seconds=0.5)
    limit = Limit("x", count=1_000, seconds=1)
    for _ in range(10):
        await buckets.take_all([("a", limit)])
    assert asked == 3
    is_away = False
    for _ in range(60):
        await buckets.take_all([("a", limit)])
        if str(buckets.breaker.state) == "closed":
            break
        await asyncio.sleep(0.1)
    before = asked
    await buckets.take_all([("a", limit)])
    assert asked == before + 1
