"""Every query on orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, Integer, Text, bindparam, select, text

from rustok.commerce.orders.errors import OrderNotFound
from rustok.commerce.orders.model import (
    CancelledOrder,
    ConfirmedOrder,
    DeliveredOrder,
    Order,
    OrderFilter,
    OrderLine,
    PaidOrder,
    PendingOrder,
    ShippedOrder,
)
from rustok.commerce.orders.tables import order_lines, orders
from rustok.core.db import (
    ROWS_FIRST,
    TENANT,
    Command,
    Id,
    Query,
    ReadTx,
    Timestamp,
    WriteTx,
    scalar,
)
from rustok.core.pagination import Page, PageRequest, cut_page, decode_cursor

_COLUMNS: Final = [column for column in orders.c if column.name != "tenant_id"]
_KINDS: Final[dict[str, type[Order]]] = {
    "pending": PendingOrder,
    "confirmed": ConfirmedOrder,
    "paid": PaidOrder,
    "shipped": ShippedOrder,
    "delivered": DeliveredOrder,
    "cancelled": CancelledOrder,
}


def to_order(*, status: str, **fields: Any) -> Order:
    """A row as the type of its state, with the data of that state."""
    kind = _KINDS[status]
    return kind(**{name: fields[name] for name in kind.__struct_fields__})


_order = select(*_COLUMNS).where(
    orders.c.tenant_id == TENANT, orders.c.id == bindparam("id", type_=Id())
)
_ORDER: Final = Query(_order, to_order)
_ORDER_LOCKED: Final = Query(_order.with_for_update(), to_order)


async def get(tx: ReadTx, order_id: UUID) -> Order:
    """Raises OrderNotFound."""
    if (found := await tx.one(_ORDER, id=order_id)) is None:
        raise OrderNotFound
    return found


async def lock(tx: WriteTx, order_id: UUID) -> Order:
    """As `get`, locked until the end of the transaction. Raises OrderNotFound."""
    if (found := await tx.one(_ORDER_LOCKED, id=order_id)) is None:
        raise OrderNotFound
    return found


_NEXT_NUMBER: Final = scalar(
    text(
        "INSERT INTO order_counters (tenant_id, name, last) "
        "VALUES (:tenant_id, 'orders', :first) "
        "ON CONFLICT (tenant_id, name) DO UPDATE SET last = order_counters.last + 1 "
        "RETURNING last"
    )
    .bindparams(bindparam("tenant_id", type_=Id()), bindparam("first", type_=BigInteger()))
    .columns(last=BigInteger()),
    int,
)


async def next_number(tx: WriteTx, *, first: int) -> int:
    """The next order number of the tenant, without gaps: the counter is locked until the commit."""
    return await tx.one(_NEXT_NUMBER, first=first) or first


def add(tx: WriteTx, order: Order, lines: Sequence[OrderLine]) -> None:
    """Insert an order in whatever state it is born in, with its lines; with the end of the transaction."""
    tx.insert_last(
        orders,
        status=order.state,
        **{name: getattr(order, name) for name in order.__struct_fields__},
    )
    tx.insert_many_last(order_lines, [msgspec.structs.asdict(line) for line in lines])


async def store(tx: WriteTx, old: Order, new: Order) -> None:
    """Write what differs between two states of an order, at its version and state.

    Raises:
        ConcurrentUpdate: somebody wrote it meanwhile.
    """
    changed = {
        name: getattr(new, name)
        for name in new.__struct_fields__
        if getattr(old, name, None) != getattr(new, name)
    }
    await tx.update_version(
        orders,
        {"id": old.id, "status": old.state},
        version=old.version,
        status=new.state,
        **changed,
        updated_at=tx.now,
    )


_LINES: Final = Query(
    select(*[column for column in order_lines.c if column.name != "tenant_id"])
    .where(
        order_lines.c.tenant_id == TENANT,
        order_lines.c.order_id == bindparam("order_id", type_=Id()),
    )
    .order_by(order_lines.c.position),
    OrderLine,
)


async def list_lines(tx: ReadTx, order_id: UUID) -> list[OrderLine]:  # bounded: at most 100
    """The lines of an order in their order."""
    return await tx.all(_LINES, order_id=order_id)


def _ship(rows: str) -> Any:
    statement = (
        "UPDATE order_lines SET shipped_quantity = order_lines.shipped_quantity + w.quantity "
        f"FROM ({rows}) AS w "  # constant sql: a literal below
        "WHERE order_lines.tenant_id = :tenant_id AND order_lines.id = w.id"
    )
    return text(statement).bindparams(
        bindparam("rows", type_=Text()), bindparam("tenant_id", type_=Id())
    )


_SHIP: Final = Command(
    {
        "sqlite": _ship(
            "SELECT value ->> 0 AS id, value ->> 1 AS quantity "
            f"FROM json_each(:rows) {ROWS_FIRST}"  # constant sql: a constant
        ),
        "postgres": _ship(
            "SELECT (value ->> 0)::uuid AS id, (value ->> 1)::int AS quantity "
            "FROM jsonb_array_elements(CAST(:rows AS jsonb))"
        ),
    }
)


async def add_shipped(tx: WriteTx, quantities: Mapping[UUID, int]) -> None:
    """Count pieces as shipped, by line. Raises CheckViolation when they exceed the line."""
    rows = list(quantities.items())
    await tx.run(_SHIP, rows=msgspec.json.encode(rows).decode())


@cache
def _page(shape: frozenset[str]) -> Query[Order]:
    conditions = {
        "status": orders.c.status == bindparam("status", type_=Text()),
        "number": orders.c.number == bindparam("number", type_=Text()),
        "email": orders.c.email == bindparam("email", type_=Text()),
        "customer_id": orders.c.customer_id == bindparam("customer_id", type_=Id()),
        "placed_from": orders.c.created_at >= bindparam("placed_from", type_=Timestamp()),
        "placed_before": orders.c.created_at < bindparam("placed_before", type_=Timestamp()),
        "after": orders.c.id < bindparam("after", type_=Id()),
    }
    return Query(
        select(*_COLUMNS)
        .where(orders.c.tenant_id == TENANT, *[conditions[name] for name in sorted(shape)])
        .order_by(orders.c.id.desc())
        .limit(bindparam("limit", type_=Integer())),
        to_order,
    )


async def list_orders(tx: ReadTx, filter_: OrderFilter, page: PageRequest) -> Page[Order]:
    """Orders, newest first."""
    wanted = {k: v for k, v in msgspec.structs.asdict(filter_).items() if v is not None}
    if page.cursor is not None:
        wanted["after"] = UUID(str(decode_cursor(page.cursor, (str,))[0]))
    rows = await tx.all(_page(frozenset(wanted)), limit=page.limit + 1, **wanted)
    return cut_page(rows, limit=page.limit, key_of=lambda row: (str(row.id),))
