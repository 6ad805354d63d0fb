"""The tenant's lifecycle."""

from __future__ import annotations

from typing import Final

from rustok.core.machine import Lifecycle, Transition

TENANT_LIFECYCLE: Final = Lifecycle(
    "tenant",
    initial="active",
    states=("active", "suspended"),
    transitions=(
        Transition(
            "suspend", ("active",), "suspended", event="tenant.suspended", guard="a reason is given"
        ),
        Transition("reactivate", ("suspended",), "active", event="tenant.reactivated"),
    ),
)
