"""The order's lifecycle, and the two axes derived beside it."""

from __future__ import annotations

from typing import Final, Literal

from rustok.core.machine import Lifecycle, Transition

ORDER_LIFECYCLE: Final = Lifecycle(
    "order",
    initial="pending",
    states=("pending", "confirmed", "paid", "shipped", "delivered", "cancelled"),
    transitions=(
        Transition(
            "confirm", ("pending",), "confirmed", event="order.confirmed", guard="stock is reserved"
        ),
        Transition(
            "pay", ("confirmed",), "paid", event="order.paid", guard="the total is captured"
        ),
        Transition(
            "ship", ("paid",), "shipped", event="order.shipped", guard="all pieces are shipped"
        ),
        Transition(
            "ship",
            ("paid",),
            "paid",
            event="order.partially_shipped",
            guard="pieces are left to ship",
        ),
        Transition("deliver", ("shipped",), "delivered", event="order.delivered"),
        Transition(
            "cancel",
            ("pending", "confirmed"),
            "cancelled",
            event="order.cancelled",
            guard="a reason is given",
        ),
        Transition(
            "cancel_with_refund",
            ("paid",),
            "cancelled",
            event="order.cancelled",
            guard="a reason is given and nothing is shipped",
        ),
    ),
)

PaymentStatus = Literal[
    "not_paid",
    "authorized",
    "partially_captured",
    "captured",
    "partially_refunded",
    "refunded",
    "voided",
]
FulfilmentStatus = Literal[
    "unfulfilled",
    "partially_fulfilled",
    "fulfilled",
    "partially_shipped",
    "shipped",
    "partially_delivered",
    "delivered",
    "returned",
]
PAYMENT_STATUSES: Final[tuple[PaymentStatus, ...]] = (
    "not_paid",
    "authorized",
    "partially_captured",
    "captured",
    "partially_refunded",
    "refunded",
    "voided",
)
FULFILMENT_STATUSES: Final[tuple[FulfilmentStatus, ...]] = (
    "unfulfilled",
    "partially_fulfilled",
    "fulfilled",
    "partially_shipped",
    "shipped",
    "partially_delivered",
    "delivered",
    "returned",
)
