"""Spans of what a transaction waits for beside its statements: a free connection, and the commit.

Refuses: waits too short to matter.
"""

from __future__ import annotations

import time
from typing import Final

from rustok.telemetry import tracing
from rustok.telemetry.tracing import CLIENT, INTERNAL, SharedAttributes

SHORTEST_SECONDS: Final = 0.0005
_NOTHING: Final = SharedAttributes({})
_COMMITS: Final = {
    name: SharedAttributes({"db.system.name": name, "db.operation.name": "COMMIT"})
    for name in ("postgresql", "sqlite")
}


def record_wait(asked: float) -> None:
    """Record a wait for a connection that began at `asked` (perf_counter) and has just ended."""
    span = tracing.current()
    if span is not None and (seconds := time.perf_counter() - asked) >= SHORTEST_SECONDS:
        span.leaf("db pool wait", INTERNAL, seconds, _NOTHING)


def record_commit(began: float, system: str) -> None:
    """Record a commit that began at `began` (perf_counter) and has just ended."""
    span = tracing.current()
    if span is not None:
        span.leaf("COMMIT", CLIENT, time.perf_counter() - began, _COMMITS[system])
