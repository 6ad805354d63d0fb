"""Who is kept out for a while because it went on asking after being refused; longer each time.

Refuses: refusing anybody by itself; it is told of refusals and says who is out, and for how long.
Its memory is bounded as that of the buckets is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from rustok.core.security.rate_limit import NANOSECONDS, Limit, LocalBuckets

_FORGET_AFTER_TIMES: Final = 4


class PenaltyBox:
    """Args:
    strikes: refusals one caller may collect before it is kept out.
    first_seconds: length of the first penalty; each further one is twice as long.
    longest_seconds: the longest.
    capacity: callers remembered at most.
    clock: nanoseconds that never go back.

    A caller that stays away four times as long as its last penalty begins anew.
    """

    __slots__ = ("_clock", "_first", "_half", "_longest", "_old", "_strikes", "_taken", "_young")

    def __init__(
        self,
        strikes: Limit,
        *,
        first_seconds: int,
        longest_seconds: int,
        capacity: int = 20_000,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._strikes = strikes
        self._first = first_seconds * NANOSECONDS
        self._longest = longest_seconds * NANOSECONDS
        self._half = max(1, capacity // 2)
        self._clock = clock
        self._taken = LocalBuckets(capacity=capacity, clock=clock)
        # key -> (kept out until, length of that penalty)
        self._young: dict[str, tuple[int, int]] = {}
        self._old: dict[str, tuple[int, int]] = {}

    def __len__(self) -> int:
        return len(self._young.keys() | self._old.keys())

    def seconds_left(self, key: str) -> int:
        """Whole seconds the caller is still kept out; 0 when it is not."""
        if not self._young and not self._old:
            return 0
        known = self._young.get(key) or self._old.get(key)
        if known is None:
            return 0
        left = known[0] - self._clock()
        return -(-left // NANOSECONDS) if left > 0 else 0

    def strike(self, key: str) -> int:
        """Note one refusal. Returns the whole seconds of the penalty it began, 0 when none."""
        if self._taken.take(key, self._strikes).allowed:
            return 0
        now = self._clock()
        known = self._young.get(key) or self._old.get(key)
        length = self._first
        if known is not None:
            until, last = known
            if until > now:
                return 0
            if now - until < last * _FORGET_AFTER_TIMES:
                length = min(last * 2, self._longest)
        self._young[key] = (now + length, length)
        if len(self._young) >= self._half:
            self._old, self._young = self._young, {}
        return -(-length // NANOSECONDS)
