"""Products as others read them: complete, in the reader's words, in as many statements for one as for many."""

from __future__ import annotations

import pytest

from rustok.commerce.pricing import api as pricing
from rustok.commerce.products import api as products
from rustok.commerce.products.service import categories, collections
from rustok.commerce.products.service import products as service
from rustok.core.ids import new_id
from rustok.core.pagination import PageRequest
from tests.conftest import World
from tests.integration.commerce.catalogue import stored

COLOURS = products.ProductOption(
    name="Colour",
    values=("Blue", "Red"),
    translations={"de": products.OptionTranslation(name="Farbe", values={"Blue": "Blau"})},
)


async def test_reading_thirty_products_takes_as_many_statements_as_reading_one(
    world: World,
) -> None:
    tenant = await world.tenant(locales=["en", "de"])
    results = [await stored(world, tenant, f"p-{number}") for number in range(30)]
    ids = [result.product_id for result in results]
    variant_ids = [one for result in results for one in result.variant_ids]
    async with world.write(tenant) as tx:
        made = await collections.create_collection(
            tx, handle="all", texts={"en": products.Text(name="All")}
        )
        await collections.add_products(tx, made.collection.id, ids)
        for variant_id in variant_ids:
            await pricing.set_price(tx, variant_id, "EUR", amount_minor=100)
    totals: list[tuple[int, ...]] = []
    for size in (1, 30):
        async with world.read(tenant) as tx:
            counts = []
            with world.counting() as count:
                assert len(await products.describe(tx, ids[:size])) == size
            counts.append(count.total)
            with world.counting() as count:
                found = await products.sellable_variants(tx, variant_ids[: size * 2], locale="de")
                assert len(found) == size * 2
            counts.append(count.total)
            with world.counting() as count:
                page = await service.list_products(tx, PageRequest(limit=size))
                assert len(page.items) == size
            counts.append(count.total)
            with world.counting() as count:
                await pricing.prices_for(tx, variant_ids[: size * 2], "EUR", tx.now)
            counts.append(count.total)
            with world.counting() as count:
                await collections.list_members(tx, made.collection.id, PageRequest(limit=size))
            counts.append(count.total)
            with world.counting() as count:
                await categories.list_category_page(tx, PageRequest(limit=size))
            counts.append(count.total)
        totals.append(tuple(counts))
    assert totals[0] == totals[1]
    assert totals[0] == (10, 1, 4, 1, 2, 2)


async def test_a_sellable_variant_speaks_the_readers_language(world: World) -> None:
    tenant = await world.tenant(locales=["en", "de"])
    variants = tuple(
        products.VariantInput(sku=value, option_values=(value,), image_url=url)
        for value, url in (("Blue", "/blue.png"), ("Red", None))
    )
    result = await stored(world, tenant, options=(COLOURS,), variants=variants)
    blue, red = result.variant_ids
    async with world.read(tenant) as tx:
        german = await products.sellable_variants(tx, [blue, red, new_id()], locale="de-AT")
        french = await products.sellable_variants(tx, [blue], locale="fr")
    assert (german[blue].title, german[blue].variant_title) == ("Leinenhemd", "Blau")
    assert (german[red].variant_title, german[red].image_url) == ("Red", "/front.png")
    assert german[blue].image_url == "/blue.png"
    assert (french[blue].title, french[blue].variant_title) == ("Linen shirt", "Blue")
    assert set(german) == {blue, red}


@pytest.mark.parametrize("status", ["draft", "archived"])
async def test_a_variant_of_a_product_not_on_offer_is_not_sellable(
    world: World, status: str
) -> None:
    tenant = await world.tenant()
    result = await stored(world, tenant, status=status)
    async with world.read(tenant) as tx:
        assert await products.sellable_variants(tx, result.variant_ids, locale="en") == {}
        assert set(await products.find_variants(tx, result.variant_ids)) == set(result.variant_ids)


async def test_ids_are_listed_in_steps_for_a_rebuild(world: World) -> None:
    tenant = await world.tenant()
    ids = sorted([(await stored(world, tenant, f"p-{one}")).product_id for one in range(3)])
    async with world.read(tenant) as tx:
        first = await products.list_ids(tx, limit=2)
        rest = await products.list_ids(tx, after=first[-1], limit=2)
    assert first + rest == ids
