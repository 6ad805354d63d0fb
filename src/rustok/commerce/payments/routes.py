"""Payments over HTTP, for the staff: what was paid, and the accounts at providers.

Taking and giving back money are steps of an order: see checkout.
"""

from __future__ import annotations

from uuid import UUID

from rustok.commerce.payments import service
from rustok.commerce.payments.errors import (
    PaymentAccountNotFound,
    PaymentKeyMissing,
    PaymentProviderNotOffered,
)
from rustok.commerce.payments.model import PROVIDERS, PaymentOptions, Provider
from rustok.commerce.payments.schemas import (
    PaymentAccountView,
    PaymentOperationView,
    PaymentView,
    SetPaymentAccount,
    account_view,
    operation_view,
    payment_view,
)
from rustok.core.errors import ConcurrentUpdate
from rustok.core.routing import ReadCall, Routes, WriteCall

admin = Routes("payments", surface="admin", tag="Payments", essential=True)


@admin.get(
    "/orders/{order_id}/payments",
    permission="orders:read",
    summary="List the payments of an order, oldest first",
)
async def list_order_payments(call: ReadCall, order_id: UUID) -> list[PaymentView]:
    return [payment_view(one) for one in await service.list_payments(call.tx, order_id)]


@admin.get(
    "/orders/{order_id}/payment-operations",
    permission="orders:read",
    summary="List what payment providers were asked about an order, oldest first",
)
async def list_order_payment_operations(
    call: ReadCall, order_id: UUID
) -> list[PaymentOperationView]:
    return [operation_view(one) for one in await service.list_operations(call.tx, order_id)]


@admin.get(
    "/payment-accounts", permission="settings:read", summary="List the accounts at providers"
)
async def list_payment_accounts(call: ReadCall) -> list[PaymentAccountView]:
    return [account_view(one) for one in await service.list_accounts(call.tx)]


@admin.put(
    "/payment-accounts/{provider}",
    permission="settings:update",
    precondition="optional",
    idempotency="none",
    step_up=True,
    summary="Set the account at a payment provider",
    errors=[PaymentProviderNotOffered, PaymentKeyMissing, ConcurrentUpdate],
    example=SetPaymentAccount(
        capture="automatic",
        public_key="pk_test_your_key",
        secret_key="sk_test_your_key",  # noqa: S106 - an example
        webhook_secret="whsec_your_secret",  # noqa: S106 - an example
    ),
)
async def set_payment_account(
    call: WriteCall, provider: str, data: SetPaymentAccount
) -> PaymentAccountView:
    """Secrets are sealed; no answer shows them again."""
    account = await service.set_account(
        call.tx,
        call.parts.sealer,
        call.parts.options(PaymentOptions),
        _provider(provider),
        enabled=data.enabled,
        capture=data.capture,
        public_key=data.public_key,
        secret_key=data.secret_key,
        webhook_secret=data.webhook_secret,
        expected_version=call.expected_version,
    )
    return account_view(account)


def _provider(text: str) -> Provider:
    for one in PROVIDERS:
        if one == text:
            return one
    raise PaymentProviderNotOffered(text[:40], ["stripe"])


@admin.delete(
    "/payment-accounts/{provider}",
    permission="settings:update",
    precondition="optional",
    step_up=True,
    summary="Forget the account at a payment provider",
    errors=[PaymentAccountNotFound],
)
async def remove_payment_account(call: WriteCall, provider: str) -> None:
    await service.remove_account(call.tx, provider, expected_version=call.expected_version)
