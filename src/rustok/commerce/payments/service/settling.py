"""Writes down what a provider said: once, whoever asked and however often it is told.

Refuses: asking. The order's lock is held by whoever calls.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

import msgspec

from rustok.commerce.payments import repository
from rustok.commerce.payments.model import (
    AuthorizedPayment,
    Operation,
    OperationKind,
    Payment,
    PendingPayment,
    ProviderState,
    RefundablePayment,
    RefundState,
    RequiresActionPayment,
    advance,
)
from rustok.commerce.payments.model.operation import PAYER_TIME
from rustok.commerce.payments.service.requesting import NOW, add_operation, written
from rustok.commerce.payments.service.standing import standing
from rustok.core.db import ReadTx, WriteTx
from rustok.core.ids import new_id

MAX_OPERATIONS: Final = 200
STRAY: Final = "stray"
"""The key of what gives stray money back: once a payment."""
_CANCELLED: Final = "The order was cancelled."


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as it stands now.

    Attributes:
        refund: the refund that came to its end with this, done or refused.
    """

    payment: Payment
    refund: Operation | None = None


async def settle(tx: WriteTx, payment_id: UUID, told: ProviderState) -> Settled:
    """Carry a payment to where its provider says it stands.

    Raises:
        PaymentNotFound, ConcurrentUpdate.

    Emits: payment.requires_action, payment.authorized, payment.captured, payment.failed,
        payment.voided: what has happened since
    """
    payment = await repository.lock(tx, payment_id)
    operation = await repository.find_open_operation(tx, payment_id)
    if operation is not None and operation.cause == "order_cancelled" and told.reason is None:
        told = msgspec.structs.replace(told, reason=_CANCELLED)
    expected = operation.amount_minor if operation and operation.kind == "capture" else None
    found = advance(payment, told, at=tx.now, expected_minor=expected)
    after = found.payment
    if after.state != payment.state:
        passed = isinstance(after, RefundablePayment) and not isinstance(payment, AuthorizedPayment)
        more: dict[str, object] = {"authorized_at": tx.now} if passed else {}
        await repository.store(tx, payment, after, **more)
        change = standing(payment, after)
        for event in found.events:
            tx.emit(event, before=change.before, after=change.after)
        after = written(tx, payment, after)
    if operation is not None:
        await _close_or_wait(tx, operation, after, told)
    elif found.stray:
        await _give_back(tx, after, told)
    return Settled(payment=after)


async def _close_or_wait(
    tx: WriteTx, operation: Operation, payment: Payment, told: ProviderState
) -> None:
    waiting: tuple[type[Payment], ...] = (PendingPayment, RequiresActionPayment)
    match operation.kind:
        case "authorize":
            is_over = not isinstance(payment, waiting)
        case "void":
            is_over = not isinstance(payment, (*waiting, AuthorizedPayment))
        case _:
            is_over = not isinstance(payment, AuthorizedPayment)
    if is_over:
        done = operation.settled(at=tx.now, reference=told.reference)
        await repository.store_operation(tx, operation, done)
        return
    if operation.kind == "authorize" and operation.created_at + PAYER_TIME < tx.now:
        late = operation.settled(at=tx.now, refused="The payer took too long.")
        await repository.store_operation(tx, operation, late)
        await add_operation(tx, payment, "void", payment.amount_minor, rest=NOW)
        return
    await repository.store_operation(tx, operation, operation.later(at=tx.now))


async def _give_back(tx: WriteTx, payment: Payment, told: ProviderState) -> None:
    """The provider holds money of a payment that had come to nothing: it goes back, once."""
    if await repository.find_operation_by_key(tx, payment.id, STRAY) is not None:
        return
    kind: OperationKind = "refund" if told.state == "captured" else "void"
    amount = told.captured_minor or payment.amount_minor
    await add_operation(tx, payment, kind, amount, cause="stray", key=STRAY, rest=NOW)


async def settle_refund(tx: WriteTx, payment_id: UUID, said: RefundState) -> Settled:
    """Write down how a refund went; one made at the provider itself is taken over.

    Raises:
        PaymentNotFound, ConcurrentUpdate.

    Emits: payment.refunded, when it is done
    """
    payment = await repository.lock(tx, payment_id)
    operation = await _refund_of(tx, payment, said)
    if operation is None:
        return await _taken_over(tx, payment, said)
    if not operation.is_open:
        return Settled(payment=payment)
    if said.state == "pending":
        waiting = msgspec.structs.replace(operation.later(at=tx.now), reference=said.reference)
        await repository.store_operation(tx, operation, waiting)
        return Settled(payment=payment)
    if said.state == "refused":
        return await refuse(tx, operation.id, said.reason or "The provider refused it.")
    done = operation.settled(at=tx.now, reference=said.reference)
    await repository.store_operation(tx, operation, done)
    if operation.cause == "stray" or not isinstance(payment, RefundablePayment):
        return Settled(payment=payment)
    amount = operation.amount_minor
    refunded, event = payment.refund(amount, promised_minor=amount, at=tx.now)
    await repository.store(tx, payment, refunded)
    change = standing(payment, refunded)
    tx.emit(event, before=change.before, after=change.after)
    return Settled(payment=written(tx, payment, refunded), refund=done)


async def _refund_of(tx: WriteTx, payment: Payment, said: RefundState) -> Operation | None:
    found = await repository.find_refund_by_reference(tx, payment.id, said.reference)
    if found is None and said.operation_id is not None:
        found = await repository.lock_operation(tx, said.operation_id)
    return found if found is not None and found.payment_id == payment.id else None


async def _taken_over(tx: WriteTx, payment: Payment, said: RefundState) -> Settled:
    if said.state != "done" or not isinstance(payment, RefundablePayment):
        return Settled(payment=payment)
    amount = min(said.amount_minor, payment.captured_minor - payment.refunded_minor)
    if amount <= 0:
        return Settled(payment=payment)
    # What was promised meanwhile may be less now: the provider will refuse that.
    eaten = max(0, amount - payment.refundable_minor)
    refunded, event = payment.refund(amount, promised_minor=eaten, at=tx.now)
    await repository.store(tx, payment, refunded)
    change = standing(payment, refunded)
    tx.emit(event, before=change.before, after=change.after)
    operation = await add_operation(tx, payment, "refund", amount, cause="outside", rest=NOW)
    done = operation.settled(at=tx.now, reference=said.reference)
    await repository.store_operation(tx, operation, done)
    return Settled(payment=written(tx, payment, refunded), refund=done)


# no event: nothing has happened to the payment
async def refuse(tx: WriteTx, operation_id: UUID, reason: str) -> Settled:
    """The provider does not do it; what was set aside is free again.

    Raises:
        PaymentNotFound, ConcurrentUpdate.
    """
    found = await repository.find_operation(tx, operation_id)
    payment = await repository.lock(tx, found.payment_id if found is not None else new_id())
    operation = await repository.lock_operation(tx, operation_id)
    if operation is None or not operation.is_open:
        return Settled(payment=payment)
    refused = operation.settled(at=tx.now, refused=reason[:500])
    await repository.store_operation(tx, operation, refused)
    if operation.kind != "refund" or not isinstance(payment, RefundablePayment):
        return Settled(payment=payment)
    if operation.cause == "stray":
        return Settled(payment=payment)
    freed = payment.drop_refund(operation.amount_minor)
    await repository.store(tx, payment, freed)
    return Settled(payment=written(tx, payment, freed), refund=refused)


# no event: when the job looks again concerns nobody
async def postpone(tx: WriteTx, operation_id: UUID) -> None:
    """The provider did not answer: the job looks again later. Raises ConcurrentUpdate."""
    operation = await repository.lock_operation(tx, operation_id)
    if operation is not None and operation.is_open:
        await repository.store_operation(tx, operation, operation.later(at=tx.now))


async def list_operations(tx: ReadTx, order_id: UUID) -> list[Operation]:
    """What was asked of providers about an order, oldest first, at most 200."""
    return await repository.list_operations(tx, order_id, limit=MAX_OPERATIONS)


async def find_operation(tx: ReadTx, operation_id: UUID) -> Operation | None:
    """What was asked of a provider, or None."""
    return await repository.find_operation(tx, operation_id)
