"""Menus: written with checked targets, shown in the reader's locale, without what is not published."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from rustok.content.menus import api as menus
from rustok.content.menus.errors import (
    InvalidMenuItem,
    MenuHandleTaken,
    MenuNotFound,
    MenuTargetUnknown,
)
from rustok.content.menus.model import Menu
from rustok.content.menus.service import editing, resolving
from rustok.content.nodes import api as nodes
from rustok.content.taxonomy import api as taxonomy
from rustok.core.errors import PreconditionFailed
from rustok.core.pagination import PageRequest
from rustok.core.tenancy import TenantProfile

NAMES = {"en": "Main", "de": "Haupt"}


async def node(
    world: Any,
    tenant: TenantProfile,
    handle: str,
    *,
    kind: str = "page",
    status: Any = "published",
    parent_id: UUID | None = None,
    titles: dict[str, str] | None = None,
) -> UUID:
    async with world.write(tenant) as tx:
        node_id, _ = await nodes.upsert(
            tx,
            nodes.NodeInput(
                kind=kind,
                status=status,
                parent_id=parent_id,
                translations={
                    locale: nodes.TextInput(title=title, handle=f"{handle}-{locale}")
                    for locale, title in (titles or {"en": handle.title()}).items()
                },
            ),
            source="test",
            source_id=handle,
        )
    return node_id


async def category(world: Any, tenant: TenantProfile, handle: str) -> UUID:
    async with world.write(tenant) as tx:
        category_id, _ = await taxonomy.upsert_category(
            tx,
            taxonomy.CategoryInput(
                handle=handle,
                texts={
                    "en": taxonomy.CategoryText(name="By sea"),
                    "de": taxonomy.CategoryText(name="Zur See"),
                },
            ),
            source="test",
            source_id=handle,
        )
    return category_id


async def created(
    world: Any, tenant: TenantProfile, items: list[menus.MenuItem], **kw: Any
) -> Menu:
    async with world.write(tenant) as tx:
        return await editing.create(tx, names=NAMES, items=items, **kw)


def path(where: str = "/posts", **kw: Any) -> menus.MenuPathItem:
    return menus.MenuPathItem(path=where, labels=kw.pop("labels", {"en": "Posts"}), **kw)


async def test_a_menu_is_made_changed_and_deleted_with_its_events(world: Any) -> None:
    tenant = await world.tenant()
    made = await created(world, tenant, [path()])
    assert (made.handle, made.version) == ("haupt", 1)
    async with world.write(tenant) as tx:
        same = await editing.update(
            tx, made.id, expected_version=1, names=NAMES, items=[path()], handle="haupt"
        )
        changed = await editing.update(
            tx, made.id, expected_version=1, items=[path("/"), path()], handle="main"
        )
    assert (same.version, changed.version, len(changed.items)) == (1, 2, 2)
    with pytest.raises(PreconditionFailed):
        async with world.write(tenant) as tx:
            await editing.delete(tx, made.id, expected_version=1)
    async with world.write(tenant) as tx:
        await editing.delete(tx, made.id, expected_version=2)
        with pytest.raises(MenuNotFound):
            await editing.get(tx, made.id)
    found = [one for one in await world.events(tenant) if one.aggregate_type == "menu"]
    assert [one.type for one in found] == ["menu.created", "menu.updated", "menu.deleted"]


async def test_handles_are_unique_and_made_free_only_for_imports(world: Any) -> None:
    tenant = await world.tenant()
    first = await created(world, tenant, [], handle="main")
    with pytest.raises(MenuHandleTaken):
        await created(world, tenant, [], handle="main")
    other = await created(world, tenant, [])
    async with world.write(tenant) as tx:
        with pytest.raises(MenuHandleTaken):
            await editing.update(tx, other.id, expected_version=None, handle="main")
        data = menus.MenuInput(handle="main", names={"en": "Main"}, items=[])
        imported, _ = await menus.upsert(tx, data, source="wp", source_id="main")
        assert (await editing.get(tx, imported)).handle == "main-2"
    assert first.id != imported


async def test_unknown_targets_are_refused_at_their_places(world: Any) -> None:
    tenant = await world.tenant()
    known = await node(world, tenant, "here", status="draft")
    bad: list[menus.MenuItem] = [
        menus.MenuNodeItem(
            node_id=known, children=[path(), menus.MenuNodeItem(node_id=UUID(int=7))]
        ),
        menus.MenuCategoryItem(category_id=UUID(int=8)),
    ]
    with pytest.raises(MenuTargetUnknown) as refused:
        await created(world, tenant, bad)
    assert [one.pointer for one in refused.value.fields] == [
        "/items/0/children/1/node_id",
        "/items/1/category_id",
    ]
    assert refused.value.status == 422
    assert await world.events(tenant, "menu.created") == []


async def test_a_tree_is_five_deep_and_has_two_hundred_items_at_most(world: Any) -> None:
    tenant = await world.tenant()
    item = path()
    for _ in range(4):
        item = path(children=[item])
    await created(world, tenant, [item])
    with pytest.raises(InvalidMenuItem) as deep:
        await created(world, tenant, [path(children=[item])])
    assert deep.value.pointer == "/items/0" + "/children/0" * 5
    await created(world, tenant, [path()] * 200)
    with pytest.raises(InvalidMenuItem) as many:
        await created(world, tenant, [path(children=[path()] * 100), path(children=[path()] * 99)])
    assert many.value.rule == "count"


@pytest.mark.parametrize(
    ("item", "rule"),
    [
        (path("posts"), "path"),
        (path("//evil.example/x"), "path"),
        (path("/\\evil.example"), "path"),
        (path("/a b"), "path"),
        (path("/a\n"), "path"),
        (path(labels={}), "label"),
        (path(labels={"en": " "}), "length"),
        (menus.MenuUrlItem(url="javascript:alert(1)", labels={"en": "x"}), "url"),
        (menus.MenuUrlItem(url="https:///x", labels={"en": "x"}), "url"),
        (menus.MenuUrlItem(url="https://a@evil.example/", labels={"en": "x"}), "url"),
        (menus.MenuUrlItem(url="http://[::1", labels={"en": "x"}), "url"),
    ],
)
async def test_an_address_a_browser_could_misread_is_refused(
    world: Any, item: menus.MenuItem, rule: str
) -> None:
    tenant = await world.tenant()
    with pytest.raises(InvalidMenuItem) as refused:
        await created(world, tenant, [item])
    assert refused.value.rule == rule


async def test_items_are_shown_in_the_readers_locale_with_their_paths(world: Any) -> None:
    tenant = await world.tenant(locales=["en", "de"])
    above = await node(world, tenant, "about", titles={"en": "About", "de": "Wir"})
    below = await node(world, tenant, "team", parent_id=above)
    post = await node(world, tenant, "boat", kind="post", titles={"en": "A boat", "de": "Ein Boot"})
    sea = await category(world, tenant, "sea")
    items: list[menus.MenuItem] = [
        menus.MenuNodeItem(
            node_id=above, labels={"en": "Who we are"}, children=[menus.MenuNodeItem(node_id=below)]
        ),
        menus.MenuNodeItem(node_id=post),
        menus.MenuCategoryItem(category_id=sea),
        path("/posts?tag=x", labels={"en": "Tagged", "de": "Markiert"}),
        menus.MenuUrlItem(url="https://example.com/", labels={"en": "Out"}, open_in_new=True),
    ]
    await created(world, tenant, items, handle="main")
    async with world.read(tenant) as tx:
        english = await menus.get_resolved(tx, "main")
    async with world.read(tenant, locale="de") as tx:
        german = await menus.get_resolved(tx, "main")
    assert (english.name, german.name) == ("Main", "Haupt")
    assert [(one.label, one.href) for one in english.items] == [
        ("Who we are", "/pages/about-en"),
        ("A boat", "/posts/boat-en"),
        ("By sea", "/posts?category=sea"),
        ("Tagged", "/posts?tag=x"),
        ("Out", "https://example.com/"),
    ]
    assert [(one.label, one.href) for one in german.items[:4]] == [
        ("Wir", "/pages/about-de"),
        ("Ein Boot", "/posts/boat-de"),
        ("Zur See", "/posts?category=sea"),
        ("Markiert", "/posts?tag=x"),
    ]
    assert [one.href for one in english.items[0].children] == ["/pages/about-en/team-en"]
    assert [one.href for one in german.items[0].children] == ["/pages/about-en/team-en"]
    assert [one.open_in_new for one in english.items] == [False] * 4 + [True]
    assert english.items[0].target_id == above


async def test_what_is_not_published_is_left_out_with_all_below_it(world: Any) -> None:
    tenant = await world.tenant()
    shown = await node(world, tenant, "shown")
    draft = await node(world, tenant, "draft", status="draft")
    planned = await node(world, tenant, "waiting", status="in_review")
    items: list[menus.MenuItem] = [
        menus.MenuNodeItem(node_id=draft, labels={"en": "Secret plan"}, children=[path()]),
        path("/", children=[menus.MenuNodeItem(node_id=planned)]),
        menus.MenuNodeItem(node_id=shown),
    ]
    await created(world, tenant, items, handle="main")
    async with world.read(tenant) as tx:
        found = await menus.get_resolved(tx, "main")
    assert [one.href for one in found.items] == ["/", "/pages/shown-en"]
    assert found.items[0].children == []
    async with world.write(tenant) as tx:
        await nodes.publish(tx, draft, expected_version=None)
    async with world.read(tenant) as tx:
        found = await menus.get_resolved(tx, "main")
    assert [one.label for one in found.items] == ["Secret plan", "Posts", "Shown"]


async def test_a_target_deleted_later_disappears_from_the_menu(world: Any) -> None:
    tenant = await world.tenant()
    sea = await category(world, tenant, "sea")
    gone = await node(world, tenant, "gone", status="draft")
    items: list[menus.MenuItem] = [
        menus.MenuCategoryItem(category_id=sea),
        menus.MenuNodeItem(node_id=gone),
    ]
    made = await created(world, tenant, items, handle="main")
    async with world.client(tenant, token=await world.token(tenant)) as client:
        for one in (f"content-categories/{sea}", f"nodes/{gone}"):
            away = await client.delete(f"/api/v1/admin/{one}", headers={"if-match": "*"})
            assert away.status_code == 204, away.text
    async with world.write(tenant) as tx:
        assert (await menus.get_resolved(tx, "main")).items == []
        renamed = await editing.update(
            tx, made.id, expected_version=1, names={"en": "Top"}, items=items
        )
        assert renamed.version == 2
        with pytest.raises(MenuTargetUnknown):
            await editing.update(tx, made.id, expected_version=2, items=[*items, path()])


async def test_the_number_of_statements_does_not_grow_with_the_menus(world: Any) -> None:
    tenant = await world.tenant()
    totals: list[int] = []
    shown = 0
    for size in (1, 4):
        for number in range(size):
            page = await node(world, tenant, f"page-{size}-{number}")
            below = await node(world, tenant, f"below-{size}-{number}", parent_id=page)
            sea = await category(world, tenant, f"sea-{size}-{number}")
            items: list[menus.MenuItem] = [
                menus.MenuNodeItem(node_id=page),
                menus.MenuNodeItem(node_id=below),
                menus.MenuCategoryItem(category_id=sea),
            ]
            await created(world, tenant, items)
        async with world.read(tenant) as tx:
            with world.counting() as count:
                shown = len((await resolving.list_resolved(tx, PageRequest())).items)
        totals.append(count.total)
    assert shown == 5
    assert totals[0] == totals[1] <= 12


async def test_a_menu_of_another_tenant_does_not_exist(world: Any) -> None:
    one, other = await world.tenant(), await world.tenant()
    page = await node(world, one, "page")
    sea = await category(world, one, "sea")
    made = await created(world, one, [menus.MenuNodeItem(node_id=page)], handle="main")
    foreign: tuple[menus.MenuItem, ...] = (
        menus.MenuNodeItem(node_id=page),
        menus.MenuCategoryItem(category_id=sea),
    )
    async with world.write(other) as tx:
        with pytest.raises(MenuNotFound):
            await menus.get_resolved(tx, "main")
        with pytest.raises(MenuNotFound):
            await editing.delete(tx, made.id, expected_version=None)
        for item in foreign:
            with pytest.raises(MenuTargetUnknown):
                await editing.create(tx, names=NAMES, items=[item])
        assert (await resolving.list_resolved(tx, PageRequest())).items == []
        await editing.create(tx, names=NAMES, handle="main")


async def test_an_import_writes_a_menu_once_and_again_only_when_it_differs(world: Any) -> None:
    tenant = await world.tenant(locales=["en", "de"])
    page = await node(world, tenant, "page")
    item = menus.MenuNodeItem(node_id=page, labels={"en": "Page"})
    data = menus.MenuInput(handle="top", names={"en": "Top"}, items=[item])
    async with world.write(tenant) as tx:
        made, first = await menus.upsert(tx, data, source="wp", source_id="1")
        await editing.update(tx, made, expected_version=None, names={"en": "Top", "de": "Oben"})
    before = len(await world.events(tenant))
    async with world.write(tenant) as tx:
        again = await menus.upsert(tx, data, source="wp", source_id="1")
        kept = await editing.get(tx, made)
    assert (first, again, kept.names["de"]) == ("created", (made, "unchanged"), "Oben")
    assert len(await world.events(tenant)) == before
    async with world.write(tenant) as tx:
        shorter = menus.MenuInput(handle="top", names={"en": "Top"}, items=[])
        assert await menus.upsert(tx, shorter, source="wp", source_id="1") == (made, "updated")
