"""Money goes back when the pieces are here, and what ended does not go on."""

from datetime import UTC, datetime

from rustok.commerce.returns.model import (
    ApprovedReturn,
    CancelledReturn,
    ReceivedReturn,
    RefundedReturn,
    RejectedReturn,
    RequestedReturn,
    Return,
)

NOW = datetime.now(UTC)


def pieces_come_before_money(requested: RequestedReturn, approved: ApprovedReturn) -> None:
    requested.refund(1, at=NOW)  # expect: attr-defined
    approved.refund(1, at=NOW)  # expect: attr-defined


def nothing_is_received_that_was_not_approved(
    requested: RequestedReturn, rejected: RejectedReturn
) -> None:
    requested.receive(restocked_count=1, at=NOW)  # expect: attr-defined
    rejected.receive(restocked_count=1, at=NOW)  # expect: attr-defined


def what_is_here_is_not_called_off(received: ReceivedReturn) -> None:
    received.cancel(at=NOW)  # expect: attr-defined
    received.reject(reason="late", at=NOW)  # expect: attr-defined


def what_is_over_does_not_move(refunded: RefundedReturn, cancelled: CancelledReturn) -> None:
    refunded.refund(1, at=NOW)  # expect: attr-defined
    cancelled.approve(at=NOW)  # expect: attr-defined


def a_return_of_unknown_state_takes_no_step(found: Return) -> None:
    found.approve(at=NOW)  # expect: union-attr


def data_of_a_later_state_is_not_there(approved: ApprovedReturn, received: ReceivedReturn) -> None:
    print(approved.received_at)  # expect: attr-defined
    print(received.refunded_minor)  # expect: attr-defined


def a_state_is_not_made_without_its_data(requested: RequestedReturn) -> None:
    requested.reject(at=NOW)  # expect: call-arg
