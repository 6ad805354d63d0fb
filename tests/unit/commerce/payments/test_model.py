"""Payments as values: amounts stay within their bounds."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rustok.commerce.payments.errors import CaptureOutOfRange, RefundTooLarge
from rustok.commerce.payments.model import (
    AuthorizedPayment,
    CapturedPayment,
    PartiallyCapturedPayment,
    RefundedPayment,
)
from tests.payments_made import pending_payment

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def authorized(amount_minor: int) -> AuthorizedPayment:
    waiting, _ = pending_payment(NOW, amount_minor=amount_minor).require_action()
    return waiting.resume().authorize(method="card", reference=None, at=NOW)[0]


def test_a_part_may_be_captured() -> None:
    payment, event = authorized(1_000).capture(400, at=NOW)
    assert isinstance(payment, PartiallyCapturedPayment)
    assert (event.amount_minor, event.method) == (400, "card")


def test_more_than_the_amount_is_never_captured() -> None:
    for wanted in (-1, 1_001):
        with pytest.raises(CaptureOutOfRange):
            authorized(1_000).capture(wanted, at=NOW)


def test_an_authorized_payment_can_be_given_back() -> None:
    assert authorized(5).void(at=NOW)[0].voided_at == NOW


@given(captured=st.integers(1, 1_000), refunds=st.lists(st.integers(0, 500), max_size=8))
def test_refunds_never_add_up_to_more_than_was_captured(captured: int, refunds: list[int]) -> None:
    payment, _ = authorized(1_000).capture(captured, at=NOW)
    paid_back = 0
    for wanted in refunds:
        if isinstance(payment, RefundedPayment):
            break
        if paid_back + wanted > captured:
            with pytest.raises(RefundTooLarge):
                payment.refund(wanted, at=NOW)
            continue
        payment, event = payment.refund(wanted, at=NOW)  # type: ignore[assignment]  # narrows
        paid_back += wanted
        assert event.refunded_total_minor == payment.refunded_minor == paid_back
        assert isinstance(payment, RefundedPayment) == (paid_back == captured)


def test_a_captured_payment_knows_when() -> None:
    payment, _ = authorized(7).capture(7, at=NOW)
    assert isinstance(payment, CapturedPayment)
    assert payment.captured_at == NOW
