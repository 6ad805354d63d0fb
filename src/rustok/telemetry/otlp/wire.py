"""Writes protobuf messages of the OTLP protocol, field by field; a tenth of the cost of the library.

Refuses: reading them. The tests decode every message with the official classes.
Source: Protocol Buffers encoding; opentelemetry-proto 1.x.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

Value = str | int | float | bool

_DOUBLE: Final = struct.Struct("<d").pack
_FIXED64: Final = struct.Struct("<Q").pack
_SMALL: Final = [bytes([n]) for n in range(128)]
MAX_TEXT_BYTES: Final = 8_192
_SHORT: Final = 100
"""Texts up to there have lengths of one byte all the way up."""


def varint(number: int) -> bytes:
    """`number` in base 128; a negative one in ten bytes, as int64 has it."""
    if 0 <= number < 128:
        return _SMALL[number]
    number &= 0xFFFF_FFFF_FFFF_FFFF
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


@lru_cache(maxsize=256)
def _tag(field: int, wire_type: int) -> bytes:
    return varint(field << 3 | wire_type)


def message(field: int, content: bytes) -> bytes:
    """A length-delimited field: a message, bytes or text."""
    return start(field, len(content)) + content


@lru_cache(maxsize=4_096)
def start(field: int, size: int) -> bytes:
    """What comes before the `size` bytes of a length-delimited field."""
    return _tag(field, 2) + varint(size)


def text(field: int, value: str) -> bytes:
    encoded = value.encode("utf-8", "replace")
    if len(encoded) > MAX_TEXT_BYTES:
        encoded = encoded[:MAX_TEXT_BYTES].decode("utf-8", "ignore").encode()
    return message(field, encoded)


def number(field: int, value: int) -> bytes:
    return _tag(field, 0) + varint(value)


def fixed64(field: int, value: int) -> bytes:
    return _tag(field, 1) + _FIXED64(value)


def double(field: int, value: float) -> bytes:
    return _tag(field, 1) + _DOUBLE(value)


def packed_doubles(field: int, values: tuple[float, ...]) -> bytes:
    return message(field, b"".join(map(_DOUBLE, values)))


def packed_fixed64(field: int, values: list[int]) -> bytes:
    return message(field, b"".join(map(_FIXED64, values)))


def any_value(value: Value) -> bytes:
    """An AnyValue."""
    if isinstance(value, str):
        return text(1, value)
    if isinstance(value, bool):
        return number(2, int(value))
    if isinstance(value, int):
        return number(3, value)
    return double(4, value)


def key_value(field: int, name: str, value: Value) -> bytes:
    """A KeyValue; what repeats is made once, and texts in one go."""
    if isinstance(value, str):
        key, content = _key(name), value.encode("utf-8", "replace")
        size = len(content)
        if size + len(key) <= _SHORT and field < 16:
            head = (field << 3 | 2, size + 4 + len(key), key, size + 2, size)
            return b"%c%c%b\x12%c\x0a%c%b" % (*head, content)
        return _key_value(field, name, value)
    # The type is part of the key: 1 and True are equal.
    return _kept_key_value(field, name, value, type(value).__name__)


def _key_value(field: int, name: str, value: Value) -> bytes:
    return message(field, text(1, name) + message(2, any_value(value)))


@lru_cache(maxsize=512)
def _key(name: str) -> bytes:
    return text(1, name)


@lru_cache(maxsize=1_024)
def _kept_key_value(field: int, name: str, value: Value, _kind: str) -> bytes:
    return _key_value(field, name, value)


def attributes(field: int, values: Mapping[str, Value]) -> bytes:
    """A repeated KeyValue."""
    return b"".join([key_value(field, name, value) for name, value in values.items()])


def scoped(resource: bytes, items: list[bytes]) -> bytes:
    """An Export…ServiceRequest: one resource, one scope; the three signals number them alike.

    Args:
        resource: the encoded Resource.
        items: spans, metrics or log records, each as field 2 of its scope.
    """
    scope = message(1, text(1, "rustok"))
    return message(1, message(1, resource) + message(2, scope + b"".join(items)))
