"""What coupons do to lines, and the one moment a use is taken: in the transaction of the order.

Refuses: keeping anything for a cart; a coupon is free until an order holds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from rustok.commerce.products import api as products
from rustok.commerce.promotions import repository
from rustok.commerce.promotions.errors import CouponNotApplicable
from rustok.commerce.promotions.events import CouponRedeemed
from rustok.commerce.promotions.model import (
    MAX_COUPONS,
    NO_DISCOUNT,
    AppliedCoupon,
    Coupon,
    Discount,
    DiscountLine,
    Membership,
    Problem,
    Promotion,
    Redemption,
    apply,
)
from rustok.core.db import ReadTx, WriteTx
from rustok.core.db.personal_rows import email_key
from rustok.core.ids import new_id


def customer_key(customer_id: UUID | None, email: str | None) -> str | None:
    """Who a use counts for: the signed-in customer, else a digest of the e-mail address."""
    if customer_id is not None:
        return f"customer:{customer_id}"
    if email is None:
        return None
    return email_key(email)


async def quote(
    tx: ReadTx,
    codes: Sequence[str],
    lines: Sequence[DiscountLine],
    *,
    currency: str,
    customer: str | None,
) -> Discount:
    """What the coupons take off these lines now. No codes, no query.

    Args:
        codes: as held (`code_of`), in the order they were entered.
        customer: as `customer_key`; None leaves the limit per customer to the order.
    """
    if not codes:
        return NO_DISCOUNT
    known = {one.code: one for one in await repository.list_by_codes(tx, codes, limit=MAX_COUPONS)}
    ids = sorted({one.promotion_id for one in known.values()})
    found = {one.id: one for one in await repository.list_by_ids(tx, ids)}
    pairs = [(known[code], found[known[code].promotion_id]) for code in codes if code in known]
    problems: dict[UUID, Problem] = {}
    for coupon, promotion in pairs:
        problem = coupon.problem or promotion.problem_at(tx.now)
        if problem is None and await _is_used_up(tx, promotion, customer):
            problem = "used_by_customer"
        if problem is not None:
            problems[coupon.id] = problem
    discount = apply(
        pairs,
        lines,
        currency=currency,
        memberships=await _memberships(tx, pairs, lines),
        problems=problems,
    )
    gone = tuple(
        AppliedCoupon(code=code, name="", discount_minor=0, problem="unknown")
        for code in codes
        if code not in known
    )
    return Discount(
        total_minor=discount.total_minor,
        lines=discount.lines,
        coupons=(*discount.coupons, *gone),
    )


async def _is_used_up(tx: ReadTx, promotion: Promotion, customer: str | None) -> bool:
    limit = promotion.usage_limit_per_customer
    if limit is None or customer is None:
        return False
    return await repository.count_held(tx, promotion.id, customer) >= limit


async def _memberships(
    tx: ReadTx, pairs: Sequence[tuple[Coupon, Promotion]], lines: Sequence[DiscountLine]
) -> dict[UUID, Membership]:
    scopes = {promotion.scope for _, promotion in pairs}
    product_ids = sorted({line.product_id for line in lines})
    categories = await products.categories_of(tx, product_ids) if "categories" in scopes else {}
    collections = await products.collections_of(tx, product_ids) if "collections" in scopes else {}
    nothing: frozenset[UUID] = frozenset()
    return {
        one: Membership(
            category_ids=categories.get(one, nothing), collection_ids=collections.get(one, nothing)
        )
        for one in product_ids
    }


def require_counting(discount: Discount) -> Discount:
    """The discount, if every coupon counts. Raises CouponNotApplicable, naming the first that does not."""
    for one in discount.coupons:
        if one.problem is not None:
            raise CouponNotApplicable(one.code, one.problem)
    return discount


async def redeem(
    tx: WriteTx, discount: Discount, *, order_id: UUID, currency: str, customer: str
) -> None:
    """Take a use of every coupon for an order. No coupons, no statement.

    Raises:
        CouponNotApplicable: somebody else took the last one meanwhile.

    Emits: coupon.redeemed
    """
    # In one order everywhere, so that two orders with the same coupons do not wait in a circle.
    held = sorted(discount.coupons, key=lambda one: str(one.promotion_id))
    redemptions: list[Redemption] = []
    for one in held:
        if one.coupon_id is None or one.promotion_id is None:
            raise CouponNotApplicable(one.code, "unknown")
        if not await repository.use(tx, one.promotion_id, one.coupon_id):
            raise CouponNotApplicable(one.code, "exhausted")
        # The promotion's row is held by now: nobody else of this customer can be between.
        (promotion,) = await repository.list_by_ids(tx, [one.promotion_id])
        if await _is_used_up(tx, promotion, customer):
            raise CouponNotApplicable(one.code, "used_by_customer")
        redemptions.append(
            Redemption(
                id=new_id(),
                coupon_id=one.coupon_id,
                promotion_id=one.promotion_id,
                order_id=order_id,
                customer_key=customer,
                discount_minor=one.discount_minor,
                currency=currency,
                released_at=None,
                created_at=tx.now,
            )
        )
    await repository.add_redemptions(tx, redemptions)
    for made in redemptions:
        tx.emit(
            CouponRedeemed(
                coupon_id=made.coupon_id,
                promotion_id=made.promotion_id,
                order_id=order_id,
                discount_minor=made.discount_minor,
                currency=currency,
            )
        )


# no event: order.cancelled of the same transaction tells it
async def release(tx: WriteTx, order_id: UUID) -> int:
    """Give back the uses an order holds that is cancelled before it was paid.

    Returns:
        How many.
    """
    held = await repository.list_held(tx, order_id)
    for one in held:
        await repository.free(tx, one.promotion_id, one.coupon_id)
    if held:
        await repository.release(tx, order_id)
    return len(held)
