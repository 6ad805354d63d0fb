"""What comes off which line, exactly: shares add up to the discount, and no line falls below nothing.

Refuses: reading anything. Amounts are minor units of one currency.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import msgspec

from rustok.commerce.promotions.model.promotion import Coupon, Problem, Promotion
from rustok.core.money import Money

BASIS: int = 10_000
"""A percentage is held in hundredths of a per cent."""


class DiscountLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line as it costs without any discount."""

    id: UUID
    product_id: UUID
    total_minor: int


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """The categories, those above them included, and the collections a product is in."""

    category_ids: frozenset[UUID] = frozenset()
    collection_ids: frozenset[UUID] = frozenset()


class AppliedCoupon(msgspec.Struct, frozen=True, kw_only=True):
    """What one coupon does to a cart.

    Attributes:
        problem: why it does nothing; None when it counts.
    """

    code: str
    name: str
    discount_minor: int
    problem: Problem | None = None
    coupon_id: UUID | None = None
    promotion_id: UUID | None = None


class Discount(msgspec.Struct, frozen=True, kw_only=True):
    """All coupons of a cart together.

    Attributes:
        lines: what comes off each line, by line id; lines without any are left out.
    """

    total_minor: int = 0
    lines: dict[UUID, int] = msgspec.field(default_factory=dict)
    coupons: tuple[AppliedCoupon, ...] = ()


NO_DISCOUNT = Discount()


def eligible(
    promotion: Promotion,
    lines: Sequence[DiscountLine],
    memberships: Mapping[UUID, Membership],
) -> list[DiscountLine]:
    """The lines a promotion is about."""
    wanted = frozenset(promotion.target_ids)
    nowhere = Membership()

    def names(line: DiscountLine) -> bool:
        found = memberships.get(line.product_id, nowhere)
        match promotion.scope:
            case "cart":
                return True
            case "products":
                return line.product_id in wanted
            case "categories":
                return not wanted.isdisjoint(found.category_ids)
            case "collections":
                return not wanted.isdisjoint(found.collection_ids)

    return [line for line in lines if names(line)]


def worth(promotion: Promotion, base_minor: int, currency: str) -> int:
    """What a promotion takes off `base_minor`: never more than that, a percentage rounded half to even."""
    if promotion.kind == "amount":
        return min(promotion.amount_minor or 0, base_minor)
    whole = Money(amount_minor=base_minor, currency=currency)
    return min(whole.ratio(promotion.percent_basis_points or 0, BASIS).amount_minor, base_minor)


def prorate(discount_minor: int, amounts: Mapping[UUID, int], currency: str) -> dict[UUID, int]:
    """Divide a discount over lines in proportion to what they cost.

    Args:
        amounts: what each line costs; their sum is at least the discount.

    Returns:
        Shares by line that add up to the discount exactly, none above what its line costs.
    """
    if discount_minor == 0 or not amounts:
        return {}
    shares = Money(amount_minor=discount_minor, currency=currency).allocate(list(amounts.values()))
    divided = zip(amounts, shares, strict=True)
    return {line_id: share.amount_minor for line_id, share in divided if share.amount_minor}


def apply(
    coupons: Sequence[tuple[Coupon, Promotion]],
    lines: Sequence[DiscountLine],
    *,
    currency: str,
    memberships: Mapping[UUID, Membership],
    problems: Mapping[UUID, Problem],
) -> Discount:
    """Take the coupons off one after the other, each from what the ones before have left.

    Args:
        coupons: in the order they were entered.
        memberships: by product id; needed for promotions of categories and collections.
        problems: by coupon id: what is known to be wrong before looking at the cart.
    """
    left = {line.id: line.total_minor for line in lines}
    subtotal = sum(left.values())
    together: dict[UUID, int] = {}
    applied: list[AppliedCoupon] = []
    counting: list[Promotion] = []
    for coupon, promotion in coupons:
        found = eligible(promotion, lines, memberships)
        problem = problems.get(coupon.id) or _problem(
            promotion, found, subtotal=subtotal, currency=currency, counting=counting
        )
        taken: dict[UUID, int] = {}
        if problem is None:
            amounts = {line.id: left[line.id] for line in found if left[line.id]}
            off = worth(promotion, sum(amounts.values()), currency)
            taken = prorate(off, amounts, currency)
            counting.append(promotion)
        for line_id, share in taken.items():
            left[line_id] -= share
            together[line_id] = together.get(line_id, 0) + share
        applied.append(
            AppliedCoupon(
                code=coupon.code,
                name=promotion.name,
                discount_minor=sum(taken.values()),
                problem=problem,
                coupon_id=coupon.id,
                promotion_id=promotion.id,
            )
        )
    return Discount(total_minor=sum(together.values()), lines=together, coupons=tuple(applied))


def _problem(
    promotion: Promotion,
    found: Collection[DiscountLine],
    *,
    subtotal: int,
    currency: str,
    counting: Sequence[Promotion],
) -> Problem | None:
    if promotion.currency is not None and promotion.currency != currency:
        return "other_currency"
    if subtotal < (promotion.min_total_minor or 0):
        return "below_minimum"
    if not found:
        return "nothing_eligible"
    alone = [one for one in (*counting, promotion) if not one.combinable]
    if counting and alone:
        return "not_combinable"
    if any(one.id == promotion.id for one in counting):
        return "not_combinable"
    return None
