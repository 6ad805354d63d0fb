"""How a cart ends and wakes: completed by checkout, set aside when idle, resumed."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, assert_never
from uuid import UUID

import msgspec

from rustok.commerce.carts import repository
from rustok.commerce.carts.errors import CartAlreadyCompleted
from rustok.commerce.carts.model import (
    DEFAULT_IDLE_DAYS,
    AbandonedCart,
    ActiveCart,
    CompletedCart,
    PricedCart,
)
from rustok.commerce.carts.service.access import lock
from rustok.commerce.carts.service.quoting import price
from rustok.commerce.carts.states import CART_LIFECYCLE
from rustok.core.db import WriteTx
from rustok.core.parts import Parts
from rustok.core.tenancy import context_for

_BATCH: Final = 500


async def complete(tx: WriteTx, cart: ActiveCart, *, order_id: UUID) -> CompletedCart:
    """Close a locked cart with the order placed from it. Raises ConcurrentUpdate. Emits: cart.completed"""
    completed, event = cart.complete(order_id=order_id, at=tx.now)
    repository.store(
        tx, cart, status=completed.state, order_id=order_id, completed_at=completed.completed_at
    )
    tx.emit(event)
    return completed


async def resume(tx: WriteTx, cart_id: UUID) -> PricedCart:
    """Use an abandoned cart again.

    Raises:
        CartNotFound, CartAlreadyCompleted.
        IllegalTransition: it is not abandoned.

    Emits: cart.updated
    """
    cart = await lock(tx, cart_id)
    match cart:
        case CompletedCart():
            raise CartAlreadyCompleted(cart.order_id)
        case ActiveCart():
            raise CART_LIFECYCLE.refusal(cart.state, "resume")
        case AbandonedCart():
            active, event = cart.resume()
            repository.store(tx, cart, status=active.state, abandoned_at=None)
            tx.emit(event)
            return await price(
                tx, msgspec.structs.replace(active, version=cart.version + 1, updated_at=tx.now)
            )
        case _:
            assert_never(cart)


async def abandon_idle(parts: Parts) -> int:
    """The job that sets idle carts aside, tenant by tenant; safe to run twice.

    A tenant's setting `cart_idle_days` (1..365, default 30) says how long a cart may rest.

    Returns:
        How many carts were set aside.
    """
    async with parts.db.system("idle carts", write=False) as system:
        tenants = await repository.list_idle_tenants(
            system, before=system.now - timedelta(days=1), limit=10_000
        )
    done = 0
    for tenant_id in tenants:
        ctx = context_for(await parts.profile_of(tenant_id))
        days = int(ctx.tenant.settings.get("cart_idle_days", DEFAULT_IDLE_DAYS))
        rest = timedelta(days=min(max(days, 1), 365))
        while True:
            async with parts.db.write(ctx) as tx:
                idle = await repository.lock_idle(tx, before=tx.now - rest, limit=_BATCH)
                steps = [cart.abandon(at=tx.now) for cart in idle]
                if steps:
                    await repository.abandon(tx, [cart for cart, _ in steps])
                for _, event in steps:
                    tx.emit(event)
            done += len(steps)
            if len(steps) < _BATCH:
                break
    return done
