"""A return as types, one per state: `ReceivedReturn.refund` exists, `ApprovedReturn.refund` does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

import msgspec

from rustok.commerce.returns.errors import (
    ReturnLineNotFound,
    ReturnRefundTooLarge,
    ReturnTooLarge,
)
from rustok.commerce.returns.events import (
    ReturnApproved,
    ReturnReceived,
    ReturnRefunded,
    ReturnRejected,
    ReturnRequested,
)
from rustok.commerce.returns.states import RETURN_LIFECYCLE

ReturnState = Literal["requested", "approved", "received", "refunded", "rejected", "cancelled"]


class ReturnLine(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces of one order line that come back.

    Attributes:
        value_minor: what was paid for them, in minor units of the order's currency.
        restocked: how many of them went back on the shelf.
    """

    id: UUID
    return_id: UUID
    order_line_id: UUID
    variant_id: UUID
    quantity: int
    value_minor: int
    restocked: int


class ReturnData(msgspec.Struct, frozen=True, kw_only=True):
    """What every return has; `note` is what the customer or the staff wrote.

    Attributes:
        value_minor: what was paid for the pieces, in minor units of `currency`.
        refund_id: the payment operation that pays it back, once one is under way.
    """

    state: ClassVar[ReturnState]

    id: UUID
    order_id: UUID
    customer_id: UUID | None
    currency: str
    value_minor: int
    note: str
    refund_id: UUID | None
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def allowed_actions(self) -> tuple[str, ...]:
        """The steps possible now."""
        return RETURN_LIFECYCLE.allowed(self.state)

    def _kept(self, **changed: Any) -> dict[str, Any]:
        kept = {name: getattr(self, name) for name in ReturnData.__struct_fields__}
        return {**kept, **changed}


class RequestedReturn(ReturnData, frozen=True, kw_only=True):
    """The customer wants to send pieces back."""

    state: ClassVar[ReturnState] = "requested"

    def requested(self, lines: Sequence[ReturnLine]) -> ReturnRequested:
        """The fact that this return came into being."""
        return ReturnRequested(
            return_id=self.id,
            order_id=self.order_id,
            piece_count=sum(line.quantity for line in lines),
        )

    def approve(self, *, at: datetime) -> tuple[ApprovedReturn, ReturnApproved]:
        """The pieces may come."""
        return (
            ApprovedReturn(**self._kept(), approved_at=at),
            ReturnApproved(return_id=self.id, order_id=self.order_id),
        )

    def reject(self, *, reason: str, at: datetime) -> tuple[RejectedReturn, ReturnRejected]:
        """They may not."""
        return (
            RejectedReturn(**self._kept(), rejected_at=at, rejected_reason=reason),
            ReturnRejected(return_id=self.id, order_id=self.order_id),
        )


class ApprovedReturn(ReturnData, frozen=True, kw_only=True):
    """The pieces are expected."""

    state: ClassVar[ReturnState] = "approved"

    approved_at: datetime

    def receive(
        self, *, restocked_count: int, at: datetime
    ) -> tuple[ReceivedReturn, ReturnReceived]:
        """They are here."""
        return (
            ReceivedReturn(**self._kept(), approved_at=self.approved_at, received_at=at),
            ReturnReceived(
                return_id=self.id, order_id=self.order_id, restocked_count=restocked_count
            ),
        )

    def cancel(self, *, at: datetime) -> CancelledReturn:
        """They never came, or the customer keeps them."""
        return CancelledReturn(**self._kept(), approved_at=self.approved_at, cancelled_at=at)


class ReceivedReturn(ReturnData, frozen=True, kw_only=True):
    """The pieces are here; the money is still ours."""

    state: ClassVar[ReturnState] = "received"

    approved_at: datetime
    received_at: datetime

    def check_refund(self, amount_minor: int | None) -> int:
        """What to pay back: `amount_minor`, or all they cost. Raises ReturnRefundTooLarge."""
        wanted = self.value_minor if amount_minor is None else amount_minor
        if wanted > self.value_minor:
            raise ReturnRefundTooLarge(wanted_minor=wanted, limit_minor=self.value_minor)
        return wanted

    def refund(self, amount_minor: int, *, at: datetime) -> tuple[RefundedReturn, ReturnRefunded]:
        """The customer has the money back, in minor units of the order's currency."""
        return (
            RefundedReturn(
                **self._kept(),
                approved_at=self.approved_at,
                received_at=self.received_at,
                refunded_at=at,
                refunded_minor=amount_minor,
            ),
            ReturnRefunded(
                return_id=self.id,
                order_id=self.order_id,
                amount_minor=amount_minor,
                currency=self.currency,
            ),
        )


class RefundedReturn(ReturnData, frozen=True, kw_only=True):
    """Over: pieces here, money there."""

    state: ClassVar[ReturnState] = "refunded"

    approved_at: datetime
    received_at: datetime
    refunded_at: datetime
    refunded_minor: int


class RejectedReturn(ReturnData, frozen=True, kw_only=True):
    """The pieces stay with the customer."""

    state: ClassVar[ReturnState] = "rejected"

    rejected_at: datetime
    rejected_reason: str


class CancelledReturn(ReturnData, frozen=True, kw_only=True):
    """Approved, and came to nothing."""

    state: ClassVar[ReturnState] = "cancelled"

    approved_at: datetime
    cancelled_at: datetime


Return = (
    RequestedReturn
    | ApprovedReturn
    | ReceivedReturn
    | RefundedReturn
    | RejectedReturn
    | CancelledReturn
)


class ReturnFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which returns are asked for; None does not filter."""

    status: str | None = None
    order_id: UUID | None = None
    customer_id: UUID | None = None


def check_left(left: Mapping[UUID, int], wanted: Mapping[UUID, int]) -> None:
    """Hold what is to come back to what can.

    Args:
        left: pieces delivered and not coming back already, by order line id.
        wanted: pieces by order line id.

    Raises:
        ReturnLineNotFound: an id of another order.
        ReturnTooLarge: more than is left of a line.
    """
    for line_id, count in wanted.items():
        if line_id not in left:
            raise ReturnLineNotFound(line_id)
        if count > left[line_id]:
            raise ReturnTooLarge(line_id=line_id, wanted=count, left=left[line_id])


def value_of(quantity: int, *, left: int, of: int, paid_minor: int, spent_minor: int) -> int:
    """What was paid for some pieces of an order line, in minor units.

    Whatever comes back in whichever parts, the parts never add up to more than was paid, and the
    last piece brings what the others left by rounding.

    Args:
        left: pieces that can still come back; `quantity` is at most that.
        of: pieces of the line.
        spent_minor: what the returns so far are worth.
    """
    rest = paid_minor - spent_minor
    return rest if quantity == left else min(paid_minor * quantity // of, rest)
