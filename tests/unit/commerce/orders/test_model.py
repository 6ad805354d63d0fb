"""Orders as values: each state has its own steps, and each step its event."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rustok.commerce.orders.errors import (
    OrderLineNotFound,
    OrderPartlyShipped,
    RefundOutOfRange,
    ShipmentTooLarge,
)
from rustok.commerce.orders.events import OrderCancelled, OrderStatusChanged
from rustok.commerce.orders.model import OrderLine, OrderTotals, PaidOrder, PendingOrder, shipment
from rustok.commerce.orders.states import ORDER_LIFECYCLE
from rustok.core.events.event import InvalidEvent, encode_event
from rustok.core.ids import new_id
from rustok.core.postal import PostalAddress

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ADDRESS = PostalAddress(name="Ada", line1="Lindenallee 5", city="Hamburg", country="DE")


def pending(total_minor: int = 2_000) -> PendingOrder:
    return PendingOrder(
        id=new_id(),
        number="1001",
        cart_id=new_id(),
        currency="EUR",
        locale="en",
        email="ada@example.com",
        customer_id=None,
        shipping_address=ADDRESS,
        billing_address=ADDRESS,
        subtotal_minor=total_minor,
        shipping_minor=0,
        tax_minor=0,
        total_minor=total_minor,
        payment_status="not_paid",
        fulfilment_status="unfulfilled",
        access_token_digest="0" * 64,
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )


def paid(total_minor: int = 2_000) -> PaidOrder:
    confirmed, _ = pending(total_minor).confirm(at=NOW)
    return confirmed.pay(payment_id=new_id(), method="cash", at=NOW)[0]


def line(quantity: int, shipped: int = 0) -> OrderLine:
    return OrderLine(
        id=new_id(),
        order_id=new_id(),
        position=1,
        product_id=new_id(),
        variant_id=new_id(),
        sku="A",
        title="A",
        variant_title="",
        image_url=None,
        quantity=quantity,
        shipped_quantity=shipped,
        unit_amount_minor=1,
        total_minor=quantity,
        requires_shipping=True,
        taxable=True,
        track_inventory=True,
    )


def test_the_total_is_the_sum_of_its_parts() -> None:
    assert OrderTotals(subtotal_minor=100, shipping_minor=20, tax_minor=3).total_minor == 123


def test_a_full_refund_of_a_cancelled_order_counts_as_refunded() -> None:
    cancelled, event = paid().cancel_with_refund(reason="lost", refund_minor=2_000, at=NOW)
    assert cancelled.payment_status == "refunded"
    assert cancelled.paid_at == NOW
    assert event.refunded_minor == 2_000


@pytest.mark.parametrize(
    ("refund", "status"),
    [(0, "captured"), (1, "partially_refunded"), (1_999, "partially_refunded")],
)
def test_the_payment_status_says_how_much_went_back(refund: int, status: str) -> None:
    cancelled, _ = paid().cancel_with_refund(reason="lost", refund_minor=refund, at=NOW)
    assert cancelled.payment_status == status


@pytest.mark.parametrize("refund", [-1, 2_001])
def test_a_refund_beyond_the_total_is_refused(refund: int) -> None:
    with pytest.raises(RefundOutOfRange):
        paid().cancel_with_refund(reason="lost", refund_minor=refund, at=NOW)


def test_a_partly_shipped_order_is_not_cancelled_as_a_whole() -> None:
    partly, event = paid().ship_partially(
        fulfilment_id=new_id(), carrier="DHL", tracking_number=None
    )
    assert event.type == "order.partially_shipped"
    with pytest.raises(OrderPartlyShipped):
        partly.cancel_with_refund(reason="late", refund_minor=0, at=NOW)


def test_a_shipment_without_quantities_takes_all_that_is_left() -> None:
    one, done = line(3, shipped=1), line(2, shipped=2)
    assert shipment([one, done], None) == ({one.id: 2}, True)


def test_a_shipment_says_whether_something_is_left() -> None:
    one, other = line(3), line(1)
    assert shipment([one, other], {one.id: 3}) == ({one.id: 3}, False)
    assert shipment([one, other], {one.id: 3, other.id: 1})[1]


def test_a_shipment_of_too_much_or_of_strange_lines_is_refused() -> None:
    one = line(3, shipped=1)
    with pytest.raises(ShipmentTooLarge):
        shipment([one], {one.id: 3})
    with pytest.raises(OrderLineNotFound):
        shipment([one], {new_id(): 1})


def test_every_action_of_the_lifecycle_is_a_method_of_its_states() -> None:
    for step in ORDER_LIFECYCLE.transitions:
        for source in step.sources:
            kind = {"pending": PendingOrder, "paid": PaidOrder}.get(source)
            if kind is not None:
                assert hasattr(kind, step.action), (source, step.action)


@pytest.mark.parametrize("reason", ["", "   ", "two\nlines"])
def test_a_cancellation_without_a_reason_is_no_event(reason: str) -> None:
    event = OrderCancelled(order_id=new_id(), reason=reason, refunded_minor=0, currency="EUR")
    with pytest.raises(InvalidEvent):
        encode_event(event, tenant_id=new_id())


def test_a_status_that_did_not_change_is_no_event() -> None:
    event = OrderStatusChanged(order_id=new_id(), old_status="paid", new_status="paid")
    with pytest.raises(InvalidEvent):
        encode_event(event, tenant_id=new_id())


def test_an_unpaid_order_is_cancelled_without_money_going_back() -> None:
    confirmed, _ = pending().confirm(at=NOW)
    for order in (pending(), confirmed):
        cancelled, event = order.cancel(reason="changed my mind", at=NOW)
        assert (cancelled.refunded_minor, cancelled.payment_status) == (0, "voided")
        assert event.refunded_minor == 0
