"""Carts: filling, pricing, owning, resting and waking."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
import pytest

from rustok.commerce.carts import repository, service
from rustok.commerce.carts.errors import (
    CartAlreadyCompleted,
    CartFull,
    CartLineNotFound,
    CartNotFound,
    CurrencyNotOffered,
    LineQuantityTooLarge,
    VariantNotForSale,
)
from rustok.commerce.carts.model import MAX_LINES, AbandonedCart, ActiveCart, CartLine
from rustok.commerce.carts.tables import carts as carts_table
from rustok.commerce.checkout import api as checkout
from rustok.commerce.pricing import api as pricing
from rustok.core.errors import IllegalTransition, PreconditionFailed
from rustok.core.ids import new_id
from tests.conftest import World
from tests.integration.commerce.shop import ADDRESS, add_variant, fill_cart


async def test_the_id_of_a_cart_is_random_and_not_of_its_time(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        made = [(await service.create(tx)).id for _ in range(3)]
    assert {one.version for one in made} == {4}
    assert len({one.bytes[:4] for one in made}) == 3


async def test_a_cart_shows_live_prices_and_says_what_changed(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        variant_id = await add_variant(tx, on_hand=9, amount_minor=1_000)
        cart_id = await fill_cart(tx, {variant_id: 2})
    async with world.read(tenant) as rtx:
        priced = await service.get(rtx, cart_id)
    assert (priced.subtotal_minor, priced.total_minor, priced.orderable) == (2_000, 2_000, True)
    async with world.write(tenant) as tx:
        await pricing.set_price(tx, variant_id, "EUR", amount_minor=1_200)
    async with world.read(tenant) as rtx:
        priced = await service.get(rtx, cart_id)
    assert priced.total_minor == 2_400
    assert priced.lines[0].price_changed


async def test_more_of_the_same_variant_raises_its_line(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        variant_id = await add_variant(tx, on_hand=9)
        cart_id = await fill_cart(tx, {variant_id: 2})
        priced = await service.add_line(tx, cart_id, variant_id=variant_id, quantity=3)
        assert [line.quantity for line in priced.lines] == [5]
        with pytest.raises(LineQuantityTooLarge):
            await service.add_line(tx, cart_id, variant_id=variant_id, quantity=995)


async def test_a_line_that_outgrows_the_stock_is_marked(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        few = await add_variant(tx, on_hand=1)
        later = await add_variant(tx, on_hand=0, allow_backorder=True)
        digital = await add_variant(tx, track_inventory=False)
        cart_id = await fill_cart(tx, {few: 2, later: 2, digital: 2})
    async with world.read(tenant) as rtx:
        priced = await service.get(rtx, cart_id)
    assert [line.problem for line in priced.lines] == ["stock_insufficient", None, None]
    assert [line.available for line in priced.lines] == [1, 0, None]
    assert not priced.orderable


async def test_what_is_not_published_or_has_no_price_cannot_be_put_in(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        draft = await add_variant(tx, published=False)
        unpriced = await add_variant(tx, amount_minor=None)
        cart = await service.create(tx)
        for variant_id in (draft, unpriced, new_id()):
            with pytest.raises(VariantNotForSale):
                await service.add_line(tx, cart.id, variant_id=variant_id, quantity=1)


async def test_lines_are_changed_and_taken_out(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        one, other = await add_variant(tx), await add_variant(tx)
        cart_id = await fill_cart(tx, {one: 1, other: 1})
        first, second = await service.list_lines(tx, cart_id)
        priced = await service.change_line(tx, cart_id, first.id, quantity=4)
        version = priced.cart.version
        assert priced.subtotal_minor == 5_000
        same = await service.change_line(tx, cart_id, first.id, quantity=4)
        assert same.cart.version == version
        priced = await service.remove_line(tx, cart_id, second.id)
        assert [line.id for line in priced.lines] == [first.id]
        with pytest.raises(CartLineNotFound):
            await service.remove_line(tx, cart_id, second.id)
        with pytest.raises(CartLineNotFound):
            await service.change_line(tx, cart_id, new_id(), quantity=1)
        with pytest.raises(PreconditionFailed):
            await service.change_line(tx, cart_id, first.id, quantity=1, expected_version=1)


async def test_a_line_of_another_cart_is_not_there(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        variant_id = await add_variant(tx)
        one, other = await fill_cart(tx, {variant_id: 1}), await fill_cart(tx, {variant_id: 1})
        line = (await service.list_lines(tx, one))[0]
        with pytest.raises(CartLineNotFound):
            await service.remove_line(tx, other, line.id)


async def test_a_cart_holds_a_hundred_lines_and_not_one_more(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        variant_id = await add_variant(tx)
        cart = await service.create(tx)
        for _ in range(MAX_LINES):
            line = CartLine(
                id=new_id(), variant_id=new_id(), quantity=1, unit_amount_minor=1, created_at=tx.now
            )
            repository.add_line(tx, cart.id, line)
        with pytest.raises(CartFull):
            await service.add_line(tx, cart.id, variant_id=variant_id, quantity=1)


async def test_a_cart_of_any_size_is_shown_with_the_same_number_of_statements(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        variants = [await add_variant(tx, on_hand=3) for _ in range(8)]
        small = await fill_cart(tx, {variants[0]: 1})
        large = await fill_cart(tx, dict.fromkeys(variants, 1))
    totals = []
    for cart_id in (small, large):
        with world.counting() as count:
            async with world.read(tenant) as rtx:
                await service.get(rtx, cart_id)
        totals.append(count.total)
    assert totals[0] == totals[1]


async def test_the_cart_of_a_customer_answers_to_that_customer_only(world: World) -> None:
    tenant = await world.tenant()
    ada, bob = world.actor("customer", kind="customer"), world.actor("customer", kind="customer")
    async with world.write(tenant, actor=ada) as tx:
        cart = await service.create(tx)
        assert cart.customer_id == ada.id
    for stranger in (bob, world.actor("anonymous", kind="anonymous", id=None)):
        async with world.read(tenant, actor=stranger) as rtx:
            with pytest.raises(CartNotFound):
                await service.get(rtx, cart.id)
        async with world.write(tenant, actor=stranger) as tx:
            with pytest.raises(CartNotFound):
                await service.update(tx, cart.id, email="bob@example.com")
    other = await world.tenant()
    async with world.read(other, actor=ada) as rtx:
        with pytest.raises(CartNotFound):
            await service.get(rtx, cart.id)


async def test_an_anonymous_cart_can_be_claimed_once_after_signing_in(world: World) -> None:
    tenant = await world.tenant()
    nobody = world.actor("anonymous", kind="anonymous", id=None)
    ada, bob = world.actor("customer", kind="customer"), world.actor("customer", kind="customer")
    async with world.write(tenant, actor=nobody) as tx:
        cart = await service.create(tx)
        with pytest.raises(CartNotFound):
            await service.claim(tx, cart.id)
    async with world.write(tenant, actor=ada) as tx:
        assert (await service.claim(tx, cart.id)).cart.customer_id == ada.id
        assert (await service.claim(tx, cart.id)).cart.version == 2
    async with world.write(tenant, actor=bob) as tx:
        with pytest.raises(CartNotFound):
            await service.claim(tx, cart.id)


async def test_addresses_and_email_are_set_and_removed(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        cart = await service.create(tx, email="Ada@Example.com")
        assert cart.email == "ada@example.com"
        await service.update(tx, cart.id, shipping_address=ADDRESS)
        await service.update(tx, cart.id, email=None)
    async with world.read(tenant) as rtx:
        found = (await service.get(rtx, cart.id)).cart
    assert (found.shipping_address, found.email, found.version) == (ADDRESS, None, 3)
    kinds = [event.type for event in await world.events(tenant)]
    assert kinds.count("cart.updated") == 2


def test_an_address_in_no_country_is_refused() -> None:
    with pytest.raises(ValueError, match="ISO 3166"):
        msgspec.structs.replace(ADDRESS, country="XX")


async def test_a_currency_the_shop_does_not_sell_in_is_refused(world: World) -> None:
    tenant = await world.tenant(currencies=["EUR", "USD"])
    async with world.write(tenant) as tx:
        assert (await service.create(tx, currency="USD")).currency == "USD"
        with pytest.raises(CurrencyNotOffered):
            await service.create(tx, currency="JPY")


async def test_idle_carts_are_set_aside_by_the_job_and_can_be_resumed(world: World) -> None:
    tenant = await world.tenant(settings={"cart_idle_days": 3})
    patient = await world.tenant()
    ids: list[UUID] = []
    for one in (tenant, patient):
        async with world.write(one) as tx:
            old = await service.create(tx)
            repository.store(tx, old)
            await tx.update(carts_table, {"id": old.id}, updated_at=tx.now - timedelta(days=4))
            await service.create(tx)
            ids.append(old.id)
    assert await service.abandon_idle(world.parts) == 1
    assert await service.abandon_idle(world.parts) == 0
    async with world.read(patient) as rtx:
        assert isinstance((await service.get(rtx, ids[1])).cart, ActiveCart)
    async with world.write(tenant) as tx:
        assert isinstance((await service.get(tx, ids[0])).cart, AbandonedCart)
        with pytest.raises(IllegalTransition) as refused:
            await service.update(tx, ids[0], email="ada@example.com")
        assert refused.value.allowed_actions == ("resume",)
        assert isinstance((await service.resume(tx, ids[0])).cart, ActiveCart)
        with pytest.raises(IllegalTransition):
            await service.resume(tx, ids[0])
    assert len(await world.events(tenant, "cart.abandoned")) == 1


async def test_a_completed_cart_cannot_be_changed(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        variant_id = await add_variant(tx, on_hand=3)
        cart_id = await fill_cart(tx, {variant_id: 1})
        placed = await checkout.place_order(
            tx, cart_id, email="ada@example.com", shipping_address=ADDRESS
        )
        with pytest.raises(CartAlreadyCompleted) as refused:
            await service.add_line(tx, cart_id, variant_id=variant_id, quantity=1)
        assert refused.value.order_id == placed.order.id


async def test_a_cart_that_does_not_exist_is_not_found(world: World) -> None:
    tenant = await world.tenant()
    async with world.read(tenant) as rtx:
        with pytest.raises(CartNotFound):
            await service.get(rtx, uuid4())
