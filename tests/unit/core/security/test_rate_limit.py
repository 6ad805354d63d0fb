"""The buckets of one process: exact to the token, all or none, bounded in memory."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rustok.core.security.rate_limit import NANOSECONDS, Limit, LocalBuckets, parse_rate


class Clock:
    def __init__(self) -> None:
        self.now_ns = 10**15

    def __call__(self) -> int:
        return self.now_ns

    def go_on(self, seconds: float) -> None:
        self.now_ns += int(seconds * NANOSECONDS)


def test_a_bucket_gives_its_burst_and_then_one_token_per_interval() -> None:
    clock = Clock()
    buckets, limit = LocalBuckets(clock=clock), Limit("read", count=2, seconds=1, burst=5)
    assert [buckets.take("a", limit).allowed for _ in range(6)] == [True] * 5 + [False]
    clock.go_on(0.4999)
    assert not buckets.take("a", limit).allowed
    clock.go_on(0.0001)
    assert buckets.take("a", limit).allowed
    assert not buckets.take("a", limit).allowed


def test_a_refusal_tells_when_the_same_request_passes() -> None:
    clock = Clock()
    buckets, limit = LocalBuckets(clock=clock), Limit("login", count=6, seconds=60, burst=1)
    assert buckets.take("a", limit).remaining == 0
    decision = buckets.take("a", limit)
    assert (decision.allowed, decision.retry_after_seconds) == (False, 10)
    assert decision.header == '"login";r=0;t=10'
    clock.go_on(decision.retry_after_seconds)
    assert buckets.take("a", limit).allowed


def test_one_bucket_does_not_empty_another() -> None:
    buckets, limit = LocalBuckets(clock=Clock()), Limit("read", count=1, seconds=1)
    assert buckets.take("a", limit).allowed
    assert buckets.take("b", limit).allowed
    assert not buckets.take("a", limit).allowed


def test_an_empty_bucket_leaves_the_others_as_they_were() -> None:
    clock = Clock()
    buckets = LocalBuckets(clock=clock)
    few, many = Limit("few", count=1, seconds=60), Limit("many", count=3, seconds=60)
    assert buckets.take_all([("a", few), ("t", many)]).allowed
    for _ in range(10):
        decision = buckets.take_all([("a", few), ("t", many)])
        assert (decision.allowed, decision.key) == (False, "a")
    assert buckets.take_all([("b", few), ("t", many)]).remaining == 0
    assert buckets.take("t", many).remaining == 0, "refusals took tokens of the tenant"


def test_the_tightest_bucket_is_told() -> None:
    buckets = LocalBuckets(clock=Clock())
    wide, tight = Limit("wide", count=100, seconds=1), Limit("tight", count=5, seconds=1)
    decision = buckets.take_all([("a", wide), ("b", tight)])
    assert (decision.limit.name, decision.remaining) == ("tight", 4)


def test_forgotten_buckets_are_full_ones_and_memory_stays_bounded() -> None:
    buckets, limit = LocalBuckets(capacity=100, clock=Clock()), Limit("read", count=1, seconds=60)
    for number in range(10_000):
        assert buckets.take(f"caller-{number}", limit).allowed
        assert len(buckets) <= 100
    assert buckets.take("caller-0", limit).allowed


def test_a_bucket_in_use_is_not_forgotten_in_a_crowd() -> None:
    buckets, limit = LocalBuckets(capacity=100, clock=Clock()), Limit("read", count=1, seconds=600)
    buckets.take("attacker", limit)
    for number in range(2_000):
        buckets.take(f"caller-{number}", Limit("read", count=1, seconds=1))
        if number % 40 == 0:
            assert buckets.take("hot", Limit("hot", count=60, seconds=600)).allowed
    assert buckets.take("hot", Limit("hot", count=60, seconds=600)).remaining == 60 - 51


@given(
    count=st.integers(1, 50),
    seconds=st.integers(1, 60),
    burst=st.integers(1, 50),
    steps=st.lists(st.integers(0, 2 * NANOSECONDS), min_size=1, max_size=60),
)
def test_never_more_than_the_burst_and_what_came_since(
    count: int, seconds: int, burst: int, steps: list[int]
) -> None:
    clock = Clock()
    buckets, limit = (
        LocalBuckets(clock=clock),
        Limit("x", count=count, seconds=seconds, burst=burst),
    )
    begun, taken = clock.now_ns, 0
    for step in steps:
        clock.now_ns += step
        taken += buckets.take("a", limit).allowed
        elapsed = clock.now_ns - begun
        assert taken <= burst + elapsed * count // (seconds * NANOSECONDS)


async def test_64_concurrent_tasks_get_exactly_what_the_bucket_holds() -> None:
    buckets, limit = LocalBuckets(clock=Clock()), Limit("read", count=1_000, seconds=60)

    async def caller() -> int:
        taken = 0
        for _ in range(50):
            taken += buckets.take("a", limit).allowed
            await asyncio.sleep(0)
        return taken

    assert sum(await asyncio.gather(*(caller() for _ in range(64)))) == 1_000


def test_64_concurrent_threads_get_exactly_what_the_buckets_hold() -> None:
    buckets = LocalBuckets(clock=Clock())
    limit, other = Limit("read", count=1_000, seconds=60), Limit("t", count=2_000, seconds=60)
    together = threading.Barrier(64)

    def caller(_: int) -> int:
        together.wait()
        return sum(buckets.take_all([("a", limit), ("t", other)]).allowed for _ in range(50))

    with ThreadPoolExecutor(64) as pool:
        assert sum(pool.map(caller, range(64))) == 1_000
    assert buckets.take("t", other).remaining == 999


@pytest.mark.parametrize(
    ("text", "count", "seconds", "burst"),
    [("20/s", 20, 1, 20), ("30/min burst 10", 30, 60, 10), ("100/h", 100, 3_600, 100)],
)
def test_rates_are_read_as_they_are_written(
    text: str, count: int, seconds: int, burst: int
) -> None:
    limit = parse_rate(text, name="x")
    assert (limit.count, limit.seconds, limit.burst) == (count, seconds, burst)


@pytest.mark.parametrize("text", ["", "20", "0/s", "20/day", "20/s burst 0", "-1/s", "20/s burst"])
def test_other_spellings_of_a_rate_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_rate(text, name="x")


def test_the_policy_names_quota_and_window() -> None:
    assert parse_rate("20/s burst 60", name="search").policy == '"search";q=60;w=3'
