"""What can come back, and what it is worth."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rustok.commerce.returns.errors import (
    ReturnLineNotFound,
    ReturnRefundTooLarge,
    ReturnTooLarge,
)
from rustok.commerce.returns.model import ReceivedReturn, check_left, value_of
from rustok.core.ids import new_id

LINE, OTHER = new_id(), new_id()


def test_all_that_is_left_of_a_line_may_come_back() -> None:
    check_left({LINE: 2}, {LINE: 2})
    check_left({LINE: 2}, {LINE: 1})


def test_one_piece_more_than_is_left_may_not() -> None:
    with pytest.raises(ReturnTooLarge) as refused:
        check_left({LINE: 2}, {LINE: 3})
    assert (refused.value.line_id, refused.value.wanted, refused.value.left) == (LINE, 3, 2)


def test_a_line_of_another_order_is_not_found() -> None:
    with pytest.raises(ReturnLineNotFound) as refused:
        check_left({LINE: 2}, {OTHER: 1})
    assert refused.value.line_id == OTHER


def test_a_part_is_worth_its_share_rounded_down() -> None:
    assert value_of(1, left=3, of=3, paid_minor=1_000, spent_minor=0) == 333
    assert value_of(2, left=3, of=3, paid_minor=1_000, spent_minor=0) == 666


def test_the_last_pieces_bring_what_the_others_left() -> None:
    assert value_of(1, left=1, of=3, paid_minor=1_000, spent_minor=666) == 334


def test_a_part_is_never_worth_more_than_what_is_left_to_pay_back() -> None:
    assert value_of(1, left=2, of=3, paid_minor=1_000, spent_minor=900) == 100


@given(
    parts=st.lists(st.integers(1, 5), min_size=1, max_size=8),
    paid_minor=st.integers(0, 100_000),
)
def test_the_parts_of_a_line_add_up_to_what_was_paid(parts: list[int], paid_minor: int) -> None:
    of = left = sum(parts)
    spent = 0
    for part in parts:
        worth = value_of(part, left=left, of=of, paid_minor=paid_minor, spent_minor=spent)
        assert worth >= 0
        spent, left = spent + worth, left - part
    assert spent == paid_minor


def test_no_more_is_paid_back_than_the_pieces_cost() -> None:
    at = datetime(2026, 6, 1, 12, tzinfo=UTC)
    received = ReceivedReturn(
        id=new_id(),
        order_id=new_id(),
        customer_id=None,
        currency="EUR",
        value_minor=500,
        note="",
        refund_id=None,
        version=3,
        created_at=at,
        updated_at=at,
        approved_at=at,
        received_at=at,
    )
    assert [received.check_refund(amount) for amount in (None, 500, 1)] == [500, 500, 1]
    with pytest.raises(ReturnRefundTooLarge):
        received.check_refund(501)
