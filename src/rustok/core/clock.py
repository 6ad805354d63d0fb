"""Tells the time to code that must be testable; refuses naive and non-UTC datetimes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

DEFAULT_START: Final = datetime(2026, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Whatever can say what time it is."""

    def now(self) -> datetime:
        """The present moment as aware UTC."""
        ...


class SystemClock:
    """The clock of this machine; it may step when the machine's time is corrected."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FrozenClock:
    """A clock that always says the same, for tests and replays.

    Raises:
        ValueError: `at` is naive or not in UTC.
    """

    def __init__(self, at: datetime = DEFAULT_START) -> None:
        self._now = _checked(at)

    def now(self) -> datetime:
        return self._now


class ManualClock(FrozenClock):
    """A clock that moves only when told to, for tests of waiting."""

    def advance(self, seconds: float) -> datetime:
        """Move forward and return the new moment.

        Raises:
            ValueError: `seconds` is negative; time does not go back by accident, use `set`.
        """
        if seconds < 0:
            raise ValueError(f"a clock advances by 0 or more seconds, not {seconds}")
        self._now += timedelta(seconds=seconds)
        return self._now

    def set(self, at: datetime) -> None:
        """Jump to a moment, also backwards, as a corrected system clock does."""
        self._now = _checked(at)


def _checked(at: datetime) -> datetime:
    if at.utcoffset() != timedelta(0):
        raise ValueError("a clock needs an aware datetime in UTC")
    return at.astimezone(UTC)
