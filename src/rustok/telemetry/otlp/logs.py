"""Log lines as OTLP has them. Source: opentelemetry-proto, logs/v1/logs.proto."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rustok.telemetry.otlp import wire

SEVERITIES: Final = {"debug": 5, "info": 9, "warning": 13, "error": 17, "critical": 21}
_OWN_FIELDS: Final = frozenset({"message", "event", "level", "timestamp", "trace_id", "span_id"})


def encode(line: Mapping[str, object], at_ns: int) -> bytes:
    """One line, redacted already, as a field of its ScopeLogs."""
    level = str(line.get("level", "info"))
    parts = [
        wire.fixed64(1, at_ns),
        wire.number(2, SEVERITIES.get(level, 9)),
        wire.text(3, level.upper()),
        wire.message(5, wire.text(1, str(line.get("event", line.get("message", ""))))),
    ]
    for name, value in line.items():
        if name not in _OWN_FIELDS and value is not None:
            plain = value if isinstance(value, (str, int, float, bool)) else str(value)
            parts.append(wire.key_value(6, name, plain))
    parts.append(wire.fixed64(11, at_ns))
    for field, name, length in ((9, "trace_id", 32), (10, "span_id", 16)):
        number = line.get(name)
        if isinstance(number, str) and len(number) == length:
            parts.append(wire.message(field, bytes.fromhex(number)))
    return wire.message(2, b"".join(parts))
