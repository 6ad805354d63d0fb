"""The payment's lifecycle."""

from __future__ import annotations

from typing import Final

from rustok.core.machine import Lifecycle, Transition

_ALL = "the whole amount"
_PART = "a part of the amount"

PAYMENT_LIFECYCLE: Final = Lifecycle(
    "payment",
    initial="pending",
    states=(
        "pending",
        "requires_action",
        "authorized",
        "partially_captured",
        "captured",
        "partially_refunded",
        "refunded",
        "failed",
        "voided",
    ),
    transitions=(
        Transition(
            "require_action", ("pending",), "requires_action", event="payment.requires_action"
        ),
        Transition("resume", ("requires_action",), "pending"),
        Transition("authorize", ("pending",), "authorized", event="payment.authorized"),
        Transition("fail", ("pending",), "failed", event="payment.failed"),
        Transition("capture", ("authorized",), "captured", event="payment.captured", guard=_ALL),
        Transition(
            "capture", ("authorized",), "partially_captured", event="payment.captured", guard=_PART
        ),
        Transition("void", ("authorized",), "voided", event="payment.voided"),
        Transition(
            "refund",
            ("partially_captured", "captured", "partially_refunded"),
            "refunded",
            event="payment.refunded",
            guard="all that was captured",
        ),
        Transition(
            "refund",
            ("partially_captured", "captured", "partially_refunded"),
            "partially_refunded",
            event="payment.refunded",
            guard="a part of what was captured",
        ),
    ),
)
