"""The lifecycles of an endpoint and of a delivery to it."""

from __future__ import annotations

from typing import Final

from rustok.core.machine import Lifecycle, Transition

ENDPOINT_LIFECYCLE: Final = Lifecycle(
    "webhook_endpoint",
    initial="active",
    states=("active", "disabled"),
    transitions=(
        Transition(
            "disable",
            ("active",),
            "disabled",
            event="webhook.endpoint_disabled",
            guard="a reason is given",
        ),
        Transition("enable", ("disabled",), "active", event="webhook.endpoint_enabled"),
    ),
)

DELIVERY_LIFECYCLE: Final = Lifecycle(
    "webhook_delivery",
    initial="pending",
    states=("pending", "delivered", "failed", "gone"),
    transitions=(
        Transition("deliver", ("pending",), "delivered"),
        Transition("fail", ("pending",), "failed", event="webhook.delivery_failed"),
        Transition("go", ("pending",), "gone", event="webhook.delivery_failed", guard="410"),
        Transition("redeliver", ("delivered", "failed", "gone"), "pending"),
    ),
)
