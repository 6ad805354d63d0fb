"""Wire shapes of payments."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from rustok.commerce.payments.model import FailedPayment, Payment
from rustok.commerce.payments.states import PAYMENT_LIFECYCLE


class PaymentView(msgspec.Struct, frozen=True, kw_only=True):
    """A payment; amounts in minor units of its currency."""

    id: UUID
    order_id: UUID
    provider: str
    status: str
    currency: str
    amount_minor: int
    captured_minor: int
    refunded_minor: int
    method: str | None
    reference: str | None
    failure_reason: str | None
    allowed_actions: list[str]
    version: int
    created_at: datetime
    updated_at: datetime


def payment_view(payment: Payment) -> PaymentView:
    return PaymentView(
        id=payment.id,
        order_id=payment.order_id,
        provider=payment.provider,
        status=payment.state,
        currency=payment.currency,
        amount_minor=payment.amount_minor,
        captured_minor=payment.captured_minor,
        refunded_minor=payment.refunded_minor,
        method=payment.method,
        reference=payment.reference,
        failure_reason=payment.failure_reason if isinstance(payment, FailedPayment) else None,
        allowed_actions=list(PAYMENT_LIFECYCLE.allowed(payment.state)),
        version=payment.version,
        created_at=payment.created_at,
        updated_at=payment.updated_at,
    )
