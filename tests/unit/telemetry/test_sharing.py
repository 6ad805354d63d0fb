"""Metrics of several processes: added up, exact across their ends, gauges of the living only."""

from __future__ import annotations

import os
from pathlib import Path

from rustok.telemetry.exposition import write
from rustok.telemetry.instruments import Counter, Family, FamilySnapshot, Gauge, Histogram
from rustok.telemetry.sharing import SharedMetrics

DEAD = "999999"


def counted(calls: int, open_ones: int, seconds: float) -> list[FamilySnapshot]:
    counter = Family("calls_total", "Calls.", ("kind",), kind="counter", make=Counter)
    counter.labels(kind="a").inc(calls)
    gauge = Family("open", "Open.", (), kind="gauge", make=Gauge)
    gauge.labels().set(open_ones)
    pending = Family("pending", "Pending.", (), kind="gauge", make=Gauge, across="largest")
    pending.labels().set(open_ones)
    state = Family("full", "Whether it is.", (), kind="gauge", make=Gauge, across="largest")
    state.labels().set(open_ones > 1)  # a truth is a number, too
    bounds = (0.1, 1.0)
    histogram = Family(
        "seconds", "Time.", (), kind="histogram", make=lambda: Histogram(bounds), buckets=bounds
    )
    histogram.labels().observe(seconds, "ab" * 16)
    return [one.snapshot() for one in (counter, gauge, pending, state, histogram)]


def text(families: list[FamilySnapshot]) -> str:
    return write(families).decode()


def test_counts_of_the_living_and_of_the_dead_make_one_sum(tmp_path: Path) -> None:
    SharedMetrics(tmp_path, str(os.getppid())).publish(counted(3, 2, 0.05))
    SharedMetrics(tmp_path, DEAD).publish(counted(4, 9, 0.5))
    total = text(SharedMetrics(tmp_path, str(os.getpid())).collect(counted(5, 1, 2.0)))
    assert 'rustok_calls_total{kind="a"} 12.0' in total
    assert "rustok_open 3.0" in total  # what the dead one held open is open no more
    assert "rustok_pending 2.0" in total  # all look at one thing
    assert 'rustok_seconds_bucket{le="0.1"} 1' in total
    assert 'rustok_seconds_bucket{le="1.0"} 2' in total
    assert 'rustok_seconds_bucket{le="+Inf"} 3' in total
    assert "rustok_seconds_sum 2.55" in total


def test_counts_never_fall_when_the_files_of_the_dead_are_folded(tmp_path: Path) -> None:
    SharedMetrics(tmp_path, DEAD).publish(counted(4, 9, 0.5))
    SharedMetrics(tmp_path, "999998").publish(counted(6, 9, 0.5))
    parent = SharedMetrics(tmp_path)
    before = text(parent.collect([]))
    parent.clean()
    assert [file.name for file in tmp_path.iterdir()] == ["retired.metrics"]
    parent.clean()
    assert text(parent.collect([])) == before
    assert 'rustok_calls_total{kind="a"} 10.0' in before


def test_a_broken_file_hides_nothing_else(tmp_path: Path) -> None:
    (tmp_path / f"{DEAD}.metrics").write_bytes(b"\xc1 cut off")
    assert 'rustok_calls_total{kind="a"} 5.0' in text(
        SharedMetrics(tmp_path).collect(counted(5, 1, 2.0))
    )


def test_the_folder_is_closed_to_others(tmp_path: Path) -> None:
    SharedMetrics(tmp_path / "new", "1")
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0
