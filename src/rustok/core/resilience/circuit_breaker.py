"""A switch in front of one dependency that answers at once while the dependency is down.

It refuses to wait, to retry and to bound a call's time: see `retry` and `deadline` for those.

          too many failures or slow calls             open_seconds over
    CLOSED ───────────────────────────────► OPEN ───────────────────────► HALF_OPEN
       ▲                                     ▲      a probe failed, was slow   │ │
       │                                     └──── or never came back ─────────┘ │
       └─────────────────────── every probe succeeded ───────────────────────────┘

A breaker belongs to one event loop; it is not safe to share between threads.
"""

from __future__ import annotations

import enum
import logging
import math
import time
from collections.abc import Awaitable, Callable, Iterable
from types import TracebackType
from typing import ParamSpec, TypeVar

import msgspec

from rustok.core.errors import Extension, RustokError, Unavailable
from rustok.core.resilience.breaker_settings import BreakerSettings
from rustok.core.resilience.sliding_window import SlidingWindow

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger(__name__)


class BreakerState(enum.StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


# Module-level names: an enum member looked up through its class costs 30 ns more on every call.
_CLOSED, _OPEN, _HALF_OPEN = BreakerState


class CircuitOpen(Unavailable):
    """The dependency is known to be down, so the call was not made.

    `retry_after` is exact, in seconds; `retry_after_seconds` is the same rounded up to at least 1.
    """

    code = "circuit_open"
    title = "A part this request needs is recovering"
    detail = "A part this request needs has failed repeatedly and is given time to recover."
    fields = ()

    def __init__(self, *, dependency: str, retry_after: float) -> None:
        # Not by the constructors of its base classes: a refused call must cost next to nothing.
        self.dependency = dependency
        self.retry_after = retry_after

    @property
    def retry_after_seconds(self) -> int:  # type: ignore[override]  # worked out where it is read
        return math.ceil(self.retry_after) or 1

    @property
    def extensions(self) -> dict[str, Extension]:  # type: ignore[override]  # as above
        return {}

    def __str__(self) -> str:
        return self.detail


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """One change of state, as listeners get it; `reason` is a short sentence for the log."""

    name: str
    before: BreakerState
    after: BreakerState
    reason: str


class BreakerSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A breaker at one moment, for metrics, health and doctor. Totals count since the start."""

    name: str
    state: BreakerState
    window_calls: int
    window_failures: int
    window_slow_calls: int
    consecutive_failures: int
    retry_after_seconds: float
    opened_total: int
    rejected_total: int
    succeeded_total: int
    failed_total: int


Listener = Callable[[Transition], None]


def dependency_failed(error: Exception) -> bool:
    """Whether `error` speaks against the dependency: anything but an answer of ours below 500."""
    return not (isinstance(error, RustokError) and error.status < 500)


class CircuitBreaker:
    """The breaker of the dependency called `name`.

    A call that was cancelled counts neither as success nor as failure and frees its probe permit,
    except when it had already been slow: then an outer timeout cut it, and it counts as slow.
    An answer to a call that began before the last transition is ignored.

    Args:
        name: of the dependency, unique in the process, such as `payments.stripe`.
        is_failure: which exceptions speak against the dependency; the others count as answers.
        clock: monotonic seconds.
        listeners: called after each transition, in order; see `subscribe`.
    """

    __slots__ = (
        "_clock",
        "_consecutive",
        "_failed_total",
        "_generation",
        "_is_failure",
        "_listeners",
        "_opened_total",
        "_probes_passed",
        "_probes_running",
        "_rejected_total",
        "_slow_seconds",
        "_state",
        "_succeeded_total",
        "_until",
        "_window",
        "name",
        "settings",
    )

    def __init__(
        self,
        name: str,
        settings: BreakerSettings | None = None,
        *,
        is_failure: Callable[[Exception], bool] = dependency_failed,
        clock: Callable[[], float] = time.monotonic,
        listeners: Iterable[Listener] = (),
    ) -> None:
        self.name = name
        self.settings = settings or BreakerSettings()
        self._is_failure = is_failure
        self._clock = clock
        self._listeners = tuple(listeners)
        slow_calls_matter = self.settings.slow_call_rate is not None
        self._slow_seconds = self.settings.slow_call_seconds if slow_calls_matter else math.inf
        self._window = SlidingWindow(self.settings.window_seconds)
        self._state = _CLOSED
        self._generation = 0
        self._consecutive = 0
        self._probes_running = self._probes_passed = 0
        # Open: when probing begins. Half-open: when the latest probe is given up for lost.
        self._until = 0.0
        self._opened_total = self._rejected_total = 0
        self._succeeded_total = self._failed_total = 0

    @property
    def state(self) -> BreakerState:
        """The state as of the last call: an open circuit turns half-open only when it is called."""
        return self._state

    async def call(
        self, function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Await `function(*args, **kwargs)` behind the breaker.

        Raises:
            CircuitOpen: the circuit is open or its probe permits are taken; nothing was called.
        """
        started = self._clock()
        if self._state is not _CLOSED:
            if self._state is _OPEN and started < self._until:
                # Here and not in `_admit`: another frame would make up a third of a refusal.
                self._rejected_total += 1
                raise CircuitOpen(dependency=self.name, retry_after=self._until - started)
            self._admit(started)
        generation = self._generation
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:
            self._settle(generation, started, error)
            raise
        self._settle(generation, started, None)
        return result

    def guard(self) -> Guard:
        """The same for a block: `async with breaker.guard(): ...`, which raises `CircuitOpen`."""
        return Guard(self)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after every transition, synchronously; returns how to stop it.

        An error in a listener is logged and does not reach the guarded call.
        """
        self._listeners = (*self._listeners, listener)

        def unsubscribe() -> None:
            self._listeners = tuple(one for one in self._listeners if one is not listener)

        return unsubscribe

    def trip(self, reason: str) -> None:
        """Open the circuit by hand; probing begins after `open_seconds` as usual."""
        self._open(self._clock(), reason)

    def reset(self, reason: str) -> None:
        """Close the circuit by hand and forget all counts."""
        self._enter(_CLOSED, reason)

    def snapshot(self) -> BreakerSnapshot:
        """The counts now, without changing the state."""
        now = self._clock()
        self._window.advance(now)
        return BreakerSnapshot(
            name=self.name,
            state=self._state,
            window_calls=self._window.calls,
            window_failures=self._window.failures,
            window_slow_calls=self._window.slow_calls,
            consecutive_failures=self._consecutive,
            retry_after_seconds=max(0.0, self._until - now) if self._state is _OPEN else 0.0,
            opened_total=self._opened_total,
            rejected_total=self._rejected_total,
            succeeded_total=self._succeeded_total,
            failed_total=self._failed_total,
        )

    def _admit(self, now: float) -> None:
        """Let a call through a circuit that is not closed, as a probe, or reject it."""
        if self._state is _OPEN and now >= self._until:
            self._enter(_HALF_OPEN, "the rest is over")
        if self._state is _HALF_OPEN:
            if self._probes_running + self._probes_passed < self.settings.probes:
                self._probes_running += 1
                self._until = now + self.settings.open_seconds
                return
            if now >= self._until:
                self._open(now, "a probe never came back")
        elif self._state is _CLOSED:  # a listener has just reset it
            return
        self._rejected_total += 1
        raise CircuitOpen(dependency=self.name, retry_after=self._until - now)

    def _settle(self, generation: int, started: float, error: BaseException | None) -> None:
        if generation != self._generation:
            return
        now = self._clock()
        slow = now - started >= self._slow_seconds
        if self._state is _HALF_OPEN:
            self._probes_running -= 1
        failed = False
        if error is not None:
            if isinstance(error, Exception):
                failed = self._is_failure(error)
            elif not slow:
                return  # cancelled: says nothing about the dependency
            if failed or not isinstance(error, Exception):
                self._failed_total += 1
            else:
                self._succeeded_total += 1
        else:
            self._succeeded_total += 1
        if self._state is _HALF_OPEN:
            self._settle_probe(now, failed, slow)
            return
        window = self._window
        window.record(now, failed, slow)
        if failed:
            self._consecutive += 1
        elif error is None or isinstance(error, Exception):
            self._consecutive = 0
        if window.failures or window.slow_calls:
            reason = self._reason_to_open()
            if reason is not None:
                self._open(now, reason)

    def _settle_probe(self, now: float, failed: bool, slow: bool) -> None:
        if failed or slow:
            self._open(now, "a probe failed" if failed else "a probe was slow")
            return
        self._probes_passed += 1
        if self._probes_passed >= self.settings.probes:
            self._enter(_CLOSED, "every probe succeeded")

    def _reason_to_open(self) -> str | None:
        settings, window = self.settings, self._window
        limit = settings.consecutive_failures
        if limit is not None and self._consecutive >= limit:
            return f"{self._consecutive} failures in a row"
        if window.calls < settings.minimum_calls:
            return None
        rate = settings.failure_rate
        if rate is not None and window.failures / window.calls >= rate:
            return f"{window.failures} of {window.calls} calls failed"
        rate = settings.slow_call_rate
        if rate is not None and window.slow_calls / window.calls >= rate:
            return f"{window.slow_calls} of {window.calls} calls were slow"
        return None

    def _open(self, now: float, reason: str) -> None:
        self._until = now + self.settings.open_seconds
        self._opened_total += 1
        self._enter(_OPEN, reason)

    def _enter(self, after: BreakerState, reason: str) -> None:
        before, self._state = self._state, after
        self._generation += 1
        self._consecutive = self._probes_running = self._probes_passed = 0
        self._window.clear()
        transition = Transition(name=self.name, before=before, after=after, reason=reason)
        for listener in self._listeners:
            try:
                listener(transition)
            except Exception:
                _log.exception("breaker listener failed", extra={"breaker": self.name})


class Guard:
    """One guarded block; made by `CircuitBreaker.guard`, used once."""

    __slots__ = ("_breaker", "_generation", "_started")

    def __init__(self, breaker: CircuitBreaker) -> None:
        self._breaker = breaker

    async def __aenter__(self) -> None:
        breaker = self._breaker
        self._started = breaker._clock()
        if breaker._state is not _CLOSED:
            breaker._admit(self._started)
        self._generation = breaker._generation

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._breaker._settle(self._generation, self._started, error)
