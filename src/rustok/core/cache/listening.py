"""The endless listening of a bus on a connection: connect, listen, and connect again when it breaks.

It refuses to trust silence: who listens must hear an answer to a ping in time.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from typing import Final

from rustok.core.cache.invalidation import LOST, Receivers
from rustok.core.errors import Unavailable
from rustok.telemetry.logs import get_logger

FIRST_WAIT_SECONDS: Final = 0.1
LONGEST_WAIT_SECONDS: Final = 2.0
PING_SECONDS: Final = 2.0
"""How long a connection may be silent before it is asked."""

log = get_logger("rustok.cache.bus")


class Listening:
    """Args:
    name: of the bus.
    receivers: told LOST after every connect.
    session: connects, calls its argument when messages can come, and listens until the connection
        breaks, which it says by raising Unavailable.
    """

    def __init__(
        self,
        name: str,
        receivers: Receivers,
        session: Callable[[Callable[[], None]], Awaitable[None]],
    ) -> None:
        self._name = name
        self._receivers = receivers
        self._session = session
        self._task: asyncio.Task[None] | None = None
        self.connected = False
        self.connects = 0

    def start(self) -> None:
        """Begin, unless it has begun."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"{self._name} listening")

    async def stop(self) -> None:
        """End it."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    @property
    def started(self) -> bool:
        return self._task is not None

    def _is_connected(self) -> None:
        self.connected = True
        self.connects += 1
        log.info("invalidation.connected", bus=self._name, connects=self.connects)
        # What was said before this moment has not been heard.
        self._receivers.tell(LOST)

    async def _run(self) -> None:
        wait = FIRST_WAIT_SECONDS
        while True:
            before = self.connects
            try:
                await self._session(self._is_connected)
            except Unavailable as error:
                if self.connected or before == self.connects == 0:
                    log.warning("invalidation.away", bus=self._name, code=error.code)
            except Exception:
                log.exception("invalidation.failed", bus=self._name)
            finally:
                self.connected = False
            if self.connects > before:
                wait = FIRST_WAIT_SECONDS
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)

    def describe(self) -> str:
        """Some words for health."""
        if not self.started:
            return f"{self._name}: not listening"
        return f"{self._name}: {'connected' if self.connected else 'away'}"
