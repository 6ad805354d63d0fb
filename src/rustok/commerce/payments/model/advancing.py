"""Carries a payment to where the provider says it stands; pure, and the same word twice moves nothing.

Refuses: going back. What the provider said before, arriving late, changes nothing.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from rustok.commerce.payments.model.payment import (
    AuthorizedPayment,
    FailedPayment,
    Payment,
    PendingPayment,
    RequiresActionPayment,
    VoidedPayment,
)
from rustok.commerce.payments.model.provider import ProviderState
from rustok.core.events.event import Event

NO_REASON = "The payment was not completed."


class Advance(msgspec.Struct, frozen=True, kw_only=True):
    """Where a payment went, and what to announce, in order.

    Attributes:
        stray: the provider holds money of a payment we had given up.
    """

    payment: Payment
    events: tuple[Event, ...] = ()
    stray: bool = False


def advance(
    payment: Payment, told: ProviderState, *, at: datetime, expected_minor: int | None = None
) -> Advance:
    """Args:
    expected_minor: what a capture was asked for, where the provider does not tell what it took.
    """
    match payment:
        case PendingPayment():
            return _of_pending(payment, told, at=at, expected_minor=expected_minor)
        case RequiresActionPayment():
            if told.state == "waiting":
                return Advance(payment=payment)
            resumed = payment.resume()
            return _of_pending(resumed, told, at=at, expected_minor=expected_minor)
        case AuthorizedPayment():
            return _of_authorized(payment, told, at=at, expected_minor=expected_minor)
        case FailedPayment() | VoidedPayment():
            stray = told.state in ("authorized", "captured")
            return Advance(payment=payment, stray=stray)
        case _:
            return Advance(payment=payment)


def _of_pending(
    payment: PendingPayment, told: ProviderState, *, at: datetime, expected_minor: int | None
) -> Advance:
    match told.state:
        case "waiting":
            waiting, asked = payment.require_action()
            return Advance(payment=waiting, events=(asked,))
        case "processing":
            return Advance(payment=payment)
        case "failed" | "voided":
            failed, fact = payment.fail(reason=told.reason or NO_REASON, at=at)
            return Advance(payment=failed, events=(fact,))
        case "authorized" | "captured":
            authorized, promised = payment.authorize(
                method=told.method or payment.provider, reference=told.reference, at=at
            )
            further = _of_authorized(authorized, told, at=at, expected_minor=expected_minor)
            return Advance(payment=further.payment, events=(promised, *further.events))


def _of_authorized(
    payment: AuthorizedPayment, told: ProviderState, *, at: datetime, expected_minor: int | None
) -> Advance:
    match told.state:
        case "captured":
            amount = told.captured_minor
            if amount is None:
                amount = payment.amount_minor if expected_minor is None else expected_minor
            captured, taken = payment.capture(min(amount, payment.amount_minor), at=at)
            return Advance(payment=captured, events=(taken,))
        case "voided":
            voided, fact = payment.void(at=at)
            return Advance(payment=voided, events=(fact,))
        case _:
            return Advance(payment=payment)
