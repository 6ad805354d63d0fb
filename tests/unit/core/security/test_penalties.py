"""Penalties: after enough refusals, longer each time, forgotten after good conduct, bounded."""

from __future__ import annotations

from rustok.core.security.penalties import PenaltyBox
from rustok.core.security.rate_limit import Limit
from tests.unit.core.security.test_rate_limit import Clock


def _box(clock: Clock, *, strikes: int = 3, capacity: int = 100) -> PenaltyBox:
    return PenaltyBox(
        Limit("strikes", count=strikes, seconds=60),
        first_seconds=10,
        longest_seconds=35,
        capacity=capacity,
        clock=clock,
    )


def test_the_refusal_after_the_last_strike_begins_a_penalty() -> None:
    clock = Clock()
    box = _box(clock)
    assert [box.strike("a") for _ in range(4)] == [0, 0, 0, 10]
    assert box.seconds_left("a") == 10
    assert box.seconds_left("b") == 0
    clock.go_on(10)
    assert box.seconds_left("a") == 0


def test_each_repetition_is_twice_as_long_up_to_the_longest() -> None:
    clock = Clock()
    box = _box(clock, strikes=1)
    lengths = []
    for _ in range(4):
        while not (length := box.strike("a")):
            pass
        lengths.append(length)
        clock.go_on(length)
    assert lengths == [10, 20, 35, 35]


def test_good_conduct_is_remembered() -> None:
    clock = Clock()
    box = _box(clock, strikes=1)
    while not box.strike("a"):
        pass
    clock.go_on(10 + 4 * 10)
    while not (length := box.strike("a")):
        pass
    assert length == 10


def test_memory_stays_bounded_however_many_are_struck() -> None:
    box = _box(Clock(), strikes=1)
    for number in range(5_000):
        box.strike(f"a{number}")
        box.strike(f"a{number}")
        assert len(box) <= 100
