"""Money that was not captured is not refunded; what ended does not go on."""

from datetime import UTC, datetime
from uuid import UUID

from rustok.commerce.carts.model import AbandonedCart, ActiveCart, CompletedCart
from rustok.commerce.fulfilments.model import PendingFulfilment, ShippedFulfilment
from rustok.commerce.inventory.model import ConsumedReservation, ReleasedReservation
from rustok.commerce.payments.model import (
    AuthorizedPayment,
    CapturedPayment,
    PendingPayment,
    RefundedPayment,
)

NOW = datetime.now(UTC)
ID = UUID("0190b5a4-7c1e-7d3a-9f10-5b2c3d4e5f60")


def money_is_captured_before_it_is_refunded(
    pending: PendingPayment, authorized: AuthorizedPayment, refunded: RefundedPayment
) -> None:
    pending.refund(1, at=NOW)  # expect: attr-defined
    authorized.refund(1, at=NOW)  # expect: attr-defined
    refunded.refund(1, at=NOW)  # expect: attr-defined


def money_is_promised_before_it_is_captured(pending: PendingPayment) -> None:
    pending.capture(1, at=NOW)  # expect: attr-defined


def captured_money_is_not_voided(captured: CapturedPayment) -> None:
    captured.void(at=NOW)  # expect: attr-defined


def a_completed_cart_is_over(completed: CompletedCart) -> None:
    completed.complete(order_id=ID, at=NOW)  # expect: attr-defined
    completed.resume()  # expect: attr-defined


def a_cart_rests_before_it_wakes(active: ActiveCart, abandoned: AbandonedCart) -> None:
    active.resume()  # expect: attr-defined
    abandoned.complete(order_id=ID, at=NOW)  # expect: attr-defined


def a_parcel_is_packed_before_it_travels(
    pending: PendingFulfilment, shipped: ShippedFulfilment
) -> None:
    pending.ship(carrier="DHL", tracking_number=None, at=NOW)  # expect: attr-defined
    shipped.cancel(at=NOW)  # expect: attr-defined


def an_ended_reservation_holds_nothing(
    consumed: ConsumedReservation, released: ReleasedReservation
) -> None:
    consumed.release(1)  # expect: attr-defined
    released.consume(1)  # expect: attr-defined
