"""The fulfilment's lifecycle."""

from __future__ import annotations

from typing import Final

from rustok.core.machine import Lifecycle, Transition

FULFILMENT_LIFECYCLE: Final = Lifecycle(
    "fulfilment",
    initial="pending",
    states=("pending", "packed", "shipped", "delivered", "cancelled"),
    transitions=(
        Transition("pack", ("pending",), "packed"),
        Transition(
            "ship", ("packed",), "shipped", event="fulfilment.shipped", guard="a carrier is named"
        ),
        Transition("deliver", ("shipped",), "delivered", event="fulfilment.delivered"),
        Transition("cancel", ("pending", "packed"), "cancelled", event="fulfilment.cancelled"),
    ),
)
