"""Money back: of a payment, and of a return whose pieces are here.

Refuses: more than was captured, and more than the pieces cost.
"""

from __future__ import annotations

from uuid import UUID

from rustok.commerce.checkout.service.following import (
    Paying,
    carry_out,
    follow,
    lock_payment,
)
from rustok.commerce.orders import api as orders
from rustok.commerce.payments import api as payments
from rustok.commerce.returns import api as returns
from rustok.core.db import WriteTx
from rustok.core.parts import Parts
from rustok.core.tenancy import RequestContext


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
        payment = await lock_payment(tx, payment_id)
        order = await orders.lock(tx, payment.order_id)
        requested = await payments.request_refund(tx, payment, amount_minor=amount_minor, key=key)
        order = await follow(tx, order, requested.payment)
    operation = requested.operation
    if not operation.is_open:
        if operation.status == "refused":
            raise payments.PaymentRefused(payment.provider, operation.reason or "")
        return Paying(order=order, payment=requested.payment, operation=operation)
    return await carry_out(parts, ctx, operation)


async def refund_return(
    parts: Parts,
    ctx: RequestContext,
    return_id: UUID,
    *,
    amount_minor: int | None,
    expected_version: int | None,
) -> returns.Seen:
    """Pay a return back whose pieces are here, by the way the order was paid. Twice is once.

    Args:
        amount_minor: minor units of the order's currency, at most what the pieces cost; None is
            all of it. A refund under way goes on with the amount it was begun with.

    Raises:
        ReturnNotFound, PreconditionFailed, IllegalTransition, ReturnRefundTooLarge.
        RefundTooLarge: the payment has less left.
        PaymentProviderUnavailable: no answer; the refund is kept and settled later.
        PaymentRefused: the provider does not pay it back; it can be tried again.

    Emits: payment.refunded, return.refunded
    """
    async with parts.db.write(ctx) as tx:
        order, found = await returns.lock_received(tx, return_id, expected_version=expected_version)
        wanted = found.check_refund(amount_minor)
        if wanted == 0:
            await returns.finish(tx, return_id, amount_minor=0)
            return await returns.get(tx, return_id)
        operation = await _refund_under_way(tx, found)
        if operation is None:
            payment = await payments.lock_live(tx, order.id)
            requested = await payments.request_refund(
                tx, payment, amount_minor=wanted, cause="return", subject_id=return_id
            )
            operation = requested.operation
            if operation.status == "done":
                await returns.finish(tx, return_id, amount_minor=wanted)
                await follow(tx, order, requested.payment)
                return await returns.get(tx, return_id)
            await returns.note_refund(tx, found, operation.id)
    await carry_out(parts, ctx, operation)
    async with parts.db.read(ctx) as read:
        return await returns.get(read, return_id)


async def _refund_under_way(
    tx: WriteTx, found: returns.ReceivedReturn
) -> payments.Operation | None:
    if found.refund_id is None:
        return None
    return await payments.find_operation(tx, found.refund_id)
