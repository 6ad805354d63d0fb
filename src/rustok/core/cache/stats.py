"""What a cache counts and tells its watchers; it refuses to know any metrics library."""

from __future__ import annotations

import enum
from collections.abc import Callable

import msgspec


class CacheStats(msgspec.Struct, frozen=True, kw_only=True):
    """Counts since the start; `entries` and `loading` are the numbers now.

    A call of `get` counts as exactly one of hit, negative hit, stale served or miss, except that
    a miss whose load fails and is covered by a stale value counts as both.
    """

    name: str
    hits: int
    negative_hits: int
    stale_served: int
    misses: int
    loads: int
    load_failures: int
    evictions: int
    entries: int
    loading: int


class CacheEvent(enum.StrEnum):
    """What the metrics hook hears of; not of hits, whose cost a call would double."""

    MISS = "miss"
    LOAD = "load"
    LOAD_FAILURE = "load_failure"
    NEGATIVE_HIT = "negative_hit"
    STALE_SERVED = "stale_served"
    EVICTION = "eviction"


Hook = Callable[[CacheEvent, float], None]
