"""The workflows of an order.

Locks are taken in one order everywhere, so workflows wait for each other and never in a circle:
cart or order, return, payment, its operations, reservations, stock levels (by variant), promotions and their
coupons, the number counter.
"""

from rustok.commerce.checkout.service.following import Paying
from rustok.commerce.checkout.service.paying import (
    capture_payment,
    receive_notice,
    start_payment,
    void_payment,
)
from rustok.commerce.checkout.service.placing import place_order
from rustok.commerce.checkout.service.refunding import refund_payment, refund_return
from rustok.commerce.checkout.service.settling import settle_due
from rustok.commerce.checkout.service.steps import (
    cancel,
    cancel_with_refund,
    confirm,
    deliver,
    pay,
    ship,
)

__all__ = [
    "Paying",
    "cancel",
    "cancel_with_refund",
    "capture_payment",
    "confirm",
    "deliver",
    "pay",
    "place_order",
    "receive_notice",
    "refund_payment",
    "refund_return",
    "settle_due",
    "ship",
    "start_payment",
    "void_payment",
]
