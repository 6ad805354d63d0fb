"""A payment nobody has made yet, for tests and benchmarks of its lifecycle."""

from __future__ import annotations

from datetime import datetime

from rustok.commerce.payments.model.payment import PendingPayment, Provider
from rustok.core.ids import new_id


def pending_payment(
    at: datetime, *, provider: Provider = "manual", amount_minor: int = 1_000
) -> PendingPayment:
    """An amount in euros, asked for `at` that moment."""
    return PendingPayment(
        id=new_id(),
        order_id=new_id(),
        provider=provider,
        currency="EUR",
        amount_minor=amount_minor,
        method=None,
        reference=None,
        captured_minor=0,
        refunded_minor=0,
        version=1,
        created_at=at,
        updated_at=at,
    )
