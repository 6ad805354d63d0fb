"""Puts real products with prices and stock into a tenant of the tests, through the features' doors."""

from __future__ import annotations

from uuid import UUID, uuid4

from rustok.commerce.carts import api as carts
from rustok.commerce.checkout import api as checkout
from rustok.commerce.inventory import api as inventory
from rustok.commerce.orders import api as orders
from rustok.commerce.pricing import api as pricing
from rustok.commerce.products import api as products
from rustok.core.db import WriteTx
from rustok.core.postal import PostalAddress

ADDRESS = PostalAddress(
    name="Ada Lovelace", line1="Lindenallee 5", postal_code="20095", city="Hamburg", country="DE"
)


async def add_variant(
    tx: WriteTx,
    *,
    on_hand: int | None = None,
    amount_minor: int | None = 1_000,
    sku: str | None = None,
    track_inventory: bool = True,
    allow_backorder: bool = False,
    published: bool = True,
) -> UUID:
    """One product with one variant; `on_hand` and `amount_minor` None leave stock and price out."""
    name = uuid4().hex[:10]
    tree = await products.create(
        tx,
        products.ProductInput(
            handle=f"thing-{name}",
            translations=(products.TranslationInput(locale="en", title=f"Thing {name}"),),
            variants=(
                products.VariantInput(
                    sku=sku or f"SKU-{name}",
                    track_inventory=track_inventory,
                    allow_backorder=allow_backorder,
                ),
            ),
        ),
    )
    variant_id = tree.variants[0].id
    if published:
        await products.publish(tx, tree.product.id)
    if amount_minor is not None:
        await pricing.set_price(tx, variant_id, "EUR", amount_minor=amount_minor)
    if on_hand is not None:
        await inventory.set_level(tx, variant_id, on_hand=on_hand)
    return variant_id


async def fill_cart(tx: WriteTx, wanted: dict[UUID, int]) -> UUID:
    """A new cart of the request's actor with these quantities by variant."""
    cart = await carts.create(tx)
    for variant_id, quantity in wanted.items():
        await carts.add_line(tx, cart.id, variant_id=variant_id, quantity=quantity)
    return cart.id


async def buy(tx: WriteTx, wanted: dict[UUID, int]) -> orders.PlacedOrder:
    """An order of these quantities by variant."""
    cart_id = await fill_cart(tx, wanted)
    return await checkout.place_order(
        tx, cart_id, email="ada@example.com", shipping_address=ADDRESS
    )
