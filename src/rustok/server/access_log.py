"""The line of each request: one event, one line, drawn before it is made.

Refuses: hiding trouble. Errors and slow requests are always written, the others as often as the
settings say.
"""

from __future__ import annotations

import random

from rustok.telemetry import logs
from rustok.telemetry.request_lines import LOGGER, MESSAGE, as_fields, head_of
from rustok.telemetry.trace_context import TraceContext

_log = logs.get_logger(LOGGER)


class AccessLog:
    """Args:
    ratio: share of ordinary requests that get a line.
    slow_seconds: from there on a request is not ordinary.
    """

    def __init__(self, *, ratio: float = 1.0, slow_seconds: float = 1.0) -> None:
        self._ratio = ratio
        self._slow_seconds = slow_seconds

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
        if (
            self._ratio < 1.0
            and status < 500
            and seconds < self._slow_seconds
            and random.random() >= self._ratio  # noqa: S311 - which lines are kept is no secret
        ):
            return
        line = (head_of(method, route, status, tenant), seconds * 1000, request_id, trace, actor)
        if not logs.write_request(line):
            _log.info(MESSAGE, **as_fields(line))
