"""What a check of the rate limiter costs, beside the libraries that do the same in this process.

`limits` counts a moving window, `throttled-py` the same GCRA. Install them with the extra `bench`.
Over Redis: one check alone, and 64 at once on one connection pool, each of a caller and its tenant.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from uuid import uuid4

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from rustok.core.redis.connection import RedisAddress, RedisConnection
from rustok.core.resilience.breaker_settings import BreakerSettings
from rustok.core.resilience.circuit_breaker import CircuitBreaker
from rustok.core.security.penalties import PenaltyBox
from rustok.core.security.rate_limit import Decision, Limit, LocalBuckets, Wanted
from rustok.core.security.rate_limit_shared import SCRIPT, SharedBuckets
from tests.redis_for_tests import REDIS_URL, redis_place

ROUNDS = {"rounds": 50, "iterations": 2000, "warmup_rounds": 2}
CALLERS = [f"a:198.51.100.{number}:read" for number in range(250)]
WIDE = Limit("read", count=10**6, seconds=1, burst=10**6)
# Redis is to answer every check here, however late: falling back would measure this process.
PATIENT = BreakerSettings(consecutive_failures=1_000, failure_rate=None, slow_call_rate=None)
TENANT = Limit("tenant-read", count=10**6, seconds=1, burst=10**6)


def test_one_bucket(benchmark: BenchmarkFixture) -> None:
    buckets, callers = LocalBuckets(), itertools.cycle(CALLERS)
    assert benchmark.pedantic(lambda: buckets.take(next(callers), WIDE), **ROUNDS).allowed


def test_the_buckets_of_a_caller_and_its_tenant(benchmark: BenchmarkFixture) -> None:
    buckets, callers = LocalBuckets(), itertools.cycle(CALLERS)

    def check() -> bool:
        return buckets.take_all(((next(callers), WIDE), ("t:1:read", TENANT))).allowed

    assert benchmark.pedantic(check, **ROUNDS)


def test_a_refusal(benchmark: BenchmarkFixture) -> None:
    buckets, limit = LocalBuckets(), Limit("login", count=1, seconds=3_600)
    buckets.take("a", limit)
    assert not benchmark.pedantic(lambda: buckets.take("a", limit), **ROUNDS).allowed


def test_asking_whether_a_caller_is_kept_out(benchmark: BenchmarkFixture) -> None:
    box = PenaltyBox(Limit("strikes", count=1, seconds=60), first_seconds=60, longest_seconds=60)
    while not box.strike("a"):
        pass
    assert benchmark.pedantic(lambda: box.seconds_left("b"), **ROUNDS) == 0


def test_limits_moving_window(benchmark: BenchmarkFixture) -> None:
    limits = pytest.importorskip("limits", reason="the extra bench is not installed")
    strategy = limits.strategies.MovingWindowRateLimiter(limits.storage.MemoryStorage())
    item, callers = limits.RateLimitItemPerSecond(100), itertools.cycle(CALLERS)
    benchmark.pedantic(lambda: strategy.hit(item, next(callers)), **ROUNDS)


def test_limits_fixed_window(benchmark: BenchmarkFixture) -> None:
    limits = pytest.importorskip("limits", reason="the extra bench is not installed")
    strategy = limits.strategies.FixedWindowRateLimiter(limits.storage.MemoryStorage())
    item, callers = limits.RateLimitItemPerSecond(10**6), itertools.cycle(CALLERS)
    assert benchmark.pedantic(lambda: strategy.hit(item, next(callers)), **ROUNDS)


def test_throttled_gcra(benchmark: BenchmarkFixture) -> None:
    throttled = pytest.importorskip("throttled", reason="the extra bench is not installed")
    quota = throttled.per_sec(10**6, burst=10**6)
    limiter = throttled.Throttled(using="gcra", quota=quota)
    callers = itertools.cycle(CALLERS)
    assert not benchmark.pedantic(lambda: limiter.limit(next(callers)), **ROUNDS).limited


class Shared:
    """Buckets in Redis with a loop of their own, for benchmarks that are no coroutines."""

    def __init__(self) -> None:
        redis_place()
        self.loop = asyncio.new_event_loop()
        address = RedisAddress(
            url=REDIS_URL,
            prefix=f"bench-{uuid4().hex[:8]}",
            connect_timeout_seconds=10.0,
            command_timeout_seconds=10.0,
        )
        self.connection = RedisConnection(address, CircuitBreaker("redis", PATIENT))
        self.buckets = SharedBuckets(
            self.connection.script(SCRIPT).run,
            key=lambda name: self.connection.key("limits", name),
            local=LocalBuckets(),
            timeout_seconds=20.0,
            breaker=CircuitBreaker("limits", PATIENT),
        )

    def take(self, wanted: Wanted, times: int = 1) -> list[Decision]:
        """So many checks at once."""

        async def checks() -> list[Decision]:
            return await asyncio.gather(*(self.buckets.take_all(wanted) for _ in range(times)))

        return self.loop.run_until_complete(checks())

    def close(self) -> None:
        self.loop.run_until_complete(self.connection.close())
        self.loop.close()


@pytest.fixture
def shared() -> Iterator[Shared]:
    made = Shared()
    yield made
    made.close()


def test_redis_one_check(benchmark: BenchmarkFixture, shared: Shared) -> None:
    found = benchmark.pedantic(
        lambda: shared.take((("a", WIDE), ("t", TENANT))), rounds=300, warmup_rounds=5
    )
    assert found[0].allowed


def test_redis_64_checks_at_once(benchmark: BenchmarkFixture, shared: Shared) -> None:
    found = benchmark.pedantic(
        lambda: shared.take((("a", WIDE), ("t", TENANT)), 64), rounds=60, warmup_rounds=3
    )
    assert all(one.allowed for one in found)
