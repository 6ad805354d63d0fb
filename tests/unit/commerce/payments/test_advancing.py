"""What a provider says moves a payment on, and never back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from rustok.commerce.payments.errors import RefundTooLarge
from rustok.commerce.payments.model import (
    AuthorizedPayment,
    CapturedPayment,
    FailedPayment,
    PartiallyCapturedPayment,
    PartiallyRefundedPayment,
    PendingPayment,
    RefundedPayment,
    RequiresActionPayment,
    VoidedPayment,
)
from rustok.commerce.payments.model.advancing import NO_REASON, advance
from rustok.commerce.payments.model.provider import ProviderState
from tests.payments_made import pending_payment

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def pending() -> PendingPayment:
    return pending_payment(NOW, provider="stripe")


def authorized() -> AuthorizedPayment:
    return pending().authorize(method="card", reference="r", at=NOW)[0]


def told(state: Any, **more: Any) -> ProviderState:
    return ProviderState(reference="r", state=state, **more)


def test_a_payer_who_is_waited_for_stays_waited_for() -> None:
    first = advance(pending(), told("waiting"), at=NOW)
    assert isinstance(first.payment, RequiresActionPayment)
    assert len(first.events) == 1
    again = advance(first.payment, told("waiting"), at=NOW)
    assert again.payment is first.payment
    assert again.events == ()


def test_a_payer_who_has_acted_is_waited_for_no_more() -> None:
    waiting = advance(pending(), told("waiting"), at=NOW).payment
    assert isinstance(advance(waiting, told("processing"), at=NOW).payment, PendingPayment)
    captured = advance(waiting, told("captured", captured_minor=1_000), at=NOW)
    assert isinstance(captured.payment, CapturedPayment)
    assert [type(one).__name__ for one in captured.events] == [
        "PaymentAuthorized",
        "PaymentCaptured",
    ]


def test_a_payment_under_way_at_the_provider_changes_nothing() -> None:
    payment = pending()
    found = advance(payment, told("processing"), at=NOW)
    assert (found.payment, found.events, found.stray) == (payment, (), False)


def test_the_method_is_the_providers_name_where_it_tells_none() -> None:
    named = advance(pending(), told("authorized", method="card"), at=NOW).payment
    unnamed = advance(pending(), told("authorized"), at=NOW).payment
    assert (named.method, unnamed.method) == ("card", "stripe")


@pytest.mark.parametrize(
    ("reason", "kept"), [("card_declined", "card_declined"), (None, NO_REASON)]
)
def test_a_failure_keeps_the_providers_reason(reason: str | None, kept: str) -> None:
    found = advance(pending(), told("failed", reason=reason), at=NOW)
    assert isinstance(found.payment, FailedPayment)
    assert found.payment.failure_reason == kept


@pytest.mark.parametrize(
    ("says", "expected", "taken"),
    [
        (700, None, 700),
        (None, None, 1_000),
        (None, 400, 400),
        (700, 400, 700),
        (5_000, None, 1_000),
    ],
)
def test_what_was_taken_is_what_the_provider_says_else_what_was_asked(
    says: int | None, expected: int | None, taken: int
) -> None:
    found = advance(
        authorized(), told("captured", captured_minor=says), at=NOW, expected_minor=expected
    )
    assert found.payment.captured_minor == taken
    kind = CapturedPayment if taken == 1_000 else PartiallyCapturedPayment
    assert isinstance(found.payment, kind)


def test_a_promise_the_provider_gave_back_is_void() -> None:
    assert isinstance(advance(authorized(), told("voided"), at=NOW).payment, VoidedPayment)


@pytest.mark.parametrize("state", ["authorized", "captured"])
def test_money_of_a_payment_given_up_is_astray(state: str) -> None:
    failed = advance(pending(), told("failed"), at=NOW).payment
    void = advance(authorized(), told("voided"), at=NOW).payment
    for ended in (failed, void):
        found = advance(ended, told(state), at=NOW)
        assert found.stray
        assert found.payment is ended
        assert not advance(ended, told("failed"), at=NOW).stray
        assert not advance(ended, told("waiting"), at=NOW).stray


def test_a_captured_payment_is_not_moved_by_what_comes_late() -> None:
    captured = authorized().capture(1_000, at=NOW)[0]
    for state in ("waiting", "processing", "authorized", "captured", "failed", "voided"):
        found = advance(captured, told(state), at=NOW)
        assert (found.payment, found.events, found.stray) == (captured, (), False)


def test_nothing_and_everything_may_be_captured_and_refunded() -> None:
    assert authorized().capture(0, at=NOW)[0].captured_minor == 0
    whole = authorized().capture(1_000, at=NOW)[0]
    assert isinstance(whole, CapturedPayment)
    part = whole.refund(0, at=NOW)[0]
    assert isinstance(part, PartiallyRefundedPayment)
    assert isinstance(whole.refund(1_000, at=NOW)[0], RefundedPayment)
    with pytest.raises(RefundTooLarge):
        whole.refund(1_001, at=NOW)
    with pytest.raises(RefundTooLarge):
        whole.refund(-1, at=NOW)
