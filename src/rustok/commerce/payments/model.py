"""A payment as types, one per state: what was not captured cannot be refunded.

Refuses: capturing more than the amount, refunding more than was captured.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

import msgspec

from rustok.commerce.payments.errors import CaptureOutOfRange, RefundTooLarge
from rustok.commerce.payments.events import (
    PaymentAuthorized,
    PaymentCaptured,
    PaymentFailed,
    PaymentRefunded,
    PaymentRequiresAction,
    PaymentVoided,
)

PaymentState = Literal[
    "pending",
    "requires_action",
    "authorized",
    "partially_captured",
    "captured",
    "partially_refunded",
    "refunded",
    "failed",
    "voided",
]
Provider = Literal["manual"]


class PaymentData(msgspec.Struct, frozen=True, kw_only=True):
    """What every payment has. `amount_minor` is what the order asks for, in minor units."""

    state: ClassVar[PaymentState]

    id: UUID
    order_id: UUID
    provider: Provider
    currency: str
    amount_minor: int
    method: str | None
    reference: str | None
    captured_minor: int
    refunded_minor: int
    version: int
    created_at: datetime
    updated_at: datetime

    def _kept(self, **changed: Any) -> dict[str, Any]:
        kept = {name: getattr(self, name) for name in PaymentData.__struct_fields__}
        return {**kept, **changed}

    def _refunded(
        self, amount_minor: int, *, captured_at: datetime, at: datetime
    ) -> tuple[PartiallyRefundedPayment | RefundedPayment, PaymentRefunded]:
        left = self.captured_minor - self.refunded_minor
        if not 0 <= amount_minor <= left:
            raise RefundTooLarge(wanted_minor=amount_minor, left_minor=left)
        total = self.refunded_minor + amount_minor
        kind = RefundedPayment if total == self.captured_minor else PartiallyRefundedPayment
        return (
            kind(**self._kept(refunded_minor=total, captured_at=captured_at, refunded_at=at)),
            PaymentRefunded(
                payment_id=self.id,
                order_id=self.order_id,
                amount_minor=amount_minor,
                refunded_total_minor=total,
                currency=self.currency,
            ),
        )


class PendingPayment(PaymentData, frozen=True, kw_only=True):
    """Asked for."""

    state: ClassVar[PaymentState] = "pending"

    def require_action(self) -> tuple[RequiresActionPayment, PaymentRequiresAction]:
        """The payer has something to do first."""
        return (
            RequiresActionPayment(**self._kept()),
            PaymentRequiresAction(payment_id=self.id, order_id=self.order_id),
        )

    def authorize(
        self, *, method: str, reference: str | None, at: datetime
    ) -> tuple[AuthorizedPayment, PaymentAuthorized]:
        """The payer's side has promised the amount."""
        return (
            AuthorizedPayment(**self._kept(method=method, reference=reference), authorized_at=at),
            PaymentAuthorized(
                payment_id=self.id,
                order_id=self.order_id,
                amount_minor=self.amount_minor,
                currency=self.currency,
            ),
        )

    def fail(self, *, reason: str, at: datetime) -> tuple[FailedPayment, PaymentFailed]:
        """It comes to nothing."""
        return (
            FailedPayment(**self._kept(), failed_at=at, failure_reason=reason),
            PaymentFailed(payment_id=self.id, order_id=self.order_id, reason=reason),
        )


class RequiresActionPayment(PaymentData, frozen=True, kw_only=True):
    """Waits for the payer."""

    state: ClassVar[PaymentState] = "requires_action"

    def resume(self) -> PendingPayment:
        """The payer has done it."""
        return PendingPayment(**self._kept())


class AuthorizedPayment(PaymentData, frozen=True, kw_only=True):
    """Promised by the payer's side; not ours yet."""

    state: ClassVar[PaymentState] = "authorized"

    authorized_at: datetime

    def capture(
        self, amount_minor: int, *, at: datetime
    ) -> tuple[PartiallyCapturedPayment | CapturedPayment, PaymentCaptured]:
        """Take the money, in minor units.

        Raises:
            CaptureOutOfRange: less than nothing or more than the amount.
        """
        if not 0 <= amount_minor <= self.amount_minor:
            raise CaptureOutOfRange(
                wanted_minor=amount_minor, amount_minor=self.amount_minor, currency=self.currency
            )
        kind = CapturedPayment if amount_minor == self.amount_minor else PartiallyCapturedPayment
        return (
            kind(**self._kept(captured_minor=amount_minor), captured_at=at),
            PaymentCaptured(
                payment_id=self.id,
                order_id=self.order_id,
                amount_minor=amount_minor,
                currency=self.currency,
                method=self.method or self.provider,
            ),
        )

    def void(self, *, at: datetime) -> tuple[VoidedPayment, PaymentVoided]:
        """Give the promise back."""
        return (
            VoidedPayment(**self._kept(), voided_at=at),
            PaymentVoided(payment_id=self.id, order_id=self.order_id),
        )


class _RefundablePayment(PaymentData, frozen=True, kw_only=True):
    captured_at: datetime

    def refund(
        self, amount_minor: int, *, at: datetime
    ) -> tuple[PartiallyRefundedPayment | RefundedPayment, PaymentRefunded]:
        """Pay back, in minor units. Raises RefundTooLarge."""
        return self._refunded(amount_minor, captured_at=self.captured_at, at=at)


class PartiallyCapturedPayment(_RefundablePayment, frozen=True, kw_only=True):
    """A part is ours; the rest lapsed."""

    state: ClassVar[PaymentState] = "partially_captured"


class CapturedPayment(_RefundablePayment, frozen=True, kw_only=True):
    """All of it is ours."""

    state: ClassVar[PaymentState] = "captured"


class PartiallyRefundedPayment(_RefundablePayment, frozen=True, kw_only=True):
    """Some of it is paid back."""

    state: ClassVar[PaymentState] = "partially_refunded"

    refunded_at: datetime


class RefundedPayment(PaymentData, frozen=True, kw_only=True):
    """All that was captured is paid back."""

    state: ClassVar[PaymentState] = "refunded"

    captured_at: datetime
    refunded_at: datetime


class FailedPayment(PaymentData, frozen=True, kw_only=True):
    """Came to nothing."""

    state: ClassVar[PaymentState] = "failed"

    failed_at: datetime
    failure_reason: str


class VoidedPayment(PaymentData, frozen=True, kw_only=True):
    """The promise was given back."""

    state: ClassVar[PaymentState] = "voided"

    voided_at: datetime


Payment = (
    PendingPayment
    | RequiresActionPayment
    | AuthorizedPayment
    | PartiallyCapturedPayment
    | CapturedPayment
    | PartiallyRefundedPayment
    | RefundedPayment
    | FailedPayment
    | VoidedPayment
)
