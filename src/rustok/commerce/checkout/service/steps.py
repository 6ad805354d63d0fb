"""The steps of an order after it was placed, each in the caller's one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from rustok.commerce.fulfilments import api as fulfilments
from rustok.commerce.inventory import api as inventory
from rustok.commerce.orders import api as orders
from rustok.commerce.payments import api as payments
from rustok.commerce.promotions import api as promotions
from rustok.core.db import WriteTx


async def confirm(
    tx: WriteTx, order_id: UUID, *, expected_version: int | None = None
) -> orders.ConfirmedOrder:
    """Reserve the stock of a pending order (one that did not come through `place_order`).

    Raises:
        OrderNotFound, PreconditionFailed, IllegalTransition, ConcurrentUpdate, StockInsufficient.

    Emits: inventory.reserved, order.confirmed, order.status_changed
    """
    order = await orders.lock(tx, order_id, expected_version=expected_version)
    confirmed = await orders.confirm(tx, order)
    _, lines = await orders.get(tx, order_id)
    await payments.open_payment(
        tx, order_id=order_id, amount_minor=order.total_minor, currency=order.currency
    )
    await inventory.reserve(
        tx,
        order_id,
        [
            inventory.ReserveLine(
                order_line_id=line.id,
                variant_id=line.variant_id,
                quantity=line.quantity,
                sku=line.sku or "",
                track_inventory=line.track_inventory,
            )
            for line in lines
        ],
    )
    return confirmed


async def pay(
    tx: WriteTx,
    order_id: UUID,
    *,
    method: str,
    reference: str | None = None,
    amount_minor: int | None = None,
    expected_version: int | None = None,
) -> orders.PaidOrder:
    """Record that the money for a confirmed order came in.

    Args:
        method: how ("bank_transfer", "cash").
        reference: what to find it by in the books.
        amount_minor: what came in, minor units of the order's currency; None is the whole total.

    Raises:
        OrderNotFound, PreconditionFailed, IllegalTransition, ConcurrentUpdate.
        CaptureOutOfRange: not the total.

    Emits: payment.authorized, payment.captured, order.paid, order.status_changed
    """
    order = orders.require_payable(
        await orders.lock(tx, order_id, expected_version=expected_version)
    )
    payment = await payments.record_manual(
        tx,
        order_id,
        asked_minor=order.total_minor,
        currency=order.currency,
        amount_minor=order.total_minor if amount_minor is None else amount_minor,
        method=method,
        reference=reference,
    )
    return await orders.pay(tx, order, payment_id=payment.id, method=method)


async def ship(
    tx: WriteTx,
    order_id: UUID,
    *,
    carrier: str,
    tracking_number: str | None = None,
    quantities: Mapping[UUID, int] | None = None,
    expected_version: int | None = None,
) -> orders.ShippedOrder | orders.PaidOrder:
    """Send pieces of a paid order: the stock leaves the shelf.

    Args:
        quantities: pieces by order line id; None sends all that is left.

    Returns:
        The order, shipped when nothing is left, else still paid.

    Raises:
        OrderNotFound, PreconditionFailed, IllegalTransition, ConcurrentUpdate.
        OrderLineNotFound, ShipmentTooLarge: the quantities do not fit the order.
        StockInsufficient: a backordered piece has not arrived.

    Emits: fulfilment.created, fulfilment.shipped, inventory.adjusted, and order.shipped with
        order.status_changed or order.partially_shipped
    """
    order = orders.require_shippable(
        await orders.lock(tx, order_id, expected_version=expected_version)
    )
    shipped, lines, complete = await orders.plan_shipment(tx, order, quantities)
    tracked = {
        line.id: shipped[line.id] for line in lines if line.track_inventory and line.id in shipped
    }
    if tracked:
        await inventory.consume(tx, order_id, tracked)
    parcel = await fulfilments.ship_now(
        tx, order_id, shipped, carrier=carrier, tracking_number=tracking_number
    )
    return await orders.ship(
        tx,
        order,
        shipped,
        complete=complete,
        fulfilment_id=parcel.id,
        carrier=carrier,
        tracking_number=tracking_number,
    )


async def deliver(
    tx: WriteTx,
    order_id: UUID,
    *,
    signature: str | None = None,
    expected_version: int | None = None,
) -> orders.DeliveredOrder:
    """Everything of a shipped order arrived.

    Args:
        signature: who took it, if somebody signed.

    Raises:
        OrderNotFound, PreconditionFailed, IllegalTransition, ConcurrentUpdate.

    Emits: fulfilment.delivered, order.delivered, order.status_changed
    """
    order = await orders.lock(tx, order_id, expected_version=expected_version)
    delivered = await orders.deliver(tx, order, signature=signature)
    await fulfilments.deliver_all(tx, order_id)
    return delivered


async def cancel(
    tx: WriteTx, order_id: UUID, *, reason: str, expected_version: int | None = None
) -> orders.CancelledOrder:
    """Give up an order that is not paid; its stock and the uses of its coupons are free again.

    Raises:
        OrderNotFound, PreconditionFailed, IllegalTransition, ConcurrentUpdate.

    Emits: order.cancelled, order.status_changed, payment.failed, inventory.released
    """
    order = await orders.lock(tx, order_id, expected_version=expected_version)
    cancelled = await orders.cancel(tx, order, reason=reason)
    if isinstance(order, orders.ConfirmedOrder):
        await payments.give_up(tx, order_id, reason="The order was cancelled.")
        await inventory.release(tx, order_id)
    await promotions.release(tx, order_id)
    return cancelled


async def cancel_with_refund(
    tx: WriteTx,
    order_id: UUID,
    *,
    reason: str,
    refund_minor: int | None = None,
    expected_version: int | None = None,
) -> orders.CancelledOrder:
    """Give up a paid order of which nothing is shipped; its stock is free again.

    Args:
        refund_minor: what was paid back, minor units of the order's currency; None is the total.

    Raises:
        OrderNotFound, PreconditionFailed, IllegalTransition, ConcurrentUpdate.
        OrderPartlyShipped, RefundOutOfRange.

    Emits: order.cancelled, order.status_changed, inventory.released, and payment.refunded, at once
        when the money was recorded by hand, else when the provider has paid it back
    """
    order = await orders.lock(tx, order_id, expected_version=expected_version)
    # Judged first: an order that was never paid has no payment to look for.
    paid = orders.require_refundable(order)
    live = await payments.lock_live(tx, order_id)
    cancelled = await orders.cancel_with_refund(
        tx,
        paid,
        reason=reason,
        refund_minor=refund_minor,
        is_paid_back=live.provider == "manual",
    )
    if cancelled.refunded_minor:
        await payments.request_refund(
            tx, live, amount_minor=cancelled.refunded_minor, cause="order_cancelled"
        )
    await inventory.release(tx, order_id)
    return cancelled
