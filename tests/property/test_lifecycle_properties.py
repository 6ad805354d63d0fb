"""Every typed lifecycle walked at random beside its table: what may be done, is; nothing else exists."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rustok.commerce.carts.model import ActiveCart
from rustok.commerce.carts.states import CART_LIFECYCLE
from rustok.commerce.fulfilments.model import PendingFulfilment
from rustok.commerce.fulfilments.states import FULFILMENT_LIFECYCLE
from rustok.commerce.orders.errors import OrderPartlyShipped, RefundOutOfRange
from rustok.commerce.orders.model import PendingOrder
from rustok.commerce.orders.states import ORDER_LIFECYCLE
from rustok.commerce.payments.errors import CaptureOutOfRange, RefundTooLarge
from rustok.commerce.payments.states import PAYMENT_LIFECYCLE
from rustok.commerce.products.errors import ProductNotPublishable
from rustok.commerce.products.model import DraftProduct
from rustok.commerce.products.states import PRODUCT_LIFECYCLE
from rustok.commerce.returns.errors import ReturnRefundTooLarge
from rustok.commerce.returns.model import RequestedReturn
from rustok.commerce.returns.states import RETURN_LIFECYCLE
from rustok.content.nodes.errors import PublishTimeNotAhead, ReasonMissing
from rustok.content.nodes.model.node import DraftNode
from rustok.content.nodes.states import NODE_LIFECYCLE, steps_offered
from rustok.core.ids import new_id
from rustok.core.machine import Lifecycle
from rustok.core.postal import PostalAddress
from tests.payments_made import pending_payment
from tests.property.lifecycle_machine import SETTINGS, Life, LifeMachine, declared_table

ADDRESS = PostalAddress(
    name="Ada Lovelace", line1="Lindenallee 5", postal_code="20095", city="Hamburg", country="DE"
)
REASONS = st.sampled_from(["late", "broken", "a change of mind"])
CARRIERS = st.sampled_from(["DHL", "UPS"])
TRACKING = st.none() | st.just("0034")
AHEAD = st.integers(-3, 3).map(lambda hours: timedelta(hours=hours))


# --- content nodes ------------------------------------------------------------------------------
def _draft_node(at: datetime) -> DraftNode:
    return DraftNode(
        id=new_id(),
        kind="page",
        parent_id=None,
        menu_order=0,
        is_sticky=False,
        is_protected=False,
        comment_policy="open",
        author_id=None,
        author_name=None,
        featured_media_id=None,
        fields={},
        imported_fields={},
        source=None,
        source_id=None,
        revision=1,
        version=1,
        created_at=at,
        updated_at=at,
    )


def _schedule(node: Any, data: st.DataObject, now: datetime) -> Any:
    publish_at = now + data.draw(AHEAD)
    if publish_at <= now:
        with pytest.raises(PublishTimeNotAhead):
            node.schedule(publish_at=publish_at, now=now)
        return None
    answer = node.schedule(publish_at=publish_at, now=now)
    assert answer[0].publish_at == publish_at
    return answer


def _approve(node: Any, data: st.DataObject, now: datetime) -> Any:
    publish_at = data.draw(st.none() | AHEAD.map(lambda wait: now + wait))
    if publish_at is not None and publish_at <= now:
        with pytest.raises(PublishTimeNotAhead):
            node.approve(now=now, publish_at=publish_at)
        return None
    answer = node.approve(now=now, publish_at=publish_at)
    assert answer[0].state == ("published" if publish_at is None else "scheduled")
    return answer


def _release(node: Any, _: st.DataObject, now: datetime) -> Any:
    if now < node.publish_at:
        with pytest.raises(ValueError, match="before its time"):
            node.release(now=now)
        return None
    answer = node.release(now=now)
    assert answer[0].published_at == node.publish_at
    return answer


def _archive_node(node: Any, data: st.DataObject, now: datetime) -> Any:
    reason = data.draw(st.sampled_from(["", "  ", "\t", "old", "wrong"]))
    if not reason.strip():
        with pytest.raises(ReasonMissing):
            node.archive(reason=reason, at=now)
        return None
    answer = node.archive(reason=reason, at=now)
    assert (answer[0].archived_at, answer[0].archived_reason) == (now, reason)
    return answer


NODE = Life(
    lifecycle=NODE_LIFECYCLE,
    begin=_draft_node,
    steps={
        "draft": {"submit": {"in_review"}, "publish": {"published"}, "schedule": {"scheduled"}},
        "in_review": {"approve": {"published", "scheduled"}, "reject": {"draft"}},
        "scheduled": {"unschedule": {"draft"}, "release": {"published"}},
        "published": {"unpublish": {"draft"}, "archive": {"archived"}},
        "archived": {"restore": {"draft"}},
    },
    walks={
        "submit": lambda node, _, now: node.submit(at=now),
        "publish": lambda node, _, now: node.publish(at=now),
        "schedule": _schedule,
        "approve": _approve,
        "reject": lambda node, data, _: node.reject(reason=data.draw(REASONS)),
        "unschedule": lambda node, *_: node.unschedule(),
        "release": _release,
        "unpublish": lambda node, *_: node.unpublish(),
        "archive": _archive_node,
        "restore": lambda node, *_: node.restore(),
    },
    data={
        "draft": set(),
        "in_review": {"submitted_at"},
        "scheduled": {"publish_at"},
        "published": {"published_at"},
        "archived": {"archived_at", "archived_reason"},
    },
    announces={
        ("submit", "in_review"): "node.submitted_for_review",
        ("publish", "published"): "node.published",
        ("schedule", "scheduled"): "node.scheduled",
        ("approve", "published"): "node.published",
        ("approve", "scheduled"): "node.scheduled",
        ("reject", "draft"): "node.review_rejected",
        ("unschedule", "draft"): "node.updated",
        ("release", "published"): "node.published",
        ("unpublish", "draft"): "node.unpublished",
        ("archive", "archived"): "node.archived",
        ("restore", "draft"): "node.restored",
    },
)


class NodeMachine(LifeMachine):
    life = NODE


# --- products -----------------------------------------------------------------------------------
def _draft_product(at: datetime) -> DraftProduct:
    return DraftProduct(
        id=new_id(),
        handle="shirt",
        kind="physical",
        is_gift_card=False,
        vendor=None,
        product_type=None,
        external_url=None,
        tags=(),
        options=(),
        metadata={},
        source=None,
        source_id=None,
        version=1,
        created_at=at,
        updated_at=at,
    )


def _publish_product(product: Any, data: st.DataObject, now: datetime) -> Any:
    count, title = data.draw(st.integers(0, 2)), data.draw(st.sampled_from([None, "", "Shirt"]))
    told = {"variant_count": count, "default_title": title, "default_locale": "en"}
    if not count or not title:
        with pytest.raises(ProductNotPublishable):
            product.publish(at=now, **told)
        return None
    answer = product.publish(at=now, **told)
    assert answer[0].published_at == now
    return answer


PRODUCT = Life(
    lifecycle=PRODUCT_LIFECYCLE,
    begin=_draft_product,
    steps={
        "draft": {"publish": {"active"}, "archive": {"archived"}},
        "active": {"unpublish": {"draft"}, "archive": {"archived"}},
        "archived": {"restore": {"draft"}},
    },
    walks={
        "publish": _publish_product,
        "unpublish": lambda product, *_: product.unpublish(),
        "archive": lambda product, _, now: product.archive(at=now),
        "restore": lambda product, *_: product.restore(),
    },
    data={"draft": set(), "active": {"published_at"}, "archived": {"archived_at"}},
    announces={
        ("publish", "active"): "product.published",
        ("unpublish", "draft"): "product.unpublished",
        ("archive", "archived"): "product.archived",
        ("restore", "draft"): "product.updated",
    },
)


class ProductMachine(LifeMachine):
    life = PRODUCT


# --- carts --------------------------------------------------------------------------------------
CART = Life(
    lifecycle=CART_LIFECYCLE,
    begin=lambda at: ActiveCart(
        id=new_id(),
        currency="EUR",
        locale="en",
        email=None,
        customer_id=None,
        shipping_address=None,
        billing_address=None,
        version=1,
        created_at=at,
        updated_at=at,
    ),
    steps={
        "active": {"complete": {"completed"}, "abandon": {"abandoned"}},
        "completed": {},
        "abandoned": {"resume": {"active"}},
    },
    walks={
        "complete": lambda cart, _, now: cart.complete(order_id=new_id(), at=now),
        "abandon": lambda cart, _, now: cart.abandon(at=now),
        "resume": lambda cart, *_: cart.resume(),
    },
    data={
        "active": set(),
        "completed": {"order_id", "completed_at"},
        "abandoned": {"abandoned_at"},
    },
    announces={
        ("complete", "completed"): "cart.completed",
        ("abandon", "abandoned"): "cart.abandoned",
        ("resume", "active"): "cart.updated",
    },
)


class CartMachine(LifeMachine):
    life = CART


# --- orders -------------------------------------------------------------------------------------
def _pending_order(at: datetime) -> PendingOrder:
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
        subtotal_minor=900,
        shipping_minor=100,
        tax_minor=0,
        total_minor=1_000,
        payment_status="not_paid",
        fulfilment_status="unfulfilled",
        access_token_digest="d",
        version=1,
        created_at=at,
        updated_at=at,
    )


def _ship_order(order: Any, data: st.DataObject, now: datetime) -> Any:
    parcel = {
        "fulfilment_id": new_id(),
        "carrier": data.draw(CARRIERS),
        "tracking_number": data.draw(TRACKING),
    }
    if data.draw(st.booleans(), label="a part only"):
        part, event = order.ship_partially(**parcel)
        assert part.fulfilment_status == "partially_shipped"
        return part, event
    shipped, fact = order.ship(**parcel, at=now)
    assert (shipped.fulfilment_status, shipped.shipped_at) == ("shipped", now)
    assert (shipped.carrier, shipped.tracking_number) == (
        parcel["carrier"],
        parcel["tracking_number"],
    )
    return shipped, fact


def _cancel_paid(order: Any, data: st.DataObject, now: datetime) -> Any:
    refund = data.draw(st.sampled_from([-1, 0, 1, 999, 1_000, 1_001]) | st.integers(-50, 1_050))
    told = {"reason": data.draw(REASONS), "refund_minor": refund, "at": now}
    if order.fulfilment_status != "unfulfilled":
        with pytest.raises(OrderPartlyShipped):
            order.cancel_with_refund(**told)
        return None
    if not 0 <= refund <= 1_000:
        with pytest.raises(RefundOutOfRange):
            order.cancel_with_refund(**told)
        return None
    cancelled, event = order.cancel_with_refund(**told)
    axis = {0: "captured", 1_000: "refunded"}.get(refund, "partially_refunded")
    assert (cancelled.refunded_minor, cancelled.payment_status) == (refund, axis)
    return cancelled, event


def _pay(order: Any, _: st.DataObject, now: datetime) -> Any:
    payment_id = new_id()
    paid, event = order.pay(payment_id=payment_id, method="cash", at=now)
    assert (paid.payment_id, paid.payment_status, paid.paid_at) == (payment_id, "captured", now)
    assert (event.amount_minor, event.currency) == (1_000, "EUR")
    return paid, event


_CONFIRMED = {"confirmed_at"}
_PAID = _CONFIRMED | {"paid_at", "payment_id", "payment_method"}
_SHIPPED = _PAID | {"shipped_at", "carrier", "tracking_number"}
ORDER = Life(
    lifecycle=ORDER_LIFECYCLE,
    begin=_pending_order,
    steps={
        "pending": {"confirm": {"confirmed"}, "cancel": {"cancelled"}},
        "confirmed": {"pay": {"paid"}, "cancel": {"cancelled"}},
        "paid": {"ship": {"shipped", "paid"}, "cancel_with_refund": {"cancelled"}},
        "shipped": {"deliver": {"delivered"}},
        "delivered": {},
        "cancelled": {},
    },
    walks={
        "confirm": lambda order, _, now: order.confirm(at=now),
        "pay": _pay,
        "ship": _ship_order,
        "deliver": lambda order, data, now: order.deliver(
            at=now, signature=data.draw(st.none() | st.just("A. Lovelace"))
        ),
        "cancel": lambda order, data, now: order.cancel(reason=data.draw(REASONS), at=now),
        "cancel_with_refund": _cancel_paid,
    },
    data={
        "pending": set(),
        "confirmed": _CONFIRMED,
        "paid": _PAID,
        "shipped": _SHIPPED,
        "delivered": _SHIPPED | {"delivered_at", "delivered_signature"},
        "cancelled": _PAID | {"cancelled_at", "cancelled_reason", "refunded_minor"},
    },
    # A cancelled order keeps what it had before: the moments it never came to are empty.
    may_be_none={"tracking_number", "delivered_signature", *_PAID},
    announces={
        ("confirm", "confirmed"): "order.confirmed",
        ("pay", "paid"): "order.paid",
        ("ship", "shipped"): "order.shipped",
        ("ship", "paid"): "order.partially_shipped",
        ("deliver", "delivered"): "order.delivered",
        ("cancel", "cancelled"): "order.cancelled",
        ("cancel_with_refund", "cancelled"): "order.cancelled",
    },
    methods={"pending": {"placed"}, "paid": {"ship_partially"}},
)


class OrderMachine(LifeMachine):
    life = ORDER


# --- payments -----------------------------------------------------------------------------------
def _capture(payment: Any, data: st.DataObject, now: datetime) -> Any:
    amount = data.draw(st.sampled_from([-1, 1, 999, 1_000, 1_001]) | st.integers(1, 1_000))
    if not 0 <= amount <= 1_000:
        with pytest.raises(CaptureOutOfRange):
            payment.capture(amount, at=now)
        return None
    captured, event = payment.capture(amount, at=now)
    assert captured.state == ("captured" if amount == 1_000 else "partially_captured")
    assert (captured.captured_minor, captured.captured_at, event.amount_minor) == (
        amount,
        now,
        amount,
    )
    return captured, event


def _refund(payment: Any, data: st.DataObject, now: datetime) -> Any:
    left = payment.captured_minor - payment.refunded_minor
    amount = data.draw(st.sampled_from([-1, 1, left, left + 1]) | st.integers(1, max(left, 1)))
    if not 0 <= amount <= left:
        with pytest.raises(RefundTooLarge):
            payment.refund(amount, at=now)
        return None
    refunded, event = payment.refund(amount, at=now)
    assert refunded.state == ("refunded" if amount == left else "partially_refunded")
    assert refunded.refunded_minor == payment.refunded_minor + amount <= payment.captured_minor
    assert event.refunded_total_minor == refunded.refunded_minor
    return refunded, event


_REFUND = {"refund": {"refunded", "partially_refunded"}}
_PROMISING = {"promise_refund", "drop_refund"}
PAYMENT = Life(
    lifecycle=PAYMENT_LIFECYCLE,
    begin=pending_payment,
    steps={
        "pending": {
            "require_action": {"requires_action"},
            "authorize": {"authorized"},
            "fail": {"failed"},
        },
        "requires_action": {"resume": {"pending"}},
        "authorized": {"capture": {"captured", "partially_captured"}, "void": {"voided"}},
        "partially_captured": _REFUND,
        "captured": _REFUND,
        "partially_refunded": _REFUND,
        "refunded": {},
        "failed": {},
        "voided": {},
    },
    walks={
        "require_action": lambda payment, *_: payment.require_action(),
        "resume": lambda payment, *_: payment.resume(),
        "authorize": lambda payment, data, now: payment.authorize(
            method="card", reference=data.draw(TRACKING), at=now
        ),
        "fail": lambda payment, data, now: payment.fail(reason=data.draw(REASONS), at=now),
        "capture": _capture,
        "void": lambda payment, _, now: payment.void(at=now),
        "refund": _refund,
    },
    data={
        "pending": set(),
        "requires_action": set(),
        "authorized": {"authorized_at"},
        "partially_captured": {"captured_at"},
        "captured": {"captured_at"},
        "partially_refunded": {"captured_at", "refunded_at"},
        "refunded": {"captured_at", "refunded_at"},
        "failed": {"failed_at", "failure_reason"},
        "voided": {"voided_at"},
    },
    announces={
        ("require_action", "requires_action"): "payment.requires_action",
        ("authorize", "authorized"): "payment.authorized",
        ("fail", "failed"): "payment.failed",
        ("capture", "captured"): "payment.captured",
        ("capture", "partially_captured"): "payment.captured",
        ("void", "voided"): "payment.voided",
        ("refund", "refunded"): "payment.refunded",
        ("refund", "partially_refunded"): "payment.refunded",
    },
    methods=dict.fromkeys(("partially_captured", "captured", "partially_refunded"), _PROMISING),
)


class PaymentMachine(LifeMachine):
    life = PAYMENT


# --- fulfilments --------------------------------------------------------------------------------
FULFILMENT = Life(
    lifecycle=FULFILMENT_LIFECYCLE,
    begin=lambda at: PendingFulfilment(
        id=new_id(), order_id=new_id(), version=1, created_at=at, updated_at=at
    ),
    steps={
        "pending": {"pack": {"packed"}, "cancel": {"cancelled"}},
        "packed": {"ship": {"shipped"}, "cancel": {"cancelled"}},
        "shipped": {"deliver": {"delivered"}},
        "delivered": {},
        "cancelled": {},
    },
    walks={
        "pack": lambda parcel, _, now: parcel.pack(at=now),
        "ship": lambda parcel, data, now: parcel.ship(
            carrier=data.draw(CARRIERS), tracking_number=data.draw(TRACKING), at=now
        ),
        "deliver": lambda parcel, _, now: parcel.deliver(at=now),
        "cancel": lambda parcel, _, now: parcel.cancel(at=now),
    },
    data={
        "pending": set(),
        "packed": {"packed_at"},
        "shipped": {"packed_at", "shipped_at", "carrier", "tracking_number"},
        "delivered": {"packed_at", "shipped_at", "carrier", "tracking_number", "delivered_at"},
        "cancelled": {"cancelled_at"},
    },
    may_be_none={"tracking_number"},
    announces={
        ("ship", "shipped"): "fulfilment.shipped",
        ("deliver", "delivered"): "fulfilment.delivered",
        ("cancel", "cancelled"): "fulfilment.cancelled",
    },
)


class FulfilmentMachine(LifeMachine):
    life = FULFILMENT


# --- returns ------------------------------------------------------------------------------------
def _refund_return(back: Any, data: st.DataObject, now: datetime) -> Any:
    amount = data.draw(st.none() | st.integers(0, 510))
    if amount is not None and amount > 500:
        with pytest.raises(ReturnRefundTooLarge):
            back.check_refund(amount)
        return None
    settled = back.check_refund(amount)
    assert settled == (500 if amount is None else amount)
    refunded, event = back.refund(settled, at=now)
    assert (refunded.refunded_minor, event.amount_minor) == (settled, settled)
    return refunded, event


RETURN = Life(
    lifecycle=RETURN_LIFECYCLE,
    begin=lambda at: RequestedReturn(
        id=new_id(),
        order_id=new_id(),
        customer_id=None,
        currency="EUR",
        value_minor=500,
        note="",
        refund_id=None,
        version=1,
        created_at=at,
        updated_at=at,
    ),
    steps={
        "requested": {"approve": {"approved"}, "reject": {"rejected"}},
        "approved": {"receive": {"received"}, "cancel": {"cancelled"}},
        "received": {"refund": {"refunded"}},
        "refunded": {},
        "rejected": {},
        "cancelled": {},
    },
    walks={
        "approve": lambda back, _, now: back.approve(at=now),
        "reject": lambda back, data, now: back.reject(reason=data.draw(REASONS), at=now),
        "receive": lambda back, data, now: back.receive(
            restocked_count=data.draw(st.integers(0, 5)), at=now
        ),
        "cancel": lambda back, _, now: back.cancel(at=now),
        "refund": _refund_return,
    },
    data={
        "requested": set(),
        "approved": {"approved_at"},
        "received": {"approved_at", "received_at"},
        "refunded": {"approved_at", "received_at", "refunded_at", "refunded_minor"},
        "rejected": {"rejected_at", "rejected_reason"},
        "cancelled": {"approved_at", "cancelled_at"},
    },
    announces={
        ("approve", "approved"): "return.approved",
        ("reject", "rejected"): "return.rejected",
        ("receive", "received"): "return.received",
        ("refund", "refunded"): "return.refunded",
    },
    methods={"requested": {"requested"}, "received": {"check_refund"}},
)


class ReturnMachine(LifeMachine):
    life = RETURN


TestNodeLife = NodeMachine.TestCase
TestProductLife = ProductMachine.TestCase
TestCartLife = CartMachine.TestCase
TestOrderLife = OrderMachine.TestCase
TestPaymentLife = PaymentMachine.TestCase
TestFulfilmentLife = FulfilmentMachine.TestCase
TestReturnLife = ReturnMachine.TestCase
for _case in (
    TestNodeLife,
    TestProductLife,
    TestCartLife,
    TestOrderLife,
    TestPaymentLife,
    TestFulfilmentLife,
    TestReturnLife,
):
    _case.settings = SETTINGS

LIVES = [NODE, PRODUCT, CART, ORDER, PAYMENT, FULFILMENT, RETURN]


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.lifecycle.name)
def test_a_declaration_is_the_table_of_the_design(life: Life) -> None:
    assert declared_table(life.lifecycle) == life.steps


@given(st.sampled_from(LIVES).flatmap(lambda life: st.tuples(st.just(life), st.data())))
@settings(max_examples=300)
def test_any_walk_over_the_declaration_stays_in_its_states(
    drawn: tuple[Life, st.DataObject],
) -> None:
    life, data = drawn
    lifecycle: Lifecycle = life.lifecycle
    state = lifecycle.initial
    for _ in range(8):
        possible = [step for step in lifecycle.transitions if state in step.sources]
        if not possible:
            assert state in lifecycle.final
            return
        step = data.draw(st.sampled_from(possible))
        assert step.action in lifecycle.allowed(state)
        state = step.target
        assert state in life.steps


@given(st.sampled_from(sorted(NODE.steps)))
def test_what_only_the_clock_does_is_offered_to_nobody(state: str) -> None:
    assert set(steps_offered(state)) == set(NODE.steps[state]) - {"release"}


@given(
    amount=st.integers(1, 1_000),
    moves=st.lists(
        st.tuples(st.sampled_from(["promise", "drop", "refund", "confirm"]), st.integers(1, 400)),
        max_size=25,
    ),
)
@settings(max_examples=400)
def test_a_payment_never_gives_back_nor_promises_more_than_it_took(
    amount: int, moves: list[tuple[str, int]]
) -> None:
    at = datetime(2026, 5, 1).astimezone()
    authorized, _ = pending_payment(at).authorize(method="card", reference=None, at=at)
    payment: Any = authorized.capture(amount, at=at)[0]
    refunded = promised = 0
    for move, wanted in moves:
        if payment.state == "refunded":
            break
        left = amount - refunded - promised
        if move == "drop":
            payment = payment.drop_refund(wanted)
            promised -= min(wanted, promised)
        elif move == "promise" and wanted <= left:
            payment, promised = payment.promise_refund(wanted), promised + wanted
        elif move == "confirm" and promised:
            confirmed = min(wanted, promised)
            payment, _fact = payment.refund(confirmed, at=at, promised_minor=confirmed)
            refunded, promised = refunded + confirmed, promised - confirmed
        elif move == "refund" and wanted <= left:
            payment, _fact = payment.refund(wanted, at=at)
            refunded += wanted
        elif move in ("promise", "refund"):
            refuse = payment.promise_refund if move == "promise" else payment.refund
            with pytest.raises(RefundTooLarge):
                refuse(wanted) if move == "promise" else refuse(wanted, at=at)
        assert (payment.refunded_minor, payment.refunding_minor) == (refunded, promised)
        assert payment.refundable_minor == amount - refunded - promised >= 0
