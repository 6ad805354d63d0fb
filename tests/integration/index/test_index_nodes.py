"""Content from its events to the storefront, on both databases."""

from __future__ import annotations

from uuid import UUID

import pytest

from rustok.content.nodes import api as nodes
from rustok.content.nodes.api import HtmlBody, NodeInput, TextInput
from rustok.content.taxonomy import api as taxonomy
from rustok.content.taxonomy.service.tags import update_tag
from rustok.core.db import WriteTx
from rustok.index import api as index
from rustok.index.api import NodeFilters, NodeNotPublished
from tests.conftest import World


async def post(
    tx: WriteTx,
    title: str,
    *,
    source_id: str = "1",
    kind: str = "post",
    status: str = "published",
    body: str = "<p>Words</p>",
    **more: object,
) -> UUID:
    data = NodeInput(
        kind=kind,
        status=status,  # type: ignore[arg-type]
        translations={"en": TextInput(title=title, body=HtmlBody(text=body))},
        **more,  # type: ignore[arg-type]
    )
    node_id, _ = await nodes.upsert(tx, data, source="test", source_id=source_id)
    return node_id


async def test_published_content_is_served_in_every_locale(world: World) -> None:
    tenant = await world.tenant(locales=["en", "de"])
    async with world.write(tenant) as tx:
        await post(
            tx,
            "Winter by bicycle",
            category_paths=(("Travel", "North"),),
            tag_names=("Snow",),
        )
        await post(tx, "A draft", source_id="2", status="draft")
        await post(tx, "For members", source_id="3", is_protected=True)
    await world.drain()
    for locale in ("en", "de"):
        async with world.read(tenant, locale=locale) as tx:
            page = await index.list_nodes(tx, NodeFilters())
            assert [one.title for one in page.items] == ["Winter by bicycle"]
            document = await index.get_node(tx, "post", "winter-by-bicycle")
            assert (document.locale, document.text_locale) == (locale, "en")
            assert document.body_html == "<p>Words</p>"
            assert [one.name for one in document.categories] == ["North"]
            for filters in (
                NodeFilters(category="travel"),
                NodeFilters(category="north", tag=("snow",)),
                NodeFilters(kind="post", q="winter"),
                NodeFilters(q="snow"),
                NodeFilters(q="words", sort="oldest"),
            ):
                assert len((await index.list_nodes(tx, filters)).items) == 1
            for filters in (
                NodeFilters(kind="page"),
                NodeFilters(q="summer"),
                NodeFilters(tag=("x",)),
            ):
                assert (await index.list_nodes(tx, filters)).items == []
            with pytest.raises(NodeNotPublished):
                await index.get_node(tx, "page", "winter-by-bicycle")


async def test_unpublishing_takes_content_away_and_the_search_with_it(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        await post(tx, "Bread")
    await world.drain()
    async with world.write(tenant) as tx:
        await post(tx, "Bread", status="draft")
    await world.drain()
    async with world.read(tenant) as tx:
        assert (await index.search(tx, "bread")).nodes == []


async def test_a_renamed_tag_and_a_renamed_parent_reach_what_hangs_on_them(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        above = await post(tx, "About", kind="page")
        below = await post(
            tx, "Team", source_id="2", kind="page", parent_id=above, tag_names=("Snow",)
        )
        tag = await taxonomy.ensure_tag(tx, "Snow")
    await world.drain()
    async with world.read(tenant) as tx:
        assert (await index.get_node(tx, "page", "team")).path == ["about", "team"]
    async with world.write(tenant) as tx:
        await update_tag(tx, tag, expected_version=None, name="Ice")
        await nodes.translate(
            tx,
            above,
            expected_version=None,
            locale="en",
            text=TextInput(title="About", handle="company"),
        )
    await world.drain()
    async with world.read(tenant) as tx:
        team = await index.get_node(tx, "page", "team")
        assert team.id == below
        assert team.path == ["company", "team"]
        assert [one.name for one in team.tags] == ["Ice"]
