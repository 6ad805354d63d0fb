"""Queries on levels and the ledger; levels are always locked by variant, priority, location."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Integer, Text, bindparam, case, func, or_, select, text

from rustok.commerce.inventory.model import Availability, Movement, Shift, StockLevel
from rustok.commerce.inventory.repository.locations import IN_ORDER
from rustok.commerce.inventory.tables import stock_levels, stock_locations, stock_movements
from rustok.core.db import (
    ROWS_FIRST,
    TENANT,
    Command,
    Id,
    Query,
    ReadTx,
    Timestamp,
    WriteTx,
    any_of,
    scalar,
)
from rustok.core.errors import ConcurrentUpdate
from rustok.core.pagination import Page, PageRequest, cut_page, decode_cursor

_levels = (
    select(
        stock_levels.c.variant_id,
        stock_levels.c.location_id,
        stock_levels.c.on_hand,
        stock_levels.c.reserved,
        stock_levels.c.backordered,
        stock_locations.c.active,
    )
    .join_from(
        stock_levels,
        stock_locations,
        (stock_locations.c.tenant_id == stock_levels.c.tenant_id)
        & (stock_locations.c.id == stock_levels.c.location_id),
    )
    .where(stock_levels.c.tenant_id == TENANT, any_of(stock_levels.c.variant_id, "variant_ids"))
    .order_by(stock_levels.c.variant_id, *IN_ORDER)
)
_LEVELS: Final = Query(_levels, StockLevel)
_LEVELS_LOCKED: Final = Query(_levels.with_for_update(of=stock_levels), StockLevel)


async def list_levels(  # bounded: the levels of the variants asked for, one per location
    tx: ReadTx, variant_ids: Sequence[UUID]
) -> list[StockLevel]:
    """All levels of some variants, by variant, in the order stock is sold from."""
    return await tx.all(_LEVELS, variant_ids=variant_ids)


async def lock_levels(tx: WriteTx, variant_ids: Sequence[UUID]) -> list[StockLevel]:
    """As `list_levels`, locked until the end of the transaction, in this order."""
    return await tx.all(_LEVELS_LOCKED, variant_ids=variant_ids)


def _add(rows: str) -> Any:
    statement = (
        "INSERT INTO stock_levels (tenant_id, variant_id, location_id, on_hand, reserved, "
        "backordered, created_at, updated_at) "
        f"{rows} ON CONFLICT DO NOTHING"  # constant sql: a literal below
    )
    return text(statement).bindparams(
        bindparam("ids", type_=Text()),
        bindparam("tenant_id", type_=Id()),
        bindparam("location_id", type_=Id()),
        bindparam("now", type_=Timestamp()),
    )


_ADD: Final = Command(
    {
        "sqlite": _add(
            "SELECT :tenant_id, value, :location_id, 0, 0, 0, :now, :now "
            "FROM json_each(:ids) WHERE true"
        ),
        "postgres": _add(
            "SELECT CAST(:tenant_id AS uuid), value::uuid, CAST(:location_id AS uuid), 0, 0, 0, "
            "CAST(:now AS timestamptz), CAST(:now AS timestamptz) "
            "FROM jsonb_array_elements_text(CAST(:ids AS jsonb)) WITH ORDINALITY AS w (value, at) "
            "ORDER BY at"
        ),
    }
)


async def add_levels(tx: WriteTx, variant_ids: Sequence[UUID], location_id: UUID) -> None:
    """Empty levels at a location, in this order, for those of the variants that have none there."""
    ids = msgspec.json.encode([str(one) for one in variant_ids]).decode()
    await tx.run(_ADD, ids=ids, location_id=location_id, now=tx.now)


def _shift(rows: str) -> Any:
    statement = (
        "UPDATE stock_levels SET on_hand = stock_levels.on_hand + w.on_hand, "
        "reserved = stock_levels.reserved + w.reserved, "
        "backordered = stock_levels.backordered + w.backordered, updated_at = :now "
        f"FROM ({rows}) AS w "  # constant sql: a literal below
        "WHERE stock_levels.tenant_id = :tenant_id AND stock_levels.variant_id = w.variant_id "
        "AND stock_levels.location_id = w.location_id "
        "AND stock_levels.on_hand + w.on_hand >= stock_levels.reserved + w.reserved "
        "AND stock_levels.reserved + w.reserved >= 0 "
        "AND stock_levels.backordered + w.backordered >= 0"
    )
    return text(statement).bindparams(
        bindparam("shifts", type_=Text()),
        bindparam("tenant_id", type_=Id()),
        bindparam("now", type_=Timestamp()),
    )


_SHIFT: Final = Command(
    {
        "sqlite": _shift(
            "SELECT value ->> 0 AS variant_id, value ->> 1 AS location_id, value ->> 2 AS on_hand, "
            "value ->> 3 AS reserved, value ->> 4 AS backordered FROM json_each(:shifts) "
            f"{ROWS_FIRST}"  # constant sql: a constant
        ),
        "postgres": _shift(
            "SELECT (value ->> 0)::uuid AS variant_id, (value ->> 1)::uuid AS location_id, "
            "(value ->> 2)::int AS on_hand, (value ->> 3)::int AS reserved, "
            "(value ->> 4)::int AS backordered FROM jsonb_array_elements(CAST(:shifts AS jsonb))"
        ),
    }
)


def shift_levels(tx: WriteTx, shifts: Sequence[Shift]) -> None:
    """Move many levels in one statement at the end of the transaction, each only within its bounds.

    Raises:
        ConcurrentUpdate: then, when some level would go out of bounds: somebody changed it meanwhile.
    """
    if not shifts:
        return
    tx.run_last(
        _SHIFT,
        [{"shifts": msgspec.json.encode(shifts).decode(), "now": tx.now}],
        expected=len(shifts),
        otherwise=_stock_moved,
    )


def _stock_moved() -> ConcurrentUpdate:
    return ConcurrentUpdate("The stock was changed by somebody else; nothing was changed.")


_free = stock_levels.c.on_hand - stock_levels.c.reserved - stock_levels.c.backordered


class _Sums(Availability, frozen=True, kw_only=True):
    variant_id: UUID


# Backorders of one location do not make the stock of another unavailable: each row counts from 0.
_AVAILABLE: Final = Query(
    select(
        stock_levels.c.variant_id,
        func.sum(stock_levels.c.on_hand, type_=Integer()).label("on_hand"),
        func.sum(stock_levels.c.reserved, type_=Integer()).label("reserved"),
        func.sum(stock_levels.c.backordered, type_=Integer()).label("backordered"),
        func.sum(case((_free > 0, _free), else_=0), type_=Integer()).label("available"),
    )
    .join_from(
        stock_levels,
        stock_locations,
        (stock_locations.c.tenant_id == stock_levels.c.tenant_id)
        & (stock_locations.c.id == stock_levels.c.location_id),
    )
    .where(
        stock_levels.c.tenant_id == TENANT,
        stock_locations.c.active,
        any_of(stock_levels.c.variant_id, "variant_ids"),
    )
    .group_by(stock_levels.c.variant_id),
    _Sums,
)


async def sum_levels(tx: ReadTx, variant_ids: Sequence[UUID]) -> dict[UUID, Availability]:
    """Sums over open locations; a variant without stock rows is absent."""
    return {row.variant_id: row for row in await tx.all(_AVAILABLE, variant_ids=variant_ids)}


def add_movements(tx: WriteTx, movements: Sequence[Movement]) -> None:
    """Insert them with the end of the transaction."""
    tx.insert_many_last(stock_movements, [msgspec.structs.asdict(one) for one in movements])


_MOVEMENTS: Final = Query(
    select(*[column for column in stock_movements.c if column.name != "tenant_id"])
    .where(
        stock_movements.c.tenant_id == TENANT,
        stock_movements.c.variant_id == bindparam("variant_id", type_=Id()),
        or_(
            bindparam("before", type_=Id()).is_(None),
            stock_movements.c.id < bindparam("before", type_=Id()),
        ),
    )
    .order_by(stock_movements.c.id.desc())
    .limit(bindparam("limit", type_=Integer())),
    Movement,
)


async def list_movements(tx: ReadTx, variant_id: UUID, page: PageRequest) -> Page[Movement]:
    """The ledger of a variant, newest first."""
    before = UUID(str(decode_cursor(page.cursor, (str,))[0])) if page.cursor else None
    rows = await tx.all(_MOVEMENTS, variant_id=variant_id, before=before, limit=page.limit + 1)
    return cut_page(rows, limit=page.limit, key_of=lambda row: (str(row.id),))


_LEDGER_SUM: Final = scalar(
    select(func.coalesce(func.sum(stock_movements.c.quantity_delta, type_=Integer()), 0)).where(
        stock_movements.c.tenant_id == TENANT,
        stock_movements.c.variant_id == bindparam("variant_id", type_=Id()),
        stock_movements.c.location_id == bindparam("location_id", type_=Id()),
    ),
    int,
)


async def sum_ledger(tx: ReadTx, variant_id: UUID, location_id: UUID) -> int:
    """The sum of all movements of a level: by construction what is on hand."""
    return await tx.one(_LEDGER_SUM, variant_id=variant_id, location_id=location_id) or 0
