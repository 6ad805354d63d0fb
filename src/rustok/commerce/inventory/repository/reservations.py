"""Queries on reservations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Integer, Text, bindparam, select, text

from rustok.commerce.inventory.model import (
    ActiveReservation,
    ConsumedReservation,
    ReleasedReservation,
    Reservation,
)
from rustok.commerce.inventory.tables import stock_reservations
from rustok.core.db import (
    ROWS_FIRST,
    TENANT,
    Command,
    Id,
    Query,
    ReadTx,
    SystemTx,
    Timestamp,
    WriteTx,
)
from rustok.core.errors import ConcurrentUpdate

_KINDS: Final[dict[str, type[Reservation]]] = {
    "active": ActiveReservation,
    "consumed": ConsumedReservation,
    "released": ReleasedReservation,
}


def to_reservation(*, status: str, **fields: Any) -> Reservation:
    """A row as the type of its state."""
    return _KINDS[status](**fields)


_reservations = (
    select(
        *[
            column
            for column in stock_reservations.c
            if column.name not in ("tenant_id", "created_at", "updated_at")
        ]
    )
    .where(
        stock_reservations.c.tenant_id == TENANT,
        stock_reservations.c.order_id == bindparam("order_id", type_=Id()),
    )
    .order_by(stock_reservations.c.id)
)
_OF_ORDER: Final = Query(_reservations, to_reservation)
_OF_ORDER_LOCKED: Final = Query(
    _reservations.where(stock_reservations.c.status == "active").with_for_update(), to_reservation
)


def add_reservations(tx: WriteTx, reservations: Sequence[ActiveReservation]) -> None:
    """Insert them with the end of the transaction."""
    tx.insert_many_last(
        stock_reservations,
        [
            {
                **msgspec.structs.asdict(one),
                "status": one.state,
                "created_at": tx.now,
                "updated_at": tx.now,
            }
            for one in reservations
        ],
    )


async def list_reservations(  # bounded: an order has at most 100 lines
    tx: ReadTx, order_id: UUID
) -> list[Reservation]:
    """Every reservation of an order, oldest first."""
    return await tx.all(_OF_ORDER, order_id=order_id)


async def lock_active(tx: WriteTx, order_id: UUID) -> list[ActiveReservation]:
    """The active reservations of an order, locked, oldest first."""
    rows = await tx.all(_OF_ORDER_LOCKED, order_id=order_id)
    return [row for row in rows if isinstance(row, ActiveReservation)]


def _settle(rows: str) -> Any:
    statement = (
        "UPDATE stock_reservations SET status = w.status, consumed = w.consumed, "
        "released = w.released, version = w.version, updated_at = :now "
        f"FROM ({rows}) AS w "  # constant sql: a literal below
        "WHERE stock_reservations.tenant_id = :tenant_id "
        "AND stock_reservations.id = w.id AND stock_reservations.status = 'active' "
        "AND stock_reservations.version = w.version - 1"
    )
    return text(statement).bindparams(
        bindparam("rows", type_=Text()),
        bindparam("tenant_id", type_=Id()),
        bindparam("now", type_=Timestamp()),
    )


_SETTLE: Final = Command(
    {
        "sqlite": _settle(
            "SELECT value ->> 0 AS id, value ->> 1 AS status, value ->> 2 AS consumed, "
            "value ->> 3 AS released, value ->> 4 AS version FROM json_each(:rows) "
            f"{ROWS_FIRST}"  # constant sql: a constant
        ),
        "postgres": _settle(
            "SELECT (value ->> 0)::uuid AS id, value ->> 1 AS status, "
            "(value ->> 2)::int AS consumed, (value ->> 3)::int AS released, "
            "(value ->> 4)::bigint AS version FROM jsonb_array_elements(CAST(:rows AS jsonb))"
        ),
    }
)


async def store_reservations(tx: WriteTx, changed: Sequence[Reservation]) -> None:
    """Write what became of active reservations. Raises ConcurrentUpdate."""
    if not changed:
        return
    rows = [(one.id, one.state, one.consumed, one.released, one.version) for one in changed]
    if await tx.run(_SETTLE, rows=msgspec.json.encode(rows).decode(), now=tx.now) != len(rows):
        raise ConcurrentUpdate("The reservation was changed by somebody else; nothing was changed.")


class Expired(msgspec.Struct, frozen=True, kw_only=True):
    """An order with reservations past their time, and its tenant."""

    tenant_id: UUID
    order_id: UUID


_EXPIRED: Final = Query(
    select(stock_reservations.c.tenant_id, stock_reservations.c.order_id)
    .where(
        stock_reservations.c.status == "active",
        stock_reservations.c.expires_at < bindparam("at", type_=Timestamp()),
    )
    .distinct()
    .limit(bindparam("limit", type_=Integer())),
    Expired,
    system="the expiry job looks over all tenants",
)


async def list_expired(tx: SystemTx, *, at: datetime, limit: int) -> list[Expired]:
    """Orders of all tenants that hold stock past its time."""
    return await tx.all(_EXPIRED, at=at, limit=limit)
