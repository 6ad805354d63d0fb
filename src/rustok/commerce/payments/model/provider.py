"""What a payment provider is told and what it says, in words of our own; no provider's words.

Refuses: knowing any provider. The adapters in `service` translate.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from rustok.commerce.payments.model.payment import Provider

Asked = Literal["waiting", "processing", "authorized", "captured", "failed", "voided"]
CaptureMode = Literal["automatic", "manual"]
PROVIDERS: Final[tuple[Provider, ...]] = ("manual", "stripe", "test")
CAPTURE_MODES: Final[tuple[CaptureMode, ...]] = ("automatic", "manual")


class PaymentOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator decides about providers.

    Attributes:
        stripe_url: where Stripe answers; None is Stripe itself.
        timeout_seconds: bound of one request to a provider.
        test_provider: whether tenants may use the provider "test", which takes no money.
    """

    stripe_url: str | None = None
    timeout_seconds: float = 8.0  # not money: seconds
    test_provider: bool = False


class PaymentAccount(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant's account at a provider; the secrets are sealed for this account only.

    Attributes:
        public_key: what a shop page may know (Stripe's publishable key).
        capture: take the money with the promise, or later, by hand.
    """

    id: UUID
    provider: Provider
    enabled: bool
    capture: CaptureMode
    public_key: str | None
    sealed_secret_key: str | None
    sealed_webhook_secret: str | None
    version: int
    created_at: datetime
    updated_at: datetime


def secret_place(account_id: UUID, name: str) -> str:
    """What a sealed secret of an account is bound to."""
    return f"payment_account/{account_id}/{name}"


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """An account opened for one conversation with its provider. Never log it."""

    secret_key: str
    webhook_secret: str
    capture: CaptureMode


class PaymentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider is asked to take; amounts in minor units of `currency`.

    Attributes:
        operation_id: the same for every attempt; the provider's idempotency key.
        means: the provider's word for what to pay with; None lets the payer choose at the provider.
    """

    tenant_id: UUID
    payment_id: UUID
    order_id: UUID
    operation_id: UUID
    amount_minor: int
    currency: str
    means: str | None


class ProviderState(msgspec.Struct, frozen=True, kw_only=True):
    """How a payment stands at the provider.

    Attributes:
        state: "waiting" is for the payer, "processing" for the provider.
        captured_minor: minor units taken; None when the provider does not tell.
        method: how, in a word ("card").
        reason: why it failed.
        client_secret: with it the payer's browser goes on at the provider; never stored.
        redirect_url: where to send the payer, if that is how.
    """

    reference: str
    state: Asked
    captured_minor: int | None = None
    method: str | None = None
    reason: str | None = None
    client_secret: str | None = None
    redirect_url: str | None = None


class RefundState(msgspec.Struct, frozen=True, kw_only=True):
    """How a refund stands at the provider; minor units of the payment's currency.

    Attributes:
        payment_reference: of the payment it is of.
        operation_id: ours, when we asked for it; None for one made at the provider itself.
    """

    reference: str
    payment_reference: str
    state: Literal["done", "pending", "refused"]
    amount_minor: int
    operation_id: UUID | None = None
    reason: str | None = None


Notice = ProviderState | RefundState
"""What a provider tells by itself."""
