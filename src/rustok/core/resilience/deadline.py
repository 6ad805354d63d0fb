"""A moment by which a request must be answered, carried down to every wait it makes.

It refuses to lengthen: a nested deadline only shortens, and no wait outlives its request.
"""

from __future__ import annotations

import asyncio
import inspect
import math
import time
from collections.abc import Awaitable
from contextvars import ContextVar
from typing import TypeVar

from rustok.core.errors import Unavailable

T = TypeVar("T")

_ends_at: ContextVar[float] = ContextVar("rustok_deadline", default=math.inf)


class TimedOut(Unavailable):
    """A wait reached its bound. `after_seconds` is how long was waited; 0 when no time was left."""

    code = "timed_out"
    title = "A part this request needs did not answer in time"

    def __init__(self, *, after_seconds: float) -> None:
        self.after_seconds = after_seconds
        super().__init__("A part this request needs did not answer within its time.")


def remaining() -> float:
    """Seconds left until the current deadline, never below 0; `math.inf` when there is none."""
    ends_at = _ends_at.get()
    return ends_at if ends_at == math.inf else max(0.0, ends_at - time.monotonic())


class deadline:  # noqa: N801 - reads as what it does
    """Let everything awaited in the block know that `seconds` are left, or fewer if fewer were.

    It interrupts nothing by itself: waits made through `within` see it, and `remaining` tells it.
    Tasks started in the block inherit it.
    """

    __slots__ = ("_seconds", "_token")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        self._token = _ends_at.set(min(_ends_at.get(), time.monotonic() + self._seconds))

    def __exit__(self, *_error: object) -> None:
        _ends_at.reset(self._token)


async def within(seconds: float, awaitable: Awaitable[T]) -> T:
    """Await for at most `seconds` and at most the current deadline; cancel what takes longer.

    Args:
        seconds: the bound; `math.inf` leaves only the deadline.

    Raises:
        TimedOut: the bound was reached; at once, and without starting a coroutine, at 0 or below.
    """
    limit = min(seconds, remaining())
    if limit <= 0:
        _discard(awaitable)
        raise TimedOut(after_seconds=0.0)
    if limit == math.inf:
        return await awaitable
    scope = asyncio.timeout(limit)
    try:
        with deadline(limit):
            async with scope:
                return await awaitable
    except TimeoutError as error:
        if scope.expired():
            raise TimedOut(after_seconds=limit) from error
        raise  # the awaited call's own timeout, not ours


def _discard(awaitable: Awaitable[object]) -> None:
    """Spare the "never awaited" warning and the orphan task."""
    if inspect.iscoroutine(awaitable):
        awaitable.close()
    elif isinstance(awaitable, asyncio.Future):
        awaitable.cancel()
