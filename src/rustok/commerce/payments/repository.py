"""Every query on payments."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Integer, Text, bindparam, select

from rustok.commerce.payments.errors import (
    PaymentAccountNotFound,
    PaymentExists,
    PaymentNotFound,
)
from rustok.commerce.payments.model import (
    AuthorizedPayment,
    CapturedPayment,
    FailedPayment,
    Operation,
    PartiallyCapturedPayment,
    PartiallyRefundedPayment,
    Payment,
    PaymentAccount,
    PendingPayment,
    Provider,
    RefundedPayment,
    RequiresActionPayment,
    VoidedPayment,
)
from rustok.commerce.payments.tables import payment_accounts, payment_operations, payments
from rustok.core.db import TENANT, Id, Query, ReadTx, SystemTx, Timestamp, WriteTx

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


async def find_live(tx: WriteTx, order_id: UUID) -> Payment | None:
    """The one payment of an order that neither failed nor was voided, locked, or None."""
    return await tx.one(_LIVE_LOCKED, order_id=order_id)


async def lock_live(tx: WriteTx, order_id: UUID) -> Payment:
    """As `find_live`. Raises PaymentNotFound."""
    if (found := await find_live(tx, order_id)) is None:
        raise PaymentNotFound
    return found


_payment = select(*_COLUMNS).where(
    payments.c.tenant_id == TENANT, payments.c.id == bindparam("id", type_=Id())
)
_PAYMENT: Final = Query(_payment, to_payment)
_PAYMENT_LOCKED: Final = Query(_payment.with_for_update(), to_payment)


async def get(tx: ReadTx, payment_id: UUID) -> Payment:
    """Raises PaymentNotFound."""
    if (found := await tx.one(_PAYMENT, id=payment_id)) is None:
        raise PaymentNotFound
    return found


async def lock(tx: WriteTx, payment_id: UUID) -> Payment:
    """As `get`, locked until the end of the transaction. Raises PaymentNotFound."""
    if (found := await tx.one(_PAYMENT_LOCKED, id=payment_id)) is None:
        raise PaymentNotFound
    return found


_BY_REFERENCE: Final = Query(
    select(*_COLUMNS).where(
        payments.c.tenant_id == TENANT,
        payments.c.provider != "manual",
        payments.c.provider == bindparam("provider", type_=Text()),
        payments.c.reference == bindparam("reference", type_=Text()),
    ),
    to_payment,
)


async def find_by_reference(tx: ReadTx, provider: Provider, reference: str) -> Payment | None:
    """The payment a provider knows as `reference`."""
    return await tx.one(_BY_REFERENCE, provider=provider, reference=reference)


async def list_payments(tx: ReadTx, order_id: UUID, *, limit: int) -> list[Payment]:
    """The payments of an order, oldest first."""
    return await tx.all(_OF_ORDER, order_id=order_id, limit=limit)


def add(tx: WriteTx, payment: PendingPayment) -> None:
    """Insert a payment with the end of the transaction. Raises PaymentExists then: the order has a live one."""
    tx.insert_new_last(
        payments,
        otherwise=PaymentExists,
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


_operation = select(
    *[column for column in payment_operations.c if column.name != "tenant_id"]
).where(payment_operations.c.tenant_id == TENANT)
_OPERATION: Final = Query(
    _operation.where(payment_operations.c.id == bindparam("id", type_=Id())), Operation
)
_OPERATION_LOCKED: Final = Query(
    _operation.where(payment_operations.c.id == bindparam("id", type_=Id())).with_for_update(),
    Operation,
)
_OPEN_OPERATION: Final = Query(
    _operation.where(
        payment_operations.c.payment_id == bindparam("payment_id", type_=Id()),
        payment_operations.c.status == "open",
        payment_operations.c.kind != "refund",
    ).with_for_update(),
    Operation,
)
_OPERATION_BY_KEY: Final = Query(
    _operation.where(
        payment_operations.c.payment_id == bindparam("payment_id", type_=Id()),
        payment_operations.c.key == bindparam("key", type_=Text()),
    ),
    Operation,
)
_REFUND_BY_REFERENCE: Final = Query(
    _operation.where(
        payment_operations.c.payment_id == bindparam("payment_id", type_=Id()),
        payment_operations.c.kind == "refund",
        payment_operations.c.reference == bindparam("reference", type_=Text()),
    ),
    Operation,
)
_OPERATIONS_OF_ORDER: Final = Query(
    _operation.where(payment_operations.c.order_id == bindparam("order_id", type_=Id()))
    .order_by(payment_operations.c.id)
    .limit(bindparam("limit", type_=Integer())),
    Operation,
)


async def find_operation(tx: ReadTx, operation_id: UUID) -> Operation | None:
    """An operation, or None."""
    return await tx.one(_OPERATION, id=operation_id)


async def lock_operation(tx: WriteTx, operation_id: UUID) -> Operation | None:
    """As `find_operation`, locked until the end of the transaction."""
    return await tx.one(_OPERATION_LOCKED, id=operation_id)


async def find_open_operation(tx: WriteTx, payment_id: UUID) -> Operation | None:
    """What is being asked of the provider about a payment, refunds aside; locked."""
    return await tx.one(_OPEN_OPERATION, payment_id=payment_id)


async def find_operation_by_key(tx: ReadTx, payment_id: UUID, key: str) -> Operation | None:
    """What was asked for under the caller's key before."""
    return await tx.one(_OPERATION_BY_KEY, payment_id=payment_id, key=key)


async def find_refund_by_reference(
    tx: ReadTx, payment_id: UUID, reference: str
) -> Operation | None:
    """The refund a provider knows as `reference`."""
    return await tx.one(_REFUND_BY_REFERENCE, payment_id=payment_id, reference=reference)


async def list_operations(tx: ReadTx, order_id: UUID, *, limit: int) -> list[Operation]:
    """What was asked of providers about an order, oldest first."""
    return await tx.all(_OPERATIONS_OF_ORDER, order_id=order_id, limit=limit)


async def add_operation(tx: WriteTx, operation: Operation) -> None:
    await tx.insert(
        payment_operations,
        **{name: getattr(operation, name) for name in operation.__struct_fields__},
    )


async def store_operation(tx: WriteTx, old: Operation, new: Operation) -> None:
    """Write what differs, at the version. Raises ConcurrentUpdate."""
    changed = {
        name: getattr(new, name)
        for name in new.__struct_fields__
        if getattr(old, name) != getattr(new, name)
    }
    await tx.update_version(
        payment_operations, {"id": old.id}, version=old.version, **changed, updated_at=tx.now
    )


_DUE: Final = Query(
    select(payment_operations.c.tenant_id, payment_operations.c.id.label("operation_id"))
    .where(
        payment_operations.c.status == "open",
        payment_operations.c.due_at <= bindparam("at", type_=Timestamp()),
    )
    .order_by(payment_operations.c.due_at)
    .limit(bindparam("limit", type_=Integer())),
    lambda tenant_id, operation_id: (tenant_id, operation_id),
    system="the settling job looks over all tenants",
)


async def list_due(tx: SystemTx, *, at: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """Tenant and id of open operations whose time has come, the longest due first."""
    return await tx.all(_DUE, at=at, limit=limit)


_account = select(*[column for column in payment_accounts.c if column.name != "tenant_id"]).where(
    payment_accounts.c.tenant_id == TENANT
)
_ACCOUNT: Final = Query(
    _account.where(payment_accounts.c.provider == bindparam("provider", type_=Text())),
    PaymentAccount,
)
_ACCOUNTS: Final = Query(_account.order_by(payment_accounts.c.provider), PaymentAccount)


async def find_account(tx: ReadTx, provider: str) -> PaymentAccount | None:
    """The tenant's account at a provider, or None."""
    return await tx.one(_ACCOUNT, provider=provider)


async def list_accounts(tx: ReadTx) -> list[PaymentAccount]:  # bounded: one a provider
    """The tenant's accounts by provider."""
    return await tx.all(_ACCOUNTS)


async def add_account(tx: WriteTx, account: PaymentAccount) -> None:
    await tx.insert(
        payment_accounts,
        **{name: getattr(account, name) for name in account.__struct_fields__},
    )


async def store_account(tx: WriteTx, account: PaymentAccount, **changed: object) -> None:
    """Write changed columns at the version. Raises ConcurrentUpdate."""
    await tx.update_version(
        payment_accounts, {"id": account.id}, version=account.version, **changed, updated_at=tx.now
    )


async def remove_account(tx: WriteTx, account: PaymentAccount) -> None:
    """Raises PaymentAccountNotFound."""
    if await tx.delete(payment_accounts, id=account.id, version=account.version) != 1:
        raise PaymentAccountNotFound(account.provider)
