"""Real exports and the demo's own: counts match the file, a second run changes nothing."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from rustok.content.menus import api as menus
from rustok.core.tenancy import TenantProfile
from rustok.importers.model import FinishedRun, Source
from tests.conftest import World
from tests.integration.importers.conftest import FileOf
from tests.integration.importers.running import imported, issues_of, nodes_of, products_of


async def versions(world: World, tenant: TenantProfile) -> list[tuple[object, int]]:
    found = await products_of(world, tenant)
    items = [(one.id, one.version) for one, _ in found.values()]
    return [*items, *((one.id, one.version) for one in (await nodes_of(world, tenant)).values())]


async def twice(world: World, tenant: TenantProfile, source: Source, path: Path) -> FinishedRun:
    """Import a file twice; the second run must write nothing. Gives the first run."""
    first = await imported(world, tenant, source, path)
    assert isinstance(first, FinishedRun)
    assert [one for one in await issues_of(world, tenant, first) if one.severity == "error"] == []
    events, before = len(await world.events(tenant)), await versions(world, tenant)
    second = await imported(world, tenant, source, path)
    assert isinstance(second, FinishedRun)
    assert second.id != first.id
    for kind, outcomes in second.report.counts.items():
        assert set(outcomes) <= {"unchanged", "skipped"}, (kind, outcomes)
    assert len(await world.events(tenant)) == events
    assert await versions(world, tenant) == before
    return first


def paths_of(items: list[menus.ResolvedItem]) -> list[str]:
    """Where the items and those below them lead."""
    return [path for one in items for path in (one.href or "", *paths_of(one.children))]


def handles_in(path: Path) -> set[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {row["Handle"] for row in csv.DictReader(file) if row["Handle"]}


async def test_a_real_shop_comes_in_whole_and_a_second_run_changes_nothing(
    world: World, shared_file: FileOf
) -> None:
    path = shared_file("shopify-apparel.csv")
    tenant = await world.tenant()
    run = await twice(world, tenant, "shopify", path)
    assert run.report.counts == {"product": {"created": len(handles_in(path))}}
    assert set(await products_of(world, tenant)) == handles_in(path)


async def test_a_real_site_comes_in_whole_and_a_second_run_changes_nothing(
    world: World, shared_file: FileOf
) -> None:
    path = shared_file("wordpress-theme-unit-test.xml")
    text = path.read_text("utf-8")
    types = re.findall(r"<wp:post_type>(?:<!\[CDATA\[)?(\w+)", text)
    tenant = await world.tenant()
    run = await twice(world, tenant, "wordpress", path)
    counts = run.report.counts
    assert counts["node"] == {"created": types.count("post") + types.count("page")}
    assert counts["media"] == {"created": types.count("attachment")}
    assert counts["comment"] == {"created": text.count("<wp:comment>")}
    assert counts["menu"] == {"created": 5}
    assert len(run.report.menus) == 5
    async with world.read(tenant) as tx:
        shown = {
            handle: await menus.get_resolved(tx, handle)
            for handle in ("all-pages", "all-pages-flat", "short", "social-menu", "testing-menu")
        }
    assert [one.href for one in shown["social-menu"].items][:1] == ["https://twitter.com/wordpress"]
    assert [len(one.children) for one in shown["short"].items] == [0, 3, 0]
    for handle, size in (("short", 6), ("all-pages", 18), ("all-pages-flat", 18)):
        found_paths = paths_of(shown[handle].items)
        assert len(found_paths) == size
        assert all(one.startswith("/pages/") for one in found_paths)
    assert "/pages/level-1/level-2/level-3" in paths_of(shown["all-pages"].items)
    # Of 23 items, 17 are headings that lead nowhere ("#").
    kinds = Counter(one.kind for one in shown["testing-menu"].items)
    assert kinds == {"node": 2, "category": 3, "url": 1}
    notes = [one.code for one in await issues_of(world, tenant, run) if one.column == "nav_menu"]
    assert notes == ["menu_item_unresolved"] * 17
    found = await nodes_of(world, tenant)
    assert found["level-3"].parent_id == found["level-2"].id
    assert found["level-2"].parent_id == found["level-1"].id


@pytest.mark.parametrize(
    ("source", "name"), [("shopify", "shop/products.csv"), ("wordpress", "magazine/posts.xml")]
)
async def test_the_demo_data_comes_in_without_errors_or_warnings(
    world: World, demo_file: FileOf, source: Source, name: str
) -> None:
    tenant = await world.tenant(locales=["en", "de"], currencies=["EUR", "USD"])
    run = await twice(world, tenant, source, demo_file(name))
    assert run.report.severities.get("warning", 0) == 0
    if source == "shopify":
        found = await products_of(world, tenant)
        assert set(found) == handles_in(demo_file(name))
        tent, facts = found["skarn-2-tent"]
        assert tent.status == "active"
        assert [one.locale for one in tent.translations] == ["de", "en"]
        assert tent.images[0].url.startswith("demo://shop/")
        assert facts["NL-1001-MOS"].prices["EUR"][0] == 38900
        assert facts["NL-1001-MOS"].on_hand == 10


async def test_search_finds_what_was_imported(world: World, demo_file: FileOf) -> None:
    tenant = await world.tenant(locales=["en", "de"], currencies=["EUR", "USD"])
    await imported(world, tenant, "shopify", demo_file("shop/products.csv"))
    await imported(world, tenant, "wordpress", demo_file("magazine/posts.xml"))
    await world.drain()
    async with world.client(tenant) as client:
        tents = (await client.get("/api/v1/storefront/search", params={"q": "tent"})).json()
        assert "skarn-2-tent" in [one["handle"] for one in tents["products"]]
        bread = (await client.get("/api/v1/storefront/search", params={"q": "bread"})).json()
        assert bread["nodes"]
