"""Asks a provider, outside every transaction, for what was written down before.

Refuses: writing the answer down; `settling` does, in a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from rustok.commerce.payments import repository
from rustok.commerce.payments.errors import (
    NoticeNotTrusted,
    PaymentAccountNotFound,
    PaymentInProgress,
    PaymentProviderNotOffered,
    PaymentRefused,
)
from rustok.commerce.payments.model import (
    Credentials,
    Notice,
    Operation,
    Payment,
    PaymentOptions,
    PaymentRequest,
    ProviderState,
    RefundState,
)
from rustok.commerce.payments.service.accounts import is_known, open_account
from rustok.commerce.payments.service.gates import Gate, guarded
from rustok.commerce.payments.service.rehearsal import REHEARSAL
from rustok.commerce.payments.service.stripe_gate import stripe_gate
from rustok.core.db import ReadTx, WriteTx
from rustok.core.parts import Parts
from rustok.core.tenancy import RequestContext

NEVER_SENT = "It never reached the provider."


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """All that is needed to talk to a provider about one operation."""

    operation: Operation
    payment: Payment
    credentials: Credentials


def gate_of(provider: str, options: PaymentOptions) -> Gate:
    """Raises PaymentProviderNotOffered."""
    if not is_known(provider, options):
        raise PaymentProviderNotOffered(provider, ["stripe"])
    return REHEARSAL if provider == "test" else stripe_gate(options)


async def conversation(tx: ReadTx, parts: Parts, operation_id: UUID) -> Conversation | None:
    """What to talk about; None when the operation is over.

    Raises:
        PaymentAccountNotFound: the tenant gave the account up meanwhile.
    """
    operation = await repository.find_operation(tx, operation_id)
    if operation is None or not operation.is_open:
        return None
    payment = await repository.get(tx, operation.payment_id)
    account = await repository.find_account(tx, payment.provider)
    if account is None:
        raise PaymentAccountNotFound(payment.provider)
    return Conversation(
        operation=operation, payment=payment, credentials=open_account(parts.sealer, account)
    )


async def authorize(
    parts: Parts, ctx: RequestContext, talk: Conversation, *, means: str | None
) -> ProviderState:
    """Announce the payment to the provider, remember its reference, then take the money.

    The reference is stored before any money moves: from then on the provider can be asked.

    Args:
        means: what to pay with, in the provider's words; None lets the payer choose there.

    Raises:
        PaymentProviderUnavailable, PaymentRefused.
        PaymentInProgress: it was given up meanwhile; no money moved.
    """
    options = parts.options(PaymentOptions)
    operation, payment = talk.operation, talk.payment
    gate, credentials = gate_of(payment.provider, options), talk.credentials
    reference = operation.reference
    if reference is None:
        asked = PaymentRequest(
            tenant_id=ctx.tenant_id,
            payment_id=payment.id,
            order_id=payment.order_id,
            operation_id=operation.id,
            amount_minor=payment.amount_minor,
            currency=payment.currency,
            means=means,
        )
        reference = await guarded(
            parts, payment.provider, "create", lambda: gate.create(credentials, asked)
        )
        async with parts.db.write(ctx) as tx:
            await _remember(tx, operation.id, reference)
    known = reference
    return await guarded(
        parts,
        payment.provider,
        "authorize",
        lambda: gate.proceed(credentials, known, key=operation.id),
    )


# no event: the provider's word for the payment is no news
async def _remember(tx: WriteTx, operation_id: UUID, reference: str) -> None:
    found = await repository.find_operation(tx, operation_id)
    if found is None:
        raise PaymentInProgress
    payment = await repository.lock(tx, found.payment_id)
    operation = await repository.lock_operation(tx, operation_id)
    if operation is None or not operation.is_open:
        raise PaymentInProgress
    await repository.store_operation(
        tx, operation, msgspec.structs.replace(operation, reference=reference)
    )
    await repository.store(tx, payment, msgspec.structs.replace(payment, reference=reference))


async def perform(parts: Parts, talk: Conversation) -> ProviderState | RefundState:
    """Do, or find out about, an operation. Doing it twice is doing it once.

    Raises:
        PaymentProviderUnavailable, PaymentRefused.
    """
    options = parts.options(PaymentOptions)
    operation, payment, credentials = talk.operation, talk.payment, talk.credentials
    gate, key, amount = gate_of(payment.provider, options), operation.id, operation.amount_minor
    reference = payment.reference
    if reference is None:
        raise PaymentRefused(payment.provider, NEVER_SENT)
    match operation.kind:
        case "authorize":
            return await guarded(
                parts, payment.provider, "ask", lambda: gate.ask(credentials, reference)
            )
        case "capture":
            return await guarded(
                parts,
                payment.provider,
                "capture",
                lambda: gate.capture(credentials, reference, amount, key=key),
            )
        case "void":
            return await guarded(
                parts,
                payment.provider,
                "void",
                lambda: gate.void(credentials, reference, key=key),
            )
        case "refund":
            return await guarded(
                parts,
                payment.provider,
                "refund",
                lambda: gate.refund(credentials, reference, amount, key=key),
            )


async def read_notice(
    tx: ReadTx, parts: Parts, provider: str, headers: Mapping[str, str], body: bytes
) -> tuple[Payment, Notice] | None:
    """What a provider tells by itself, with the payment it is about; None when it is not ours.

    Raises:
        NoticeNotTrusted: no valid signature, or no account to check it with.
    """
    options = parts.options(PaymentOptions)
    account = await repository.find_account(tx, provider)
    if account is None or not is_known(provider, options):
        raise NoticeNotTrusted
    notice = gate_of(provider, options).read_notice(
        open_account(parts.sealer, account), headers, body, now=tx.now
    )
    if notice is None:
        return None
    reference = notice.payment_reference if isinstance(notice, RefundState) else notice.reference
    payment = await repository.find_by_reference(tx, account.provider, reference)
    return None if payment is None else (payment, notice)


async def list_due(parts: Parts, *, limit: int) -> list[tuple[UUID, UUID]]:
    """Tenant and id of operations nobody has settled in time, the longest due first."""
    async with parts.db.system("payment operations whose time has come", write=False) as tx:
        now: datetime = tx.now
        return await repository.list_due(tx, at=now, limit=limit)
