"""Every query on payments."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Integer, bindparam, select

from rustok.commerce.payments.errors import PaymentNotFound
from rustok.commerce.payments.model import (
    AuthorizedPayment,
    CapturedPayment,
    FailedPayment,
    PartiallyCapturedPayment,
    PartiallyRefundedPayment,
    Payment,
    PendingPayment,
    RefundedPayment,
    RequiresActionPayment,
    VoidedPayment,
)
from rustok.commerce.payments.tables import payments
from rustok.core.db import TENANT, Id, Query, ReadTx, WriteTx

_COLUMNS: Final = [column for column in payments.c if column.name != "tenant_id"]
_KINDS: Final[dict[str, type[Payment]]] = {
    "pending": PendingPayment,
    "requires_action": RequiresActionPayment,
    "authorized": AuthorizedPayment,
    "partially_captured": PartiallyCapturedPayment,
    "captured": CapturedPayment,
    "partially_refunded": PartiallyRefundedPayment,
    "refunded": RefundedPayment,
    "failed": FailedPayment,
    "voided": VoidedPayment,
}


def to_payment(*, status: str, **fields: Any) -> Payment:
    """A row as the type of its state, with the data of that state."""
    kind = _KINDS[status]
    return kind(**{name: fields[name] for name in kind.__struct_fields__})


_of_order = select(*_COLUMNS).where(
    payments.c.tenant_id == TENANT, payments.c.order_id == bindparam("order_id", type_=Id())
)
_LIVE_LOCKED: Final = Query(
    _of_order.where(payments.c.status != "failed", payments.c.status != "voided").with_for_update(),
    to_payment,
)
_OF_ORDER: Final = Query(
    _of_order.order_by(payments.c.id).limit(bindparam("limit", type_=Integer())), to_payment
)


async def lock_live(tx: WriteTx, order_id: UUID) -> Payment:
    """The one payment of an order that neither failed nor was voided. Raises PaymentNotFound."""
    if (found := await tx.one(_LIVE_LOCKED, order_id=order_id)) is None:
        raise PaymentNotFound
    return found


async def list_payments(tx: ReadTx, order_id: UUID, *, limit: int) -> list[Payment]:
    """The payments of an order, oldest first."""
    return await tx.all(_OF_ORDER, order_id=order_id, limit=limit)


async def add(tx: WriteTx, payment: PendingPayment) -> bool:
    """False when the order has a live payment."""
    return await tx.insert_if_absent(
        payments,
        status=payment.state,
        **{name: getattr(payment, name) for name in payment.__struct_fields__},
    )


async def store(tx: WriteTx, old: Payment, new: Payment, **more: object) -> None:
    """Write what differs between two states of a payment, at its version and state.

    Args:
        more: data of states that were passed through in the same step.

    Raises:
        ConcurrentUpdate: somebody wrote it meanwhile.
    """
    changed = {
        name: getattr(new, name)
        for name in new.__struct_fields__
        if getattr(old, name, None) != getattr(new, name)
    }
    await tx.update_version(
        payments,
        {"id": old.id, "status": old.state},
        version=old.version,
        status=new.state,
        **{**changed, **more},
        updated_at=tx.now,
    )
