"""What a guard costs on every call it lets through or rejects, beside the bare call.

Coroutines that never suspend are driven by hand, so that the loop's own cost is not measured.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TypeVar

from pytest_benchmark.fixture import BenchmarkFixture

from rustok.core.resilience.breaker_settings import BreakerSettings
from rustok.core.resilience.bulkhead import Bulkhead
from rustok.core.resilience.circuit_breaker import CircuitBreaker, CircuitOpen
from rustok.core.resilience.deadline import deadline, remaining

T = TypeVar("T")
ROUNDS = {"rounds": 50, "iterations": 2000, "warmup_rounds": 2}


def drive(step: Coroutine[object, object, T]) -> T | None:
    try:
        step.send(None)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
    except CircuitOpen:
        return None
    raise AssertionError("the call suspended")


async def answer() -> int:
    return 1


def test_a_bare_call(benchmark: BenchmarkFixture) -> None:
    assert benchmark.pedantic(lambda: drive(answer()), **ROUNDS) == 1


def test_a_call_through_a_closed_breaker(benchmark: BenchmarkFixture) -> None:
    breaker = CircuitBreaker("bench")
    assert benchmark.pedantic(lambda: drive(breaker.call(answer)), **ROUNDS) == 1


def test_a_guarded_block_in_a_closed_breaker(benchmark: BenchmarkFixture) -> None:
    breaker = CircuitBreaker("bench")

    async def guarded() -> int:
        async with breaker.guard():
            return 1

    assert benchmark.pedantic(lambda: drive(guarded()), **ROUNDS) == 1


def test_a_call_rejected_by_an_open_breaker(benchmark: BenchmarkFixture) -> None:
    breaker = CircuitBreaker("bench", BreakerSettings(open_seconds=3600.0))
    breaker.trip("benchmark")
    assert benchmark.pedantic(lambda: drive(breaker.call(answer)), **ROUNDS) is None


def test_a_place_in_a_free_bulkhead(benchmark: BenchmarkFixture) -> None:
    bulkhead = Bulkhead("bench", concurrency=10)

    async def placed() -> int:
        async with bulkhead.place():
            return 1

    assert benchmark.pedantic(lambda: drive(placed()), **ROUNDS) == 1


def test_asking_for_the_time_left(benchmark: BenchmarkFixture) -> None:
    with deadline(3600):
        assert benchmark.pedantic(remaining, **ROUNDS) > 0
