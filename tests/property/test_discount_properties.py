"""Discounts are exact: shares add up, no line falls below nothing, returns never pay out more."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from rustok.commerce.promotions.model import (
    Coupon,
    DiscountLine,
    Membership,
    Promotion,
    apply,
    prorate,
    worth,
)
from rustok.commerce.returns.model import value_of
from rustok.core.ids import new_id

NOW = datetime(2026, 6, 1, tzinfo=UTC)
PRODUCTS = [UUID(int=number + 1) for number in range(4)]
CATEGORY, COLLECTION = UUID(int=101), UUID(int=102)
MEMBERS = {
    PRODUCTS[0]: Membership(category_ids=frozenset({CATEGORY})),
    PRODUCTS[1]: Membership(
        category_ids=frozenset({CATEGORY}), collection_ids=frozenset({COLLECTION})
    ),
}
TARGETS = {
    "cart": (),
    "products": (PRODUCTS[0], PRODUCTS[2]),
    "categories": (CATEGORY,),
    "collections": (COLLECTION,),
}


@st.composite
def promotions(draw: st.DrawFn) -> Promotion:
    is_percent = draw(st.booleans())
    scope = draw(st.sampled_from(sorted(TARGETS)))
    return Promotion(
        id=new_id(),
        name="A promotion",
        kind="percent" if is_percent else "amount",
        percent_basis_points=draw(st.integers(1, 10_000)) if is_percent else None,
        amount_minor=None if is_percent else draw(st.integers(1, 100_000)),
        currency="EUR",
        scope=scope,  # type: ignore[arg-type]
        target_ids=TARGETS[scope],
        min_total_minor=draw(st.none() | st.integers(1, 50_000)),
        combinable=draw(st.booleans()),
        used_count=0,
        deleted_at=None,
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )


lines = st.lists(
    st.builds(
        DiscountLine,
        id=st.uuids(version=4),
        product_id=st.sampled_from(PRODUCTS),
        total_minor=st.integers(0, 1_000_000),
    ),
    max_size=12,
    unique_by=lambda line: line.id,
)


def _coupon(promotion: Promotion) -> tuple[Coupon, Promotion]:
    coupon = Coupon(
        id=new_id(),
        promotion_id=promotion.id,
        code=f"CODE{promotion.id.hex[-6:]}",
        enabled=True,
        usage_limit=None,
        used_count=0,
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )
    return coupon, promotion


@settings(max_examples=300)
@given(promoted=st.lists(promotions(), max_size=3), cart=lines)
def test_line_discounts_add_up_to_the_discount_and_no_line_falls_below_nothing(
    promoted: list[Promotion], cart: list[DiscountLine]
) -> None:
    found = apply(
        [_coupon(one) for one in promoted],
        cart,
        currency="EUR",
        memberships=MEMBERS,
        problems={},
    )
    costs = {line.id: line.total_minor for line in cart}
    assert sum(found.lines.values()) == found.total_minor
    assert sum(one.discount_minor for one in found.coupons) == found.total_minor
    assert all(0 < share <= costs[line_id] for line_id, share in found.lines.items())
    counting = [one for one in found.coupons if one.problem is None]
    if len(counting) > 1:
        by_id = {one.id: one for one in promoted}
        assert all(by_id[one.promotion_id].combinable for one in counting if one.promotion_id)
    for one in found.coupons:
        assert one.problem is None or one.discount_minor == 0


@settings(max_examples=300)
@given(promotion=promotions(), base=st.integers(0, 10**15))
def test_a_promotion_is_worth_at_most_what_it_is_taken_from(
    promotion: Promotion, base: int
) -> None:
    assert 0 <= worth(promotion, base, "EUR") <= base


@settings(max_examples=300)
@given(amounts=st.lists(st.integers(0, 10**12), min_size=1, max_size=30), data=st.data())
def test_a_discount_is_divided_exactly(amounts: list[int], data: st.DataObject) -> None:
    costs = {new_id(): amount for amount in amounts}
    off = data.draw(st.integers(0, sum(amounts)))
    shares = prorate(off, {k: v for k, v in costs.items() if v}, "EUR")
    assert sum(shares.values()) == off
    assert all(share <= costs[line_id] for line_id, share in shares.items())


@settings(max_examples=300)
@given(
    of=st.integers(1, 12),
    paid=st.integers(0, 10_000),
    steps=st.lists(st.tuples(st.integers(1, 12), st.booleans()), max_size=30),
)
def test_returns_of_a_line_never_add_up_to_more_than_was_paid(
    of: int, paid: int, steps: list[tuple[int, bool]]
) -> None:
    live: list[tuple[int, int]] = []
    for wanted, turned_down in steps:
        if turned_down and live:
            live.pop(0)
        left = of - sum(count for count, _ in live)
        if 0 < wanted <= left:
            spent = sum(value for _, value in live)
            value = value_of(wanted, left=left, of=of, paid_minor=paid, spent_minor=spent)
            assert value >= 0
            live.append((wanted, value))
        total = sum(value for _, value in live)
        assert total <= paid
        if sum(count for count, _ in live) == of:
            assert total == paid
