"""What a provider said becomes the state of payment, order and return: one transaction, whoever asked.

Refuses: deciding what to ask for.
"""

from __future__ import annotations

from uuid import UUID

import msgspec

from rustok.commerce.orders import api as orders
from rustok.commerce.payments import api as payments
from rustok.commerce.returns import api as returns
from rustok.core.db import WriteTx
from rustok.core.parts import Parts
from rustok.core.tenancy import RequestContext


class Paying(msgspec.Struct, frozen=True, kw_only=True):
    """How an order and its payment stand.

    Attributes:
        told: what the provider said just now; None when it was not asked.
        operation: what was asked for, as it stands now.
    """

    order: orders.Order
    payment: payments.Payment
    told: payments.ProviderState | None = None
    operation: payments.Operation | None = None


async def lock_payment(tx: WriteTx, payment_id: UUID) -> payments.Payment:
    """Order first, then its payment. Raises PaymentNotFound."""
    seen = await payments.get(tx, payment_id)
    await orders.lock(tx, seen.order_id)
    return await payments.lock(tx, payment_id)


async def carry_out(parts: Parts, ctx: RequestContext, operation: payments.Operation) -> Paying:
    """Ask for an operation and write the answer down.

    Raises:
        PaymentProviderUnavailable: the operation stays open.
        PaymentRefused: it is closed.
    """
    async with parts.db.read(ctx) as tx:
        talk = await payments.conversation(tx, parts, operation.id)
        if talk is None:  # the job was faster
            order, _ = await orders.get(tx, operation.order_id)
            payment = await payments.get(tx, operation.payment_id)
            return Paying(order=order, payment=payment, operation=operation)
    try:
        said = await payments.perform(parts, talk)
    except payments.PaymentRefused as error:
        await write_refusal(parts, ctx, talk, error.detail)
        raise
    done = await write_down(parts, ctx, talk.payment, said)
    if isinstance(said, payments.RefundState) and said.state == "refused":
        raise payments.PaymentRefused(talk.payment.provider, said.reason or "It is not paid back.")
    return done


async def write_refusal(
    parts: Parts, ctx: RequestContext, talk: payments.Conversation, why: str
) -> None:
    async with parts.db.write(ctx) as tx:
        await orders.lock(tx, talk.payment.order_id)
        settled = await payments.refuse(tx, talk.operation.id, why)
        await _follow_return(tx, settled.refund)


async def write_down(
    parts: Parts,
    ctx: RequestContext,
    payment: payments.Payment,
    said: payments.ProviderState | payments.RefundState,
) -> Paying:
    """The answer and what it means for the order, in one transaction."""
    async with parts.db.write(ctx) as tx:
        order = await orders.lock(tx, payment.order_id)
        if isinstance(said, payments.RefundState):
            settled = await payments.settle_refund(tx, payment.id, said)
        else:
            settled = await payments.settle(tx, payment.id, said)
        await _follow_return(tx, settled.refund)
        order = await follow(tx, order, settled.payment)
    told = said if isinstance(said, payments.ProviderState) else None
    return Paying(order=order, payment=settled.payment, told=told, operation=settled.refund)


async def _follow_return(tx: WriteTx, refund: payments.Operation | None) -> None:
    """The return a refund was for is paid back now, or can be tried again."""
    if refund is None or refund.cause != "return" or refund.subject_id is None:
        return
    if refund.status == "done":
        await returns.finish(tx, refund.subject_id, amount_minor=refund.amount_minor)
    else:
        await returns.forget_refund(tx, refund.subject_id)


async def follow(tx: WriteTx, order: orders.Order, payment: payments.Payment) -> orders.Order:
    """Let a locked order follow its payment."""
    if isinstance(order, orders.ConfirmedOrder) and isinstance(payment, payments.CapturedPayment):
        return await orders.pay(
            tx, order, payment_id=payment.id, method=payment.method or payment.provider
        )
    if isinstance(order, orders.CancelledOrder):
        await _undo(tx, order, payment)
    status = _axis(payment, is_cancelled=isinstance(order, orders.CancelledOrder))
    return await orders.follow_payment(tx, order, status)


async def _undo(tx: WriteTx, order: orders.CancelledOrder, payment: payments.Payment) -> None:
    """The payer was faster than the cancellation: the money goes back."""
    if order.paid_at is not None:
        return
    match payment:
        case payments.CapturedPayment() | payments.PartiallyCapturedPayment():
            if payment.refundable_minor:
                await payments.request_refund(tx, payment, cause="order_cancelled")
        case payments.AuthorizedPayment():
            await payments.give_up(tx, order.id, reason=order.cancelled_reason)
        case _:
            pass


def _axis(payment: payments.Payment, *, is_cancelled: bool) -> orders.PaymentStatus:
    match payment:
        case payments.AuthorizedPayment():
            return "authorized"
        case payments.PartiallyCapturedPayment():
            return "partially_captured"
        case payments.CapturedPayment():
            return "captured"
        case payments.PartiallyRefundedPayment():
            return "partially_refunded"
        case payments.RefundedPayment():
            return "refunded"
        case _:
            return "voided" if is_cancelled else "not_paid"
