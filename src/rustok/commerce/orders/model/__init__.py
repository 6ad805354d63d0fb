"""Orders as types: the states of one, and what it is made of."""

from rustok.commerce.orders.model.lines import NewOrderLine, OrderLine, OrderTotals, shipment
from rustok.commerce.orders.model.order import (
    CancelledOrder,
    ConfirmedOrder,
    DeliveredOrder,
    NewOrder,
    Order,
    OrderData,
    OrderFilter,
    PaidOrder,
    PendingOrder,
    PlacedOrder,
    ShippedOrder,
)

__all__ = [
    "CancelledOrder",
    "ConfirmedOrder",
    "DeliveredOrder",
    "NewOrder",
    "NewOrderLine",
    "Order",
    "OrderData",
    "OrderFilter",
    "OrderLine",
    "OrderTotals",
    "PaidOrder",
    "PendingOrder",
    "PlacedOrder",
    "ShippedOrder",
    "shipment",
]
