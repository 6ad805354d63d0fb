"""Counts of calls, failures and slow calls over the last seconds; it refuses to judge them."""

from __future__ import annotations

BUCKETS = 10


class SlidingWindow:
    """A ring of ten time buckets with running totals, so that recording costs O(1) time and memory.

    The oldest bucket leaves as a whole: the totals cover between 9/10 and all of `seconds`.

    Args:
        seconds: length of the window; above 0.
    """

    __slots__ = ("_bucket", "_bucket_seconds", "_ring", "_slot", "calls", "failures", "slow_calls")

    def __init__(self, seconds: float) -> None:
        self._bucket_seconds = seconds / BUCKETS
        self._slot = -1
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.calls = self.failures = self.slow_calls = 0
        self._ring = [[0, 0, 0] for _ in range(BUCKETS)]
        self._bucket = self._ring[self._slot % BUCKETS]

    def record(self, now: float, failed: bool, slow: bool) -> None:
        """Count one finished call at `now` (seconds of a monotonic clock)."""
        if int(now / self._bucket_seconds) != self._slot:
            self.advance(now)
        bucket = self._bucket
        self.calls += 1
        bucket[0] += 1
        if failed:
            self.failures += 1
            bucket[1] += 1
        if slow:
            self.slow_calls += 1
            bucket[2] += 1

    def advance(self, now: float) -> None:
        """Drop what has left the window by `now`, so that the totals may be read."""
        slot = int(now / self._bucket_seconds)
        if slot - self._slot >= BUCKETS:
            self._slot = slot
            self.clear()
            return
        while self._slot < slot:
            self._slot += 1
            bucket = self._bucket = self._ring[self._slot % BUCKETS]
            self.calls -= bucket[0]
            self.failures -= bucket[1]
            self.slow_calls -= bucket[2]
            bucket[:] = (0, 0, 0)
