"""One bound for many blocks: as `asyncio.timeout`, with one timer for all of them.

A timer set and cancelled for each request is a tenth of a quick request's cost. Refuses: bounds of
different lengths, which `asyncio.timeout` is for.
"""

from __future__ import annotations

import asyncio
from types import TracebackType


class TimeLimit:
    """Gives each block at most `seconds`.

        with limit.bound():
            await something()

    Raises (of the block):
        TimeoutError: the time is over; what was awaited is cancelled.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._open: dict[_Bounded, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def bound(self) -> _Bounded:
        """A block of its own for the current task; its time begins when it is entered."""
        return _Bounded(self)

    def _add(self, one: _Bounded, loop: asyncio.AbstractEventLoop) -> None:
        self._open[one] = None
        if self._timer is None or self._loop is not loop:
            self._loop = loop
            self._timer = loop.call_at(one.due, self._end)

    def _end(self) -> None:
        """End what is due, and look again when the next is."""
        self._timer = None
        loop = asyncio.get_running_loop()
        now = loop.time()
        for one in list(self._open):  # in the order of their time, as all have the same
            if one.due > now:
                self._timer = loop.call_at(one.due, self._end)
                return
            del self._open[one]
            one.expire()


class _Bounded:
    """No generator, and not asynchronous: it would cost as much as what it saves."""

    __slots__ = ("_cancelling", "_is_over", "_limit", "_task", "due")

    def __init__(self, limit: TimeLimit) -> None:
        self._limit = limit
        self._is_over = False

    def __enter__(self) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("only a task can be bounded")
        self._task = task
        self._cancelling = task.cancelling()
        loop = asyncio.get_running_loop()
        self.due = loop.time() + self._limit.seconds
        self._limit._add(self, loop)

    def expire(self) -> None:
        """Cancel what the task awaits."""
        self._is_over = True
        self._task.cancel()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._is_over:
            del self._limit._open[self]
            return
        # As asyncio.Timeout: somebody else's wish to cancel comes before this one.
        if self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error
