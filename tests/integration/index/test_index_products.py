"""Products from their events to the storefront, on both databases."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from rustok.commerce.inventory import api as inventory
from rustok.commerce.pricing import api as pricing
from rustok.commerce.products import api as products
from rustok.commerce.products.api import (
    ImageInput,
    OptionTranslation,
    ProductInput,
    ProductOption,
    TranslationInput,
    UpsertResult,
    VariantInput,
)
from rustok.commerce.products.service.categories import update_category
from rustok.core.db import WriteTx
from rustok.core.tenancy import TenantProfile
from rustok.index import api as index
from rustok.index.api import ProductFilters, ProductNotOnOffer
from rustok.index.products.service import refresh_sales
from tests.conftest import World

SHIRT = ProductInput(
    handle="linen-shirt",
    status="active",
    vendor="Nordlicht",
    tags=("summer",),
    translations=(
        TranslationInput(
            locale="en", title="Linen shirt", description_html="<p>Cool &amp; light</p>"
        ),
        TranslationInput(locale="de", title="Leinenhemd", handle="leinenhemd"),
    ),
    options=(
        ProductOption(
            name="Size",
            values=("S", "M"),
            translations={"de": OptionTranslation(name="Größe")},
        ),
    ),
    categories=(("Clothes", "Shirts"),),
    images=(ImageInput(url="https://cdn.example.com/shirt.webp"),),
    variants=(
        VariantInput(sku="SHIRT-S", option_values=("S",)),
        VariantInput(sku="SHIRT-M", option_values=("M",)),
    ),
)


async def offer(tx: WriteTx, what: ProductInput = SHIRT, source_id: str = "1") -> UpsertResult:
    made = await products.upsert(tx, what, source="test", source_id=source_id)
    small, medium = made.variant_ids
    await pricing.set_price(tx, small, "EUR", amount_minor=2_500)
    await pricing.set_price(tx, medium, "EUR", amount_minor=3_000)
    await pricing.set_price(tx, small, "USD", amount_minor=2_800)
    await inventory.set_level(tx, small, on_hand=1)
    return made


async def shop(world: World) -> TenantProfile:
    return await world.tenant(locales=["en", "de"], currencies=["EUR", "USD"])


async def test_a_published_product_is_served_per_locale_and_currency(world: World) -> None:
    tenant = await shop(world)
    async with world.write(tenant) as tx:
        await offer(tx)
    await world.drain()
    async with world.read(tenant) as tx:
        english = await index.get_product(tx, "linen-shirt")
        assert (english.title, english.locale, english.currency) == ("Linen shirt", "en", "EUR")
        assert english.price is not None
        assert (english.price.min_minor, english.price.max_minor) == (2_500, 3_000)
        assert [one.in_stock for one in english.variants] == [True, False]
        assert english.in_stock
        assert [[step.name for step in path] for path in english.categories] == [
            ["Clothes", "Shirts"]
        ]
        assert english.alternates == {"en": "linen-shirt", "de": "leinenhemd"}
        assert english.images[0].alt == "Linen shirt"
        card = (await index.list_products(tx, ProductFilters(q="shirt-m"))).items[0]
        assert (card.id, card.summary, card.variant_count) == (english.id, "Cool light", 2)
        assert card.variant_id == english.variants[0].id
    async with world.read(tenant, locale="de", currency="USD") as tx:
        german = await index.get_product(tx, "leinenhemd")
        assert german.title == "Leinenhemd"
        assert german.description_html == "<p>Cool &amp; light</p>"
        assert german.price is not None
        assert (german.price.min_minor, german.price.max_minor) == (2_800, 2_800)
        assert german.options[0].label == "Größe"
        assert german.options[0].key == "Size"
        with pytest.raises(ProductNotOnOffer):
            await index.get_product(tx, "linen-shirt")
        facets = await index.count_facets(tx, ProductFilters(category="clothes"))
        assert facets.total == 1
        assert [one.label for one in facets.facets["option"]] == ["Größe: M", "Größe: S"]
        assert {one.value for one in facets.facets["category"]} == {"clothes", "shirts"}


async def test_documents_follow_price_stock_and_lifecycle(world: World) -> None:
    tenant = await shop(world)
    async with world.write(tenant) as tx:
        made = await offer(tx)
    await world.drain()
    small, medium = made.variant_ids
    async with world.write(tenant) as tx:
        await pricing.set_price(tx, medium, "EUR", amount_minor=9_900)
        await inventory.set_level(tx, small, on_hand=0)
    await world.drain()
    async with world.read(tenant) as tx:
        product = await index.get_product(tx, "linen-shirt")
        assert product.price is not None
        assert product.price.max_minor == 9_900
        assert not product.in_stock
        assert (await index.list_products(tx, ProductFilters(in_stock=True))).items == []
    async with world.write(tenant) as tx:
        await products.unpublish(tx, made.product_id)
    await world.drain()
    async with world.read(tenant) as tx:
        with pytest.raises(ProductNotOnOffer):
            await index.get_product(tx, "linen-shirt")
        assert (await index.search(tx, "linen")).products == []


async def test_a_renamed_category_renames_the_facets(world: World) -> None:
    tenant = await shop(world)
    async with world.write(tenant) as tx:
        await offer(tx)
    await world.drain()
    async with world.write(tenant) as tx:
        roots = await products.list_categories(tx)
        root = next(one for one in roots if one.category.handle == "clothes")
        await update_category(
            tx,
            root.category.id,
            expected_version=None,
            texts={"en": products.Text(name="Garments")},
        )
    await world.drain()
    async with world.read(tenant) as tx:
        found = await index.count_facets(tx, ProductFilters())
        assert {one.label for one in found.facets["category"]} == {"Garments", "Shirts"}


async def test_a_sale_begins_and_ends_without_anybody_saying_so(world: World) -> None:
    tenant = await shop(world)
    async with world.write(tenant) as tx:
        made = await offer(tx)
        begins = tx.now + timedelta(hours=1)
        await pricing.set_price(
            tx,
            made.variant_ids[0],
            "EUR",
            amount_minor=2_500,
            sale=pricing.Sale(
                amount_minor=1_000, starts_at=begins, ends_at=begins + timedelta(hours=1)
            ),
        )
    await world.drain()

    async def lowest() -> int:
        async with world.read(tenant) as tx:
            product = await index.get_product(tx, "linen-shirt")
        assert product.price is not None
        return product.price.min_minor

    clock = world.db.now
    try:
        assert await refresh_sales(world.parts) == 0
        assert await lowest() == 2_500
        world.db.now = lambda: begins + timedelta(minutes=1)
        assert await refresh_sales(world.parts) == 1
        assert await lowest() == 1_000
        assert await refresh_sales(world.parts) == 0
        world.db.now = lambda: begins + timedelta(minutes=61)
        assert await refresh_sales(world.parts) == 1
        assert await lowest() == 2_500
        assert await refresh_sales(world.parts) == 0
    finally:
        world.db.now = clock


async def test_the_statements_of_a_projection_do_not_grow_with_the_products(world: World) -> None:
    tenant = await shop(world)
    ids: list[UUID] = []
    async with world.write(tenant) as tx:
        for number in range(12):
            plain = ProductInput(
                handle=f"lamp-{number}",
                status="active",
                translations=(TranslationInput(locale="en", title=f"Lamp {number}"),),
                variants=(VariantInput(sku=f"LAMP-{number}"),),
            )
            made = await products.upsert(tx, plain, source="test", source_id=str(number))
            await pricing.set_price(tx, made.variant_ids[0], "EUR", amount_minor=100)
            ids.append(made.product_id)
    project = index.PROJECTIONS["products"].project
    async with world.write(tenant) as tx:
        with world.counting() as one:
            assert await project(tx, ids[:1]) == 1
        with world.counting() as many:
            assert await project(tx, ids[1:]) == 11
    assert one.total == many.total


async def test_several_events_of_one_product_project_it_once(world: World) -> None:
    tenant = await shop(world)
    async with world.write(tenant) as tx:
        await offer(tx)
    with world.counting() as count:
        await world.drain()
    described = [sql for sql in count.sql if "FROM product_translations" in sql]
    assert len(described) == 1
