"""Every query on fulfilments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Integer, bindparam, select, update

from rustok.commerce.fulfilments.errors import FulfilmentNotFound
from rustok.commerce.fulfilments.model import (
    CancelledFulfilment,
    DeliveredFulfilment,
    Fulfilment,
    FulfilmentLine,
    PackedFulfilment,
    PendingFulfilment,
    ShippedFulfilment,
)
from rustok.commerce.fulfilments.tables import fulfilment_lines, fulfilments
from rustok.core.db import TENANT, Command, Id, Query, ReadTx, Timestamp, WriteTx, any_of

_COLUMNS: Final = [column for column in fulfilments.c if column.name != "tenant_id"]
_KINDS: Final[dict[str, type[Fulfilment]]] = {
    "pending": PendingFulfilment,
    "packed": PackedFulfilment,
    "shipped": ShippedFulfilment,
    "delivered": DeliveredFulfilment,
    "cancelled": CancelledFulfilment,
}


def to_fulfilment(*, status: str, **fields: Any) -> Fulfilment:
    """A row as the type of its state, with the data of that state."""
    kind = _KINDS[status]
    return kind(**{name: fields[name] for name in kind.__struct_fields__})


_LOCKED: Final = Query(
    select(*_COLUMNS)
    .where(fulfilments.c.tenant_id == TENANT, fulfilments.c.id == bindparam("id", type_=Id()))
    .with_for_update(),
    to_fulfilment,
)
_of_order = (
    select(*_COLUMNS)
    .where(
        fulfilments.c.tenant_id == TENANT,
        fulfilments.c.order_id == bindparam("order_id", type_=Id()),
    )
    .order_by(fulfilments.c.id)
)
_OF_ORDER: Final = Query(_of_order.limit(bindparam("limit", type_=Integer())), to_fulfilment)
_SHIPPED_LOCKED: Final = Query(
    _of_order.where(fulfilments.c.status == "shipped").with_for_update(), to_fulfilment
)


async def lock(tx: WriteTx, fulfilment_id: UUID) -> Fulfilment:
    """A fulfilment, locked until the end of the transaction. Raises FulfilmentNotFound."""
    if (found := await tx.one(_LOCKED, id=fulfilment_id)) is None:
        raise FulfilmentNotFound
    return found


async def list_fulfilments(tx: ReadTx, order_id: UUID, *, limit: int) -> list[Fulfilment]:
    """The fulfilments of an order, oldest first."""
    return await tx.all(_OF_ORDER, order_id=order_id, limit=limit)


async def lock_shipped(tx: WriteTx, order_id: UUID) -> list[ShippedFulfilment]:
    """Those on their way, locked, oldest first."""
    found = await tx.all(_SHIPPED_LOCKED, order_id=order_id)
    return [one for one in found if isinstance(one, ShippedFulfilment)]


_LINES: Final = Query(
    select(*[column for column in fulfilment_lines.c if column.name != "tenant_id"])
    .where(
        fulfilment_lines.c.tenant_id == TENANT,
        any_of(fulfilment_lines.c.fulfilment_id, "ids"),
    )
    .order_by(fulfilment_lines.c.fulfilment_id, fulfilment_lines.c.id),
    FulfilmentLine,
)


async def list_lines(tx: ReadTx, ids: Sequence[UUID]) -> list[FulfilmentLine]:
    """The lines of the fulfilments with these ids."""
    return await tx.all(_LINES, ids=ids) if ids else []


async def add(tx: WriteTx, fulfilment: Fulfilment, lines: Sequence[FulfilmentLine]) -> None:
    """Insert a fulfilment in whatever state it is born in, with its lines."""
    await tx.insert(
        fulfilments,
        status=fulfilment.state,
        **{name: getattr(fulfilment, name) for name in fulfilment.__struct_fields__},
    )
    await tx.insert_many(fulfilment_lines, [msgspec.structs.asdict(line) for line in lines])


async def store(tx: WriteTx, old: Fulfilment, new: Fulfilment) -> None:
    """Write what differs between two states, at the version and state. Raises ConcurrentUpdate."""
    changed = {
        name: getattr(new, name)
        for name in new.__struct_fields__
        if getattr(old, name, None) != getattr(new, name)
    }
    await tx.update_version(
        fulfilments,
        {"id": old.id, "status": old.state},
        version=old.version,
        status=new.state,
        **changed,
        updated_at=tx.now,
    )


_DELIVER: Final = Command(
    update(fulfilments)
    .where(
        fulfilments.c.tenant_id == TENANT,
        fulfilments.c.status == "shipped",
        any_of(fulfilments.c.id, "ids"),
    )
    .values(
        status="delivered",
        delivered_at=bindparam("now", type_=Timestamp()),
        updated_at=bindparam("now", type_=Timestamp()),
        version=fulfilments.c.version + 1,
    )
)


async def deliver(tx: WriteTx, delivered: Sequence[DeliveredFulfilment]) -> None:
    """Write locked fulfilments as delivered, in one statement."""
    await tx.run(_DELIVER, ids=[one.id for one in delivered], now=tx.now)
