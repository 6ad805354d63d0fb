"""Menus of a site coming in: items find their targets, the rest is said and moves nothing out of place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rustok.content.menus import api as menus
from rustok.core.tenancy import TenantProfile
from tests.conftest import World
from tests.integration.importers.running import imported, issues_of, nodes_of
from tests.integration.importers.test_content_import import WXR, item

Write = Callable[[str, str], Path]


def entry(
    number: int,
    kind: str,
    target: str = "",
    *,
    title: str = "",
    parent: int = 0,
    menu: str = "main",
    of: str = "custom",
) -> str:
    """A menu item; `target` is an id, or an address where `kind` is custom."""
    meta = {
        "_menu_item_type": kind,
        "_menu_item_object": of,
        "_menu_item_menu_item_parent": str(parent),
        "_menu_item_url" if kind == "custom" else "_menu_item_object_id": target,
        "_menu_item_target": "_blank" if target.startswith("http") else "",
    }
    fields = "".join(
        f"<wp:postmeta><wp:meta_key>{key}</wp:meta_key><wp:meta_value>{value}</wp:meta_value>"
        "</wp:postmeta>"
        for key, value in meta.items()
    )
    return (
        f"<item><title>{title}</title><wp:post_id>{number}</wp:post_id>"
        f"<wp:menu_order>{number}</wp:menu_order><wp:post_type>nav_menu_item</wp:post_type>"
        f'<category domain="nav_menu" nicename="{menu}">{menu.title()}</category>{fields}</item>\n'
    )


TAG = (
    "<wp:tag><wp:term_id>7</wp:term_id><wp:tag_slug>sea</wp:tag_slug>"
    "<wp:tag_name>Sea</wp:tag_name></wp:tag>"
)


async def shown(world: World, tenant: TenantProfile, handle: str = "main") -> menus.ResolvedMenu:
    async with world.read(tenant) as tx:
        return await menus.get_resolved(tx, handle)


async def test_items_of_every_kind_find_what_was_imported(world: World, written: Write) -> None:
    tenant = await world.tenant()
    text = (
        TAG
        + entry(101, "post_type", "5", of="page")
        + entry(102, "post_type", "6", of="post", title="Read &lt;b&gt;this&lt;/b&gt;", parent=101)
        + entry(103, "taxonomy", "2", of="category")
        + entry(104, "taxonomy", "7", of="post_tag")
        + entry(105, "custom", "/posts?q=x", title="Found")
        + entry(106, "custom", "https://x.example/", title="Out")
        + item(5, "about", kind="page")
        + item(6, "boat")
    )
    path = written("a.xml", WXR % text)
    run = await imported(world, tenant, "wordpress", path)
    assert run.report.counts["menu"] == {"created": 1}
    assert await issues_of(world, tenant, run) == []
    found = await shown(world, tenant)
    assert found.name == "Main"
    assert [(one.kind, one.label, one.href, one.open_in_new) for one in found.items] == [
        ("node", "About", "/pages/about", False),
        ("category", "Child", "/posts?category=child", False),
        ("path", "Sea", "/posts?tag=sea", False),
        ("path", "Found", "/posts?q=x", False),
        ("url", "Out", "https://x.example/", True),
    ]
    assert [(one.label, one.href) for one in found.items[0].children] == [
        ("Read this", "/posts/boat")
    ]
    before = len(await world.events(tenant))
    again = await imported(world, tenant, "wordpress", path)
    assert again.report.counts["menu"] == {"unchanged": 1}
    assert len(await world.events(tenant)) == before


async def test_an_item_that_leads_nowhere_is_said_and_those_below_it_move_up(
    world: World, written: Write
) -> None:
    tenant = await world.tenant()
    text = (
        entry(101, "custom", "#", title="Heading")
        + entry(102, "post_type", "5", of="page", parent=101)
        + entry(103, "post_type", "99", of="product", title="Gone", parent=102)
        + entry(104, "custom", "/x", title="Below", parent=103)
        + entry(105, "custom", "javascript:alert(1)", title="Bad")
        + entry(106, "taxonomy", "77", of="category")
        + item(5, "about", kind="page")
    )
    run = await imported(world, tenant, "wordpress", written("a.xml", WXR % text))
    found = await shown(world, tenant)
    assert [one.href for one in found.items] == ["/pages/about"]
    assert [one.href for one in found.items[0].children] == ["/x"]
    issues = await issues_of(world, tenant, run)
    assert [(one.code, one.severity) for one in issues] == [("menu_item_unresolved", "info")] * 4
    assert all(one.row is not None for one in issues)


async def test_a_menu_too_deep_or_too_long_comes_in_as_far_as_it_may(
    world: World, written: Write
) -> None:
    tenant = await world.tenant()
    deep = "".join(
        entry(100 + level, "custom", f"/{level}", title=f"L{level}", parent=99 + level)
        for level in range(1, 8)
    )
    long = "".join(
        entry(1_000 + number, "custom", f"/{number}", title="x", menu="long")
        for number in range(203)
    )
    run = await imported(world, tenant, "wordpress", written("a.xml", WXR % (deep + long)))
    assert run.report.counts["menu"] == {"created": 2}
    level = (await shown(world, tenant)).items
    for _ in range(4):
        [one] = level
        level = one.children
    assert [one.href for one in level] == ["/5", "/6", "/7"]
    assert len((await shown(world, tenant, "long")).items) == 200
    codes = [one.code for one in await issues_of(world, tenant, run) if one.severity == "info"]
    assert sorted(codes) == ["menu_item_left_out"] * 3 + ["menu_item_raised"] * 2


async def test_a_changed_menu_is_written_again_and_two_sites_stay_apart(
    world: World, written: Write
) -> None:
    tenant = await world.tenant()
    about = item(5, "about", kind="page")
    first = written("a.xml", WXR % (about + entry(101, "post_type", "5", of="page")))
    await imported(world, tenant, "wordpress", first)
    second = written("b.xml", WXR % (about + entry(101, "custom", "/", title="Home")))
    run = await imported(world, tenant, "wordpress", second)
    assert run.report.counts["menu"] == {"updated": 1}
    assert [one.href for one in (await shown(world, tenant)).items] == ["/"]
    assert len(await nodes_of(world, tenant)) == 1
    assert len(await world.events(tenant, "menu.created", "menu.updated")) == 2
