"""Keeps one of many from taking every place: each holds at most its share, the rest wait in its own line.

Refuses: a place beyond the share when the line is full or nothing came free in time. Who is below
its share pays one look-up; who is gone leaves nothing behind.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final
from uuid import UUID

from rustok.core.errors import TooManyRequests


class ShareTaken(TooManyRequests):
    """The tenant's requests hold all the places it may have at once, and its line is full or slow."""

    code = "tenant_busy"
    title = "The tenant has too many requests under way"
    mend = "Wait as long as Retry-After says; send fewer requests at once."

    def __init__(self) -> None:
        super().__init__(
            "This tenant has as many requests under way as it may have at once.",
            retry_after_seconds=1,
        )


class Shares:
    """Args:
    places: requests of one holder that run at once; 1 or more.
    queue: requests of one holder that wait for a place.
    wait_seconds: longest wait.
    """

    __slots__ = ("_held", "_lines", "_places", "_queue", "_wait_seconds")

    def __init__(self, *, places: int, queue: int, wait_seconds: float) -> None:
        if places < 1 or queue < 0 or wait_seconds <= 0:
            raise ValueError("places >= 1, queue >= 0 and wait_seconds > 0 are needed")
        self._places: Final = places
        self._queue: Final = queue
        self._wait_seconds: Final = wait_seconds
        self._held: dict[UUID, int] = {}
        self._lines: dict[UUID, deque[asyncio.Future[None]]] = {}

    def held(self, holder: UUID) -> int:
        """Places `holder` has now."""
        return self._held.get(holder, 0)

    def enter(self, holder: UUID) -> bool:
        """Take a free place at once; False when the share is taken and `wait` is needed."""
        held = self._held.get(holder, 0)
        if held >= self._places:
            return False
        self._held[holder] = held + 1
        return True

    async def wait(self, holder: UUID) -> None:
        """Take a place when one comes free, first come, first served.

        Raises:
            ShareTaken: see there.
        """
        line = self._lines.setdefault(holder, deque())
        if len(line) >= self._queue:
            raise ShareTaken
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.append(turn)
        try:
            async with asyncio.timeout(self._wait_seconds):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self.leave(holder)  # the place came in the same moment: pass it on
            else:
                self._drop(holder, turn)
            if isinstance(error, TimeoutError):
                raise ShareTaken from None
            raise

    def leave(self, holder: UUID) -> None:
        """Give the place back: to the next in the holder's line, else to nobody."""
        line = self._lines.get(holder)
        while line:
            turn = line.popleft()
            if not turn.done():
                turn.set_result(None)  # the place changes hands; the count stays
                return
        self._lines.pop(holder, None)
        held = self._held[holder] - 1
        if held:
            self._held[holder] = held
        else:
            del self._held[holder]

    def _drop(self, holder: UUID, turn: asyncio.Future[None]) -> None:
        line = self._lines.get(holder)
        if line is not None and turn in line:
            line.remove(turn)
