"""The lifecycle of a reservation."""

from __future__ import annotations

from typing import Final

from rustok.core.machine import Lifecycle, Transition

RESERVATION_LIFECYCLE: Final = Lifecycle(
    "reservation",
    initial="active",
    states=("active", "consumed", "released"),
    transitions=(
        Transition("consume", ("active",), "active", guard="pieces are left"),
        Transition("consume", ("active",), "consumed", guard="the last pieces are shipped"),
        Transition("release", ("active",), "active", guard="pieces are left"),
        Transition("release", ("active",), "consumed", guard="the others were shipped"),
        Transition("release", ("active",), "released", guard="none was shipped"),
    ),
)
