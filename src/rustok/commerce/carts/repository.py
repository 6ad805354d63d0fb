"""Every query on carts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Integer, bindparam, select, update

from rustok.commerce.carts.errors import CartLineNotFound, CartNotFound
from rustok.commerce.carts.model import AbandonedCart, ActiveCart, Cart, CartLine, CompletedCart
from rustok.commerce.carts.tables import cart_lines, carts
from rustok.core.db import (
    TENANT,
    Command,
    Id,
    Query,
    ReadTx,
    SystemTx,
    Timestamp,
    WriteTx,
    any_of,
    scalar,
)

_COLUMNS: Final = [column for column in carts.c if column.name != "tenant_id"]


def to_cart(
    *,
    status: str,
    order_id: UUID | None,
    completed_at: datetime | None,
    abandoned_at: datetime | None,
    **fields: Any,
) -> Cart:
    """A row as the type of its state."""
    if status == "completed" and order_id is not None and completed_at is not None:
        return CompletedCart(order_id=order_id, completed_at=completed_at, **fields)
    if status == "abandoned" and abandoned_at is not None:
        return AbandonedCart(abandoned_at=abandoned_at, **fields)
    return ActiveCart(**fields)


_cart = select(*_COLUMNS).where(
    carts.c.tenant_id == TENANT, carts.c.id == bindparam("id", type_=Id())
)
_CART: Final = Query(_cart, to_cart)
_CART_LOCKED: Final = Query(_cart.with_for_update(), to_cart)


async def get(tx: ReadTx, cart_id: UUID) -> Cart:
    """Raises CartNotFound."""
    if (found := await tx.one(_CART, id=cart_id)) is None:
        raise CartNotFound
    return found


async def lock(tx: WriteTx, cart_id: UUID) -> Cart:
    """As `get`, locked until the end of the transaction. Raises CartNotFound."""
    if (found := await tx.one(_CART_LOCKED, id=cart_id)) is None:
        raise CartNotFound
    return found


def add(tx: WriteTx, cart: ActiveCart) -> None:
    """Insert a cart with the end of the transaction."""
    tx.insert_last(
        carts,
        status=cart.state,
        **{name: getattr(cart, name) for name in cart.__struct_fields__},
    )


def store(tx: WriteTx, cart: Cart, **changed: object) -> None:
    """Write changed columns of a locked cart with the end of the transaction.

    Raises:
        ConcurrentUpdate: then, when it has another version or state.
    """
    tx.update_version_last(
        carts,
        {"id": cart.id, "status": cart.state},
        version=cart.version,
        updated_at=tx.now,
        **changed,
    )


_LINE_COLUMNS: Final = (
    cart_lines.c.id,
    cart_lines.c.variant_id,
    cart_lines.c.quantity,
    cart_lines.c.unit_amount_minor,
    cart_lines.c.created_at,
)
_LINES: Final = Query(
    select(*_LINE_COLUMNS)
    .where(
        cart_lines.c.tenant_id == TENANT,
        cart_lines.c.cart_id == bindparam("cart_id", type_=Id()),
    )
    .order_by(cart_lines.c.created_at, cart_lines.c.id),
    CartLine,
)


async def list_lines(tx: ReadTx, cart_id: UUID) -> list[CartLine]:  # bounded: at most 100 a cart
    """The lines of a cart, oldest first."""
    return await tx.all(_LINES, cart_id=cart_id)


def add_line(tx: WriteTx, cart_id: UUID, line: CartLine) -> None:
    """Insert a line of a locked cart with the end of the transaction."""
    tx.insert_last(
        cart_lines,
        id=line.id,
        cart_id=cart_id,
        variant_id=line.variant_id,
        quantity=line.quantity,
        unit_amount_minor=line.unit_amount_minor,
        created_at=line.created_at,
        updated_at=line.created_at,
    )


def store_line(tx: WriteTx, cart_id: UUID, line_id: UUID, **changed: object) -> None:
    """Change a line of a locked cart with the end of the transaction."""
    key = {"id": line_id, "cart_id": cart_id}
    tx.update_last(cart_lines, key, updated_at=tx.now, **changed)


async def remove_line(tx: WriteTx, cart_id: UUID, line_id: UUID) -> None:
    """Raises CartLineNotFound."""
    if await tx.delete(cart_lines, id=line_id, cart_id=cart_id) != 1:
        raise CartLineNotFound


_IDLE_TENANTS: Final = scalar(
    select(carts.c.tenant_id)
    .where(carts.c.status == "active", carts.c.updated_at < bindparam("before", type_=Timestamp()))
    .distinct()
    .limit(bindparam("limit", type_=Integer())),
    UUID,
    system="the idle job looks over all tenants",
)


async def list_idle_tenants(tx: SystemTx, *, before: datetime, limit: int) -> Sequence[UUID]:
    """Tenants with an active cart that nobody touched since `before`."""
    return await tx.all(_IDLE_TENANTS, before=before, limit=limit)


_IDLE: Final = Query(
    select(*_COLUMNS)
    .where(
        carts.c.tenant_id == TENANT,
        carts.c.status == "active",
        carts.c.updated_at < bindparam("before", type_=Timestamp()),
    )
    .order_by(carts.c.updated_at, carts.c.id)
    .limit(bindparam("limit", type_=Integer()))
    .with_for_update(skip_locked=True),
    to_cart,
)


async def lock_idle(tx: WriteTx, *, before: datetime, limit: int) -> list[ActiveCart]:
    """Active carts that nobody touched since `before`, oldest first; those in use are skipped."""
    return [c for c in await tx.all(_IDLE, before=before, limit=limit) if isinstance(c, ActiveCart)]


_ABANDON: Final = Command(
    update(carts)
    .where(carts.c.tenant_id == TENANT, carts.c.status == "active", any_of(carts.c.id, "ids"))
    .values(
        status="abandoned",
        abandoned_at=bindparam("now", type_=Timestamp()),
        version=carts.c.version + 1,
    )
)


async def abandon(tx: WriteTx, carts_: Sequence[AbandonedCart]) -> None:
    """Write locked idle carts as abandoned, in one statement; when they were touched last stays."""
    await tx.run(_ABANDON, ids=[cart.id for cart in carts_], now=tx.now)
