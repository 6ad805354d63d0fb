"""The category tree and the collections."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from rustok.commerce.products import api as products
from rustok.commerce.products.errors import (
    CategoryCycle,
    CategoryHandleTaken,
    CategoryHasChildren,
    CategoryTooDeep,
    ProductsUnknown,
)
from rustok.commerce.products.model import MAX_CATEGORY_DEPTH
from rustok.commerce.products.service import categories, collections
from rustok.core.db import WriteTx
from rustok.core.ids import new_id
from rustok.core.pagination import PageRequest
from tests.conftest import World
from tests.integration.commerce.catalogue import stored


async def grown(
    tx: WriteTx, handle: str, parent: products.NamedCategory | None = None, position: int = 0
) -> products.NamedCategory:
    return await categories.create_category(
        tx,
        handle=handle,
        texts={"en": products.Text(name=handle.title())},
        parent_id=parent.category.id if parent else None,
        position=position,
    )


async def test_the_tree_lists_parents_before_children_and_siblings_by_position(
    world: World,
) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        late = await grown(tx, "late", position=2)
        early = await grown(tx, "early", position=1)
        await grown(tx, "late-b", late)
        await grown(tx, "late-a", late, position=0)
        await grown(tx, "early-a", early)
    async with world.read(tenant) as tx:
        found = await categories.list_categories(tx)
    assert [one.category.handle for one in found] == [
        "early",
        "early-a",
        "late",
        "late-b",
        "late-a",
    ]


async def test_a_tree_has_eight_levels_at_most(world: World) -> None:
    tenant = await world.tenant()
    parent: products.NamedCategory | None = None
    async with world.write(tenant) as tx:
        for level in range(MAX_CATEGORY_DEPTH):
            parent = await grown(tx, f"level-{level}", parent)
    with pytest.raises(CategoryTooDeep):
        async with world.write(tenant) as tx:
            await grown(tx, "one-more", parent)


async def test_a_subtree_moves_with_its_paths(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        old, new = await grown(tx, "old"), await grown(tx, "new")
        middle = await grown(tx, "middle", old)
        leaf = await grown(tx, "leaf", middle)
    async with world.write(tenant) as tx:
        await categories.move_category(
            tx, middle.category.id, parent_id=new.category.id, expected_version=1
        )
    async with world.read(tenant) as tx:
        moved = await categories.get_category(tx, leaf.category.id)
    assert moved.category.path_ids == (new.category.id, middle.category.id, leaf.category.id)
    async with world.write(tenant) as tx:
        root = await categories.move_category(tx, middle.category.id, parent_id=None)
    assert root.category.path_ids == (middle.category.id,)
    assert (await world.events(tenant))[-1].type == "category.updated"


async def test_a_category_does_not_move_below_itself(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        top = await grown(tx, "top")
        leaf = await grown(tx, "leaf", await grown(tx, "middle", top))
    for parent in (top, leaf):
        with pytest.raises(CategoryCycle):
            async with world.write(tenant) as tx:
                await categories.move_category(tx, top.category.id, parent_id=parent.category.id)


async def test_a_move_that_would_make_the_tree_too_deep_is_refused(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        parent = await grown(tx, "deep-0")
        for level in range(1, MAX_CATEGORY_DEPTH - 1):
            parent = await grown(tx, f"deep-{level}", parent)
        tall = await grown(tx, "tall")
        await grown(tx, "taller", tall)
    with pytest.raises(CategoryTooDeep):
        async with world.write(tenant) as tx:
            await categories.move_category(tx, tall.category.id, parent_id=parent.category.id)


async def test_two_moves_at_once_close_no_circle(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        one, two = await grown(tx, "one"), await grown(tx, "two")

    async def move(category: products.NamedCategory, parent: products.NamedCategory) -> bool:
        try:
            async with world.write(tenant) as tx:
                await categories.move_category(
                    tx, category.category.id, parent_id=parent.category.id
                )
        except CategoryCycle:
            return False
        return True

    assert sorted(await asyncio.gather(move(one, two), move(two, one))) == [False, True]


async def test_a_category_changes_its_names_and_a_same_change_is_none(world: World) -> None:
    tenant = await world.tenant()
    texts = {"de": products.Text(name="Hemden"), "en": products.Text(name="Shirts")}
    async with world.write(tenant) as tx:
        category_id = (await grown(tx, "shirts")).category.id
        await grown(tx, "other")

    async def rename() -> products.NamedCategory:
        async with world.write(tenant) as tx:
            return await categories.update_category(
                tx, category_id, expected_version=None, texts=texts
            )

    first, second = await rename(), await rename()
    assert first == second
    assert (second.texts, second.category.version) == (texts, 2)
    assert len(await world.events(tenant, "category.updated")) == 1
    with pytest.raises(CategoryHandleTaken):
        async with world.write(tenant) as tx:
            await categories.update_category(tx, category_id, expected_version=2, handle="other")


async def test_a_category_with_children_stays_and_one_with_products_lets_them_go(
    world: World,
) -> None:
    tenant = await world.tenant()
    result = await stored(world, tenant)
    async with world.read(tenant) as tx:
        parent, child = await products.list_categories(tx)
        assert await products.list_product_ids_in_category(tx, parent.category.id) == [
            result.product_id
        ]
    with pytest.raises(CategoryHasChildren):
        async with world.write(tenant) as tx:
            await categories.delete_category(tx, parent.category.id, expected_version=1)
    async with world.write(tenant) as tx:
        await categories.delete_category(tx, child.category.id, expected_version=1)
    types = [event.type for event in await world.events(tenant)]
    assert types[-2:] == ["product.updated", "category.deleted"]
    async with world.read(tenant) as tx:
        found = (await products.describe(tx, [result.product_id]))[0]
    assert (found.categories, found.version) == ((), 2)


async def test_a_category_of_another_tenant_is_no_parent(world: World) -> None:
    mine, theirs = await world.tenant(), await world.tenant()
    async with world.write(theirs) as tx:
        foreign = await grown(tx, "theirs")
    with pytest.raises(products.CategoryNotFound):
        async with world.write(mine) as tx:
            await grown(tx, "mine", foreign)
    async with world.write(mine) as tx:
        own = await grown(tx, "mine")
    with pytest.raises(products.CategoryNotFound):
        async with world.write(mine) as tx:
            await categories.move_category(tx, own.category.id, parent_id=foreign.category.id)


async def test_products_join_a_collection_in_order_once_and_leave(world: World) -> None:
    tenant = await world.tenant()
    ids: list[UUID] = [(await stored(world, tenant, f"p-{one}")).product_id for one in range(3)]
    async with world.write(tenant) as tx:
        made = await collections.create_collection(
            tx, handle="summer", texts={"en": products.Text(name="Summer")}
        )
        collection_id = made.collection.id
        await collections.add_products(tx, collection_id, [ids[2], ids[0]])
    async with world.write(tenant) as tx:
        named = await collections.add_products(
            tx, collection_id, [ids[0], ids[1]], expected_version=2
        )
    assert named.collection.version == 3
    async with world.read(tenant) as tx:
        page = await collections.list_members(tx, collection_id, PageRequest(limit=2))
        rest = await collections.list_members(
            tx, collection_id, PageRequest(limit=2, cursor=page.next_cursor)
        )
        found = (await products.describe(tx, [ids[1]]))[0]
    assert [one.product_id for one in (*page.items, *rest.items)] == [ids[2], ids[0], ids[1]]
    assert (found.collections[0].names, found.collections[0].position) == ({"en": "Summer"}, 3)
    async with world.write(tenant) as tx:
        await collections.remove_products(tx, collection_id, [ids[0], new_id()])
    async with world.read(tenant) as tx:
        left = await products.list_product_ids_in_collection(tx, collection_id)
    assert left == sorted([ids[1], ids[2]])
    types = [event.type for event in await world.events(tenant)]
    assert types[-2:] == ["product.updated", "collection.updated"]


async def test_unknown_and_foreign_products_do_not_join_and_nothing_is_half_written(
    world: World,
) -> None:
    mine, theirs = await world.tenant(), await world.tenant()
    own = (await stored(world, mine)).product_id
    foreign = (await stored(world, theirs)).product_id
    async with world.write(mine) as tx:
        made = await collections.create_collection(
            tx, handle="summer", texts={"en": products.Text(name="Summer")}
        )
    with pytest.raises(ProductsUnknown) as refusal:
        async with world.write(mine) as tx:
            await collections.add_products(tx, made.collection.id, [own, foreign])
    assert refusal.value.extensions["product_ids"] == [str(foreign)]
    async with world.read(mine) as tx:
        assert await products.list_product_ids_in_collection(tx, made.collection.id) == []


async def test_a_deleted_collection_leaves_its_products(world: World) -> None:
    tenant = await world.tenant()
    product_id = (await stored(world, tenant)).product_id
    async with world.write(tenant) as tx:
        made = await collections.create_collection(
            tx, handle="summer", texts={"en": products.Text(name="Summer")}
        )
        await collections.add_products(tx, made.collection.id, [product_id])
    async with world.write(tenant) as tx:
        await collections.delete_collection(tx, made.collection.id, expected_version=2)
    async with world.read(tenant) as tx:
        assert (await products.describe(tx, [product_id]))[0].collections == ()
    types = [event.type for event in await world.events(tenant)]
    assert types[-2:] == ["product.updated", "collection.deleted"]
