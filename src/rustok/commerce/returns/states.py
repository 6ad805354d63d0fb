"""The return's lifecycle."""

from __future__ import annotations

from typing import Final

from rustok.core.machine import Lifecycle, Transition

RETURN_LIFECYCLE: Final = Lifecycle(
    "return",
    initial="requested",
    states=("requested", "approved", "received", "refunded", "rejected", "cancelled"),
    transitions=(
        Transition("approve", ("requested",), "approved", event="return.approved"),
        Transition(
            "reject",
            ("requested",),
            "rejected",
            event="return.rejected",
            guard="a reason is given",
        ),
        Transition("receive", ("approved",), "received", event="return.received"),
        Transition("cancel", ("approved",), "cancelled"),
        Transition(
            "refund",
            ("received",),
            "refunded",
            event="return.refunded",
            guard="the money is on its way to the customer",
        ),
    ),
)
