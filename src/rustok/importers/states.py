"""The life of an import run."""

from __future__ import annotations

from typing import Final

from rustok.core.machine import Lifecycle, Transition

IMPORT_RUN_LIFECYCLE: Final = Lifecycle(
    "import_run",
    initial="pending",
    states=("pending", "running", "stopped", "finished", "failed"),
    transitions=(
        Transition("start", ("pending",), "running"),
        Transition("stop", ("pending", "running"), "stopped"),
        Transition("resume", ("stopped",), "running"),
        Transition("finish", ("running",), "finished", guard="the file is read to its end"),
        Transition("fail", ("running",), "failed", guard="the file as a whole cannot be read"),
    ),
)
