"""A read-through cache in memory: fast on a hit, one load on a miss, calm when the source is down.

It refuses to cache failures: an error is remembered only when it is an answer ("no such tenant").

An entry's life: loaded ──fresh──► TTL or idle end ──renewed behind──► stale on failure ──► dead
"""

from __future__ import annotations

import asyncio
import enum
import logging
import math
import random
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, Generic, TypeVar, cast

import cachebox

from rustok.core.cache.settings import CacheSettings
from rustok.core.cache.single_flight import SingleFlight
from rustok.core.cache.stats import CacheEvent, CacheStats, Hook
from rustok.core.errors import NotFound, Unavailable
from rustok.telemetry import tracing
from rustok.telemetry.tracing import SharedAttributes

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_log = logging.getLogger(__name__)


class Missing(enum.Enum):
    """The type of `MISSING`, so that type checkers narrow on `is MISSING`."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING


class LoadTimedOut(Unavailable):
    """A load took longer than `load_seconds`."""

    code = "load_timed_out"
    title = "A part this request needs did not answer in time"

    def __init__(self, *, after_seconds: float) -> None:
        self.after_seconds = after_seconds
        super().__init__("Loading what this request needs took too long.")


class _Entry(Generic[V]):
    """A value, or the error that is the answer, with the moments its life ends."""

    __slots__ = (
        "error",
        "expires_at",
        "fresh_until",
        "is_negative",
        "load_not_before",
        "value",
    )

    def __init__(self, value: V, error: Exception | None, expires_at: float) -> None:
        self.value = value
        self.error = error
        self.is_negative = error is not None or value is None
        self.expires_at = expires_at  # by TTL
        self.fresh_until = expires_at  # by TTL or idleness, whichever comes first
        self.load_not_before = -math.inf


class Cache(Generic[K, V]):
    """Values by key, loaded by `load` when they are not there.

    For one event loop; not safe to share between threads. Loads run outside their callers'
    contexts (see `SingleFlight`): what a load needs must be in the key or bound to `load`.

    Args:
        name: in metrics and on the invalidation bus, such as `tenants.by_host`.
        load: gives the value of a key. A None is remembered as a negative answer.
        negative_errors: errors of `load` remembered as negative answers and raised again, anew
            for each caller, as copies with the same arguments and fields.
        stale_errors: errors of `load` that a stale value may cover.
        clock: monotonic seconds.
        draw: a number in [0, 1) for the jitter.
        on_event: metrics hook; gets the event, and for loads their seconds (else 0).
    """

    def __init__(
        self,
        name: str,
        load: Callable[[K], Awaitable[V]],
        settings: CacheSettings | None = None,
        *,
        negative_errors: tuple[type[Exception], ...] = (NotFound,),
        stale_errors: tuple[type[Exception], ...] = (Unavailable,),
        clock: Callable[[], float] = time.monotonic,
        draw: Callable[[], float] = random.random,
        on_event: Hook | None = None,
    ) -> None:
        self.name = name
        self.settings = settings or CacheSettings()
        self._load = load
        self._negative_errors, self._stale_errors = negative_errors, stale_errors
        self._clock, self._draw, self._on_event = clock, draw, on_event
        self._idle = self.settings.idle_seconds if self.settings.idle_seconds < math.inf else None
        self._entries: cachebox.LRUCache[K, _Entry[V]] = cachebox.LRUCache(self.settings.capacity)
        self._flights: SingleFlight[K, _Entry[V]] = SingleFlight()
        self._attributes = SharedAttributes({"rustok.cache": name})
        self._hits = self._negative_hits = self._stale_served = self._misses = 0
        self._loads = self._load_failures = self._evictions = 0

    def get_nowait(self, key: K) -> V | Missing:
        """The fresh value, or MISSING; loads nothing and counts no miss.

        Raises:
            Exception: the negative error remembered for `key`.
        """
        entry: _Entry[V] | None = self._entries.get(key)
        if entry is None:
            return MISSING
        now = self._clock()
        if now >= entry.fresh_until:
            return MISSING
        if self._idle is not None:
            entry.fresh_until = min(entry.expires_at, now + self._idle)
        if entry.is_negative:
            return self._negative(entry)
        self._hits += 1
        return entry.value

    async def get(self, key: K) -> V:
        """The value: fresh from memory, else loaded, else stale where the settings allow it.

        Raises:
            Exception: what `load` raised for this key.
        """
        value = self.get_nowait(key)
        if value is not MISSING:
            return value
        now = self._clock()
        entry: _Entry[V] | None = self._entries.peek(key)
        if entry is not None and not entry.is_negative:
            if now < entry.load_not_before and now < self._dead_at(entry):
                return self._stale(entry)
            if now < entry.fresh_until + self.settings.revalidate_seconds:
                self._flights.start(key, lambda: self._fill(key))
                return self._stale(entry)
        self._misses += 1
        self._tell(CacheEvent.MISS)
        span, asked = tracing.current(), time.perf_counter()
        try:
            entry = await self._flights.run(key, lambda: self._fill(key))
        except self._stale_errors:
            left = self._coverable(key)
            if left is None:
                raise
            return self._stale(left)
        if span is not None:
            # The load runs outside this context, for all who wait; this is the wait.
            seconds = time.perf_counter() - asked
            span.leaf(f"cache load {self.name}", tracing.INTERNAL, seconds, self._attributes)
        if entry.error is not None:
            raise _afresh(entry.error)
        return entry.value

    def peek(self, key: K) -> V | Missing:
        """The fresh value, or MISSING (also for a remembered error); counts and moves nothing."""
        entry: _Entry[V] | None = self._entries.peek(key)
        if entry is None or entry.error is not None or self._clock() >= entry.fresh_until:
            return MISSING
        return entry.value

    def invalidate(self, key: K) -> None:
        """Forget `key`; a load of it already begun will not be stored, nor joined any more."""
        self._flights.disown(key)
        self._entries.pop(key, None)

    def invalidate_where(self, concerns: Callable[[K], bool]) -> int:
        """As `invalidate` for every key that `concerns` says yes to; returns how many. O(entries)."""
        self._flights.disown_where(concerns)
        gone = [key for key in self._entries if concerns(key)]
        for key in gone:
            self._entries.pop(key, None)
        return len(gone)

    def invalidate_negative(self) -> None:
        """Forget every negative answer: something new has come to be. O(entries)."""
        for key in [key for key, entry in self._entries.items() if entry.is_negative]:
            self._entries.pop(key, None)

    def invalidate_all(self) -> None:
        """Forget everything, loads in flight included."""
        self._flights.disown_all()
        self._entries.clear()

    def expire_all(self) -> None:
        """Let nothing count as fresh any more; what is there may still cover a failed load."""
        self._flights.disown_all()
        ended = self._clock() - self.settings.revalidate_seconds
        for key, entry in list(self._entries.items()):
            if entry.is_negative:
                self._entries.pop(key, None)
            else:
                entry.expires_at = entry.fresh_until = min(entry.fresh_until, ended)

    def drop_dead(self) -> int:
        """Free the memory of entries that can no longer be served; returns how many. O(entries)."""
        now = self._clock()
        dead = [key for key, entry in self._entries.items() if now >= self._dead_at(entry)]
        for key in dead:
            self._entries.pop(key, None)
        return len(dead)

    def stats(self) -> CacheStats:
        """The counts now."""
        return CacheStats(
            name=self.name,
            hits=self._hits,
            negative_hits=self._negative_hits,
            stale_served=self._stale_served,
            misses=self._misses,
            loads=self._loads,
            load_failures=self._load_failures,
            evictions=self._evictions,
            entries=len(self._entries),
            loading=len(self._flights),
        )

    async def _fill(self, key: K) -> _Entry[V]:
        """Load `key` and keep the answer, unless it was invalidated meanwhile. Runs in a flight."""
        started = self._clock()
        self._loads += 1
        try:
            entry = await self._answer(key)
        except Exception as error:
            self._load_failures += 1
            self._tell(CacheEvent.LOAD_FAILURE, self._clock() - started)
            if isinstance(error, self._stale_errors):
                left = self._coverable(key)
                if left is not None:
                    left.load_not_before = self._clock() + self.settings.retry_seconds
            raise
        self._tell(CacheEvent.LOAD, self._clock() - started)
        if self._flights.is_current(key):
            self._keep(key, entry)
        return entry

    async def _answer(self, key: K) -> _Entry[V]:
        settings = self.settings
        scope = asyncio.timeout(settings.load_seconds)
        error: Exception | None = None
        value = cast("V", None)  # never read when there is an error
        try:
            async with scope:
                value = await self._load(key)
        except self._negative_errors as negative:
            error = _afresh(negative)  # without the frames the traceback would keep alive
        except TimeoutError as late:
            if scope.expired():
                raise LoadTimedOut(after_seconds=settings.load_seconds) from late
            raise
        is_negative = error is not None or value is None
        life = settings.negative_ttl_seconds if is_negative else settings.ttl_seconds
        now = self._clock()
        entry = _Entry(value, error, now + life * (1 - settings.jitter * self._draw()))
        if self._idle is not None:
            entry.fresh_until = min(entry.expires_at, now + self._idle)
        return entry

    def _keep(self, key: K, entry: _Entry[V]) -> None:
        if self._entries.is_full() and key not in self._entries:
            self._entries.popitem()
            self._evictions += 1
            self._tell(CacheEvent.EVICTION)
        self._entries.insert(key, entry)

    def _dead_at(self, entry: _Entry[V]) -> float:
        if entry.is_negative:  # never served stale: the thing may have been created since
            return entry.fresh_until
        return entry.fresh_until + max(
            self.settings.stale_seconds, self.settings.revalidate_seconds
        )

    def _coverable(self, key: K) -> _Entry[V] | None:
        """The entry that may stand in for a failed load, if it has not been invalidated."""
        entry: _Entry[V] | None = self._entries.peek(key)
        if entry is None or entry.is_negative or self._clock() >= self._dead_at(entry):
            return None
        return entry

    def _negative(self, entry: _Entry[V]) -> V:
        self._negative_hits += 1
        self._tell(CacheEvent.NEGATIVE_HIT)
        if entry.error is not None:
            raise _afresh(entry.error)
        return entry.value

    def _stale(self, entry: _Entry[V]) -> V:
        self._stale_served += 1
        self._tell(CacheEvent.STALE_SERVED)
        return entry.value

    def _tell(self, event: CacheEvent, seconds: float = 0.0) -> None:
        if self._on_event is None:
            return
        try:
            self._on_event(event, seconds)
        except Exception:
            _log.exception("cache hook failed", extra={"cache": self.name})


def _afresh(error: Exception) -> Exception:
    """A copy without traceback and context: one raised object shared by tasks would mix theirs.

    Not by calling the class: an error's constructor takes its own typed fields, not `args`.
    """
    kind = type(error)
    copy = kind.__new__(kind, *error.args)
    copy.__dict__.update(error.__dict__)
    return copy
