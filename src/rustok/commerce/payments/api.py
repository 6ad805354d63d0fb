"""What other features may call of payments."""

from rustok.commerce.payments.errors import (
    CaptureOutOfRange,
    PaymentExists,
    PaymentNotFound,
    RefundTooLarge,
)
from rustok.commerce.payments.model import CapturedPayment, Payment, PendingPayment
from rustok.commerce.payments.service import (
    give_up,
    list_payments,
    open_payment,
    record_manual,
    refund,
)

__all__ = [
    "CaptureOutOfRange",
    "CapturedPayment",
    "Payment",
    "PaymentExists",
    "PaymentNotFound",
    "PendingPayment",
    "RefundTooLarge",
    "give_up",
    "list_payments",
    "open_payment",
    "record_manual",
    "refund",
]
