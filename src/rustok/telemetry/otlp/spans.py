"""Spans as OTLP has them. Source: opentelemetry-proto, trace/v1/trace.proto."""

from __future__ import annotations

from functools import lru_cache
from struct import Struct
from typing import Final

from rustok.telemetry.otlp import wire
from rustok.telemetry.tracing import (
    Attributes,
    Buffer,
    Leaf,
    SharedAttributes,
    Single,
    Span,
    new_span_bytes,
)

_TIMES: Final = Struct("<BQBQ").pack
_ERROR: Final = wire.message(15, wire.number(3, 2))
_SINGLE_BYTES: Final = 18 + 10 + 18
"""Ids and times."""
_LEAF_BYTES: Final = 18 + 10 + 10 + 18
"""Ids and times of a span that has a parent."""
_START, _END = 7 << 3 | 1, 8 << 3 | 1


def encode(buffer: Buffer) -> list[bytes]:
    """Every span of a local root, each as a field of its ScopeSpans."""
    trace = b"\x0a\x10" + bytes.fromhex(buffer.trace_id)
    return [
        *[_leaf(trace, leaf) for leaf in buffer.leaves],
        *[_span(trace, span) for span in buffer.spans],
    ]


def encode_single(single: Single) -> bytes:
    """A local root without children, likewise; cheap enough to be done where it ends."""
    place, started, ended, shape = single
    kept = shape.encoded
    if kept is None:
        tail = _head(shape.name, shape.kind) + wire.attributes(9, shape.attributes)
        kept = shape.encoded = (wire.start(2, _SINGLE_BYTES + len(tail)), tail)
    first, tail = kept
    if place.parent_id is not None:
        tail = b"\x22\x08%b%b" % (bytes.fromhex(place.parent_id), tail)
        first = wire.start(2, _SINGLE_BYTES + len(tail))
    return b"%b\x0a\x10%b\x12\x08%b%b%b" % (
        first,
        bytes.fromhex(place.trace_id),
        bytes.fromhex(place.span_id),
        _TIMES(_START, started, _END, ended),
        tail,
    )


def _span(trace: bytes, span: Span) -> bytes:
    parts = [
        trace,
        b"\x12\x08",
        bytes.fromhex(span.span_id),
        _head(span.name, span.kind),
        _TIMES(_START, span.started_ns, _END, span.ended_ns),
        _shared(span.attributes),
        *map(_shared, span.shared),
    ]
    if span.parent_id is not None:
        parts += (b"\x22\x08", bytes.fromhex(span.parent_id))
    parts += [_link(link.trace_id, link.span_id) for link in span.links]
    if span.error is not None:
        parts += (wire.key_value(9, "error.type", span.error), _ERROR)
    return wire.message(2, b"".join(parts))


def _leaf(trace: bytes, leaf: Leaf) -> bytes:
    name, kind, parent, started, ended, attributes, rows, error = leaf
    tail = _head(name, kind) + _shared(attributes)
    if rows >= 0:
        tail += _rows(rows)
    if error is not None:
        tail += wire.key_value(9, "error.type", error) + _ERROR
    return b"%b%b\x12\x08%b\x22\x08%b%b%b" % (
        wire.start(2, _LEAF_BYTES + len(tail)),
        trace,
        new_span_bytes(),
        _id(parent),
        _TIMES(_START, started, _END, ended),
        tail,
    )


@lru_cache(maxsize=256)
def _link(trace_id: str, span_id: str) -> bytes:
    """A link; all of a batch are linked to one place."""
    place = b"\x0a\x10" + bytes.fromhex(trace_id)
    return wire.message(13, place + b"\x12\x08" + bytes.fromhex(span_id))


@lru_cache(maxsize=256)
def _id(span_id: str) -> bytes:
    """Its bytes; leaves of one parent come one after the other."""
    return bytes.fromhex(span_id)


@lru_cache(maxsize=256)
def _rows(rows: int) -> bytes:
    return wire.key_value(9, "db.response.returned_rows", rows)


@lru_cache(maxsize=2_048)
def _head(name: str, kind: int) -> bytes:
    return wire.text(5, name) + wire.number(6, kind)


def _shared(attributes: Attributes) -> bytes:
    if not isinstance(attributes, SharedAttributes):
        return wire.attributes(9, attributes)
    if attributes.encoded is None:
        attributes.encoded = wire.attributes(9, attributes)
    return attributes.encoded
