"""A payment as types, one per state: what was not captured cannot be refunded.

Refuses: capturing more than the amount, refunding more than was captured.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Literal, Self
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
Provider = Literal["manual", "stripe", "test"]
"""Who takes the money: a person who saw it come in, or a company that is asked."""


class PaymentData(msgspec.Struct, frozen=True, kw_only=True):
    """What every payment has; amounts in minor units of `currency`.

    Attributes:
        amount_minor: what the order asks for.
        reference: what the provider, or the books, know it by.
        refunding_minor: promised back, and not confirmed by the provider yet.
    """

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
    refunding_minor: int = 0
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def refundable_minor(self) -> int:
        """What may still be promised back: captured, not refunded and not on its way back."""
        return self.captured_minor - self.refunded_minor - self.refunding_minor

    def _kept(self, **changed: Any) -> dict[str, Any]:
        kept = {name: getattr(self, name) for name in PaymentData.__struct_fields__}
        return {**kept, **changed}

    def _refunded(
        self, amount_minor: int, *, promised_minor: int, captured_at: datetime, at: datetime
    ) -> tuple[PartiallyRefundedPayment | RefundedPayment, PaymentRefunded]:
        left = self.refundable_minor + promised_minor
        if not 0 <= amount_minor <= left:
            raise RefundTooLarge(wanted_minor=amount_minor, left_minor=left)
        total = self.refunded_minor + amount_minor
        kind = RefundedPayment if total == self.captured_minor else PartiallyRefundedPayment
        changed = {
            "refunded_minor": total,
            "refunding_minor": self.refunding_minor - promised_minor,
            "captured_at": captured_at,
            "refunded_at": at,
        }
        return (
            kind(**self._kept(**changed)),
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


class RefundablePayment(PaymentData, frozen=True, kw_only=True):
    """Some of it is ours and may go back."""

    captured_at: datetime

    def promise_refund(self, amount_minor: int) -> Self:
        """Set minor units aside that are on their way back. Raises RefundTooLarge."""
        if not 1 <= amount_minor <= self.refundable_minor:
            raise RefundTooLarge(wanted_minor=amount_minor, left_minor=self.refundable_minor)
        return msgspec.structs.replace(self, refunding_minor=self.refunding_minor + amount_minor)

    def drop_refund(self, amount_minor: int) -> Self:
        """What was promised does not go back after all."""
        dropped = min(amount_minor, self.refunding_minor)
        return msgspec.structs.replace(self, refunding_minor=self.refunding_minor - dropped)

    def refund(
        self, amount_minor: int, *, at: datetime, promised_minor: int = 0
    ) -> tuple[PartiallyRefundedPayment | RefundedPayment, PaymentRefunded]:
        """Pay back, in minor units.

        Args:
            promised_minor: how much of it was promised before.

        Raises:
            RefundTooLarge: more than is left.
        """
        return self._refunded(
            amount_minor, promised_minor=promised_minor, captured_at=self.captured_at, at=at
        )


class PartiallyCapturedPayment(RefundablePayment, frozen=True, kw_only=True):
    """A part is ours; the rest lapsed."""

    state: ClassVar[PaymentState] = "partially_captured"


class CapturedPayment(RefundablePayment, frozen=True, kw_only=True):
    """All of it is ours."""

    state: ClassVar[PaymentState] = "captured"


class PartiallyRefundedPayment(RefundablePayment, frozen=True, kw_only=True):
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
