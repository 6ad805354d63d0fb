"""Categories nest, tags do not; both have handles of their own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from rustok.content.taxonomy import api as taxonomy
from rustok.content.taxonomy.api import CategoryInput, CategoryText, TagInput
from rustok.content.taxonomy.errors import (
    CategoryHasChildren,
    CategoryNotFound,
    CategoryParentUnusable,
    TagNotFound,
    TermHandleTaken,
)
from rustok.content.taxonomy.service import categories, tags
from rustok.core.errors import PreconditionFailed
from rustok.core.locale import InvalidLocale
from rustok.core.pagination import PageRequest


def named(name: str) -> dict[str, CategoryText]:
    return {"en": CategoryText(name=name)}


async def test_a_category_is_made_changed_and_deleted_with_its_events(world: Any) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        made = await categories.create_category(tx, texts=named("By sea"))
    async with world.write(tenant) as tx:
        same = await categories.update_category(
            tx, made.id, expected_version=1, texts=named("By sea")
        )
        changed = await categories.update_category(
            tx, made.id, expected_version=1, texts=named("Sea"), handle="sea", position=3
        )
    assert (same.version, changed.version, changed.handle) == (1, 2, "sea")
    with pytest.raises(PreconditionFailed):
        async with world.write(tenant) as tx:
            await categories.delete_category(tx, made.id, expected_version=1)
    async with world.write(tenant) as tx:
        await categories.delete_category(tx, made.id, expected_version=2)
        with pytest.raises(CategoryNotFound):
            await categories.get_category(tx, made.id)
    types = [e.type for e in await world.events(tenant) if e.aggregate_type == "category"]
    assert types == ["category.created", "category.updated", "category.deleted"]


async def test_categories_form_a_tree_without_circles(world: Any) -> None:
    tenant = await world.tenant()
    chain: list[UUID] = []
    async with world.write(tenant) as tx:
        for level in range(8):
            made = await categories.create_category(
                tx, texts=named(f"L{level}"), parent_id=chain[-1] if chain else None
            )
            chain.append(made.id)
        for attempt in (
            categories.create_category(tx, texts=named("deep"), parent_id=chain[-1]),
            categories.update_category(tx, chain[0], expected_version=None, parent_id=chain[4]),
            categories.update_category(tx, chain[0], expected_version=None, parent_id=chain[0]),
            categories.create_category(tx, texts=named("x"), parent_id=UUID(int=3)),
        ):
            with pytest.raises(CategoryParentUnusable):
                await attempt
        with pytest.raises(CategoryHasChildren):
            await categories.delete_category(tx, chain[3], expected_version=None)
        moved = await categories.update_category(
            tx, chain[4], expected_version=None, parent_id=None
        )
        assert moved.parent_id is None
        assert await taxonomy.categories_below(tx, chain[4]) == chain[4:]
    assert len(await world.events(tenant, "category.updated")) == 1


async def test_handles_are_free_or_refused_and_locales_well_formed(world: Any) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        first = await tags.create_tag(tx, name="Slow travel")
        second = await tags.create_tag(tx, name="Slow travel")
        assert (first.handle, second.handle) == ("slow-travel", "slow-travel-2")
        with pytest.raises(TermHandleTaken):
            await tags.create_tag(tx, name="x", handle="slow-travel")
        with pytest.raises(TermHandleTaken):
            await tags.update_tag(tx, second.id, expected_version=None, handle="slow-travel")
        with pytest.raises(InvalidLocale):
            await categories.create_category(tx, texts={"en_US": CategoryText(name="x")})


async def test_a_term_of_another_tenant_does_not_exist(world: Any) -> None:
    one, other = await world.tenant(), await world.tenant()
    async with world.write(one) as tx:
        category = await categories.create_category(tx, texts=named("A"))
        tag = await tags.create_tag(tx, name="A")
    async with world.write(other) as tx:
        with pytest.raises(CategoryNotFound):
            await categories.delete_category(tx, category.id, expected_version=None)
        with pytest.raises(TagNotFound):
            await tags.update_tag(tx, tag.id, expected_version=None, name="B")
        assert await taxonomy.describe_tags(tx, [tag.id]) == {}


async def test_an_import_writes_a_term_once_and_again_only_when_it_differs(world: Any) -> None:
    tenant = await world.tenant()
    category = CategoryInput(handle="sea", texts=named("Sea"))
    tag = TagInput(handle="slow", name="Slow")
    async with world.write(tenant) as tx:
        made, first = await taxonomy.upsert_category(tx, category, source="wp", source_id="1")
        _, tagged = await taxonomy.upsert_tag(tx, tag, source="wp", source_id="1")
    before = len(await world.events(tenant))
    async with world.write(tenant) as tx:
        again = await taxonomy.upsert_category(tx, category, source="wp", source_id="1")
        _, tagged_again = await taxonomy.upsert_tag(tx, tag, source="wp", source_id="1")
    assert (first, again, tagged, tagged_again) == (
        "created",
        (made, "unchanged"),
        "created",
        "unchanged",
    )
    assert len(await world.events(tenant)) == before
    async with world.write(tenant) as tx:
        renamed = CategoryInput(handle="sea", texts=named("The sea"))
        assert (await taxonomy.upsert_category(tx, renamed, source="wp", source_id="1"))[
            1
        ] == "updated"


async def test_a_path_of_names_is_made_once(world: Any) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        leaf = await taxonomy.ensure_category_path(tx, ("Travel", "News"), locale="en")
        other = await taxonomy.ensure_category_path(tx, ("Food", "News"), locale="en")
        assert await taxonomy.ensure_category_path(tx, ("Travel", "News"), locale="en") == leaf
        assert await taxonomy.ensure_category_path(tx, ("Food", "News"), locale="en") == other
        described = await taxonomy.describe_categories(tx, [leaf, other])
    assert leaf != other
    assert described[leaf].path == ("travel", "news")
    assert described[other].path == ("food", "food-news")
    assert len(await world.events(tenant, "category.created")) == 4


async def test_lists_go_on_where_the_page_before_ended(world: Any) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        for name in ("c", "a", "b"):
            await tags.create_tag(tx, name=name)
            await categories.create_category(tx, texts=named(name))
    async with world.read(tenant) as tx:
        first = await tags.list_tags(tx, PageRequest(limit=2))
        rest = await tags.list_tags(tx, PageRequest(limit=2, cursor=first.next_cursor))
        terms = await categories.list_categories(tx, PageRequest(limit=10))
    assert [one.handle for one in (*first.items, *rest.items)] == ["a", "b", "c"]
    assert [one.handle for one in terms.items] == ["a", "b", "c"]
