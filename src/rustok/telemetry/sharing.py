"""Adds up the metrics of several processes that share one port, exactly and across their restarts.

Each process writes what it has counted to a file of its own, every second and at its end; whoever
is asked for metrics adds the files up. What a dead process has counted stays counted; its gauges go
with it. Refuses: a folder others may write to.

A process killed without a word loses what it counted since its last write, a second at most.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import msgspec

from rustok.telemetry.instruments import ChildSnapshot, Exemplar, FamilySnapshot

EVERY_SECONDS: Final = 1.0
RETIRED: Final = "retired"
_SUFFIX: Final = ".metrics"

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(list[FamilySnapshot]).decode


class SharedMetrics:
    """Args:
    folder: of this deployment on this host, made with access for its owner alone.
    name: of this process, unique among the living; None only reads.
    """

    def __init__(self, folder: Path, name: str | None = None) -> None:
        self._folder = folder
        self._name = name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def publish(self, families: Iterable[FamilySnapshot]) -> None:
        """Tell the others what this process has counted."""
        if self._name is not None:
            self._write(self._name, list(families))

    async def run(self, snapshot: Callable[[], list[FamilySnapshot]]) -> None:
        """Publish every second until cancelled, and once more at the end."""
        try:
            while True:
                self.publish(snapshot())
                await asyncio.sleep(EVERY_SECONDS)
        finally:
            self.publish(snapshot())

    def collect(self, own: Iterable[FamilySnapshot]) -> list[FamilySnapshot]:
        """The sum over all processes, this one's taken from `own`."""
        gathered = [list(own)]
        for file in sorted(self._folder.glob(f"*{_SUFFIX}")):
            if file.stem == self._name:
                continue
            families = self._read(file)
            gathered.append(families if _is_alive(file.stem) else _without_gauges(families))
        return add_up(gathered)

    def clean(self) -> None:
        """Fold the files of the dead into one; for the parent of the processes, now and then."""
        dead = [
            file
            for file in self._folder.glob(f"*{_SUFFIX}")
            if file.stem != RETIRED and not _is_alive(file.stem)
        ]
        if not dead:
            return
        kept = self._folder / f"{RETIRED}{_SUFFIX}"
        parts = [self._read(kept)] if kept.exists() else []
        parts += [_without_gauges(self._read(file)) for file in dead]
        self._write(RETIRED, add_up(parts))
        for file in dead:
            file.unlink(missing_ok=True)

    def _read(self, file: Path) -> list[FamilySnapshot]:
        with contextlib.suppress(OSError, msgspec.DecodeError):
            return _decode(file.read_bytes())
        return []

    def _write(self, name: str, families: list[FamilySnapshot]) -> None:
        target = self._folder / f"{name}{_SUFFIX}"
        draft = target.with_suffix(".new")
        try:
            draft.write_bytes(_encode(families))
            draft.replace(target)
        except OSError:
            # A full disk must not stop the process that counts.
            draft.unlink(missing_ok=True)


def add_up(processes: Iterable[list[FamilySnapshot]]) -> list[FamilySnapshot]:
    """One snapshot made of several, family by family and child by child."""
    merged: dict[str, FamilySnapshot] = {}
    children: dict[str, dict[tuple[str, ...], ChildSnapshot]] = {}
    for families in processes:
        for family in families:
            merged.setdefault(family.name, family)
            known = children.setdefault(family.name, {})
            for child in family.children:
                before = known.get(child.labels)
                known[child.labels] = child if before is None else _joined(family, before, child)
    return [
        FamilySnapshot(
            family.name,
            family.kind,
            family.text,
            family.label_names,
            family.across,
            family.buckets,
            list(children[name].values()),
        )
        for name, family in merged.items()
    ]


def _joined(family: FamilySnapshot, one: ChildSnapshot, two: ChildSnapshot) -> ChildSnapshot:
    if family.kind == "gauge" and family.across == "largest":
        return one if one.value >= two.value else two
    counts = [a + b for a, b in zip(one.counts, two.counts, strict=True)]
    exemplars: dict[int, Exemplar] = dict(one.exemplars)
    for place, exemplar in two.exemplars.items():
        if place not in exemplars or exemplars[place].at < exemplar.at:
            exemplars[place] = exemplar
    return ChildSnapshot(one.labels, one.value + two.value, counts, exemplars)


def _without_gauges(families: list[FamilySnapshot]) -> list[FamilySnapshot]:
    return [family for family in families if family.kind != "gauge"]


def _is_alive(name: str) -> bool:
    if not name.isdigit():
        return False
    try:
        os.kill(int(name), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
