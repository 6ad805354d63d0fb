"""The use cases of payments: recorded by hand, or asked of a provider and settled by its answer."""

from rustok.commerce.payments.service.accounts import (
    list_accounts,
    remove_account,
    set_account,
)
from rustok.commerce.payments.service.asking import (
    Conversation,
    authorize,
    conversation,
    list_due,
    perform,
    read_notice,
)
from rustok.commerce.payments.service.recording import (
    get,
    list_payments,
    lock,
    lock_live,
    open_payment,
    record_manual,
)
from rustok.commerce.payments.service.requesting import (
    Requested,
    begin,
    give_up,
    request_capture,
    request_refund,
    request_void,
)
from rustok.commerce.payments.service.settling import (
    Settled,
    find_operation,
    list_operations,
    postpone,
    refuse,
    settle,
    settle_refund,
)

__all__ = [
    "Conversation",
    "Requested",
    "Settled",
    "authorize",
    "begin",
    "conversation",
    "find_operation",
    "get",
    "give_up",
    "list_accounts",
    "list_due",
    "list_operations",
    "list_payments",
    "lock",
    "lock_live",
    "open_payment",
    "perform",
    "postpone",
    "read_notice",
    "record_manual",
    "refuse",
    "remove_account",
    "request_capture",
    "request_refund",
    "request_void",
    "set_account",
    "settle",
    "settle_refund",
]
