"""The caches of a process by name, for metrics, health and doctor; it caches nothing itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from rustok.core.cache.stats import CacheEvent, CacheStats, Hook
from rustok.telemetry import metrics

_COUNTS: Final = {
    "hit": "hits",
    "negative_hit": "negative_hits",
    "stale_served": "stale_served",
    "miss": "misses",
    "load": "loads",
    "load_failure": "load_failures",
}


class Caches:
    """What caches there are. A name may stand for several, whose counts are added up."""

    def __init__(self) -> None:
        self._sources: list[Callable[[], CacheStats]] = []
        self._told: dict[tuple[str, str], int] = {}

    def add(self, stats: Callable[[], CacheStats]) -> None:
        """Let a cache be seen; `stats` is asked from time to time."""
        self._sources.append(stats)

    def stats(self) -> list[CacheStats]:
        """Every cache, by name."""
        found: dict[str, CacheStats] = {}
        for source in self._sources:
            one = source()
            other = found.get(one.name)
            found[one.name] = one if other is None else _sum(one, other)
        return [found[name] for name in sorted(found)]

    def watch(self) -> Callable[[], None]:
        """Show the caches in metrics; returns how to stop."""
        stop = metrics.before_collect(self._hand_in)

        def end() -> None:
            self._hand_in()
            stop()

        return end

    def _hand_in(self) -> None:
        for one in self.stats():
            metrics.CACHE_ENTRIES.labels(cache=one.name).set(one.entries)
            for operation, field in _COUNTS.items():
                child = metrics.CACHE_OPERATIONS.labels(cache=one.name, operation=operation)
                child.inc(self._more(one.name, operation, getattr(one, field)))
            evicted = metrics.CACHE_EVICTIONS.labels(cache=one.name, reason="capacity")
            evicted.inc(self._more(one.name, "eviction", one.evictions))

    def _more(self, name: str, what: str, total: int) -> int:
        before = self._told.get((name, what), 0)
        self._told[name, what] = total
        return max(0, total - before)


def _sum(one: CacheStats, other: CacheStats) -> CacheStats:
    counts = {
        field: getattr(one, field) + getattr(other, field)
        for field in one.__struct_fields__
        if field != "name"
    }
    return CacheStats(name=one.name, **counts)


def load_times(name: str) -> Hook:
    """The hook of a cache that measures its loads."""
    observe = metrics.CACHE_LOAD_DURATION.labels(cache=name).observe

    def hook(event: CacheEvent, seconds: float) -> None:
        if event in (CacheEvent.LOAD, CacheEvent.LOAD_FAILURE):
            observe(seconds)

    return hook
