"""Placing an order: prices, stock, order, payment and cart in the caller's one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from rustok.commerce.carts import api as carts
from rustok.commerce.checkout.errors import (
    CartEmpty,
    CheckoutIncomplete,
    LinesNotForSale,
    OrderTotalTooLarge,
    PriceChanged,
)
from rustok.commerce.inventory import api as inventory
from rustok.commerce.orders import api as orders
from rustok.commerce.payments import api as payments
from rustok.commerce.pricing import api as pricing
from rustok.commerce.products import api as products
from rustok.commerce.promotions import api as promotions
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
        CouponNotApplicable: a coupon of the cart does not count, or its last use is gone.

    Emits: inventory.reserved, coupon.redeemed, order.placed, order.confirmed, order.status_changed, cart.completed
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
    customer_id = cart.customer_id or (tx.ctx.actor.id if tx.ctx.actor.kind == "customer" else None)
    customer = promotions.customer_key(customer_id, contact) or ""
    discount = await _discount(tx, cart, order_lines, customer)
    if discount.lines:
        order_lines = [
            msgspec.structs.replace(line, discount_minor=discount.lines.get(line.id, 0))
            for line in order_lines
        ]
    totals = orders.OrderTotals(
        subtotal_minor=sum(line.unit_amount_minor * line.quantity for line in order_lines),
        discount_minor=discount.total_minor,
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
    if discount.coupons:
        # Late: a coupon many buy with is held from here to the commit only.
        await promotions.redeem(
            tx, discount, order_id=order_id, currency=cart.currency, customer=customer
        )
    placed = await orders.place(
        tx,
        orders.NewOrder(
            id=order_id,
            cart_id=cart.id,
            currency=cart.currency,
            locale=cart.locale,
            email=parse_email(contact, pointer="/email"),
            customer_id=customer_id,
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


async def _discount(
    tx: WriteTx,
    cart: carts.ActiveCart,
    lines: Sequence[orders.NewOrderLine],
    customer: str,
) -> promotions.Discount:
    """What the coupons of the cart take off; every one of them must count. None, no query."""
    if not cart.coupon_codes:
        return promotions.NO_DISCOUNT
    quoted = await promotions.quote(
        tx,
        cart.coupon_codes,
        [
            promotions.DiscountLine(
                id=line.id,
                product_id=line.product_id,
                total_minor=line.unit_amount_minor * line.quantity,
            )
            for line in lines
        ],
        currency=cart.currency,
        customer=customer,
    )
    return promotions.require_counting(quoted)


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
