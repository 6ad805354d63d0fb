"""What a check of the rate limiter costs, beside the libraries that do the same in this process.

`limits` counts a moving window, `throttled-py` the same GCRA. Install them with the extra `bench`.
"""

from __future__ import annotations

import itertools

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from rustok.core.security.penalties import PenaltyBox
from rustok.core.security.rate_limit import Limit, LocalBuckets

ROUNDS = {"rounds": 50, "iterations": 2000, "warmup_rounds": 2}
CALLERS = [f"a:198.51.100.{number}:read" for number in range(250)]
WIDE = Limit("read", count=10**6, seconds=1, burst=10**6)
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
