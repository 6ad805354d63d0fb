"""Calls repeated with growing, jittered waits, few enough that they cannot amplify an outage.

It refuses to repeat a cancelled call, and what is not known to be transient.
Only repeat what is safe to do twice. Source of the jitter: AWS Architecture Blog, "Exponential
Backoff And Jitter" (2015), full jitter; of the budget: gRPC A6, Finagle's RetryBudget.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import msgspec

from rustok.core.errors import RustokError, TooManyRequests, Unavailable
from rustok.core.resilience.deadline import deadline, remaining, within

T = TypeVar("T")


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How often and how patiently.

    Args:
        attempts: calls in all, the first included.
        base_seconds: upper bound of the first wait; each further bound is `factor` times larger.
        limit_seconds: upper bound of any computed wait.
        attempt_seconds: bound of one attempt; `math.inf` leaves only `total_seconds`.
        total_seconds: bound of all attempts and waits together; the current deadline shortens it.

    Raises:
        ValueError: a number is out of its range.
    """

    attempts: int = 3
    base_seconds: float = 0.1
    factor: float = 2.0
    limit_seconds: float = 5.0
    attempt_seconds: float = math.inf
    total_seconds: float = 30.0

    def __post_init__(self) -> None:
        if self.attempts < 1 or self.factor < 1:
            raise ValueError("attempts and factor must be 1 or more")
        if min(self.base_seconds, self.limit_seconds) < 0:
            raise ValueError("a wait must be 0 seconds or more")
        if min(self.attempt_seconds, self.total_seconds) <= 0:
            raise ValueError("a bound must be above 0 seconds")


class RetryBudget:
    """Tokens shared by all callers of one dependency: a first call earns, a retry spends.

    However hard the dependency fails, retries stay below `burst + ratio * first calls`.

    Args:
        ratio: tokens earned per first call; 0.1 lets retries add 10 % of load in the long run.
        burst: tokens at the start and at most.
    """

    __slots__ = ("_burst", "_ratio", "denied_total", "tokens")

    def __init__(self, *, ratio: float = 0.1, burst: float = 10.0) -> None:
        if ratio < 0 or burst < 0:
            raise ValueError("ratio and burst must be 0 or more")
        self._ratio, self._burst = ratio, burst
        self.tokens = burst
        self.denied_total = 0

    def earn(self) -> None:
        """Count a first call."""
        self.tokens = min(self._burst, self.tokens + self._ratio)

    def spend(self) -> bool:
        """Take the token of one retry; False when there is none."""
        if self.tokens < 1:
            self.denied_total += 1
            return False
        self.tokens -= 1
        return True


class Retrying(msgspec.Struct, frozen=True, kw_only=True):
    """A retry about to happen, for logs and metrics: attempt `attempt` begins in `wait_seconds`."""

    attempt: int
    wait_seconds: float
    error: Exception


def backoff(policy: RetryPolicy, draw: Callable[[], float] = random.random) -> Iterator[float]:
    """The waits in seconds between the attempts: draw() * min(limit, base * factor ** n).

    Args:
        draw: gives a number in [0, 1); a constant makes the sequence deterministic.

    Returns:
        `attempts - 1` waits, in order.
    """
    bound = policy.base_seconds
    for _ in range(policy.attempts - 1):
        bound = min(bound, policy.limit_seconds)
        yield draw() * bound
        bound *= policy.factor


def is_transient(error: Exception) -> bool:
    """Whether waiting may help: Unavailable, TooManyRequests, timeouts and broken connections."""
    return isinstance(error, Unavailable | TooManyRequests | TimeoutError | ConnectionError)


async def retry(
    function: Callable[[], Awaitable[T]],
    *,
    policy: RetryPolicy | None = None,
    budget: RetryBudget | None = None,
    is_retryable: Callable[[Exception], bool] = is_transient,
    on_retry: Callable[[Retrying], None] | None = None,
    draw: Callable[[], float] = random.random,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> T:
    """Await `function()` until it succeeds, or the attempts, the time or the budget run out.

    An error's `retry_after_seconds` is waited in full, with the jittered wait on top, so that those
    who were told the same moment do not return together. A wait that would not end before the
    total bound is not begun.

    Args:
        budget: shared with the other callers of the dependency; None: unbudgeted, for tools only.
        on_retry: called before each wait.

    Raises:
        Exception: the last attempt's error, unchanged; `TimedOut` when that was cut by a bound.
    """
    policy = policy or RetryPolicy()
    total_seconds = min(policy.total_seconds, remaining())
    ends_at = clock() + total_seconds
    if budget is not None:
        budget.earn()
    waits = backoff(policy, draw)
    attempt = 1
    with deadline(total_seconds):
        while True:
            try:
                return await within(policy.attempt_seconds, function())
            except Exception as error:
                wait = next(waits, None)
                if wait is None or not is_retryable(error):
                    raise
                wait += _told_to_wait(error)
                if clock() + wait >= ends_at or (budget is not None and not budget.spend()):
                    raise
                attempt += 1
                if on_retry is not None:
                    on_retry(Retrying(attempt=attempt, wait_seconds=wait, error=error))
            await sleep(wait)


def _told_to_wait(error: Exception) -> float:
    seconds = error.retry_after_seconds if isinstance(error, RustokError) else None
    return float(seconds or 0)
