"""A cart at live prices, in a fixed number of queries however many lines it has.

Refuses: holding a price; a cart shows what a thing costs now.
"""

from __future__ import annotations

from uuid import UUID

from rustok.commerce.carts import repository
from rustok.commerce.carts.model import Cart, CartLine, PricedCart, PricedLine, subtotal
from rustok.commerce.carts.service.access import check_owner
from rustok.commerce.inventory import api as inventory
from rustok.commerce.pricing import api as pricing
from rustok.commerce.products import api as products
from rustok.core.db import ReadTx


async def get(tx: ReadTx, cart_id: UUID) -> PricedCart:
    """A cart at live prices. Raises CartNotFound."""
    cart = await repository.get(tx, cart_id)
    check_owner(tx, cart)
    return await price(tx, cart)


async def list_lines(tx: ReadTx, cart_id: UUID) -> list[CartLine]:
    """The lines of a cart, oldest first, at most 100."""
    return await repository.list_lines(tx, cart_id)


async def price(tx: ReadTx, cart: Cart) -> PricedCart:
    """`cart` with its lines as they would be sold now."""
    lines = await repository.list_lines(tx, cart.id)
    ids = [line.variant_id for line in lines]
    if not ids:
        return PricedCart(cart=cart, lines=[], subtotal_minor=0, total_minor=0)
    variants = await products.sellable_variants(tx, ids, locale=cart.locale)
    prices = await pricing.prices_for(tx, ids, cart.currency, tx.now)
    stock = await inventory.available(tx, ids)
    priced = [
        _priced_line(
            line,
            variants.get(line.variant_id),
            prices.get(line.variant_id),
            stock[line.variant_id],
        )
        for line in lines
    ]
    total = subtotal(priced)
    return PricedCart(cart=cart, lines=priced, subtotal_minor=total, total_minor=total)


def _priced_line(
    line: CartLine,
    variant: products.SellableVariant | None,
    price: pricing.Price | None,
    stock: inventory.Availability,
) -> PricedLine:
    if variant is None or price is None:
        return PricedLine(
            id=line.id,
            variant_id=line.variant_id,
            product_id=variant.product_id if variant else None,
            title=variant.title if variant else "",
            variant_title=variant.variant_title if variant else None,
            sku=variant.sku if variant else None,
            image_url=variant.image_url if variant else None,
            quantity=line.quantity,
            unit_amount_minor=None,
            compare_at_minor=None,
            total_minor=None,
            price_changed=False,
            requires_shipping=False,
            available=None,
            problem="not_for_sale",
        )
    covered = stock.covers(
        line.quantity,
        track_inventory=variant.track_inventory,
        allow_backorder=variant.allow_backorder,
    )
    return PricedLine(
        id=line.id,
        variant_id=line.variant_id,
        product_id=variant.product_id,
        title=variant.title,
        variant_title=variant.variant_title,
        sku=variant.sku,
        image_url=variant.image_url,
        quantity=line.quantity,
        unit_amount_minor=price.amount_minor,
        compare_at_minor=price.compare_at_minor,
        total_minor=price.amount_minor * line.quantity,
        price_changed=price.amount_minor != line.unit_amount_minor,
        requires_shipping=variant.requires_shipping,
        available=stock.available if variant.track_inventory else None,
        problem=None if covered else "stock_insufficient",
    )
