"""The use cases of orders. Steps that move stock or money are called by checkout, beside those."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar
from uuid import UUID

import msgspec

from rustok.commerce.orders import repository
from rustok.commerce.orders.errors import OrderNotFound
from rustok.commerce.orders.events import OrderStatusChanged
from rustok.commerce.orders.model import (
    CancelledOrder,
    ConfirmedOrder,
    DeliveredOrder,
    NewOrder,
    Order,
    OrderFilter,
    OrderLine,
    PaidOrder,
    PendingOrder,
    PlacedOrder,
    ShippedOrder,
    shipment,
)
from rustok.commerce.orders.states import ORDER_LIFECYCLE, PaymentStatus
from rustok.core.audit.difference import step
from rustok.core.db import ReadTx, WriteTx
from rustok.core.errors import IllegalTransition
from rustok.core.events.event import Event
from rustok.core.pagination import Page, PageRequest
from rustok.core.routing import check_version
from rustok.core.security.tokens import digest_matches, random_token, token_digest

FIRST_NUMBER: Final = 1_001
MAX_PREFIX: Final = 12

AnyOrder = TypeVar(
    "AnyOrder",
    PendingOrder,
    ConfirmedOrder,
    PaidOrder,
    ShippedOrder,
    DeliveredOrder,
    CancelledOrder,
)


async def place(tx: WriteTx, new: NewOrder) -> PlacedOrder:
    """Record an order whose stock is reserved: it is placed and confirmed in one step.

    The tenant's setting `order_number_prefix` stands before the number (12 characters at most).

    Emits: order.placed, order.confirmed, order.status_changed
    """
    lines = [
        OrderLine(
            **msgspec.structs.asdict(line),
            order_id=new.id,
            position=position,
            shipped_quantity=0,
            total_minor=line.unit_amount_minor * line.quantity,
        )
        for position, line in enumerate(new.lines, start=1)
    ]
    prefix = str(tx.ctx.tenant.settings.get("order_number_prefix", ""))[:MAX_PREFIX]
    token = random_token()
    # Taken last: the counter stays locked until the commit, and what comes after it is short.
    number = await repository.next_number(tx, first=FIRST_NUMBER)
    pending = PendingOrder(
        id=new.id,
        number=f"{prefix}{number}",
        cart_id=new.cart_id,
        currency=new.currency,
        locale=new.locale,
        email=new.email,
        customer_id=new.customer_id,
        shipping_address=new.shipping_address,
        billing_address=new.billing_address,
        subtotal_minor=new.totals.subtotal_minor,
        discount_minor=new.totals.discount_minor,
        shipping_minor=new.totals.shipping_minor,
        tax_minor=new.totals.tax_minor,
        total_minor=new.totals.total_minor,
        payment_status="not_paid",
        fulfilment_status="unfulfilled",
        access_token_digest=token_digest(token),
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
    )
    order, confirmed = pending.confirm(at=tx.now)
    repository.add(tx, order, lines)
    tx.emit(pending.placed(lines))
    tx.emit(OrderStatusChanged(order_id=new.id, old_status=None, new_status=pending.state))
    _announce(tx, pending, order, confirmed)
    return PlacedOrder(order=order, lines=lines, access_token=token)


def _announce(tx: WriteTx, old: Order, new: Order, event: Event) -> None:
    changed = step(old, new, "state", "payment_status", "fulfilment_status")
    tx.emit(event, before=changed.before, after=changed.after)
    if new.state != old.state:
        tx.emit(OrderStatusChanged(order_id=old.id, old_status=old.state, new_status=new.state))


async def _store(tx: WriteTx, old: Order, new: AnyOrder, event: Event) -> AnyOrder:
    await repository.store(tx, old, new)
    _announce(tx, old, new, event)
    return msgspec.structs.replace(new, version=old.version + 1, updated_at=tx.now)


def _refuse(order: Order, action: str) -> IllegalTransition:
    return ORDER_LIFECYCLE.refusal(order.state, action)


async def lock(tx: WriteTx, order_id: UUID, *, expected_version: int | None = None) -> Order:
    """An order, locked until the end of the transaction. Raises OrderNotFound, PreconditionFailed."""
    order = await repository.lock(tx, order_id)
    check_version(order.version, expected_version)
    return order


async def confirm(tx: WriteTx, order: Order) -> ConfirmedOrder:
    """The stock of a locked pending order is reserved.

    Raises:
        IllegalTransition, ConcurrentUpdate.

    Emits: order.confirmed, order.status_changed
    """
    if not isinstance(order, PendingOrder):
        raise _refuse(order, "confirm")
    return await _store(tx, order, *order.confirm(at=tx.now))


def require_payable(order: Order) -> ConfirmedOrder:
    """The order, if it waits for money. Raises IllegalTransition."""
    if not isinstance(order, ConfirmedOrder):
        raise _refuse(order, "pay")
    return order


async def pay(tx: WriteTx, order: ConfirmedOrder, *, payment_id: UUID, method: str) -> PaidOrder:
    """The whole total of a locked order is captured.

    Raises:
        ConcurrentUpdate.

    Emits: order.paid, order.status_changed
    """
    return await _store(tx, order, *order.pay(payment_id=payment_id, method=method, at=tx.now))


def require_shippable(order: Order) -> PaidOrder:
    """The order, if it may ship: an unpaid one may not. Raises IllegalTransition."""
    if not isinstance(order, PaidOrder):
        raise _refuse(order, "ship")
    return order


async def plan_shipment(
    tx: ReadTx, order: PaidOrder, quantities: Mapping[UUID, int] | None
) -> tuple[dict[UUID, int], list[OrderLine], bool]:
    """What to ship by line id, the lines, and whether nothing is left afterwards.

    Args:
        quantities: pieces by line id; None ships all that is left.

    Raises:
        OrderLineNotFound, ShipmentTooLarge.
    """
    lines = await repository.list_lines(tx, order.id)
    shipped, complete = shipment(lines, quantities)
    return shipped, lines, complete


async def ship(
    tx: WriteTx,
    order: PaidOrder,
    quantities: Mapping[UUID, int],
    *,
    complete: bool,
    fulfilment_id: UUID,
    carrier: str,
    tracking_number: str | None,
) -> ShippedOrder | PaidOrder:
    """Count pieces of a locked order as shipped.

    Args:
        complete: nothing is left to ship afterwards (see `plan_shipment`).

    Raises:
        ConcurrentUpdate.

    Emits: order.shipped and order.status_changed, or order.partially_shipped
    """
    await repository.add_shipped(tx, quantities)
    if complete:
        return await _store(
            tx,
            order,
            *order.ship(
                fulfilment_id=fulfilment_id,
                carrier=carrier,
                tracking_number=tracking_number,
                at=tx.now,
            ),
        )
    return await _store(
        tx,
        order,
        *order.ship_partially(
            fulfilment_id=fulfilment_id, carrier=carrier, tracking_number=tracking_number
        ),
    )


async def deliver(tx: WriteTx, order: Order, *, signature: str | None) -> DeliveredOrder:
    """Everything of a locked order arrived.

    Raises:
        IllegalTransition, ConcurrentUpdate.

    Emits: order.delivered, order.status_changed
    """
    if not isinstance(order, ShippedOrder):
        raise _refuse(order, "deliver")
    return await _store(tx, order, *order.deliver(at=tx.now, signature=signature))


async def cancel(tx: WriteTx, order: Order, *, reason: str) -> CancelledOrder:
    """Give up a locked order that is not paid.

    Raises:
        IllegalTransition, ConcurrentUpdate.

    Emits: order.cancelled, order.status_changed
    """
    if not isinstance(order, PendingOrder | ConfirmedOrder):
        raise _refuse(order, "cancel")
    return await _store(tx, order, *order.cancel(reason=reason, at=tx.now))


def require_refundable(order: Order) -> PaidOrder:
    """The order, if it is paid and not shipped whole. Raises IllegalTransition."""
    if not isinstance(order, PaidOrder):
        raise _refuse(order, "cancel_with_refund")
    return order


async def cancel_with_refund(
    tx: WriteTx,
    order: Order,
    *,
    reason: str,
    refund_minor: int | None,
    is_paid_back: bool = True,
) -> CancelledOrder:
    """Give up a locked paid order of which nothing is shipped, and pay back.

    Args:
        refund_minor: minor units of the order's currency; None pays back the whole total.
        is_paid_back: the money is back already; False while a provider is to be asked.

    Raises:
        IllegalTransition, OrderPartlyShipped, RefundOutOfRange, ConcurrentUpdate.

    Emits: order.cancelled, order.status_changed
    """
    paid = require_refundable(order)
    amount = paid.total_minor if refund_minor is None else refund_minor
    return await _store(
        tx,
        paid,
        *paid.cancel_with_refund(
            reason=reason, refund_minor=amount, at=tx.now, is_paid_back=is_paid_back
        ),
    )


# no event: the payment's own event, of the same transaction, tells what happened
async def follow_payment(tx: WriteTx, order: Order, status: PaymentStatus) -> Order:
    """Let the payment axis of a locked order say how its payment stands. Raises ConcurrentUpdate."""
    if order.payment_status == status:
        return order
    followed: Order = msgspec.structs.replace(order, payment_status=status)
    await repository.store(tx, order, followed)
    return msgspec.structs.replace(followed, version=order.version + 1, updated_at=tx.now)


# no event: the return's own event, of the same transaction, tells what happened
async def note_returned(tx: WriteTx, order: Order) -> Order:
    """Everything of a locked order came back. Raises ConcurrentUpdate."""
    if order.fulfilment_status == "returned":
        return order
    returned: Order = msgspec.structs.replace(order, fulfilment_status="returned")
    await repository.store(tx, order, returned)
    return msgspec.structs.replace(returned, version=order.version + 1, updated_at=tx.now)


async def get_head(tx: ReadTx, order_id: UUID) -> Order:
    """An order without its lines, for the staff. Raises OrderNotFound."""
    return await repository.get(tx, order_id)


async def get(tx: ReadTx, order_id: UUID) -> tuple[Order, list[OrderLine]]:
    """An order with its lines, for the staff. Raises OrderNotFound."""
    return await repository.get(tx, order_id), await repository.list_lines(tx, order_id)


def check_own(tx: ReadTx, order: Order, access_token: str | None) -> None:
    """Raises OrderNotFound unless the actor placed the order or holds its token."""
    actor = tx.ctx.actor
    theirs = actor.kind == "customer" and actor.id is not None and actor.id == order.customer_id
    if not theirs and not (
        access_token is not None and digest_matches(access_token, order.access_token_digest)
    ):
        raise OrderNotFound


async def lock_own(tx: WriteTx, order_id: UUID, *, access_token: str | None) -> Order:
    """As `lock`, for whoever placed the order. Raises OrderNotFound: none, or not theirs."""
    order = await repository.lock(tx, order_id)
    check_own(tx, order, access_token)
    return order


async def get_own(
    tx: ReadTx, order_id: UUID, *, access_token: str | None
) -> tuple[Order, list[OrderLine]]:
    """An order for whoever placed it: its customer, signed in, or the holder of its token.

    Raises:
        OrderNotFound: none, or not theirs.
    """
    order = await repository.get(tx, order_id)
    check_own(tx, order, access_token)
    return order, await repository.list_lines(tx, order_id)


async def list_orders(tx: ReadTx, filter_: OrderFilter, page: PageRequest) -> Page[Order]:
    """The tenant's orders, newest first."""
    if filter_.email is not None:
        filter_ = msgspec.structs.replace(filter_, email=filter_.email.lower())
    return await repository.list_orders(tx, filter_, page)


async def list_own(tx: ReadTx, page: PageRequest) -> Page[Order]:
    """The orders of the signed-in customer, newest first; nobody else has any."""
    actor = tx.ctx.actor
    if actor.kind != "customer" or actor.id is None:
        return Page(items=[])
    return await repository.list_orders(tx, OrderFilter(customer_id=actor.id), page)
