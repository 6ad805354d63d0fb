"""Money through a provider: written down, asked for outside, written down again with its order.

Refuses: an open transaction while a provider is asked. Whoever is told first, the request, the
provider's notice or the job, settles; the others find it settled.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

import msgspec

from rustok.commerce.orders import api as orders
from rustok.commerce.payments import api as payments
from rustok.core.db import WriteTx
from rustok.core.errors import Unavailable
from rustok.core.parts import Parts
from rustok.core.tenancy import RequestContext, context_for
from rustok.telemetry.logs import get_logger

BATCH: Final = 100
FREE: Final = "free"
"""The method of a payment of nothing."""

log = get_logger("rustok.payments")


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


async def start_payment(
    parts: Parts,
    ctx: RequestContext,
    order_id: UUID,
    *,
    access_token: str | None,
    provider: payments.Provider,
    means: str | None,
) -> Paying:
    """Pay one's own order through a provider, or go on where it stands. Twice is once.

    Args:
        access_token: the order's token, from whoever is not signed in.
        means: what to pay with, in the provider's words; None lets the payer choose there.

    Raises:
        OrderNotFound, IllegalTransition, PaymentProviderNotOffered, PaymentInProgress.
        PaymentProviderUnavailable: no answer; what was asked for is kept and settled later.
        PaymentRefused: the provider says no to the shop, not to the payer.

    Emits: as `payments.settle`, and order.paid with order.status_changed when all is captured
    """
    options = parts.options(payments.PaymentOptions)
    async with parts.db.write(ctx) as tx:
        order = await orders.lock_own(tx, order_id, access_token=access_token)
        if not isinstance(order, orders.ConfirmedOrder):
            return await _as_it_stands(tx, order)
        if order.total_minor == 0:
            free = await payments.record_manual(
                tx, order_id, amount_minor=0, method=FREE, reference=None
            )
            paid = await orders.pay(tx, order, payment_id=free.id, method=FREE)
            return Paying(order=paid, payment=free)
        requested = await payments.begin(
            tx,
            options,
            order_id=order_id,
            amount_minor=order.total_minor,
            currency=order.currency,
            provider=provider,
        )
        talk = None
        if requested.operation is not None:
            talk = await payments.conversation(tx, parts, requested.operation.id)
    if talk is None:
        return Paying(order=order, payment=requested.payment)
    try:
        told = await payments.authorize(parts, ctx, talk, means=means)
    except payments.PaymentRefused as error:
        await _refused(parts, ctx, talk, error.detail)
        raise
    return await _written_down(parts, ctx, talk.payment, told)


async def _as_it_stands(tx: WriteTx, order: orders.Order) -> Paying:
    """An order that is paid already answers with its payment; one that cannot be paid is refused."""
    if isinstance(order, orders.PendingOrder | orders.CancelledOrder):
        orders.require_payable(order)
    return Paying(order=order, payment=await payments.lock_live(tx, order.id))


async def capture_payment(
    parts: Parts, ctx: RequestContext, payment_id: UUID, *, amount_minor: int | None
) -> Paying:
    """Take what a payer promised, or a part of it.

    Raises:
        PaymentNotFound, IllegalTransition, CaptureOutOfRange, PaymentInProgress.
        PaymentProviderUnavailable, PaymentRefused.

    Emits: payment.captured, and order.paid with order.status_changed when it is all
    """
    async with parts.db.write(ctx) as tx:
        payment = await _locked(tx, payment_id)
        operation = await payments.request_capture(tx, payment, amount_minor=amount_minor)
    return await _carried_out(parts, ctx, operation)


async def void_payment(parts: Parts, ctx: RequestContext, payment_id: UUID) -> Paying:
    """Give back what a payer promised.

    Raises:
        PaymentNotFound, IllegalTransition, PaymentInProgress.
        PaymentProviderUnavailable, PaymentRefused.

    Emits: payment.voided
    """
    async with parts.db.write(ctx) as tx:
        payment = await _locked(tx, payment_id)
        operation = await payments.request_void(tx, payment)
    return await _carried_out(parts, ctx, operation)


async def refund_payment(
    parts: Parts,
    ctx: RequestContext,
    payment_id: UUID,
    *,
    amount_minor: int | None,
    key: str,
) -> Paying:
    """Pay back; refunds side by side never exceed what was captured.

    Args:
        amount_minor: minor units of the payment's currency; None is all that is left.
        key: the caller's Idempotency-Key: the same again is the same refund.

    Raises:
        PaymentNotFound, IllegalTransition, RefundTooLarge, IdempotencyKeyReused.
        PaymentProviderUnavailable: no answer; the refund is kept and settled later.
        PaymentRefused: the provider does not pay it back.

    Emits: payment.refunded
    """
    async with parts.db.write(ctx) as tx:
        payment = await _locked(tx, payment_id)
        order = await orders.lock(tx, payment.order_id)
        requested = await payments.request_refund(tx, payment, amount_minor=amount_minor, key=key)
        order = await _follow(tx, order, requested.payment)
    operation = requested.operation
    if operation is None or not operation.is_open:
        if operation is not None and operation.status == "refused":
            raise payments.PaymentRefused(payment.provider, operation.reason or "")
        return Paying(order=order, payment=requested.payment, operation=operation)
    return await _carried_out(parts, ctx, operation)


async def _locked(tx: WriteTx, payment_id: UUID) -> payments.Payment:
    """Order first, then its payment."""
    seen = await payments.get(tx, payment_id)
    await orders.lock(tx, seen.order_id)
    return await payments.lock(tx, payment_id)


async def _carried_out(parts: Parts, ctx: RequestContext, operation: payments.Operation) -> Paying:
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
        await _refused(parts, ctx, talk, error.detail)
        raise
    done = await _written_down(parts, ctx, talk.payment, said)
    if isinstance(said, payments.RefundState) and said.state == "refused":
        raise payments.PaymentRefused(talk.payment.provider, said.reason or "It is not paid back.")
    return done


async def _refused(
    parts: Parts, ctx: RequestContext, talk: payments.Conversation, why: str
) -> None:
    async with parts.db.write(ctx) as tx:
        await orders.lock(tx, talk.payment.order_id)
        await payments.refuse(tx, talk.operation.id, why)


async def _written_down(
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
        order = await _follow(tx, order, settled.payment)
    told = said if isinstance(said, payments.ProviderState) else None
    return Paying(order=order, payment=settled.payment, told=told, operation=settled.refund)


async def _follow(tx: WriteTx, order: orders.Order, payment: payments.Payment) -> orders.Order:
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


async def receive_notice(
    parts: Parts,
    ctx: RequestContext,
    provider: str,
    headers: Mapping[str, str],
    body: bytes,
) -> bool:
    """What a provider tells by itself. The same again, or something older, changes nothing.

    Returns:
        Whether it was about a payment of ours.

    Raises:
        NoticeNotTrusted: no valid signature, or one too old.

    Emits: as `start_payment` and `refund_payment`
    """
    async with parts.db.read(ctx) as tx:
        found = await payments.read_notice(tx, parts, provider, headers, body)
    if found is None:
        return False
    payment, said = found
    await _written_down(parts, ctx, payment, said)
    return True


async def settle_due(parts: Parts) -> int:
    """The job that asks providers about what nobody has settled; safe to run twice.

    A cancelled order's money goes back here, and an answer that was lost is found out.

    Returns:
        How many operations were looked at.
    """
    due = await payments.list_due(parts, limit=BATCH)
    for tenant_id, operation_id in due:
        ctx = context_for(await parts.profile_of(tenant_id))
        try:
            await _settle_one(parts, ctx, operation_id)
        except (Unavailable, payments.PaymentAccountNotFound) as error:
            log.warning("payment.not_settled", code=error.code, operation_id=str(operation_id))
            async with parts.db.write(ctx) as tx:
                await payments.postpone(tx, operation_id)
    return len(due)


async def _settle_one(parts: Parts, ctx: RequestContext, operation_id: UUID) -> None:
    async with parts.db.read(ctx) as tx:
        talk = await payments.conversation(tx, parts, operation_id)
    if talk is None:
        return
    try:
        said = await payments.perform(parts, talk)
    except (payments.PaymentRefused, payments.PaymentProviderNotOffered) as error:
        log.warning("payment.refused", provider=talk.payment.provider, kind=talk.operation.kind)
        await _refused(parts, ctx, talk, error.detail)
        return
    await _written_down(parts, ctx, talk.payment, said)
