"""Counters, gauges and histograms: a hot path pays one dictionary look-up and one addition.

They refuse labels without bound (`MAX_CHILDREN`) and know no exposition format: what they hold is
read as `FamilySnapshot`, which `exposition` writes for Prometheus, `sharing` adds up over processes
and `otlp.metrics` sends. An instrument belongs to one thread, the event loop's.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections.abc import Callable
from typing import Final, Generic, Literal, TypeVar

import msgspec

MAX_CHILDREN: Final = 5_000
OTHER: Final = "other"
PREFIX: Final = "rustok_"

Kind = Literal["counter", "gauge", "histogram"]
Across = Literal["add", "largest"]
"""What several processes' values make together: parts of a sum, or views of one thing."""

_M = TypeVar("_M", bound="Counter | Gauge | Histogram")


class Exemplar(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A trace behind a value: 32 hex digits, the value, seconds since 1970."""

    trace_id: str
    value: float
    at: float


class ChildSnapshot(msgspec.Struct, frozen=True, array_like=True):
    """One label set; `counts` are per bucket, not cumulative, the last one without a bound."""

    labels: tuple[str, ...]
    value: float
    counts: list[int] = []
    exemplars: dict[int, Exemplar] = {}


class FamilySnapshot(msgspec.Struct, frozen=True, array_like=True):
    """One metric with all its label sets; for a histogram a child's `value` is the sum observed."""

    name: str
    kind: Kind
    text: str
    label_names: tuple[str, ...]
    across: Across
    buckets: tuple[float, ...]
    children: list[ChildSnapshot]


class Counter:
    """A number that only grows."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0.0

    def inc(self, amount: float = 1.0) -> None:
        """Raises ValueError when `amount` is negative."""
        if amount < 0:
            raise ValueError("a counter only grows")
        self.value += amount

    def snapshot(self, labels: tuple[str, ...]) -> ChildSnapshot:
        return ChildSnapshot(labels, float(self.value))


class Gauge:
    """A number that goes up and down."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0.0

    def set(self, value: float) -> None:
        self.value = value

    def inc(self, amount: float = 1.0) -> None:
        self.value += amount

    def dec(self, amount: float = 1.0) -> None:
        self.value -= amount

    def snapshot(self, labels: tuple[str, ...]) -> ChildSnapshot:
        return ChildSnapshot(labels, float(self.value))


class Histogram:
    """A distribution over fixed buckets, with the newest trace seen in each."""

    __slots__ = ("_bounds", "counts", "exemplars", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0
        self.exemplars: dict[int, Exemplar] = {}

    def observe(self, value: float, trace_id: str | None = None) -> None:
        """Count `value`; `trace_id` names a recorded trace it came from."""
        place = bisect_left(self._bounds, value)
        self.counts[place] += 1
        self.total += value
        if trace_id is not None:
            self.exemplars[place] = Exemplar(trace_id, value, time.time())

    def snapshot(self, labels: tuple[str, ...]) -> ChildSnapshot:
        return ChildSnapshot(labels, self.total, self.counts.copy(), self.exemplars.copy())


class Family(Generic[_M]):
    """One metric with labels; the children made so far are kept.

    Past `MAX_CHILDREN` label sets the metric is being misused; further ones are counted under
    `other`, so that memory stays bounded and the mistake is visible.

    Args:
        make: makes the child of a label set.
    """

    __slots__ = ("_children", "_make", "_names", "across", "buckets", "kind", "name", "text")

    def __init__(
        self,
        name: str,
        text: str,
        names: tuple[str, ...],
        *,
        kind: Kind,
        make: Callable[[], _M],
        across: Across = "add",
        buckets: tuple[float, ...] = (),
    ) -> None:
        self.name = PREFIX + name
        self.text = text
        self.kind: Kind = kind
        self.across: Across = across
        self.buckets = buckets
        self._names = names
        self._make = make
        self._children: dict[tuple[str, ...], _M] = {}

    @property
    def label_names(self) -> tuple[str, ...]:
        return self._names

    def labels(self, **labels: str) -> _M:
        """The child of these labels.

        Raises:
            ValueError: a label is missing or unknown.
        """
        key = tuple(labels.values())
        # The common case: the caller wrote the labels in the declared order, as all of ours do.
        if tuple(labels) != self._names:
            key = self._ordered(labels)
        child = self._children.get(key)
        return child if child is not None else self._add(key)

    def clear(self) -> None:
        """Forget every child: a gauge whose label sets are read anew each time (states, consumers)."""
        self._children.clear()

    def forget(self, **labels: str) -> None:
        """Drop the child of these labels, if there is one."""
        self._children.pop(self._ordered(labels), None)

    def _ordered(self, labels: dict[str, str]) -> tuple[str, ...]:
        if labels.keys() != set(self._names):
            raise ValueError(f"labels are {', '.join(self._names)}; got {', '.join(labels)}")
        return tuple(labels[name] for name in self._names)

    def _add(self, key: tuple[str, ...]) -> _M:
        if len(self._children) >= MAX_CHILDREN:
            key = (OTHER,) * len(self._names)
            found = self._children.get(key)
            if found is not None:
                return found
        child = self._make()
        self._children[key] = child
        return child

    def snapshot(self) -> FamilySnapshot:
        """What it holds now."""
        # A list first: this may be another thread than the one that adds children.
        children = [child.snapshot(key) for key, child in list(self._children.items())]
        return FamilySnapshot(
            self.name, self.kind, self.text, self._names, self.across, self.buckets, children
        )


class Registry:
    """The families of one process, by name in the order of their making."""

    def __init__(self) -> None:
        self._families: dict[str, Family[Counter] | Family[Gauge] | Family[Histogram]] = {}
        self._hooks: tuple[Callable[[], None], ...] = ()
        self._one_at_a_time = threading.Lock()

    def before_collect(self, hook: Callable[[], None]) -> Callable[[], None]:
        """Run `hook` before the families are read; returns how to stop."""
        self._hooks = (*self._hooks, hook)

        def remove() -> None:
            self._hooks = tuple(one for one in self._hooks if one is not hook)

        return remove

    def add(self, family: Family[_M]) -> Family[_M]:
        """Raises ValueError when the name is taken."""
        if family.name in self._families:
            raise ValueError(f"metric {family.name} exists already")
        self._families[family.name] = family  # type: ignore[assignment]  # one of the three
        return family

    def families(self) -> list[Family[Counter] | Family[Gauge] | Family[Histogram]]:
        return list(self._families.values())

    def snapshot(self) -> list[FamilySnapshot]:
        """Everything counted so far."""
        with self._one_at_a_time:
            for hook in self._hooks:
                hook()
        return [family.snapshot() for family in self.families()]

    def get_sample_value(self, name: str, labels: dict[str, str] | None = None) -> float | None:
        """One value as it is exposed; `_count` and `_sum` of a histogram too. None: never counted."""
        with self._one_at_a_time:
            for hook in self._hooks:
                hook()
        for suffix in ("", "_count", "_sum"):
            family = self._families.get(name.removesuffix(suffix) if suffix else name)
            if family is None or (suffix and not name.endswith(suffix)):
                continue
            wanted = tuple((labels or {}).get(label, "") for label in family.label_names)
            for child in family.snapshot().children:
                if child.labels == wanted:
                    return float(sum(child.counts)) if suffix == "_count" else child.value
        return None
