"""Use cases of points."""

from __future__ import annotations

from uuid import UUID

from rustok.core.db import ReadTx, WriteTx
from rustok_loyalty import repository
from rustok_loyalty.events import PointsEarned
from rustok_loyalty.model import Account, points_for


async def remember(tx: WriteTx, order_id: UUID, customer_id: UUID) -> None:
    """Keep whose order it is, for when it is paid."""
    await repository.add(tx, order_id, customer_id)


async def earn(tx: WriteTx, order_id: UUID, *, amount_minor: int, currency: str) -> None:
    """Give the customer of a paid order their points; a guest's order earns none.

    Emits:
        PointsEarned
    """
    customer_id = await repository.find_customer(tx, order_id)
    points = points_for(amount_minor, currency)
    if customer_id is None or points == 0:
        return
    await repository.store_points(tx, order_id, points)
    tx.emit(PointsEarned(customer_id=customer_id, order_id=order_id, points=points))


async def get(tx: ReadTx, customer_id: UUID) -> Account:
    """The points of a customer; none is no error."""
    return await repository.get(tx, customer_id)
