"""A cart at live prices, in a fixed number of queries however many lines it has.

Refuses: holding a price; a cart shows what a thing costs now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import msgspec

from rustok.commerce.carts import repository
from rustok.commerce.carts.model import Cart, CartCoupon, CartLine, PricedCart, PricedLine, subtotal
from rustok.commerce.carts.service.access import check_owner
from rustok.commerce.inventory import api as inventory
from rustok.commerce.pricing import api as pricing
from rustok.commerce.products import api as products
from rustok.commerce.promotions import api as promotions
from rustok.core.db import ReadTx


async def get(tx: ReadTx, cart_id: UUID) -> PricedCart:
    """A cart at live prices. Raises CartNotFound."""
    cart = await repository.get(tx, cart_id)
    check_owner(tx, cart)
    return await price(tx, cart)


async def list_lines(tx: ReadTx, cart_id: UUID) -> list[CartLine]:
    """The lines of a cart, oldest first, at most 100."""
    return await repository.list_lines(tx, cart_id)


class Offers(msgspec.Struct, frozen=True, kw_only=True):
    """How variants would be sold now, by variant; one that is not for sale is absent."""

    variants: Mapping[UUID, products.SellableVariant]
    prices: Mapping[UUID, pricing.Price]
    stock: Mapping[UUID, inventory.Availability]


async def offers_for(tx: ReadTx, cart: Cart, lines: Iterable[UUID]) -> Offers:
    """The offers for these variants in the cart's currency and language."""
    ids = list(dict.fromkeys(lines))
    if not ids:
        return Offers(variants={}, prices={}, stock={})
    return Offers(
        variants=await products.sellable_variants(tx, ids, locale=cart.locale),
        prices=await pricing.prices_for(tx, ids, cart.currency, tx.now),
        stock=await inventory.available(tx, ids),
    )


async def price(
    tx: ReadTx,
    cart: Cart,
    *,
    lines: Sequence[CartLine] | None = None,
    offers: Offers | None = None,
) -> PricedCart:
    """`cart` with its lines as they would be sold now.

    Args:
        lines, offers: what the caller has read in this transaction; None reads it.
    """
    if lines is None:
        lines = await repository.list_lines(tx, cart.id)
    if offers is None:
        offers = await offers_for(tx, cart, (line.variant_id for line in lines))
    priced = [
        _priced_line(
            line,
            offers.variants.get(line.variant_id),
            offers.prices.get(line.variant_id),
            offers.stock[line.variant_id],
        )
        for line in lines
    ]
    return await _discounted(tx, cart, priced)


async def _discounted(tx: ReadTx, cart: Cart, lines: list[PricedLine]) -> PricedCart:
    total = subtotal(lines)
    discount = await promotions.quote(
        tx,
        cart.coupon_codes,
        [
            promotions.DiscountLine(
                id=line.id, product_id=line.product_id, total_minor=line.total_minor
            )
            for line in lines
            if line.product_id is not None and line.total_minor is not None
        ],
        currency=cart.currency,
        customer=promotions.customer_key(cart.customer_id, cart.email),
    )
    if discount.lines:
        lines = [
            msgspec.structs.replace(line, discount_minor=discount.lines.get(line.id, 0))
            for line in lines
        ]
    return PricedCart(
        cart=cart,
        lines=lines,
        subtotal_minor=total,
        discount_minor=discount.total_minor,
        total_minor=total - discount.total_minor,
        coupons=tuple(
            CartCoupon(
                code=one.code,
                name=one.name,
                discount_minor=one.discount_minor,
                problem=one.problem,
            )
            for one in discount.coupons
        ),
    )


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
