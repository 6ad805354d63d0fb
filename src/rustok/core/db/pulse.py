"""Wakes those of this process who wait for something new in the log; it promises nothing.

Refuses: reaching other processes, whose commits are found by looking.
"""

from __future__ import annotations

import asyncio
import contextlib


class Pulse:
    """For one event loop. A beat with nobody waiting costs next to nothing."""

    __slots__ = ("_waiting", "beats")

    def __init__(self) -> None:
        self.beats = 0
        self._waiting: list[asyncio.Future[None]] = []

    def beat(self) -> None:
        """Wake everybody who waits."""
        self.beats += 1
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            for one in waiting:
                if not one.done():
                    one.set_result(None)

    async def wait(self, seconds: float, *, since: int) -> None:
        """Until there have been more beats than `since`, `seconds` at most."""
        if self.beats > since:
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await turn
        finally:
            if turn in self._waiting:
                self._waiting.remove(turn)
