"""Memory, processor time and open files of this process, read from /proc when asked.

Refuses: other systems than Linux, where it tells nothing. Names as Prometheus' client libraries have them.
"""

from __future__ import annotations

import contextlib
import os
import resource
from pathlib import Path
from typing import Final

from rustok.telemetry.instruments import Across, ChildSnapshot, FamilySnapshot, Kind

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
_STAT: Final = Path("/proc/self/stat")
_FILES: Final = Path("/proc/self/fd")
_BOOT: Final = Path("/proc/stat")


def process_metrics() -> list[FamilySnapshot]:
    """The `process_*` families; empty where there is no /proc."""
    try:
        fields = _STAT.read_text().rpartition(")")[2].split()
        open_files = len(os.listdir(_FILES))  # noqa: PTH208 - names alone, no objects
    except OSError:
        return []
    seconds = (int(fields[11]) + int(fields[12])) / _TICKS
    families = [
        _one("process_cpu_seconds_total", "counter", "Processor time used.", seconds),
        _one("process_virtual_memory_bytes", "gauge", "Address space.", float(fields[20])),
        _one(
            "process_resident_memory_bytes",
            "gauge",
            "Memory in use.",
            float(int(fields[21]) * _PAGE_BYTES),
        ),
        _one("process_open_fds", "gauge", "Open files.", float(open_files)),
        _one(
            "process_max_fds",
            "gauge",
            "Files that may be open.",
            float(resource.getrlimit(resource.RLIMIT_NOFILE)[0]),
        ),
    ]
    with contextlib.suppress(OSError, StopIteration, ValueError):
        boot = next(line for line in _BOOT.read_text().splitlines() if line.startswith("btime "))
        started = float(boot.split()[1]) + int(fields[19]) / _TICKS
        families.append(
            _one("process_start_time_seconds", "gauge", "When it began, Unix time.", started)
        )
    return families


def _one(name: str, kind: Kind, text: str, value: float) -> FamilySnapshot:
    across: Across = "largest" if name == "process_start_time_seconds" else "add"
    return FamilySnapshot(name, kind, text, (), across, (), [ChildSnapshot((), value)])
