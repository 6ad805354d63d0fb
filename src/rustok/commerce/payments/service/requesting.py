"""What is to be asked of a provider, written down in the transaction of its cause.

Refuses: asking. `asking` does that when the transaction is over; `settling` writes the answer. The
order's lock is held by whoever calls.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import msgspec

from rustok.commerce.payments import repository
from rustok.commerce.payments.errors import PaymentInProgress, RefundTooLarge
from rustok.commerce.payments.model import (
    AuthorizedPayment,
    Cause,
    Operation,
    OperationKind,
    Payment,
    PaymentOptions,
    PendingPayment,
    Provider,
    RefundablePayment,
    RefundedPayment,
    RequiresActionPayment,
)
from rustok.commerce.payments.model.operation import FIRST_LOOK
from rustok.commerce.payments.service.accounts import offered_account
from rustok.commerce.payments.service.recording import open_payment
from rustok.commerce.payments.service.standing import standing
from rustok.commerce.payments.states import PAYMENT_LIFECYCLE
from rustok.core.db import WriteTx
from rustok.core.idempotency import IdempotencyKeyReused
from rustok.core.ids import new_id

NOW = timedelta(0)


class Requested(msgspec.Struct, frozen=True, kw_only=True):
    """A payment, and what a provider is to be asked about it; None when nothing is."""

    payment: Payment
    operation: Operation | None = None


class RequestedRefund(msgspec.Struct, frozen=True, kw_only=True):
    """A payment, and the refund of it; done already when no provider is to be asked."""

    payment: Payment
    operation: Operation


def written(tx: WriteTx, old: Payment, new: Payment) -> Payment:
    """`new` as it stands in its row after it was stored."""
    return msgspec.structs.replace(new, version=old.version + 1, updated_at=tx.now)


async def add_operation(
    tx: WriteTx,
    payment: Payment,
    kind: OperationKind,
    amount_minor: int,
    *,
    cause: Cause = "requested",
    subject_id: UUID | None = None,
    key: str | None = None,
    rest: timedelta = FIRST_LOOK,
) -> Operation:
    """Write an operation down; the job looks after `rest` if nobody has settled it by then."""
    operation = Operation(
        id=new_id(),
        payment_id=payment.id,
        order_id=payment.order_id,
        kind=kind,
        status="open",
        amount_minor=amount_minor,
        cause=cause,
        subject_id=subject_id,
        reference=None,
        key=key,
        reason=None,
        attempts=0,
        due_at=tx.now + rest,
        settled_at=None,
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
    )
    await repository.add_operation(tx, operation)
    return operation


# no event: nothing has happened to the payment yet; the answer is announced
async def begin(
    tx: WriteTx,
    options: PaymentOptions,
    *,
    order_id: UUID,
    amount_minor: int,
    currency: str,
    provider: Provider,
) -> Requested:
    """Ask for the total of an order through a provider; begun before, it goes on.

    Raises:
        PaymentProviderNotOffered: see there.
        PaymentInProgress: another provider is being asked.
    """
    await offered_account(tx, provider, options)
    payment = await repository.find_live(tx, order_id)
    if payment is None:
        payment = await open_payment(
            tx, order_id=order_id, amount_minor=amount_minor, currency=currency
        )
    if not isinstance(payment, PendingPayment | RequiresActionPayment):
        return Requested(payment=payment)
    known = await repository.find_open_operation(tx, payment.id)
    if known is not None:
        if payment.provider != provider or known.kind != "authorize":
            raise PaymentInProgress
        return Requested(payment=payment, operation=known)
    if isinstance(payment, RequiresActionPayment):
        raise PaymentInProgress
    if payment.provider != provider or payment.reference is not None:
        chosen = msgspec.structs.replace(payment, provider=provider, reference=None)
        await repository.store(tx, payment, chosen)
        payment = written(tx, payment, chosen)
    operation = await add_operation(tx, payment, "authorize", payment.amount_minor)
    return Requested(payment=payment, operation=operation)


# no event: the answer is announced
async def request_capture(tx: WriteTx, payment: Payment, *, amount_minor: int | None) -> Operation:
    """Take what is promised by a locked payment, or a part of it; the rest lapses.

    Args:
        amount_minor: minor units of the payment's currency; None takes all.

    Raises:
        IllegalTransition, CaptureOutOfRange, PaymentInProgress.
    """
    if not isinstance(payment, AuthorizedPayment):
        raise PAYMENT_LIFECYCLE.refusal(payment.state, "capture")
    wanted = payment.amount_minor if amount_minor is None else amount_minor
    payment.capture(wanted, at=tx.now)  # refuses what does not fit before anybody is asked
    if await repository.find_open_operation(tx, payment.id) is not None:
        raise PaymentInProgress
    return await add_operation(tx, payment, "capture", wanted)


# no event: the answer is announced
async def request_void(tx: WriteTx, payment: Payment, *, cause: Cause = "requested") -> Operation:
    """Give back what is promised by a locked payment. Raises IllegalTransition, PaymentInProgress."""
    if not isinstance(payment, AuthorizedPayment):
        raise PAYMENT_LIFECYCLE.refusal(payment.state, "void")
    if await repository.find_open_operation(tx, payment.id) is not None:
        raise PaymentInProgress
    rest = NOW if cause != "requested" else FIRST_LOOK
    return await add_operation(tx, payment, "void", payment.amount_minor, cause=cause, rest=rest)


async def request_refund(
    tx: WriteTx,
    payment: Payment,
    *,
    amount_minor: int | None = None,
    cause: Cause = "requested",
    subject_id: UUID | None = None,
    key: str | None = None,
) -> RequestedRefund:
    """Pay back from a locked payment: at once when it was recorded by hand, else as the provider says.

    Args:
        amount_minor: minor units of the payment's currency; None is all that is left.
        key: the caller's Idempotency-Key: the same again is the same refund.

    Raises:
        IllegalTransition: nothing of it is ours.
        RefundTooLarge: more than is left, what is on its way back counted.
        IdempotencyKeyReused: the key named another amount.

    Emits: payment.refunded, when it was recorded by hand
    """
    if key is not None:
        known = await repository.find_operation_by_key(tx, payment.id, key)
        if known is not None:
            if amount_minor is not None and amount_minor != known.amount_minor:
                raise IdempotencyKeyReused
            return RequestedRefund(payment=payment, operation=known)
    if isinstance(payment, RefundedPayment):
        raise RefundTooLarge(wanted_minor=amount_minor or 0, left_minor=0)
    if not isinstance(payment, RefundablePayment):
        raise PAYMENT_LIFECYCLE.refusal(payment.state, "refund")
    wanted = payment.refundable_minor if amount_minor is None else amount_minor
    promised = payment.promise_refund(wanted)
    rest = NOW if cause == "order_cancelled" else FIRST_LOOK
    operation = await add_operation(
        tx,
        payment,
        "refund",
        wanted,
        cause=cause,
        subject_id=subject_id,
        key=key,
        rest=rest,
    )
    if payment.provider != "manual":
        await repository.store(tx, payment, promised)
        return RequestedRefund(payment=written(tx, payment, promised), operation=operation)
    refunded, event = payment.refund(wanted, at=tx.now)
    await repository.store(tx, payment, refunded)
    told = standing(payment, refunded)
    tx.emit(event, before=told.before, after=told.after)
    done = operation.settled(at=tx.now)
    await repository.store_operation(tx, operation, done)
    return RequestedRefund(payment=written(tx, payment, refunded), operation=done)


async def give_up(tx: WriteTx, order_id: UUID, *, reason: str) -> Payment | None:
    """End the payment of an order that is cancelled before it was paid.

    What a provider knows of it is given back there first; the payment ends with its answer.

    Returns:
        The payment; None when the order has none that is live.

    Raises:
        ConcurrentUpdate.
        IllegalTransition: money was captured; it must be refunded.

    Emits: payment.failed or payment.voided, when no provider is to be asked
    """
    payment = await repository.find_live(tx, order_id)
    if payment is None or isinstance(payment, RefundedPayment):
        return payment
    known = await repository.find_open_operation(tx, payment.id)
    match payment:
        case PendingPayment() if payment.provider == "manual" or payment.reference is None:
            failed, fact = payment.fail(reason=reason, at=tx.now)
            if known is not None:
                closed = known.settled(at=tx.now, refused=reason)
                await repository.store_operation(tx, known, closed)
            await repository.store(tx, payment, failed)
            told = standing(payment, failed)
            tx.emit(fact, before=told.before, after=told.after)
            return written(tx, payment, failed)
        case AuthorizedPayment() if payment.provider == "manual":
            voided, event = payment.void(at=tx.now)
            await repository.store(tx, payment, voided)
            told = standing(payment, voided)
            tx.emit(event, before=told.before, after=told.after)
            return written(tx, payment, voided)
        case PendingPayment() | RequiresActionPayment() | AuthorizedPayment():
            if known is not None:
                await repository.store_operation(
                    tx, known, known.settled(at=tx.now, refused=reason)
                )
            await add_operation(
                tx, payment, "void", payment.amount_minor, cause="order_cancelled", rest=NOW
            )
            return payment
        case _:
            raise PAYMENT_LIFECYCLE.refusal(payment.state, "fail")
