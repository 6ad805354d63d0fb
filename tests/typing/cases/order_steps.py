"""Steps that a state does not have: none of these lines may type-check."""

from datetime import UTC, datetime
from uuid import UUID

from rustok.commerce.orders.model import (
    CancelledOrder,
    ConfirmedOrder,
    DeliveredOrder,
    Order,
    PaidOrder,
    PendingOrder,
    ShippedOrder,
)

NOW = datetime.now(UTC)
ID = UUID("0190b5a4-7c1e-7d3a-9f10-5b2c3d4e5f60")


def unpaid_orders_do_not_ship(pending: PendingOrder, confirmed: ConfirmedOrder) -> None:
    pending.ship(fulfilment_id=ID, carrier="DHL", tracking_number=None, at=NOW)  # expect: attr-defined
    confirmed.ship(fulfilment_id=ID, carrier="DHL", tracking_number=None, at=NOW)  # expect: attr-defined


def only_confirmed_orders_are_paid(pending: PendingOrder, paid: PaidOrder) -> None:
    pending.pay(payment_id=ID, method="cash", at=NOW)  # expect: attr-defined
    paid.pay(payment_id=ID, method="cash", at=NOW)  # expect: attr-defined


def a_paid_order_is_not_cancelled_without_a_refund(paid: PaidOrder) -> None:
    paid.cancel(reason="late", at=NOW)  # expect: attr-defined


def an_unpaid_order_has_nothing_to_refund(confirmed: ConfirmedOrder) -> None:
    confirmed.cancel_with_refund(reason="late", refund_minor=1, at=NOW)  # expect: attr-defined


def what_is_over_does_not_move(delivered: DeliveredOrder, cancelled: CancelledOrder) -> None:
    delivered.deliver(at=NOW, signature=None)  # expect: attr-defined
    cancelled.confirm(at=NOW)  # expect: attr-defined


def an_order_of_unknown_state_takes_no_step(order: Order) -> None:
    order.deliver(at=NOW, signature=None)  # expect: union-attr


def data_of_a_later_state_is_not_there(confirmed: ConfirmedOrder, paid: PaidOrder) -> None:
    print(confirmed.paid_at)  # expect: attr-defined
    print(paid.carrier)  # expect: attr-defined


def a_state_is_not_made_without_its_data(shipped: ShippedOrder) -> None:
    shipped.deliver(at=NOW)  # expect: call-arg
