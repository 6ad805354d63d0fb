"""The line of a request, made without the machinery of other lines: it costs a twentieth.

What lines of one method, route, status and tenant share is made once; the rest is put between. Holds
ids, a route's template and numbers, so nothing has to be redacted.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Final

import msgspec

from rustok.telemetry.trace_context import TraceContext

LOGGER: Final = "rustok.http"
MESSAGE: Final = "request"
MAX_HEADS: Final = 4_096

_text = msgspec.json.Encoder().encode


class Head:
    """What lines share: as fields, and as whoever writes them has put them down."""

    __slots__ = ("fields", "json", "otlp")

    def __init__(self, fields: dict[str, str | int]) -> None:
        self.fields = fields
        self.json = _text(fields).decode().removesuffix("}")
        self.otlp: tuple[bytes, bytes] | None = None


RequestLine = tuple[Head, float, str, TraceContext, str | None]
"""What is shared, milliseconds, request id, place in the trace, actor."""

_heads: dict[tuple[str, str, int, str | None], Head] = {}


def head_of(method: str, route: str, status: int, tenant: str | None) -> Head:
    """What lines of these share."""
    key = (method, route, status, tenant)
    found = _heads.get(key)
    if found is None:
        if len(_heads) >= MAX_HEADS:
            _heads.clear()
        fields: dict[str, str | int] = {"method": method, "route": route, "status": status}
        if tenant is not None:
            fields["tenant"] = tenant
        found = _heads[key] = Head(fields)
    return found


def as_fields(line: RequestLine) -> dict[str, object]:
    """The line as other lines are logged."""
    head, milliseconds, request_id, trace, actor = line
    fields: dict[str, object] = {
        **head.fields,
        "ms": round(milliseconds, 1),
        "request_id": request_id,
        "trace_id": trace.trace_id,
        "span_id": trace.span_id,
    }
    if actor is not None:
        fields["actor"] = actor
    return fields


def as_json(line: RequestLine) -> bytes:
    """The line as JSON, with its end."""
    head, milliseconds, request_id, trace, actor = line
    if '"' in request_id or "\\" in request_id:  # the caller's own, printable ASCII
        request_id = _text(request_id).decode()[1:-1]
    by = "" if actor is None else f'"actor":"{actor}",'
    return (
        f'{head.json},"ms":{milliseconds:.1f},"request_id":"{request_id}",'
        f'"trace_id":"{trace.trace_id}","span_id":"{trace.span_id}",{by}'
        f'"logger":"{LOGGER}","level":"info","timestamp":"{_now()}","message":"{MESSAGE}"}}\n'
    ).encode()


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
