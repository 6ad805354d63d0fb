"""The breaker driven at random beside a model that keeps every call in a list."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rustok.core.resilience.breaker_settings import BreakerSettings
from rustok.core.resilience.circuit_breaker import CircuitBreaker, CircuitOpen, Guard
from rustok.core.resilience.retry import RetryBudget, RetryPolicy, backoff

SETTINGS = BreakerSettings(
    consecutive_failures=4,
    failure_rate=0.5,
    slow_call_rate=0.6,
    slow_call_seconds=2.0,
    window_seconds=10.0,
    minimum_calls=5,
    open_seconds=3.0,
    probes=2,
)


def run(step: Coroutine[object, object, None]) -> None:
    """Run a coroutine that never suspends."""
    try:
        step.send(None)
    except StopIteration:
        return
    raise AssertionError("the breaker suspended")


@dataclass(kw_only=True)
class Call:
    guard: Guard
    began: float
    era: int


@dataclass
class Model:
    """What the breaker should be, written for reading and not for speed."""

    state: str = "closed"
    era: int = 0
    until: float = 0.0
    row: int = 0
    calls: list[tuple[int, bool, bool]] = field(default_factory=list)  # bucket, failed, slow
    running: int = 0
    passed: int = 0

    def enter(self, state: str) -> None:
        self.state, self.era = state, self.era + 1
        self.row = self.running = self.passed = 0
        self.calls = []

    def open(self, now: float) -> None:
        self.enter("open")
        self.until = now + SETTINGS.open_seconds

    def admit(self, now: float) -> bool:
        if self.state == "open" and now >= self.until:
            self.enter("half_open")
        if self.state == "half_open":
            if self.running + self.passed < SETTINGS.probes:
                self.running += 1
                self.until = now + SETTINGS.open_seconds
                return True
            if now >= self.until:
                self.open(now)
            return False
        return self.state == "closed"

    def finish(self, call: Call, now: float, outcome: str) -> None:
        if call.era != self.era:
            return
        slow = now - call.began >= SETTINGS.slow_call_seconds
        failed = outcome == "failed"
        if self.state == "half_open":
            self.running -= 1
            if failed or slow:
                self.open(now)
            elif outcome == "answered":
                self.passed += 1
                if self.passed == SETTINGS.probes:
                    self.enter("closed")
            return
        if outcome == "cancelled" and not slow:
            return
        self.calls.append((int(now), failed, slow))
        self.row = self.row + 1 if failed else (self.row if outcome == "cancelled" else 0)
        window = self.window(now)
        failures, slows = sum(one[1] for one in window), sum(one[2] for one in window)
        rated = len(window) >= 5
        if self.row >= 4 or (
            rated and (failures / len(window) >= 0.5 or slows / len(window) >= 0.6)
        ):
            self.open(now)

    def window(self, now: float) -> list[tuple[int, bool, bool]]:
        return [one for one in self.calls if one[0] > int(now) - 10]  # ten buckets of one second


class BreakerMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.breaker = CircuitBreaker("dep", SETTINGS, clock=lambda: self.now)
        self.model = Model()
        self.calls: list[Call] = []

    @rule(quarters=st.integers(1, 20))
    def time_passes(self, quarters: int) -> None:
        self.now += quarters * 0.25  # exact in binary: the model needs no tolerance

    @rule()
    def a_call_begins(self) -> None:
        guard = self.breaker.guard()
        rejection: CircuitOpen | None = None
        try:
            run(guard.__aenter__())
        except CircuitOpen as error:
            rejection = error
        assert (rejection is None) == self.model.admit(self.now)
        if rejection is None:
            self.calls.append(Call(guard=guard, began=self.now, era=self.model.era))
        else:
            assert 0 < rejection.retry_after <= SETTINGS.open_seconds

    @precondition(lambda self: self.calls)
    @rule(
        data=st.data(),
        outcome=st.sampled_from(["answered", "answered", "failed", "failed", "cancelled"]),
    )
    def a_call_ends(self, data: st.DataObject, outcome: str) -> None:
        call = self.calls.pop(data.draw(st.integers(0, len(self.calls) - 1)))
        error: BaseException | None = None
        if outcome == "failed":
            error = ConnectionError()
        elif outcome == "cancelled":
            error = GeneratorExit()  # any non-Exception: what a cancelled coroutine sees
        run(call.guard.__aexit__(type(error) if error else None, error, None))
        self.model.finish(call, self.now, outcome)

    @rule()
    def an_operator_trips(self) -> None:
        self.breaker.trip("operator")
        self.model.open(self.now)

    @rule()
    def an_operator_resets(self) -> None:
        self.breaker.reset("operator")
        self.model.enter("closed")

    @invariant()
    def both_agree(self) -> None:
        seen, window = self.breaker.snapshot(), self.model.window(self.now)
        assert seen.state == self.model.state
        assert seen.consecutive_failures == self.model.row
        assert seen.window_calls == len(window)
        assert seen.window_failures == sum(one[1] for one in window)
        assert seen.window_slow_calls == sum(one[2] for one in window)

    @invariant()
    def probes_never_exceed_their_limit(self) -> None:
        if self.model.state == "half_open":
            running = sum(call.era == self.model.era for call in self.calls)
            assert running <= SETTINGS.probes


TestBreaker = BreakerMachine.TestCase
TestBreaker.settings = settings(
    max_examples=100, stateful_step_count=60, deadline=None, suppress_health_check=list(HealthCheck)
)


@given(
    attempts=st.integers(1, 12),
    start=st.floats(0, 10),
    factor=st.floats(1, 10),
    limit=st.floats(0, 60),
    draw=st.floats(0, 1, exclude_max=True),
)
def test_every_wait_lies_between_zero_and_its_bound(
    attempts: int, start: float, factor: float, limit: float, draw: float
) -> None:
    policy = RetryPolicy(attempts=attempts, base_seconds=start, factor=factor, limit_seconds=limit)
    waits = list(backoff(policy, lambda: draw))
    bounds = list(backoff(policy, lambda: 1.0))
    assert len(waits) == attempts - 1
    assert all(0 <= wait <= bound <= limit for wait, bound in zip(waits, bounds, strict=True))
    assert bounds == sorted(bounds)


@given(
    ratio=st.integers(0, 8).map(lambda eighths: eighths / 8),
    burst=st.integers(0, 20),
    steps=st.lists(st.booleans(), max_size=300),
)
def test_granted_retries_never_exceed_burst_and_share_of_calls(
    ratio: float, burst: int, steps: list[bool]
) -> None:
    budget = RetryBudget(ratio=ratio, burst=burst)
    calls = granted = 0
    for is_call in steps:
        if is_call:
            calls += 1
            budget.earn()
        else:
            granted += budget.spend()
        assert granted <= burst + ratio * calls
        assert 0 <= budget.tokens <= burst
