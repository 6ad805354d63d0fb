"""The line of each request: one event, one line, drawn before it is made.

Refuses: hiding trouble. Errors and slow requests are always written, the others as often as the
settings say; of a flood one in ten, so that telling of it does not feed it.
"""

from __future__ import annotations

import random
import time
from typing import Final

from rustok.telemetry import logs
from rustok.telemetry.request_lines import LOGGER, MESSAGE, as_fields, head_of
from rustok.telemetry.trace_context import TraceContext

SHARE_OF_FLOOD: Final = 0.1
"""Of the ordinary requests of a second beyond those that are all written."""
_log = logs.get_logger(LOGGER)


class AccessLog:
    """Args:
    ratio: share of ordinary requests that get a line.
    per_second: so many lines of ordinary requests are written in a second before one in ten is.
    slow_seconds: from there on a request is not ordinary.
    """

    def __init__(
        self, *, ratio: float = 1.0, per_second: int = 1_000, slow_seconds: float = 1.0
    ) -> None:
        self._ratio = ratio
        self._per_second = per_second
        self._slow_seconds = slow_seconds
        self._second = 0
        self._written = 0

    def write(
        self,
        *,
        method: str,
        route: str,
        status: int,
        seconds: float,
        request_id: str,
        trace: TraceContext,
        tenant: str | None,
        actor: str | None = None,
    ) -> None:
        """Write the line, unless it is an ordinary one and not drawn."""
        if not logs.takes_info():
            return
        if status < 500 and seconds < self._slow_seconds and not self._is_drawn():
            return
        line = (head_of(method, route, status, tenant), seconds * 1000, request_id, trace, actor)
        if not logs.write_request(line):
            _log.info(MESSAGE, **as_fields(line))

    def _is_drawn(self) -> bool:
        if self._ratio < 1.0 and random.random() >= self._ratio:  # noqa: S311 - no secret
            return False
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._written = second, 0
        if self._written >= self._per_second:
            return random.random() < SHARE_OF_FLOOD  # noqa: S311 - no secret
        self._written += 1
        return True
