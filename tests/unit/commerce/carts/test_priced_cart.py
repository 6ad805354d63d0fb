"""A cart at live prices: what counts in its sum, and when it can be ordered."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from rustok.commerce.carts.model import ActiveCart, CartCoupon, PricedCart, PricedLine, subtotal
from rustok.core.ids import new_id

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def line(total_minor: int | None, **changed: Any) -> PricedLine:
    fields: dict[str, Any] = {
        "id": new_id(),
        "variant_id": new_id(),
        "product_id": new_id(),
        "title": "Shirt",
        "variant_title": None,
        "sku": None,
        "image_url": None,
        "quantity": 1,
        "unit_amount_minor": total_minor,
        "compare_at_minor": None,
        "total_minor": total_minor,
        "price_changed": False,
        "requires_shipping": True,
        "problem": None,
        "available": None,
    }
    return PricedLine(**{**fields, **changed})


def priced(*lines: PricedLine, problems: tuple[str | None, ...] = ()) -> PricedCart:
    cart = ActiveCart(
        id=new_id(),
        currency="EUR",
        locale="en",
        email=None,
        customer_id=None,
        shipping_address=None,
        billing_address=None,
        coupon_codes=(),
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )
    coupons = tuple(
        CartCoupon(code="A", name="A", discount_minor=0, problem=problem) for problem in problems
    )
    total = subtotal(lines)
    return PricedCart(
        cart=cart, lines=list(lines), subtotal_minor=total, total_minor=total, coupons=coupons
    )


def test_lines_not_for_sale_do_not_count_in_the_sum() -> None:
    assert subtotal([line(1_000), line(None), line(250)]) == 1_250
    assert subtotal([]) == 0


def test_a_cart_of_sound_lines_can_be_ordered() -> None:
    assert priced(line(1_000), line(250)).orderable
    assert priced(line(1_000), problems=(None, None)).orderable


def test_an_empty_cart_cannot_be_ordered() -> None:
    assert not priced().orderable


@pytest.mark.parametrize("problem", ["not_for_sale", "stock_insufficient"])
def test_a_line_with_a_problem_keeps_the_cart_from_being_ordered(problem: str) -> None:
    assert not priced(line(1_000), line(250, problem=problem)).orderable


def test_a_coupon_that_does_not_count_keeps_the_cart_from_being_ordered() -> None:
    assert not priced(line(1_000), problems=(None, "coupon_expired")).orderable
