"""Registration of orders."""

from __future__ import annotations

from typing import Final

from rustok.commerce.orders import routes
from rustok.commerce.orders.events import (
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderPaid,
    OrderPartiallyShipped,
    OrderPlaced,
    OrderShipped,
    OrderStatusChanged,
)
from rustok.core.modules import Module

MODULE: Final = Module(
    slug="orders",
    title="Orders",
    routes=(routes.storefront, routes.admin),
    event_types=(
        OrderPlaced.type,
        OrderConfirmed.type,
        OrderPaid.type,
        OrderPartiallyShipped.type,
        OrderShipped.type,
        OrderDelivered.type,
        OrderCancelled.type,
        OrderStatusChanged.type,
    ),
)
