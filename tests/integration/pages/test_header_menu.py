"""The header of a site: the tenant's own main menu where it has one, the pages it has otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from rustok.content.menus import api as menus
from rustok.content.nodes import api as nodes
from rustok.core.tenancy import TenantProfile


async def magazine(world: Any) -> TenantProfile:
    tenant: TenantProfile = await world.tenant()
    async with world.write(tenant) as tx:
        for title in ("About", "Imprint"):
            node = nodes.NodeInput(
                kind="page", status="published", translations={"en": nodes.TextInput(title=title)}
            )
            await nodes.upsert(tx, node, source="test", source_id=title)
    return tenant


async def header(world: Any, tenant: TenantProfile) -> str:
    await world.drain()
    async with world.client(tenant) as client:
        page = await client.get("/")
    assert page.status_code == 200
    text: str = page.text
    return text.partition("<header")[2].partition("</header>")[0]


async def put(world: Any, tenant: TenantProfile, handle: str, path: str, label: str) -> None:
    item = menus.MenuPathItem(path=path, labels={"en": label})
    async with world.write(tenant) as tx:
        data = menus.MenuInput(handle=handle, names={"en": handle}, items=[item])
        await menus.upsert(tx, data, source="test", source_id=handle)


@pytest.mark.parametrize("handle", ["main", "main-menu", "primary"])
async def test_a_main_menu_takes_the_place_of_the_pages_in_the_header(
    world: Any, handle: str
) -> None:
    tenant = await magazine(world)
    await put(world, tenant, "footer", "/posts", "Below")
    await put(world, tenant, handle, "/posts?tag=x&amp;y", "Reading <list>")
    shown = await header(world, tenant)
    assert "Reading &lt;list&gt;" in shown
    assert "<list>" not in shown
    assert "/pages/about" not in shown
    assert "Below" not in shown


async def test_a_site_without_a_main_menu_shows_its_pages(world: Any) -> None:
    tenant = await magazine(world)
    await put(world, tenant, "footer", "/posts", "Below")
    shown = await header(world, tenant)
    assert "/pages/about" in shown
    assert "Below" not in shown
