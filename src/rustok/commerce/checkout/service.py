"""The workflows of an order, each in the caller's one transaction.

Locks are taken in one order everywhere, so workflows wait for each other and never in a circle:
cart or order, payment, reservations, stock levels (by variant), the number counter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from rustok.commerce.carts import api as carts
from rustok.commerce.checkout.errors import (
    CartEmpty,
    CheckoutIncomplete,
    LinesNotForSale,
    OrderTotalTooLarge,
    PriceChanged,
)
from rustok.commerce.fulfilments import api as fulfilments
from rustok.commerce.inventory import api as inventory
from rustok.commerce.orders import api as orders
from rustok.commerce.payments import api as payments
from rustok.commerce.pricing import api as pricing
from rustok.commerce.products import api as products
from rustok.core.db import WriteTx
from rustok.core.ids import new_id
from rustok.core.postal import PostalAddress
from rustok.core.security.identifiers import parse_email
from rustok.core.types import MAX_AMOUNT_MINOR


async def place_order(
    tx: WriteTx,
    cart_id: UUID,
    *,
    email: str | None = None,
    shipping_address: PostalAddress | None = None,
    billing_address: PostalAddress | None = None,
    expected_total_minor: int | None = None,
) -> orders.PlacedOrder:
    """Turn a cart into a confirmed order at today's prices, with its stock reserved: all or nothing.

    Args:
        email, shipping_address, billing_address: None takes the cart's; without a billing
            address the shipping address stands in.
        expected_total_minor: the total the customer saw, in minor units of the cart's currency;
            None takes what it is.

    Raises:
        CartNotFound, CartAlreadyCompleted, IllegalTransition: the cart cannot be ordered from.
        CartEmpty, CheckoutIncomplete, InvalidEmail, OrderTotalTooLarge.
        LinesNotForSale: naming the variants.
        PriceChanged: the total is another than expected.
        StockInsufficient: naming every short variant.

    Emits: inventory.reserved, order.placed, order.confirmed, order.status_changed, cart.completed
    """
    cart = carts.require_active(await carts.lock(tx, cart_id), "complete")
    contact = email or cart.email
    destination = shipping_address or cart.shipping_address
    if contact is None or destination is None:
        present = {"email": contact, "shipping_address": destination}
        raise CheckoutIncomplete([name for name, value in present.items() if value is None])
    cart_lines = await carts.list_lines(tx, cart.id)
    if not cart_lines:
        raise CartEmpty
    order_lines, wanted = await _settle_lines(tx, cart, cart_lines)
    totals = orders.OrderTotals(
        subtotal_minor=sum(line.unit_amount_minor * line.quantity for line in order_lines)
    )
    if totals.total_minor > MAX_AMOUNT_MINOR:
        raise OrderTotalTooLarge
    if expected_total_minor is not None and expected_total_minor != totals.total_minor:
        raise PriceChanged(
            expected_total_minor=expected_total_minor,
            total_minor=totals.total_minor,
            currency=cart.currency,
        )
    order_id = new_id()
    await inventory.reserve(tx, order_id, wanted)
    placed = await orders.place(
        tx,
        orders.NewOrder(
            id=order_id,
            cart_id=cart.id,
            currency=cart.currency,
            locale=cart.locale,
            email=parse_email(contact, pointer="/email"),
            customer_id=cart.customer_id
            or (tx.ctx.actor.id if tx.ctx.actor.kind == "customer" else None),
            shipping_address=destination,
            billing_address=billing_address or cart.billing_address or destination,
            totals=totals,
            lines=order_lines,
        ),
    )
    await payments.open_payment(
        tx, order_id=order_id, amount_minor=totals.total_minor, currency=cart.currency
    )
    await carts.complete(tx, cart, order_id=order_id)
    return placed


async def _settle_lines(
    tx: WriteTx, cart: carts.ActiveCart, lines: Sequence[carts.CartLine]
) -> tuple[list[orders.NewOrderLine], list[inventory.ReserveLine]]:
    """The lines at today's titles and prices, and what they want of the stock."""
    ids = [line.variant_id for line in lines]
    variants = await products.sellable_variants(tx, ids, locale=cart.locale)
    prices = await pricing.prices_for(tx, ids, cart.currency, tx.now)
    gone = [one for one in ids if one not in variants or one not in prices]
    if gone:
        raise LinesNotForSale(gone)
    settled: list[orders.NewOrderLine] = []
    wanted: list[inventory.ReserveLine] = []
    for line in lines:
        variant = variants[line.variant_id]
        line_id = new_id()
        settled.append(
            orders.NewOrderLine(
                id=line_id,
                product_id=variant.product_id,
                variant_id=line.variant_id,
                sku=variant.sku,
                title=variant.title,
                variant_title=variant.variant_title,
                image_url=variant.image_url,
                quantity=line.quantity,
                unit_amount_minor=prices[line.variant_id].amount_minor,
                requires_shipping=variant.requires_shipping,
                taxable=variant.taxable,
                track_inventory=variant.track_inventory,
            )
        )
        wanted.append(
            inventory.ReserveLine(
                order_line_id=line_id,
                variant_id=line.variant_id,
                quantity=line.quantity,
                sku=variant.sku or "",
                track_inventory=variant.track_inventory,
                allow_backorder=variant.allow_backorder,
            )
        )
    return settled, wanted


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
    """Give up an order that is not paid; its stock is free again.

    Raises:
        OrderNotFound, PreconditionFailed, IllegalTransition, ConcurrentUpdate.

    Emits: order.cancelled, order.status_changed, payment.failed, inventory.released
    """
    order = await orders.lock(tx, order_id, expected_version=expected_version)
    cancelled = await orders.cancel(tx, order, reason=reason)
    if isinstance(order, orders.ConfirmedOrder):
        await payments.give_up(tx, order_id, reason="The order was cancelled.")
        await inventory.release(tx, order_id)
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

    Emits: order.cancelled, order.status_changed, payment.refunded, inventory.released
    """
    order = await orders.lock(tx, order_id, expected_version=expected_version)
    cancelled = await orders.cancel_with_refund(tx, order, reason=reason, refund_minor=refund_minor)
    if cancelled.refunded_minor:
        await payments.refund(tx, order_id, amount_minor=cancelled.refunded_minor)
    await inventory.release(tx, order_id)
    return cancelled
