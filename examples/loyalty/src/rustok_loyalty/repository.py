"""Every query on points."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Integer, bindparam, cast, func, select

from rustok.core.db import TENANT, Id, Query, ReadTx, WriteTx
from rustok.core.ids import new_id
from rustok_loyalty.model import Account
from rustok_loyalty.tables import loyalty_earnings

_OF_ORDER: Final[Query[UUID | None]] = Query(
    select(loyalty_earnings.c.customer_id).where(
        loyalty_earnings.c.tenant_id == TENANT,
        loyalty_earnings.c.order_id == bindparam("order_id", type_=Id()),
    ),
    lambda customer_id: customer_id,
)
_TOTAL: Final[Query[int]] = Query(
    select(
        cast(func.coalesce(func.sum(loyalty_earnings.c.points), 0), Integer).label("points")
    ).where(
        loyalty_earnings.c.tenant_id == TENANT,
        loyalty_earnings.c.customer_id == bindparam("customer_id", type_=Id()),
    ),
    lambda points: int(points),
)


async def get(tx: ReadTx, customer_id: UUID) -> Account:
    points = await tx.one(_TOTAL, customer_id=customer_id)
    return Account(customer_id=customer_id, points=points or 0)


async def find_customer(tx: ReadTx, order_id: UUID) -> UUID | None:
    """Who placed the order; None for a guest's, and for one from before the module."""
    return await tx.one(_OF_ORDER, order_id=order_id)


async def add(tx: WriteTx, order_id: UUID, customer_id: UUID) -> None:
    """Remember whose order it is. Placed twice is once."""
    row: dict[str, Any] = {"order_id": order_id, "customer_id": customer_id}
    await tx.insert_if_absent(loyalty_earnings, id=new_id(), points=0, created_at=tx.now, **row)


async def store_points(tx: WriteTx, order_id: UUID, points: int) -> None:
    await tx.update(loyalty_earnings, {"order_id": order_id}, points=points)
