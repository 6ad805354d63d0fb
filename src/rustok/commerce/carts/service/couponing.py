"""Coupons of a cart: entered and taken out; what they are worth is said with the price.

Refuses: taking a use; that happens with the order.
"""

from __future__ import annotations

from uuid import UUID

import msgspec

from rustok.commerce.carts import repository
from rustok.commerce.carts.events import CartUpdated
from rustok.commerce.carts.model import ActiveCart, PricedCart
from rustok.commerce.carts.service.access import lock, require_active
from rustok.commerce.carts.service.quoting import price
from rustok.commerce.promotions import api as promotions
from rustok.core.db import WriteTx
from rustok.core.routing import check_version


async def add_coupon(
    tx: WriteTx, cart_id: UUID, *, code: str, expected_version: int | None = None
) -> PricedCart:
    """Enter a coupon. One that counts only once the cart changes is kept, and says why.

    Raises:
        CartNotFound, CartAlreadyCompleted, IllegalTransition, PreconditionFailed.
        CouponNotApplicable: with the reason.

    Emits: cart.updated
    """
    cart = await _locked(tx, cart_id, "add_coupon", expected_version)
    held = promotions.code_of(code)
    if held in cart.coupon_codes:
        return await price(tx, cart)
    if len(cart.coupon_codes) >= promotions.MAX_COUPONS:
        raise promotions.CouponNotApplicable(held, "not_combinable")
    after = await _store(tx, cart, (*cart.coupon_codes, held))
    priced = await price(tx, after)
    for one in priced.coupons:
        if one.code == held and one.problem is not None and one.problem not in promotions.PASSING:
            raise promotions.CouponNotApplicable(held, one.problem)
    return priced


async def remove_coupon(
    tx: WriteTx, cart_id: UUID, *, code: str | None, expected_version: int | None = None
) -> PricedCart:
    """Take a coupon out, or all of them; one that is not in is no change.

    Raises:
        CartNotFound, CartAlreadyCompleted, IllegalTransition, PreconditionFailed.

    Emits: cart.updated
    """
    cart = await _locked(tx, cart_id, "remove_coupon", expected_version)
    gone = None if code is None else promotions.code_of(code)
    left = tuple(one for one in cart.coupon_codes if gone is not None and one != gone)
    if left == cart.coupon_codes:
        return await price(tx, cart)
    return await price(tx, await _store(tx, cart, left))


async def _locked(
    tx: WriteTx, cart_id: UUID, action: str, expected_version: int | None
) -> ActiveCart:
    cart = require_active(await lock(tx, cart_id), action)
    check_version(cart.version, expected_version)
    return cart


async def _store(tx: WriteTx, cart: ActiveCart, codes: tuple[str, ...]) -> ActiveCart:
    repository.store(tx, cart, coupon_codes=codes)
    tx.emit(CartUpdated(cart_id=cart.id, changed=("coupon_codes",)))
    return msgspec.structs.replace(
        cart, coupon_codes=codes, version=cart.version + 1, updated_at=tx.now
    )
