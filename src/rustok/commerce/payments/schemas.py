"""Wire shapes of payments."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from rustok.commerce.payments.model import (
    CaptureMode,
    FailedPayment,
    Operation,
    Payment,
    PaymentAccount,
)
from rustok.commerce.payments.states import PAYMENT_LIFECYCLE

SecretText = Annotated[
    str,
    Meta(
        min_length=8,
        max_length=300,
        pattern=r"^[\x21-\x7e]+$(?!\n)",
        description="A key of the provider; kept sealed and never shown again.",
    ),
]
PublicKey = Annotated[str, Meta(min_length=8, max_length=300, pattern=r"^[\x21-\x7e]+$(?!\n)")]


class SetPaymentAccount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account at a provider. A secret that is left out stays what it was.

    `capture` automatic takes the money with the promise; manual takes it later, by hand.
    """

    enabled: bool = True
    capture: CaptureMode = "automatic"
    public_key: PublicKey | None = None
    secret_key: SecretText | None = None
    webhook_secret: SecretText | None = None


class PaymentAccountView(msgspec.Struct, frozen=True, kw_only=True):
    """An account; of its secrets only whether they are set. `notice_path` is where notices go."""

    provider: str
    enabled: bool
    capture: str
    public_key: str | None
    has_secret_key: bool
    has_webhook_secret: bool
    notice_path: str
    version: int
    created_at: datetime
    updated_at: datetime


def account_view(account: PaymentAccount) -> PaymentAccountView:
    return PaymentAccountView(
        provider=account.provider,
        enabled=account.enabled,
        capture=account.capture,
        public_key=account.public_key,
        has_secret_key=account.sealed_secret_key is not None,
        has_webhook_secret=account.sealed_webhook_secret is not None,
        notice_path=f"/api/v1/storefront/payments/{account.provider}/notices",
        version=account.version,
        created_at=account.created_at,
        updated_at=account.updated_at,
    )


class PaymentOperationView(msgspec.Struct, frozen=True, kw_only=True):
    """Something a provider was asked to do; `reason` says why it did not."""

    id: UUID
    payment_id: UUID
    order_id: UUID
    kind: str
    status: str
    amount_minor: int
    cause: str
    reference: str | None
    reason: str | None
    attempts: int
    settled_at: datetime | None
    created_at: datetime


def operation_view(operation: Operation) -> PaymentOperationView:
    return PaymentOperationView(
        **{name: getattr(operation, name) for name in PaymentOperationView.__struct_fields__}
    )


class PaymentView(msgspec.Struct, frozen=True, kw_only=True):
    """A payment; amounts in minor units of its currency.

    `refunding_minor` is on its way back and not confirmed by the provider yet.
    """

    id: UUID
    order_id: UUID
    provider: str
    status: str
    currency: str
    amount_minor: int
    captured_minor: int
    refunded_minor: int
    refunding_minor: int
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
        refunding_minor=payment.refunding_minor,
        method=payment.method,
        reference=payment.reference,
        failure_reason=payment.failure_reason if isinstance(payment, FailedPayment) else None,
        allowed_actions=list(PAYMENT_LIFECYCLE.allowed(payment.state)),
        version=payment.version,
        created_at=payment.created_at,
        updated_at=payment.updated_at,
    )
