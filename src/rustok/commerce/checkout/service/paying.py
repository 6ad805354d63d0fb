"""Money through a provider: written down, asked for outside, written down again with its order.

Refuses: an open transaction while a provider is asked. Whoever is told first, the request, the
provider's notice or the job, settles; the others find it settled.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from rustok.commerce.checkout.service.following import (
    Paying,
    carry_out,
    lock_payment,
    write_down,
    write_refusal,
)
from rustok.commerce.orders import api as orders
from rustok.commerce.payments import api as payments
from rustok.core.db import WriteTx
from rustok.core.parts import Parts
from rustok.core.tenancy import RequestContext

FREE: Final = "free"
"""The method of a payment of nothing."""


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
                tx,
                order_id,
                asked_minor=0,
                currency=order.currency,
                amount_minor=0,
                method=FREE,
                reference=None,
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
        await write_refusal(parts, ctx, talk, error.detail)
        raise
    return await write_down(parts, ctx, talk.payment, told)


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
        payment = await lock_payment(tx, payment_id)
        operation = await payments.request_capture(tx, payment, amount_minor=amount_minor)
    return await carry_out(parts, ctx, operation)


async def void_payment(parts: Parts, ctx: RequestContext, payment_id: UUID) -> Paying:
    """Give back what a payer promised.

    Raises:
        PaymentNotFound, IllegalTransition, PaymentInProgress.
        PaymentProviderUnavailable, PaymentRefused.

    Emits: payment.voided
    """
    async with parts.db.write(ctx) as tx:
        payment = await lock_payment(tx, payment_id)
        operation = await payments.request_void(tx, payment)
    return await carry_out(parts, ctx, operation)


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
    await write_down(parts, ctx, payment, said)
    return True
