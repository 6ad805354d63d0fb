"""The line of each request: one event, one line, made without the machinery of other lines.

Refuses: hiding trouble. Errors and slow requests are always written, the others as often as the
settings say.
"""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from typing import Final

import msgspec

from rustok.telemetry import logs
from rustok.telemetry.trace_context import TraceContext

_encode = msgspec.json.Encoder().encode
_log = logs.get_logger("rustok.http")


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
        if (
            self._ratio < 1.0
            and status < 500
            and seconds < self._slow_seconds
            and random.random() >= self._ratio  # noqa: S311 - which lines are kept is no secret
        ):
            return
        fields: dict[str, object] = {
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 1),
            "request_id": request_id,
            "trace_id": trace.trace_id,
            "span_id": trace.span_id,
        }
        if tenant is not None:
            fields["tenant"] = tenant
        if actor is not None:
            fields["actor"] = actor
        lines = logs.info_lines()
        if lines is None:
            _log.info("request", **fields)
            return
        fields["logger"] = "rustok.http"
        fields["level"] = "info"
        fields["timestamp"] = _now()
        fields["message"] = "request"
        lines(_encode(fields) + b"\n")
        logs.hand_on(fields)


class _Second:
    """The text of the second that runs, made once in it."""

    __slots__ = ("number", "text")

    def __init__(self) -> None:
        self.number = 0
        self.text = ""


_second: Final = _Second()


def _now() -> str:
    """The time as ISO 8601 in UTC with microseconds."""
    micros = time.time_ns() // 1_000
    number = micros // 1_000_000
    if number != _second.number:
        _second.number = number
        _second.text = datetime.fromtimestamp(number, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{_second.text}.{micros % 1_000_000:06d}Z"
