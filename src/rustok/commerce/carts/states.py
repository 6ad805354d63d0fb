"""The cart's lifecycle."""

from __future__ import annotations

from typing import Final

from rustok.core.machine import Lifecycle, Transition

CART_LIFECYCLE: Final = Lifecycle(
    "cart",
    initial="active",
    states=("active", "completed", "abandoned"),
    transitions=(
        Transition(
            "complete",
            ("active",),
            "completed",
            event="cart.completed",
            guard="an order was placed from it",
        ),
        Transition(
            "abandon",
            ("active",),
            "abandoned",
            event="cart.abandoned",
            guard="it was idle too long",
        ),
        Transition("resume", ("abandoned",), "active", event="cart.updated"),
    ),
)
