"""Token buckets in this process: who may ask how often, counted exactly and in bounded memory.

A bucket is one number, the time at which it is full again (GCRA, the virtual scheduling form of the
token bucket). Buckets are kept in two generations: when the young one is full it becomes the old
one and the old one is dropped, so a check costs two look-ups and the memory never more than
`capacity` buckets. A dropped bucket is a full one: forgetting errs towards letting pass.
Refuses: knowing what is counted, sleeping, and fractions of a token.
Source: ITU-T I.371 (GCRA).
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

NANOSECONDS: Final = 1_000_000_000
CAPACITY: Final = 50_000
RATE_PATTERN: Final = r"^[1-9][0-9]{0,6}/(s|min|h)( burst [1-9][0-9]{0,6})?$"
_RATE = re.compile(r"(?P<count>[0-9]+)/(?P<unit>s|min|h)(?: burst (?P<burst>[0-9]+))?")
_UNITS: Final = {"s": 1, "min": 60, "h": 3_600}


class Limit:
    """How often: `count` in `seconds`, evenly, and `burst` at once.

    Args:
        name: of the policy, as RateLimit-Policy shows it.
        count: tokens that come in `seconds`; 1 or more.
        burst: tokens a full bucket holds; None means `count`.
    """

    __slots__ = ("burst", "count", "interval_ns", "name", "policy", "seconds", "tolerance_ns")

    def __init__(self, name: str, *, count: int, seconds: int, burst: int | None = None) -> None:
        if count < 1 or seconds < 1 or (burst is not None and burst < 1):
            raise ValueError("count, seconds and burst are 1 or more")
        self.name, self.count, self.seconds = name, count, seconds
        self.burst = count if burst is None else burst
        # Rounded up: a nanosecond too slow rather than a token too many.
        self.interval_ns = -(-seconds * NANOSECONDS // count)
        self.tolerance_ns = self.interval_ns * self.burst
        self.policy = f'"{name}";q={self.burst};w={max(1, round(self.burst * seconds / count))}'

    def times(self, factor: int, *, name: str) -> Limit:
        """The same, `factor` times as often."""
        return Limit(
            name, count=self.count * factor, seconds=self.seconds, burst=self.burst * factor
        )

    def __repr__(self) -> str:
        return f"Limit({self.name!r}, {self.count}/{self.seconds}s burst {self.burst})"


def parse_rate(text: str, *, name: str) -> Limit:
    """`20/s`, `30/min burst 10`, `100/h` as a limit; without `burst` a full bucket holds the count.

    Raises:
        ValueError: another spelling.
    """
    match = _RATE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no rate; write it as 20/s, 30/min or 30/min burst 10")
    burst = match["burst"]
    return Limit(
        name,
        count=int(match["count"]),
        seconds=_UNITS[match["unit"]],
        burst=int(burst) if burst else None,
    )


class Decision(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the buckets said.

    Attributes:
        allowed: a token was taken from every bucket; else from none.
        limit: the refusing one with the longest wait, or the one with the fewest tokens left.
        key: its bucket.
        remaining: tokens left in it.
        reset_ns: until it is full again.
        retry_ns: until a token is there; 0 when allowed.
    """

    allowed: bool
    limit: Limit
    key: str
    remaining: int
    reset_ns: int
    retry_ns: int = 0

    @property
    def retry_after_seconds(self) -> int:
        """Whole seconds after which the same request passes, at least 1."""
        return max(1, -(-self.retry_ns // NANOSECONDS))

    @property
    def header(self) -> str:
        """The value of RateLimit. Source: draft-ietf-httpapi-ratelimit-headers-10."""
        seconds = -(-(self.retry_ns or self.reset_ns) // NANOSECONDS)
        return f'"{self.limit.name}";r={self.remaining};t={seconds}'


Wanted = Sequence[tuple[str, Limit]]
"""Buckets a request takes a token from, each with its limit; at least one, no key twice."""


class LocalBuckets:
    """The buckets of this process; safe between threads.

    Args:
        capacity: buckets kept at most.
        clock: nanoseconds that never go back.
    """

    __slots__ = ("_clock", "_half", "_lock", "_old", "_young")

    def __init__(
        self, *, capacity: int = CAPACITY, clock: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._half = max(1, capacity // 2)
        self._clock = clock
        self._young: dict[str, int] = {}
        self._old: dict[str, int] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._young.keys() | self._old.keys())

    def take(self, key: str, limit: Limit) -> Decision:
        """Take one token from one bucket."""
        with self._lock:
            now = self._clock()
            full_at = self._young.get(key)
            if full_at is None:
                full_at = self._old.get(key, now)
            ahead = (full_at - now if full_at > now else 0) + limit.interval_ns
            if ahead > limit.tolerance_ns:
                return refused(key, limit, ahead)
            self._put(key, now + ahead)
        return Decision(
            allowed=True,
            limit=limit,
            key=key,
            remaining=(limit.tolerance_ns - ahead) // limit.interval_ns,
            reset_ns=ahead,
        )

    def take_all(self, wanted: Wanted) -> Decision:
        """Take one token from each of `wanted`, or from none when one is empty."""
        if len(wanted) == 1:
            return self.take(*wanted[0])
        with self._lock:
            now = self._clock()
            aheads: list[int] = []
            for key, limit in wanted:
                full_at = self._young.get(key)
                if full_at is None:
                    full_at = self._old.get(key, now)
                aheads.append((full_at - now if full_at > now else 0) + limit.interval_ns)
            decision = judge(wanted, aheads)
            if decision.allowed:
                for (key, _), ahead in zip(wanted, aheads, strict=True):
                    self._put(key, now + ahead)
        return decision

    def _put(self, key: str, full_at: int) -> None:
        self._young[key] = full_at
        if len(self._young) >= self._half:
            self._old, self._young = self._young, {}


def refused(key: str, limit: Limit, ahead_ns: int) -> Decision:
    """The refusal by a bucket that would be `ahead_ns` ahead of now."""
    return Decision(
        allowed=False,
        limit=limit,
        key=key,
        remaining=0,
        reset_ns=ahead_ns - limit.interval_ns,
        retry_ns=ahead_ns - limit.tolerance_ns,
    )


def judge(wanted: Wanted, aheads_ns: Sequence[int]) -> Decision:
    """The decision over all buckets, each as far ahead of now as it would be with the token taken."""
    worst: Decision | None = None
    tightest = 0
    fewest = -1
    for index, (key, limit) in enumerate(wanted):
        ahead = aheads_ns[index]
        if ahead > limit.tolerance_ns:
            one = refused(key, limit, ahead)
            if worst is None or one.retry_ns > worst.retry_ns:
                worst = one
            continue
        remaining = (limit.tolerance_ns - ahead) // limit.interval_ns
        if fewest < 0 or remaining < fewest:
            fewest, tightest = remaining, index
    if worst is not None:
        return worst
    key, limit = wanted[tightest]
    return Decision(
        allowed=True, limit=limit, key=key, remaining=fewest, reset_ns=aheads_ns[tightest]
    )
