"""Who may use a cart and whether it can still be changed; refuses by pretending it is not there."""

from __future__ import annotations

from typing import assert_never
from uuid import UUID

from rustok.commerce.carts import repository
from rustok.commerce.carts.errors import CartAlreadyCompleted, CartNotFound
from rustok.commerce.carts.model import AbandonedCart, ActiveCart, Cart, CompletedCart
from rustok.commerce.carts.states import CART_LIFECYCLE
from rustok.core.db import ReadTx, WriteTx


def customer_of(tx: ReadTx) -> UUID | None:
    """The signed-in customer of the request, if there is one."""
    return tx.ctx.actor.id if tx.ctx.actor.kind == "customer" else None


def check_owner(tx: ReadTx, cart: Cart) -> None:
    """An anonymous cart answers to whoever knows its id; an owned one to its owner."""
    if cart.customer_id is not None and cart.customer_id != customer_of(tx):
        raise CartNotFound


def require_active(cart: Cart, action: str) -> ActiveCart:
    """The cart, if it can still be changed.

    Raises:
        CartAlreadyCompleted: an order was placed from it.
        IllegalTransition: it is abandoned; it can be resumed.
    """
    match cart:
        case ActiveCart():
            return cart
        case CompletedCart():
            raise CartAlreadyCompleted(cart.order_id)
        case AbandonedCart():
            raise CART_LIFECYCLE.refusal(cart.state, action)
        case _:
            assert_never(cart)


async def lock(tx: WriteTx, cart_id: UUID) -> Cart:
    """A cart the actor may use, locked until the end of the transaction. Raises CartNotFound."""
    cart = await repository.lock(tx, cart_id)
    check_owner(tx, cart)
    return cart
