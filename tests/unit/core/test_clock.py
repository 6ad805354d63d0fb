"""Clocks: aware UTC, still or moved by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from rustok.core.clock import Clock, FrozenClock, ManualClock, SystemClock

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_the_system_clock_says_the_present_in_utc() -> None:
    clock: Clock = SystemClock()
    assert clock.now().utcoffset() == timedelta(0)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_frozen_clock_stands_still() -> None:
    clock: Clock = FrozenClock(NOON)
    assert clock.now() == clock.now() == NOON


def test_a_manual_clock_moves_when_told() -> None:
    clock = ManualClock(NOON)
    assert clock.advance(90) == NOON + timedelta(seconds=90) == clock.now()


def test_a_manual_clock_can_be_set_back() -> None:
    clock = ManualClock(NOON)
    clock.set(NOON - timedelta(days=1))
    assert clock.now() == NOON - timedelta(days=1)


def test_a_clock_does_not_advance_backwards() -> None:
    with pytest.raises(ValueError, match="-1"):
        ManualClock(NOON).advance(-1)


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 3, 1, 12),  # noqa: DTZ001 - a naive time is the point
        datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=1))),
    ],
)
def test_a_clock_refuses_a_time_that_is_not_utc(at: datetime) -> None:
    with pytest.raises(ValueError, match="UTC"):
        FrozenClock(at)
