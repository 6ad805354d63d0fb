"""The use cases of payments; the order's lock is held by whoever calls."""

from __future__ import annotations

from typing import Final, TypeVar
from uuid import UUID

import msgspec

from rustok.commerce.payments import repository
from rustok.commerce.payments.errors import CaptureOutOfRange, PaymentExists
from rustok.commerce.payments.model import (
    AuthorizedPayment,
    CapturedPayment,
    FailedPayment,
    PartiallyCapturedPayment,
    PartiallyRefundedPayment,
    Payment,
    PendingPayment,
    RefundedPayment,
    VoidedPayment,
)
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
        PaymentExists: the order has one that neither failed nor was voided.
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
    if not await repository.add(tx, payment):
        raise PaymentExists
    return payment


def _written(tx: WriteTx, old: Payment, new: AnyPayment) -> AnyPayment:
    return msgspec.structs.replace(new, version=old.version + 1, updated_at=tx.now)


async def record_manual(
    tx: WriteTx,
    order_id: UUID,
    *,
    amount_minor: int,
    method: str,
    reference: str | None,
) -> CapturedPayment:
    """Record money a person saw come in: the payment is authorized and captured in one step.

    Args:
        amount_minor: minor units of the payment's currency; the whole amount, no less.

    Raises:
        PaymentNotFound, IllegalTransition, ConcurrentUpdate.
        CaptureOutOfRange: not the amount of the payment.

    Emits: payment.authorized, payment.captured
    """
    payment = await repository.lock_live(tx, order_id)
    if not isinstance(payment, PendingPayment):
        raise PAYMENT_LIFECYCLE.refusal(payment.state, "authorize")
    authorized, promised = payment.authorize(method=method, reference=reference, at=tx.now)
    captured, taken = authorized.capture(amount_minor, at=tx.now)
    if not isinstance(captured, CapturedPayment):
        raise CaptureOutOfRange(
            wanted_minor=amount_minor,
            amount_minor=payment.amount_minor,
            currency=payment.currency,
        )
    await repository.store(tx, payment, captured, authorized_at=tx.now)
    tx.emit(promised)
    tx.emit(taken)
    return _written(tx, payment, captured)


async def refund(
    tx: WriteTx, order_id: UUID, *, amount_minor: int
) -> PartiallyRefundedPayment | RefundedPayment:
    """Record money paid back for an order, in minor units.

    Raises:
        PaymentNotFound, IllegalTransition, ConcurrentUpdate.
        RefundTooLarge: more than is left of what was captured.

    Emits: payment.refunded
    """
    payment = await repository.lock_live(tx, order_id)
    if not isinstance(
        payment, PartiallyCapturedPayment | CapturedPayment | PartiallyRefundedPayment
    ):
        raise PAYMENT_LIFECYCLE.refusal(payment.state, "refund")
    refunded, event = payment.refund(amount_minor, at=tx.now)
    await repository.store(tx, payment, refunded)
    tx.emit(event)
    return _written(tx, payment, refunded)


async def give_up(tx: WriteTx, order_id: UUID, *, reason: str) -> FailedPayment | VoidedPayment:
    """End the payment of an order that is cancelled before it was paid.

    Raises:
        PaymentNotFound, ConcurrentUpdate.
        IllegalTransition: money was captured; it must be refunded.

    Emits: payment.failed or payment.voided
    """
    payment = await repository.lock_live(tx, order_id)
    match payment:
        case PendingPayment():
            failed, fact = payment.fail(reason=reason, at=tx.now)
            await repository.store(tx, payment, failed)
            tx.emit(fact)
            return _written(tx, payment, failed)
        case AuthorizedPayment():
            voided, event = payment.void(at=tx.now)
            await repository.store(tx, payment, voided)
            tx.emit(event)
            return _written(tx, payment, voided)
        case _:
            raise PAYMENT_LIFECYCLE.refusal(payment.state, "fail")


async def list_payments(tx: ReadTx, order_id: UUID) -> list[Payment]:
    """The payments of an order, oldest first, at most 100."""
    return await repository.list_payments(tx, order_id, limit=MAX_PAYMENTS)
