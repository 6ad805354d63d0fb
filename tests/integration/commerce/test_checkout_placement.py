"""Placing orders: all of it or nothing, once per cart, never more than there is."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from rustok.commerce.carts import api as carts
from rustok.commerce.checkout import api as checkout
from rustok.commerce.checkout.errors import OrderTotalTooLarge
from rustok.commerce.inventory import api as inventory
from rustok.commerce.orders import api as orders
from rustok.commerce.payments import api as payments
from rustok.commerce.pricing import api as pricing
from rustok.commerce.products import api as products
from rustok.core.pagination import PageRequest
from tests.conftest import World
from tests.integration.commerce.shop import ADDRESS, add_variant, buy, fill_cart


async def test_sixty_four_buyers_of_ten_pieces_make_exactly_ten_orders(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        variant_id = await add_variant(tx, on_hand=10)
        cart_ids = [await fill_cart(tx, {variant_id: 1}) for _ in range(64)]

    async def order(cart_id: UUID) -> str | None:
        try:
            async with world.write(tenant) as tx:
                placed = await checkout.place_order(
                    tx, cart_id, email="ada@example.com", shipping_address=ADDRESS
                )
        except inventory.StockInsufficient:
            return None
        return placed.order.number

    numbers = [n for n in await asyncio.gather(*map(order, cart_ids)) if n is not None]
    assert sorted(numbers) == [str(1_001 + i) for i in range(10)]
    async with world.read(tenant) as rtx:
        stock = (await inventory.available(rtx, [variant_id]))[variant_id]
        page = await orders.list_orders(rtx, orders.OrderFilter(), PageRequest(limit=100))
    assert (stock.on_hand, stock.reserved, stock.available) == (10, 10, 0)
    assert len(page.items) == 10
    assert len(await world.events(tenant, "order.placed")) == 10


async def test_one_cart_ordered_many_times_at_once_makes_one_order(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        variant_id = await add_variant(tx, on_hand=10)
        cart_id = await fill_cart(tx, {variant_id: 2})

    async def order() -> str:
        try:
            async with world.write(tenant) as tx:
                await checkout.place_order(
                    tx, cart_id, email="ada@example.com", shipping_address=ADDRESS
                )
        except carts.CartAlreadyCompleted as refused:
            return refused.code
        return "placed"

    outcomes = await asyncio.gather(*(order() for _ in range(8)))
    assert sorted(outcomes) == ["cart_completed"] * 7 + ["placed"]


async def test_a_placed_order_holds_what_was_agreed(world: World) -> None:
    tenant = await world.tenant(settings={"order_number_prefix": "N-"})
    ada = world.actor("customer", kind="customer")
    async with world.write(tenant) as tx:
        one = await add_variant(tx, on_hand=5, amount_minor=1_990, sku="ONE")
        other = await add_variant(tx, on_hand=5, amount_minor=500)
    async with world.write(tenant, actor=ada) as tx:
        cart_id = await fill_cart(tx, {one: 2, other: 1})
        placed = await checkout.place_order(
            tx,
            cart_id,
            email="Ada@Example.com",
            shipping_address=ADDRESS,
            expected_total_minor=4_480,
        )
    order = placed.order
    assert (order.number, order.state, order.total_minor) == ("N-1001", "confirmed", 4_480)
    assert (order.email, order.customer_id) == ("ada@example.com", ada.id)
    assert order.billing_address == ADDRESS
    assert (order.payment_status, order.fulfilment_status) == ("not_paid", "unfulfilled")
    assert [(line.position, line.quantity, line.total_minor) for line in placed.lines] == [
        (1, 2, 3_980),
        (2, 1, 500),
    ]
    async with world.write(tenant) as tx:
        await pricing.set_price(tx, one, "EUR", amount_minor=9_999)
        stored, lines = await orders.get(tx, order.id)
        assert stored == order
        assert lines == placed.lines
        assert [p.state for p in await payments.list_payments(tx, order.id)] == ["pending"]
        reserved = await inventory.list_reservations(tx, order.id)
    assert {r.order_line_id for r in reserved} == {line.id for line in lines}
    events = [e.type for e in await world.events(tenant) if e.type.startswith(("order.", "cart.c"))]
    assert events == [
        "cart.created",
        "order.placed",
        "order.status_changed",
        "order.confirmed",
        "order.status_changed",
        "cart.completed",
    ]


async def test_a_total_that_changed_is_refused_and_nothing_happens(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        variant_id = await add_variant(tx, on_hand=5, amount_minor=1_000)
        cart_id = await fill_cart(tx, {variant_id: 1})
    async with world.write(tenant) as tx:
        await pricing.set_price(tx, variant_id, "EUR", amount_minor=1_100)
    with pytest.raises(checkout.PriceChanged) as refused:
        async with world.write(tenant) as tx:
            await checkout.place_order(
                tx,
                cart_id,
                email="ada@example.com",
                shipping_address=ADDRESS,
                expected_total_minor=1_000,
            )
    assert refused.value.extensions["total_minor"] == 1_100
    assert await world.events(tenant, "order.placed") == []


async def test_a_short_line_rolls_everything_back_and_takes_no_number(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        plenty, few = await add_variant(tx, on_hand=5), await add_variant(tx, on_hand=1, sku="FEW")
        cart_id = await fill_cart(tx, {plenty: 1, few: 2})
    with pytest.raises(inventory.StockInsufficient) as refused:
        async with world.write(tenant) as tx:
            await checkout.place_order(
                tx, cart_id, email="ada@example.com", shipping_address=ADDRESS
            )
    assert refused.value.extensions["skus"] == ["FEW"]
    async with world.write(tenant) as tx:
        assert (await buy(tx, {plenty: 1})).order.number == "1001"


async def test_what_is_no_longer_for_sale_is_named(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        variant_id = await add_variant(tx, on_hand=5)
        cart_id = await fill_cart(tx, {variant_id: 1})
        variant = (await products.sellable_variants(tx, [variant_id], locale="en"))[variant_id]
        await products.unpublish(tx, variant.product_id)
        with pytest.raises(checkout.LinesNotForSale) as refused:
            await checkout.place_order(
                tx, cart_id, email="ada@example.com", shipping_address=ADDRESS
            )
    assert refused.value.variant_ids == (variant_id,)


async def test_what_is_missing_is_named_and_may_come_from_the_cart(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        variant_id = await add_variant(tx, on_hand=5)
        cart_id = await fill_cart(tx, {variant_id: 1})
        with pytest.raises(checkout.CheckoutIncomplete) as refused:
            await checkout.place_order(tx, cart_id)
        assert refused.value.missing == ("email", "shipping_address")
        await carts.update(tx, cart_id, email="ada@example.com", shipping_address=ADDRESS)
        placed = await checkout.place_order(tx, cart_id)
    assert placed.order.shipping_address == ADDRESS


async def test_an_empty_cart_cannot_be_ordered(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        cart = await carts.create(tx)
        with pytest.raises(checkout.CartEmpty):
            await checkout.place_order(
                tx, cart.id, email="ada@example.com", shipping_address=ADDRESS
            )


async def test_a_total_beyond_exact_numbers_is_refused(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        variant_id = await add_variant(tx, track_inventory=False, amount_minor=2**53 - 1)
        with pytest.raises(OrderTotalTooLarge):
            await buy(tx, {variant_id: 2})


async def test_an_order_of_any_size_takes_the_same_number_of_statements(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        variants = [await add_variant(tx, on_hand=50) for _ in range(12)]
        small = await fill_cart(tx, {variants[0]: 1})
        large = await fill_cart(tx, dict.fromkeys(variants, 1))
        await buy(tx, {variants[0]: 1})
    totals = []
    for cart_id in (small, large):
        with world.counting() as count:
            async with world.write(tenant) as tx:
                await checkout.place_order(
                    tx, cart_id, email="ada@example.com", shipping_address=ADDRESS
                )
        totals.append(count.total)
    assert totals[0] == totals[1]
    assert totals[0] <= 18


async def test_the_cart_of_another_customer_cannot_be_ordered(world: World) -> None:
    tenant = await world.tenant()
    ada, bob = world.actor("customer", kind="customer"), world.actor("customer", kind="customer")
    async with world.write(tenant) as tx:
        variant_id = await add_variant(tx, on_hand=5)
    async with world.write(tenant, actor=ada) as tx:
        cart_id = await fill_cart(tx, {variant_id: 1})
    async with world.write(tenant, actor=bob) as tx:
        with pytest.raises(carts.CartNotFound):
            await checkout.place_order(
                tx, cart_id, email="bob@example.com", shipping_address=ADDRESS
            )
