"""Metrics as OTLP has them, from the same instruments as the Prometheus page.

Source: opentelemetry-proto, metrics/v1/metrics.proto.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rustok.telemetry.instruments import ChildSnapshot, FamilySnapshot
from rustok.telemetry.otlp import wire

_CUMULATIVE: Final = wire.number(2, 2)
_MONOTONIC: Final = wire.number(3, 1)
_UNITS: Final = {"seconds": "s", "bytes": "By"}


def encode(families: Iterable[FamilySnapshot], *, started_ns: int, now_ns: int) -> list[bytes]:
    """Every metric with values, each as a field of its ScopeMetrics.

    Args:
        started_ns: since when counters count.
    """
    out: list[bytes] = []
    for family in families:
        if family.children:
            times = wire.fixed64(2, started_ns) + wire.fixed64(3, now_ns)
            out.append(wire.message(2, _metric(family, times)))
    return out


def _metric(family: FamilySnapshot, times: bytes) -> bytes:
    name = family.name.removesuffix("_total")
    unit = _UNITS.get(name.rpartition("_")[2], "1")
    head = wire.text(1, name) + wire.text(2, family.text) + wire.text(3, unit)
    if family.kind == "histogram":
        points = [wire.message(1, _histogram(family, one, times)) for one in family.children]
        return head + wire.message(9, b"".join(points) + _CUMULATIVE)
    points = [wire.message(1, _number(family, one, times)) for one in family.children]
    if family.kind == "gauge":
        return head + wire.message(5, b"".join(points))
    return head + wire.message(7, b"".join(points) + _CUMULATIVE + _MONOTONIC)


def _labels(field: int, family: FamilySnapshot, child: ChildSnapshot) -> bytes:
    return wire.attributes(field, dict(zip(family.label_names, child.labels, strict=True)))


def _number(family: FamilySnapshot, child: ChildSnapshot, times: bytes) -> bytes:
    return _labels(7, family, child) + times + wire.double(4, child.value)


def _histogram(family: FamilySnapshot, child: ChildSnapshot, times: bytes) -> bytes:
    parts = [
        _labels(9, family, child),
        times,
        wire.fixed64(4, sum(child.counts)),
        wire.double(5, child.value),
        wire.packed_fixed64(6, child.counts),
        wire.packed_doubles(7, family.buckets),
    ]
    parts += [
        wire.message(
            8,
            wire.fixed64(2, int(exemplar.at * 1e9))
            + wire.double(3, exemplar.value)
            + wire.message(5, bytes.fromhex(exemplar.trace_id)),
        )
        for exemplar in child.exemplars.values()
    ]
    return b"".join(parts)
