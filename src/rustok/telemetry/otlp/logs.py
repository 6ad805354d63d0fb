"""Log lines as OTLP has them. Source: opentelemetry-proto, logs/v1/logs.proto."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from struct import Struct
from typing import Final

from rustok.telemetry.otlp import wire
from rustok.telemetry.request_lines import LOGGER, MESSAGE, RequestLine

SEVERITIES: Final = {"debug": 5, "info": 9, "warning": 13, "error": 17, "critical": 21}
_OWN_FIELDS: Final = frozenset({"message", "event", "level", "timestamp", "trace_id", "span_id"})
_REPEATED: Final = frozenset({"method", "route", "status", "tenant", "logger", "consumer", "type"})
_TIMES: Final = Struct("<BQBQ").pack
_AT, _OBSERVED = 1 << 3 | 1, 11 << 3 | 1
_DOUBLE: Final = Struct("<d").pack
_ID_BYTES: Final = 36
_REQUEST_ID: Final = b"\x32\x34\x0a\x0arequest_id\x12\x26\x0a\x24"
"""KeyValue{"request_id", AnyValue{string}} up to the text of an id of ours."""
_OWN_BYTES: Final = len(_REQUEST_ID) + _ID_BYTES
_REQUEST_BYTES: Final = 18 + 18 + 10 + 17 + _OWN_BYTES
"""Times, ids, milliseconds and request id: of every line whose request id is ours."""


def encode(line: Mapping[str, object], at_ns: int) -> bytes:
    """One line, redacted already, as a field of its ScopeLogs."""
    parts = [
        _TIMES(_AT, at_ns, _OBSERVED, at_ns),
        _head(str(line.get("level", "info")), str(line.get("event", line.get("message", "")))),
    ]
    for name, value in line.items():
        if name in _REPEATED and isinstance(value, (str, int)):
            parts.append(_kept_attribute(name, value))
        elif name not in _OWN_FIELDS and value is not None:
            parts.append(_attribute(name, value))
    for tag, name, length in ((b"\x4a\x10", "trace_id", 32), (b"\x52\x08", "span_id", 16)):
        number = line.get(name)
        if isinstance(number, str) and len(number) == length:
            parts += (tag, bytes.fromhex(number))
    return wire.message(2, b"".join(parts))


def encode_request(line: RequestLine, at_ns: int) -> bytes:
    """The line of a request, likewise; cheap enough to be done where it is written."""
    head, milliseconds, request_id, trace, actor = line
    kept = head.otlp
    if kept is None:
        fields = [_attribute(name, value) for name, value in head.fields.items()]
        tail = b"".join((_head("info", MESSAGE), *fields, _attribute("logger", LOGGER)))
        kept = head.otlp = (wire.start(2, _REQUEST_BYTES + len(tail)), tail)
    first, tail = kept
    own = request_id.encode()
    # Another length: the caller's own.
    own = _REQUEST_ID + own if len(own) == _ID_BYTES else _attribute("request_id", request_id)
    if actor is not None:
        own += _attribute("actor", actor)
    if len(own) != _OWN_BYTES:
        first = wire.start(2, _REQUEST_BYTES - _OWN_BYTES + len(own) + len(tail))
    return b"%b%b\x4a\x10%b\x52\x08%b\x32\x0f\x0a\x02ms\x12\x09\x21%b%b%b" % (
        first,
        _TIMES(_AT, at_ns, _OBSERVED, at_ns),
        bytes.fromhex(trace.trace_id),
        bytes.fromhex(trace.span_id),
        _DOUBLE(milliseconds),
        own,
        tail,
    )


@lru_cache(maxsize=512)
def _head(level: str, body: str) -> bytes:
    severity = wire.number(2, SEVERITIES.get(level, 9)) + wire.text(3, level.upper())
    return severity + wire.message(5, wire.text(1, body))


@lru_cache(maxsize=4_096)
def _kept_attribute(name: str, value: str | int) -> bytes:
    return _attribute(name, value)


def _attribute(name: str, value: object) -> bytes:
    plain = value if isinstance(value, (str, int, float, bool)) else str(value)
    return wire.key_value(6, name, plain)
