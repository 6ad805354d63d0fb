"""Products one change at a time: versions, steps, texts, variants and pictures."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from rustok.commerce.products import api as products
from rustok.commerce.products.errors import (
    CategoriesUnknown,
    ImageNotFound,
    ImageOrderIncomplete,
    OptionValuesMismatch,
    ProductHandleTaken,
    ProductNotPublishable,
    TranslationNeeded,
    TranslationNotFound,
    VariantCombinationTaken,
    VariantNeeded,
)
from rustok.commerce.products.service import parts, trees
from rustok.commerce.products.service import products as service
from rustok.core.errors import IllegalTransition, PreconditionFailed
from rustok.core.ids import new_id
from rustok.core.pagination import PageRequest
from rustok.core.tenancy import TenantProfile
from tests.conftest import World
from tests.integration.commerce.catalogue import SIZES, shirt, stored


async def made(
    world: World, tenant: TenantProfile, handle: str = "linen-shirt"
) -> products.ProductTree:
    """A draft with two variants and two pictures."""
    async with world.write(tenant) as tx:
        return await service.create(tx, shirt(handle))


async def test_a_product_is_created_as_a_draft_whatever_the_input_says(world: World) -> None:
    tenant = await world.tenant()
    tree = await made(world, tenant)
    async with world.read(tenant) as tx:
        assert await service.get(tx, tree.product.id) == tree
    assert tree.product.state == "draft"


async def test_a_life_from_draft_to_the_shelves_and_back(world: World) -> None:
    tenant = await world.tenant()
    product_id = (await made(world, tenant)).product.id
    steps = [service.publish, service.unpublish, service.archive, service.restore]
    states = []
    for step in steps:
        async with world.write(tenant) as tx:
            states.append((await step(tx, product_id)).product.state)
    assert states == ["active", "draft", "archived", "draft"]
    types = [event.type for event in await world.events(tenant)]
    assert types[-4:] == [
        "product.published",
        "product.unpublished",
        "product.archived",
        "product.updated",
    ]
    async with world.read(tenant) as tx:
        assert (await service.get(tx, product_id)).product.version == 5


async def test_a_step_the_state_does_not_have_is_refused_with_those_it_has(world: World) -> None:
    tenant = await world.tenant()
    product_id = (await stored(world, tenant)).product_id
    for step in (service.publish, service.restore):
        with pytest.raises(IllegalTransition) as refusal:
            async with world.write(tenant) as tx:
                await step(tx, product_id)
        assert refusal.value.allowed_actions == ("unpublish", "archive")


async def test_publishing_needs_a_title_in_the_default_locale(world: World) -> None:
    tenant = await world.tenant(locales=["fr", "en"])
    product_id = (await made(world, tenant)).product.id
    with pytest.raises(ProductNotPublishable) as refusal:
        async with world.write(tenant) as tx:
            await service.publish(tx, product_id)
    assert refusal.value.missing == ("title",)


async def test_an_active_product_keeps_its_title_and_its_last_variant(world: World) -> None:
    tenant = await world.tenant()
    result = await stored(world, tenant)
    with pytest.raises(TranslationNeeded):
        async with world.write(tenant) as tx:
            await service.remove_translation(tx, result.product_id, "en", expected_version=None)
    async with world.write(tenant) as tx:
        await parts.delete_variant(tx, result.variant_ids[0], expected_version=1)
    with pytest.raises(VariantNeeded):
        async with world.write(tenant) as tx:
            await parts.delete_variant(tx, result.variant_ids[1], expected_version=None)


async def test_an_active_product_is_not_deleted_an_archived_one_goes_with_all_its_parts(
    world: World,
) -> None:
    tenant = await world.tenant()
    result = await stored(world, tenant)
    with pytest.raises(IllegalTransition):
        async with world.write(tenant) as tx:
            await service.delete(tx, result.product_id, expected_version=None)
    async with world.write(tenant) as tx:
        await service.archive(tx, result.product_id)
    async with world.write(tenant) as tx:
        await service.delete(tx, result.product_id, expected_version=2)
    async with world.read(tenant) as tx:
        assert await products.describe(tx, [result.product_id]) == []
        assert await products.find_variants(tx, result.variant_ids) == {}
    types = [event.type for event in await world.events(tenant)]
    assert types[-3:] == ["variant.deleted", "variant.deleted", "product.deleted"]


async def test_a_change_names_its_fields_and_no_change_is_no_event(world: World) -> None:
    tenant = await world.tenant()
    product_id = (await made(world, tenant)).product.id

    async def change() -> products.ProductTree:
        wanted: dict[str, object] = {"vendor": None, "tags": ("a",), "handle": "linen-shirt"}
        async with world.write(tenant) as tx:
            return await service.update(tx, product_id, expected_version=None, changes=wanted)

    assert (await change()).product.version == 2
    assert (await change()).product.version == 2
    updates = await world.events(tenant, "product.updated")
    assert len(updates) == 1
    assert b'"changed":["vendor","tags"]' in bytes(updates[0].data)


async def test_a_change_at_another_version_is_refused(world: World) -> None:
    tenant = await world.tenant()
    tree = await made(world, tenant)
    with pytest.raises(PreconditionFailed):
        async with world.write(tenant) as tx:
            await service.update(tx, tree.product.id, expected_version=7, changes={"vendor": "X"})


async def test_of_two_writers_with_one_version_only_one_wins(world: World) -> None:
    tenant = await world.tenant()
    tree = await made(world, tenant)

    async def rename(vendor: str) -> bool:
        try:
            async with world.write(tenant) as tx:
                await service.update(
                    tx, tree.product.id, expected_version=1, changes={"vendor": vendor}
                )
        except PreconditionFailed:
            return False
        return True

    assert sum(await asyncio.gather(*(rename(f"v{one}") for one in range(6)))) == 1


async def test_a_handle_of_another_product_is_refused(world: World) -> None:
    tenant = await world.tenant()
    await made(world, tenant)
    other = await made(world, tenant, "other")
    with pytest.raises(ProductHandleTaken):
        async with world.write(tenant) as tx:
            await service.create(tx, shirt())
    with pytest.raises(ProductHandleTaken):
        async with world.write(tenant) as tx:
            await service.update(
                tx, other.product.id, expected_version=1, changes={"handle": "linen-shirt"}
            )


async def test_texts_are_set_per_locale_and_sanitised(world: World) -> None:
    tenant = await world.tenant()
    tree = await made(world, tenant)
    wanted = products.TranslationInput(
        locale="pt-br", title="Camisa", description_html="<b>Leve</b><script>x</script>"
    )
    async with world.write(tenant) as tx:
        changed = await service.translate(tx, tree.product.id, wanted, expected_version=1)
    text = next(one for one in changed.translations if one.locale == "pt-BR")
    assert text.description_html == "<b>Leve</b>"
    async with world.write(tenant) as tx:
        left = await service.remove_translation(tx, tree.product.id, "pt-BR", expected_version=2)
    assert [one.locale for one in left.translations] == ["de", "en"]
    with pytest.raises(TranslationNotFound):
        async with world.write(tenant) as tx:
            await service.remove_translation(tx, tree.product.id, "pt-BR", expected_version=3)


async def test_a_variant_is_added_changed_and_removed(world: World) -> None:
    tenant = await world.tenant()
    tree = await made(world, tenant)
    sizes = products.ProductOption(name="Size", values=("S", "M", "L"))
    async with world.write(tenant) as tx:
        await parts.change_options(
            tx, tree.product.id, [sizes], variant_values={}, expected_version=1
        )
        large = await parts.create_variant(
            tx, tree.product.id, products.VariantInput(sku="L", option_values=("L",))
        )
    assert large.position == 3
    async with world.write(tenant) as tx:
        changed = await parts.update_variant(
            tx, large.id, expected_version=1, changes={"barcode": "4006381333931", "sku": None}
        )
    assert (changed.version, changed.sku) == (2, None)
    async with world.write(tenant) as tx:
        await parts.delete_variant(tx, large.id, expected_version=2)
    with pytest.raises(products.VariantNotFound):
        async with world.read(tenant) as tx:
            await parts.get_variant(tx, large.id)


async def test_variants_that_do_not_fit_are_refused(world: World) -> None:
    tenant = await world.tenant()
    tree = await made(world, tenant)
    for values, error in ((("XL",), OptionValuesMismatch), (("S",), VariantCombinationTaken)):
        with pytest.raises(error):
            async with world.write(tenant) as tx:
                await parts.create_variant(
                    tx, tree.product.id, products.VariantInput(option_values=values)
                )
    with pytest.raises(products.SkuTaken):
        async with world.write(tenant) as tx:
            await parts.update_variant(
                tx,
                tree.variants[0].id,
                expected_version=None,
                changes={"sku": tree.variants[1].sku},
            )


async def test_options_change_together_with_the_values_of_the_variants(world: World) -> None:
    tenant = await world.tenant()
    tree = await made(world, tenant)
    options = [SIZES, products.ProductOption(name="Colour", values=("Blue",))]
    with pytest.raises(OptionValuesMismatch):
        async with world.write(tenant) as tx:
            await parts.change_options(
                tx, tree.product.id, options, variant_values={}, expected_version=1
            )
    async with world.write(tenant) as tx:
        changed = await parts.change_options(
            tx,
            tree.product.id,
            options,
            variant_values={one.id: (*one.option_values, "Blue") for one in tree.variants},
            expected_version=1,
        )
    assert [one.option_values for one in changed.variants] == [("S", "Blue"), ("M", "Blue")]
    with pytest.raises(products.VariantNotFound):
        async with world.write(tenant) as tx:
            await parts.change_options(
                tx,
                tree.product.id,
                options,
                variant_values={new_id(): ("S", "Blue")},
                expected_version=2,
            )


async def test_pictures_are_added_ordered_and_removed_with_their_variants_in_step(
    world: World,
) -> None:
    tenant = await world.tenant()
    tree = await made(world, tenant)
    product_id, medium = tree.product.id, tree.variants[1]
    async with world.write(tenant) as tx:
        tree = await parts.add_image(
            tx, product_id, products.ImageInput(url="/m.png"), variant_ids=[medium.id]
        )
    ids = [image.id for image in tree.images]
    assert tree.variants[1].image_id == ids[2]
    async with world.write(tenant) as tx:
        tree = await parts.reorder_images(tx, product_id, ids[::-1], expected_version=2)
    assert [(one.id, one.position) for one in tree.images] == [
        (ids[2], 1),
        (ids[1], 2),
        (ids[0], 3),
    ]
    async with world.write(tenant) as tx:
        await parts.remove_image(tx, product_id, ids[2], expected_version=3)
    async with world.read(tenant) as tx:
        tree = await trees.load(tx, product_id)
    assert [one.position for one in tree.images] == [1, 2]
    assert tree.variants[1].image_id is None
    with pytest.raises(ImageOrderIncomplete):
        async with world.write(tenant) as tx:
            await parts.reorder_images(tx, product_id, [ids[0], ids[0]], expected_version=None)
    with pytest.raises(ImageNotFound):
        async with world.write(tenant) as tx:
            await parts.remove_image(tx, product_id, ids[2], expected_version=None)


async def test_the_list_is_filtered_by_state_beginning_and_category(world: World) -> None:
    tenant = await world.tenant(locales=["en", "de"])
    first = await stored(world, tenant, "first", categories=(("Clothing",),))
    tea = products.TranslationInput(locale="en", title="Ökotee 100% grün")
    await stored(world, tenant, "second", translations=(tea,), status="draft")

    async def handles(**filters: object) -> list[str]:
        async with world.read(tenant) as tx:
            page = await service.list_products(tx, PageRequest(), **filters)  # type: ignore[arg-type]
        return [one.product.handle for one in page.items]

    assert await handles() == ["second", "first"]
    assert await handles(status="active") == ["first"]
    assert await handles(begins="öKO") == ["second"]
    assert await handles(begins="ökotee 100%") == ["second"]
    assert await handles(begins="%") == []
    assert await handles(begins="SECOND-s") == ["second"]
    assert await handles(begins="Leinen") == ["first"]
    async with world.read(tenant) as tx:
        category = (await products.list_categories(tx))[0].category.id
    assert await handles(category_id=category) == ["first"]
    assert await handles(category_id=first.product_id) == []


async def test_pages_follow_one_another_without_gap_or_repetition(world: World) -> None:
    tenant = await world.tenant()
    for number in range(5):
        await made(world, tenant, f"p-{number}")
    seen: list[str] = []
    cursor: str | None = None
    async with world.read(tenant) as tx:
        while True:
            page = await service.list_products(tx, PageRequest(limit=2, cursor=cursor))
            seen += [one.product.handle for one in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
    assert seen == ["p-4", "p-3", "p-2", "p-1", "p-0"]


async def test_things_of_another_tenant_do_not_exist_here(world: World) -> None:
    mine, theirs = await world.tenant(), await world.tenant()
    result = await stored(world, theirs)
    own = await made(world, mine)
    async with world.read(theirs) as tx:
        foreign_category = (await products.list_categories(tx))[0].category.id
        foreign_image = (await service.get(tx, result.product_id)).images[0].id
    async with world.read(mine) as tx:
        assert await products.describe(tx, [result.product_id]) == []
        assert await products.sellable_variants(tx, result.variant_ids, locale="en") == {}
        with pytest.raises(products.ProductNotFound):
            await service.get(tx, result.product_id)
    with pytest.raises(products.ProductNotFound):
        async with world.write(mine) as tx:
            await service.publish(tx, result.product_id)
    with pytest.raises(products.VariantNotFound):
        async with world.write(mine) as tx:
            await parts.update_variant(
                tx, result.variant_ids[0], expected_version=None, changes={"sku": "X"}
            )
    with pytest.raises(CategoriesUnknown):
        async with world.write(mine) as tx:
            await service.update(
                tx,
                own.product.id,
                expected_version=1,
                changes={},
                category_ids=[foreign_category],
            )
    with pytest.raises(ImageNotFound):
        async with world.write(mine) as tx:
            await parts.update_variant(
                tx,
                own.variants[0].id,
                expected_version=1,
                changes={"image_id": UUID(str(foreign_image))},
            )


async def test_two_tenants_may_use_one_handle_and_one_sku(world: World) -> None:
    for tenant in (await world.tenant(), await world.tenant()):
        assert (await stored(world, tenant)).outcome == "created"
