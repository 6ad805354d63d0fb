"""The breaker of one dependency, on a clock moved by hand."""

from __future__ import annotations

import asyncio

import pytest

from rustok.core.errors import NotFound, Unavailable
from rustok.core.resilience.breaker_settings import BreakerSettings
from rustok.core.resilience.circuit_breaker import (
    CircuitBreaker,
    CircuitOpen,
    Transition,
)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def state_of(breaker: CircuitBreaker) -> str:
    return breaker.state.value


async def answer() -> str:
    return "answer"


async def fail() -> str:
    raise ConnectionError("refused")


async def attempt(breaker: CircuitBreaker, *, failing: bool) -> None:
    if not failing:
        await breaker.call(answer)
        return
    with pytest.raises(ConnectionError):
        await breaker.call(fail)


async def opened(clock: Clock, **settings: float) -> CircuitBreaker:
    breaker = CircuitBreaker("dep", BreakerSettings(**settings), clock=clock)  # type: ignore[arg-type]
    breaker.trip("for the test")
    return breaker


async def test_arguments_and_result_pass_through(clock: Clock) -> None:
    async def join(left: str, *, right: str) -> str:
        return left + right

    assert await CircuitBreaker("dep", clock=clock).call(join, "a", right="b") == "ab"


async def test_failures_in_a_row_open_the_circuit(clock: Clock) -> None:
    breaker = CircuitBreaker("dep", BreakerSettings(consecutive_failures=3), clock=clock)
    for failing in (True, True, False, True, True):
        await attempt(breaker, failing=failing)
    assert state_of(breaker) == "closed"
    await attempt(breaker, failing=True)
    assert state_of(breaker) == "open"


async def test_an_open_circuit_rejects_without_calling_and_says_when_to_come_back(
    clock: Clock,
) -> None:
    breaker = await opened(clock, open_seconds=5.0)
    clock.now += 1.5
    with pytest.raises(CircuitOpen) as caught:
        await breaker.call(fail)
    assert isinstance(caught.value, Unavailable)
    assert (caught.value.code, caught.value.status) == ("circuit_open", 503)
    assert caught.value.dependency == "dep"
    assert caught.value.retry_after == pytest.approx(3.5)
    assert caught.value.retry_after_seconds == 4
    assert "dep" not in caught.value.detail
    assert breaker.snapshot().rejected_total == 1


async def test_a_failure_rate_over_the_window_opens_the_circuit_without_a_row(clock: Clock) -> None:
    settings = BreakerSettings(consecutive_failures=None, failure_rate=0.5, minimum_calls=10)
    breaker = CircuitBreaker("dep", settings, clock=clock)
    for number in range(9):
        await attempt(breaker, failing=number % 2 == 0)
    assert state_of(breaker) == "closed", "the window does not hold the minimum yet"
    await attempt(breaker, failing=False)
    assert state_of(breaker) == "open"


async def test_failures_that_left_the_window_do_not_count(clock: Clock) -> None:
    settings = BreakerSettings(
        consecutive_failures=None, failure_rate=0.5, minimum_calls=4, window_seconds=10.0
    )
    breaker = CircuitBreaker("dep", settings, clock=clock)
    for _ in range(3):
        await attempt(breaker, failing=True)
    clock.now += 10.0
    await attempt(breaker, failing=True)
    assert state_of(breaker) == "closed"
    assert breaker.snapshot().window_calls == 1


async def test_slow_answers_open_the_circuit_though_none_failed(clock: Clock) -> None:
    settings = BreakerSettings(slow_call_rate=0.8, slow_call_seconds=2.0, minimum_calls=5)
    breaker = CircuitBreaker("dep", settings, clock=clock)

    async def crawl() -> None:
        clock.now += 2.0

    await attempt(breaker, failing=False)
    for _ in range(4):
        await breaker.call(crawl)
    assert state_of(breaker) == "open"


async def test_an_answer_below_500_is_no_failure(clock: Clock) -> None:
    breaker = CircuitBreaker("dep", BreakerSettings(consecutive_failures=1), clock=clock)

    async def missing() -> None:
        raise NotFound("no such thing")

    with pytest.raises(NotFound):
        await breaker.call(missing)
    assert state_of(breaker) == "closed"


async def test_the_caller_may_say_what_counts_as_failure(clock: Clock) -> None:
    breaker = CircuitBreaker(
        "dep",
        BreakerSettings(consecutive_failures=1),
        is_failure=lambda error: isinstance(error, OSError) and error.errno == 5,
        clock=clock,
    )
    with pytest.raises(ConnectionError):
        await breaker.call(fail)
    assert state_of(breaker) == "closed"


async def test_probes_that_all_succeed_close_the_circuit(clock: Clock) -> None:
    breaker = await opened(clock, probes=2, open_seconds=5.0)
    clock.now += 5.0
    await attempt(breaker, failing=False)
    assert state_of(breaker) == "half_open"
    await attempt(breaker, failing=False)
    assert state_of(breaker) == "closed"


async def test_one_failed_probe_opens_the_circuit_again_for_the_full_rest(clock: Clock) -> None:
    breaker = await opened(clock, probes=3, open_seconds=5.0)
    clock.now += 5.0
    await attempt(breaker, failing=False)
    await attempt(breaker, failing=True)
    assert state_of(breaker) == "open"
    assert breaker.snapshot().retry_after_seconds == 5.0
    assert breaker.snapshot().opened_total == 2


async def test_half_open_lets_only_its_probes_through_however_many_come(clock: Clock) -> None:
    breaker = await opened(clock, probes=3, open_seconds=5.0)
    clock.now += 5.0
    gate, reached = asyncio.Event(), 0

    async def probe() -> None:
        nonlocal reached
        reached += 1
        await gate.wait()

    calls = [asyncio.create_task(breaker.call(probe)) for _ in range(1000)]
    await asyncio.sleep(0)
    gate.set()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert reached == 3
    assert sum(isinstance(result, CircuitOpen) for result in results) == 997
    assert state_of(breaker) == "closed"


async def test_no_more_probes_run_than_successes_are_still_needed(clock: Clock) -> None:
    breaker = await opened(clock, probes=2, open_seconds=5.0)
    clock.now += 5.0
    await attempt(breaker, failing=False)
    probe = asyncio.create_task(breaker.call(asyncio.sleep, 0))
    await asyncio.sleep(0)
    with pytest.raises(CircuitOpen):
        await breaker.call(answer)
    await probe
    assert state_of(breaker) == "closed"


async def test_a_cancelled_probe_frees_its_permit(clock: Clock) -> None:
    breaker = await opened(clock, probes=1, open_seconds=5.0)
    clock.now += 5.0
    probe = asyncio.create_task(breaker.call(asyncio.Event().wait))
    await asyncio.sleep(0)
    with pytest.raises(CircuitOpen):
        await breaker.call(answer)
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    assert state_of(breaker) == "half_open"
    assert await breaker.call(answer) == "answer"
    assert state_of(breaker) == "closed"


async def test_a_cancelled_guard_frees_its_permit_too(clock: Clock) -> None:
    breaker = await opened(clock, probes=1)
    clock.now += 60.0

    async def guarded() -> None:
        async with breaker.guard():
            await asyncio.Event().wait()

    probe = asyncio.create_task(guarded())
    await asyncio.sleep(0)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    async with breaker.guard():
        pass
    assert state_of(breaker) == "closed"


async def test_a_probe_that_never_returns_cannot_hold_the_circuit(clock: Clock) -> None:
    breaker = await opened(clock, probes=1, open_seconds=5.0)
    clock.now += 5.0
    lost = asyncio.create_task(breaker.call(asyncio.Event().wait))
    await asyncio.sleep(0)
    clock.now += 5.0
    with pytest.raises(CircuitOpen):
        await breaker.call(answer)
    assert state_of(breaker) == "open"
    clock.now += 5.0
    assert await breaker.call(answer) == "answer"
    assert state_of(breaker) == "closed"
    lost.cancel()
    await asyncio.gather(lost, return_exceptions=True)
    assert state_of(breaker) == "closed"


async def test_a_quick_cancellation_counts_neither_way(clock: Clock) -> None:
    breaker = CircuitBreaker("dep", clock=clock)
    await attempt(breaker, failing=True)
    call = asyncio.create_task(breaker.call(asyncio.Event().wait))
    await asyncio.sleep(0)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    seen = breaker.snapshot()
    assert (seen.window_calls, seen.consecutive_failures) == (1, 1)


async def test_a_call_cut_by_an_outer_timeout_counts_as_slow(clock: Clock) -> None:
    settings = BreakerSettings(slow_call_rate=1.0, slow_call_seconds=2.0, minimum_calls=2)
    breaker = CircuitBreaker("dep", settings, clock=clock)
    for _ in range(2):
        call = asyncio.create_task(breaker.call(asyncio.Event().wait))
        await asyncio.sleep(0)
        clock.now += 2.0
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
    assert state_of(breaker) == "open"


async def test_late_failures_of_calls_from_before_the_opening_are_ignored(clock: Clock) -> None:
    breaker = CircuitBreaker(
        "dep", BreakerSettings(consecutive_failures=1, probes=1, open_seconds=5.0), clock=clock
    )
    gate = asyncio.Event()

    async def fail_late() -> None:
        await gate.wait()
        raise ConnectionError("reset")

    late = asyncio.create_task(breaker.call(fail_late))
    await asyncio.sleep(0)
    await attempt(breaker, failing=True)
    clock.now += 5.0
    await attempt(breaker, failing=False)
    gate.set()
    with pytest.raises(ConnectionError):
        await late
    assert state_of(breaker) == "closed"


async def test_listeners_hear_every_transition_and_cannot_break_a_call(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Transition] = []

    def broken(_: Transition) -> None:
        raise RuntimeError("listener bug")

    settings = BreakerSettings(consecutive_failures=1, probes=1, open_seconds=5.0)
    breaker = CircuitBreaker("dep", settings, clock=clock, listeners=[broken])
    stop = breaker.subscribe(heard.append)
    await attempt(breaker, failing=True)
    clock.now += 5.0
    await attempt(breaker, failing=False)
    stop()
    breaker.trip("after the listener left")
    assert [(one.before.value, one.after.value, one.reason) for one in heard] == [
        ("closed", "open", "1 failures in a row"),
        ("open", "half_open", "the rest is over"),
        ("half_open", "closed", "every probe succeeded"),
    ]
    assert "breaker listener failed" in caplog.text


async def test_a_reset_by_hand_closes_the_circuit(clock: Clock) -> None:
    breaker = await opened(clock)
    breaker.reset("operator")
    assert await breaker.call(answer) == "answer"


@pytest.mark.parametrize(
    "wrong",
    [
        {"consecutive_failures": 0},
        {"failure_rate": 0.0},
        {"slow_call_rate": 1.1},
        {"open_seconds": 0.0},
        {"probes": 0},
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        BreakerSettings(**wrong)  # type: ignore[arg-type]
