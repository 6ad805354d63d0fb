"""Bringing whole products in: created once, changed where they differ, left alone where not."""

from __future__ import annotations

import msgspec
import pytest

from rustok.commerce.products import api as products
from rustok.commerce.products.errors import ProductInputInvalid, VariantCombinationTaken
from rustok.core.tenancy import TenantProfile
from tests.conftest import World
from tests.integration.commerce.catalogue import shirt, stored


async def described(
    world: World, tenant: TenantProfile, result: products.UpsertResult
) -> products.ProductDescription:
    async with world.read(tenant) as tx:
        return (await products.describe(tx, [result.product_id]))[0]


async def test_a_new_product_comes_in_whole_and_announces_each_part(world: World) -> None:
    tenant = await world.tenant(locales=["en", "de"])
    result = await stored(world, tenant)
    assert result.outcome == "created"
    types = [event.type for event in await world.events(tenant)][1:]
    assert types == [
        "category.created",
        "category.created",
        "product.created",
        "variant.created",
        "variant.created",
        "product.published",
    ]
    found = await described(world, tenant, result)
    assert found.status == "active"
    assert [one.title for one in found.translations] == ["Leinenhemd", "Linen shirt"]
    assert [one.sku for one in found.variants] == ["linen-shirt-S", "linen-shirt-M"]
    assert tuple(one.id for one in found.variants) == result.variant_ids
    assert [one.url for one in found.images] == ["/front.png", "/s.png"]
    path = [step.names["en"] for step in found.categories[0].steps]
    assert path == ["Clothing", "Shirts"]
    assert found.metadata == {"care": "30 °C", "organic": True}


async def test_the_same_input_again_changes_and_announces_nothing(world: World) -> None:
    tenant = await world.tenant()
    first = await stored(world, tenant)
    before = await described(world, tenant, first)
    events = len(await world.events(tenant))
    again = await stored(world, tenant)
    assert (again.outcome, again.variant_ids) == ("unchanged", first.variant_ids)
    assert len(await world.events(tenant)) == events
    assert await described(world, tenant, first) == before


async def test_a_changed_row_updates_what_differs_and_raises_the_version_once(
    world: World,
) -> None:
    tenant = await world.tenant()
    first = await stored(world, tenant)
    wanted = shirt(vendor="Südwind", tags=("linen",))
    wanted = msgspec.structs.replace(
        wanted, variants=(msgspec.structs.replace(wanted.variants[0], weight_grams=180),)
    )
    async with world.write(tenant) as tx:
        result = await products.upsert(tx, wanted, source="test", source_id="linen-shirt")
    assert (result.outcome, result.variant_ids) == ("updated", first.variant_ids[:1])
    found = await described(world, tenant, result)
    assert (found.version, found.vendor, found.tags) == (2, "Südwind", ("linen",))
    assert found.variants[0].weight_grams == 180
    types = [event.type for event in await world.events(tenant)]
    assert types[-3:] == ["product.updated", "variant.deleted", "variant.updated"]


async def test_two_variants_may_exchange_their_skus_and_values(world: World) -> None:
    tenant = await world.tenant()
    first = await stored(world, tenant)
    small, medium = shirt().variants
    swapped = (
        msgspec.structs.replace(small, sku=medium.sku, option_values=("M",)),
        msgspec.structs.replace(medium, sku=small.sku, option_values=("S",)),
    )
    result = await stored(world, tenant, variants=swapped)
    assert result.variant_ids == first.variant_ids
    found = await described(world, tenant, result)
    assert [(one.sku, one.option_values) for one in found.variants] == [
        ("linen-shirt-M", ("M",)),
        ("linen-shirt-S", ("S",)),
    ]


async def test_a_handle_that_another_product_has_gets_a_number_and_keeps_it(world: World) -> None:
    tenant = await world.tenant()
    wanted = shirt("tea", variants=(), options=(), status="draft")

    async def bring(source_id: str) -> products.UpsertResult:
        async with world.write(tenant) as tx:
            return await products.upsert(tx, wanted, source="test", source_id=source_id)

    await bring("a")
    assert (await described(world, tenant, await bring("b"))).handle == "tea-2"
    assert (await bring("b")).outcome == "unchanged"


async def test_translated_handles_are_parted_as_well(world: World) -> None:
    tenant = await world.tenant()
    texts = (products.TranslationInput(locale="de", title="Tee", handle="tee"),)
    await stored(world, tenant, "a", variants=(), options=(), translations=texts)
    second = await stored(world, tenant, "b", variants=(), options=(), translations=texts)
    assert (await described(world, tenant, second)).translations[0].handle == "tee-2"


async def test_a_product_that_cannot_be_published_stays_a_draft_and_says_why(
    world: World,
) -> None:
    tenant = await world.tenant()
    result = await stored(world, tenant, variants=(), options=(), images=())
    assert result.held_back == ("variants",)
    assert (await described(world, tenant, result)).status == "draft"
    again = await stored(world, tenant, variants=(), options=(), images=())
    assert (again.outcome, again.held_back) == ("unchanged", ("variants",))


async def test_the_status_goes_through_the_lifecycle(world: World) -> None:
    tenant = await world.tenant()
    await stored(world, tenant)
    steps = {
        "archived": "product.archived",
        "active": "product.published",
        "draft": "product.unpublished",
    }
    for status, event in steps.items():
        result = await stored(world, tenant, status=status)
        assert (await described(world, tenant, result)).status == status
        assert (await world.events(tenant))[-1].type == event


async def test_an_active_product_that_loses_its_variants_is_taken_off_the_shelves(
    world: World,
) -> None:
    tenant = await world.tenant()
    await stored(world, tenant)
    result = await stored(world, tenant, variants=(), options=())
    assert result.held_back == ("variants",)
    assert (await described(world, tenant, result)).status == "draft"
    assert (await world.events(tenant))[-1].type == "product.unpublished"


async def test_a_sku_of_another_product_is_refused_and_nothing_is_written(world: World) -> None:
    tenant = await world.tenant()
    await stored(world, tenant)
    events = len(await world.events(tenant))
    clash = (products.VariantInput(sku="linen-shirt-S"),)
    with pytest.raises(products.SkuTaken):
        await stored(world, tenant, "other", variants=clash, options=(), categories=(("New",),))
    assert len(await world.events(tenant)) == events


async def test_two_variants_of_one_combination_are_refused(world: World) -> None:
    tenant = await world.tenant()
    twice = tuple(products.VariantInput(option_values=("S",)) for _ in range(2))
    with pytest.raises(VariantCombinationTaken):
        await stored(world, tenant, variants=twice)


async def test_input_beyond_its_bounds_is_refused_by_field_and_rule(world: World) -> None:
    tenant = await world.tenant()
    with pytest.raises(ProductInputInvalid) as refusal:
        await stored(world, tenant, external_url="javascript:alert(1)")
    assert refusal.value.fields[0].pointer == "/external_url"


async def test_categories_of_one_name_below_different_parents_are_different(world: World) -> None:
    tenant = await world.tenant()
    result = await stored(
        world, tenant, categories=(("Women", "Shirts"), ("Men", "Shirts"), ("Women",))
    )
    found = await described(world, tenant, result)
    handles = sorted("/".join(step.handle for step in path.steps) for path in found.categories)
    assert handles == ["men/men-shirts", "women", "women/shirts"]
    async with world.read(tenant) as tx:
        assert len(await products.list_categories(tx)) == 4
