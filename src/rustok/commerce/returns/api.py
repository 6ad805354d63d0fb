"""What other features may call of returns."""

from rustok.commerce.returns.errors import ReturnNotFound, ReturnRefundTooLarge
from rustok.commerce.returns.model import (
    ReceivedReturn,
    RefundedReturn,
    RejectedReturn,
    Return,
    ReturnLine,
)
from rustok.commerce.returns.service import (
    Seen,
    approve,
    cancel,
    finish,
    forget_refund,
    get,
    lock_received,
    note_refund,
    receive,
    reject,
    request,
)

__all__ = [
    "ReceivedReturn",
    "RefundedReturn",
    "RejectedReturn",
    "Return",
    "ReturnLine",
    "ReturnNotFound",
    "ReturnRefundTooLarge",
    "Seen",
    "approve",
    "cancel",
    "finish",
    "forget_refund",
    "get",
    "lock_received",
    "note_refund",
    "receive",
    "reject",
    "request",
]
