"""When a circuit breaker opens and closes; it refuses numbers that cannot work."""

from __future__ import annotations

import msgspec


class BreakerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """When a breaker opens and how it closes again. The three triggers work side by side.

    Args:
        consecutive_failures: opens after so many failures in a row; None switches this trigger off.
        failure_rate: opens when this share (0 < rate <= 1) of the window's calls failed; None: off.
        slow_call_rate: opens when this share of the window's calls was slow; None: off.
        slow_call_seconds: a call that takes at least this long is slow.
        window_seconds: length of the sliding window that both rates look at.
        minimum_calls: calls the window must hold before a rate counts.
        open_seconds: rest before probing; also how long an unanswered probe may hold its permit.
        probes: calls let through while half-open; all must succeed for the circuit to close.

    Raises:
        ValueError: a number is out of its range.
    """

    consecutive_failures: int | None = 5
    failure_rate: float | None = 0.5
    slow_call_rate: float | None = 0.8
    slow_call_seconds: float = 5.0
    window_seconds: float = 30.0
    minimum_calls: int = 20
    open_seconds: float = 5.0
    probes: int = 3

    def __post_init__(self) -> None:
        if self.consecutive_failures is not None and self.consecutive_failures < 1:
            raise ValueError("consecutive_failures must be 1 or more")
        for rate in (self.failure_rate, self.slow_call_rate):
            if rate is not None and not 0 < rate <= 1:
                raise ValueError("a rate must be above 0 and at most 1")
        if min(self.slow_call_seconds, self.window_seconds, self.open_seconds) <= 0:
            raise ValueError("seconds must be above 0")
        if min(self.minimum_calls, self.probes) < 1:
            raise ValueError("minimum_calls and probes must be 1 or more")
