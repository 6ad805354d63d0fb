"""Retries: how long they wait, when they stop, what they must never do."""

from __future__ import annotations

import asyncio
import itertools
import math

import pytest

from rustok.core.errors import NotFound, Unavailable
from rustok.core.resilience.deadline import TimedOut, deadline
from rustok.core.resilience.retry import RetryBudget, Retrying, RetryPolicy, backoff, retry


class Flaky:
    """Raises the given errors in turn, then answers."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.calls = 0

    async def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


class Time:
    """A clock and a sleep that moves it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_the_waits_grow_exponentially_up_to_the_limit() -> None:
    policy = RetryPolicy(attempts=6, base_seconds=0.1, factor=2, limit_seconds=0.5)
    assert list(backoff(policy, lambda: 1.0)) == pytest.approx([0.1, 0.2, 0.4, 0.5, 0.5])


def test_full_jitter_spreads_each_wait_from_zero_to_its_bound() -> None:
    policy = RetryPolicy(attempts=3, base_seconds=1)
    assert list(backoff(policy, lambda: 0.0)) == [0, 0]
    assert list(backoff(policy, lambda: 0.5)) == [0.5, 1.0]


async def test_a_transient_error_is_retried_until_the_answer() -> None:
    flaky, time = Flaky(ConnectionError(), TimeoutError()), Time()
    heard: list[Retrying] = []
    result = await retry(
        flaky, clock=time, sleep=time.sleep, draw=lambda: 1.0, on_retry=heard.append
    )
    assert result == "answer"
    assert time.slept == pytest.approx([0.1, 0.2])
    assert [(one.attempt, type(one.error)) for one in heard] == [
        (2, ConnectionError),
        (3, TimeoutError),
    ]


async def test_after_the_last_attempt_the_last_error_is_raised() -> None:
    flaky, time = Flaky(*(ConnectionError(str(number)) for number in range(9))), Time()
    with pytest.raises(ConnectionError, match="2"):
        await retry(flaky, policy=RetryPolicy(attempts=3), clock=time, sleep=time.sleep)
    assert flaky.calls == 3


async def test_an_error_that_waiting_cannot_mend_is_not_retried() -> None:
    flaky = Flaky(NotFound("no such thing"))
    with pytest.raises(NotFound):
        await retry(flaky)
    assert flaky.calls == 1


async def test_a_cancellation_is_never_retried() -> None:
    flaky = Flaky(asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await retry(flaky, is_retryable=lambda _: True)
    assert flaky.calls == 1


async def test_the_time_a_dependency_asks_for_is_waited_in_full_with_jitter_on_top() -> None:
    flaky, time = Flaky(Unavailable("busy", retry_after_seconds=7)), Time()
    await retry(flaky, clock=time, sleep=time.sleep, draw=lambda: 0.5)
    assert time.slept == pytest.approx([7.05])


async def test_a_wait_beyond_the_total_bound_is_not_begun() -> None:
    flaky, time = Flaky(Unavailable("busy", retry_after_seconds=60)), Time()
    with pytest.raises(Unavailable, match="busy"):
        await retry(flaky, policy=RetryPolicy(total_seconds=30), clock=time, sleep=time.sleep)
    assert time.slept == []


async def test_the_current_deadline_bounds_the_retries() -> None:
    flaky, time = Flaky(Unavailable("busy", retry_after_seconds=3)), Time()
    with deadline(2), pytest.raises(Unavailable, match="busy"):
        await retry(flaky, clock=time, sleep=time.sleep)
    assert flaky.calls == 1


async def test_an_attempt_that_hangs_is_cut_and_retried() -> None:
    hangs = itertools.chain([True], itertools.repeat(False))

    async def maybe_hang() -> str:
        if next(hangs):
            await asyncio.Event().wait()
        return "answer"

    policy = RetryPolicy(attempt_seconds=0.01)
    assert await retry(maybe_hang, policy=policy, sleep=Time().sleep) == "answer"


async def test_the_total_bound_cuts_an_attempt_that_hangs() -> None:
    with pytest.raises(TimedOut):
        await retry(asyncio.Event().wait, policy=RetryPolicy(total_seconds=0.01))


async def test_in_an_outage_the_budget_keeps_retries_to_a_fraction_of_the_calls() -> None:
    budget, time, reached = RetryBudget(ratio=0.1, burst=10), Time(), 0

    async def down() -> None:
        nonlocal reached
        reached += 1
        raise ConnectionError

    for _ in range(1000):
        with pytest.raises(ConnectionError):
            await retry(
                down,
                policy=RetryPolicy(attempts=5, total_seconds=math.inf),
                budget=budget,
                clock=time,
                sleep=time.sleep,
            )
    assert 1000 < reached <= 1000 + 10 + 100
    assert budget.denied_total > 800


async def test_a_budget_fills_again_with_calls() -> None:
    budget = RetryBudget(ratio=0.5, burst=1)
    assert budget.spend()
    assert not budget.spend()
    budget.earn()
    budget.earn()
    budget.earn()
    assert budget.tokens == 1
    assert budget.spend()


@pytest.mark.parametrize(
    "wrong", [{"attempts": 0}, {"factor": 0.5}, {"base_seconds": -1}, {"total_seconds": 0}]
)
def test_a_policy_out_of_range_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        RetryPolicy(**wrong)  # type: ignore[arg-type]
