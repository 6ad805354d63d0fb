"""Payments that somebody saw come in or go back; no provider is asked."""

from __future__ import annotations

from typing import Final, TypeVar
from uuid import UUID

import msgspec

from rustok.commerce.payments import repository
from rustok.commerce.payments.errors import (
    CaptureOutOfRange,
    PaymentInProgress,
)
from rustok.commerce.payments.model import (
    CapturedPayment,
    Payment,
    PendingPayment,
)
from rustok.commerce.payments.service.standing import standing
from rustok.commerce.payments.states import PAYMENT_LIFECYCLE
from rustok.core.db import ReadTx, WriteTx
from rustok.core.ids import new_id

MAX_PAYMENTS: Final = 100

AnyPayment = TypeVar("AnyPayment", bound=Payment)


async def open_payment(
    tx: WriteTx, *, order_id: UUID, amount_minor: int, currency: str
) -> PendingPayment:
    """Ask for the total of an order.

    Args:
        amount_minor: minor units of `currency`.

    Raises:
        PaymentExists: at the end of the transaction: the order has one that neither failed nor was voided.
    """
    payment = PendingPayment(
        id=new_id(),
        order_id=order_id,
        provider="manual",
        currency=currency,
        amount_minor=amount_minor,
        method=None,
        reference=None,
        captured_minor=0,
        refunded_minor=0,
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
    )
    repository.add(tx, payment)
    return payment


def _written(tx: WriteTx, old: Payment, new: AnyPayment) -> AnyPayment:
    return msgspec.structs.replace(new, version=old.version + 1, updated_at=tx.now)


async def record_manual(
    tx: WriteTx,
    order_id: UUID,
    *,
    asked_minor: int,
    currency: str,
    amount_minor: int,
    method: str,
    reference: str | None,
) -> CapturedPayment:
    """Record money a person saw come in: the payment is authorized and captured in one step.

    Args:
        asked_minor, currency: what the order asks for, where its last payment came to nothing.
        amount_minor: minor units of the payment's currency; the whole amount, no less.

    Raises:
        IllegalTransition, ConcurrentUpdate.
        PaymentInProgress: a provider is being asked about it.
        CaptureOutOfRange: not the amount of the payment.

    Emits: payment.authorized, payment.captured
    """
    payment = await repository.find_live(tx, order_id)
    if payment is None:
        payment = await open_payment(
            tx, order_id=order_id, amount_minor=asked_minor, currency=currency
        )
    if not isinstance(payment, PendingPayment):
        raise PAYMENT_LIFECYCLE.refusal(payment.state, "authorize")
    if payment.provider != "manual":
        if await repository.find_open_operation(tx, payment.id) is not None:
            raise PaymentInProgress
        manual = msgspec.structs.replace(payment, provider="manual", reference=None)
        await repository.store(tx, payment, manual)
        payment = _written(tx, payment, manual)
    authorized, promised = payment.authorize(method=method, reference=reference, at=tx.now)
    captured, taken = authorized.capture(amount_minor, at=tx.now)
    if not isinstance(captured, CapturedPayment):
        raise CaptureOutOfRange(
            wanted_minor=amount_minor,
            amount_minor=payment.amount_minor,
            currency=payment.currency,
        )
    await repository.store(tx, payment, captured, authorized_at=tx.now)
    first, second = standing(payment, authorized), standing(authorized, captured)
    tx.emit(promised, before=first.before, after=first.after)
    tx.emit(taken, before=second.before, after=second.after)
    return _written(tx, payment, captured)


async def list_payments(tx: ReadTx, order_id: UUID) -> list[Payment]:
    """The payments of an order, oldest first, at most 100."""
    return await repository.list_payments(tx, order_id, limit=MAX_PAYMENTS)


async def get(tx: ReadTx, payment_id: UUID) -> Payment:
    """Raises PaymentNotFound."""
    return await repository.get(tx, payment_id)


async def lock(tx: WriteTx, payment_id: UUID) -> Payment:
    """A payment, locked until the end of the transaction. Raises PaymentNotFound."""
    return await repository.lock(tx, payment_id)


async def lock_live(tx: WriteTx, order_id: UUID) -> Payment:
    """The live payment of an order, locked. Raises PaymentNotFound."""
    return await repository.lock_live(tx, order_id)
