"""The job that asks providers about what nobody has settled.

Refuses: giving up. What is not answered is looked at again, later each time.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from rustok.commerce.checkout.service.following import write_down, write_refusal
from rustok.commerce.payments import api as payments
from rustok.core.errors import Unavailable
from rustok.core.parts import Parts
from rustok.core.tenancy import RequestContext, context_for
from rustok.telemetry.logs import get_logger

BATCH: Final = 100

log = get_logger("rustok.payments")


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
        await write_refusal(parts, ctx, talk, error.detail)
        return
    await write_down(parts, ctx, talk.payment, said)
