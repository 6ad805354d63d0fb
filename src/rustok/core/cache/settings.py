"""How much a cache keeps and for how long; it refuses numbers that cannot work."""

from __future__ import annotations

import math

import msgspec


class CacheSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How much is kept and for how long; all times in seconds.

    Args:
        capacity: entries at most; the least recently used one leaves first.
        ttl_seconds: life of a value.
        negative_ttl_seconds: life of "there is none" (None, or one of the negative errors).
        idle_seconds: a value not read for so long ends early; `math.inf`: never.
        jitter: share (0 <= jitter < 1) of a life that chance takes off, so that what was loaded
            together does not expire together.
        revalidate_seconds: for so long after its end a value is served at once while one load
            renews it in the background.
        stale_seconds: for so long after its end a value is served when its load fails with one of
            the stale errors; never less than `revalidate_seconds` in effect.
        retry_seconds: pause between loads of a key whose stale value is being served.
        load_seconds: bound of one load, since nobody can cancel it.

    Raises:
        ValueError: a number is out of its range.
    """

    capacity: int = 10_000
    ttl_seconds: float = 300.0
    negative_ttl_seconds: float = 30.0
    idle_seconds: float = math.inf
    jitter: float = 0.1
    revalidate_seconds: float = 0.0
    stale_seconds: float = 600.0
    retry_seconds: float = 1.0
    load_seconds: float = 10.0

    def __post_init__(self) -> None:
        if self.capacity < 1:
            raise ValueError("capacity must be 1 or more")
        if not 0 <= self.jitter < 1:
            raise ValueError("jitter must be at least 0 and below 1")
        if min(self.ttl_seconds, self.idle_seconds, self.load_seconds) <= 0:
            raise ValueError("ttl_seconds, idle_seconds and load_seconds must be above 0")
        lower = (self.negative_ttl_seconds, self.revalidate_seconds)
        if min(*lower, self.stale_seconds, self.retry_seconds) < 0:
            raise ValueError("seconds must be 0 or more")
