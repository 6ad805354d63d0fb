"""Taking nodes over: created once, changed when they differ, untouched when not; and described."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from rustok.content.media import api as media
from rustok.content.nodes import api as nodes
from rustok.content.nodes.api import HtmlBody, NodeInput, TextInput
from rustok.content.nodes.model.node import PublishedNode, ScheduledNode
from rustok.content.nodes.service import editing, reading, steps

THEN = datetime(2019, 5, 4, 3, 2, 1, tzinfo=UTC)
POST = NodeInput(
    kind="post",
    translations={
        "en": TextInput(
            title="Harbour", handle="harbour", body=HtmlBody(text="<p>x</p>"), excerpt="e"
        )
    },
    status="published",
    published_at=THEN,
    created_at=THEN - timedelta(days=1),
    author_name="Ada",
    category_paths=(("Travel", "By sea"),),
    tag_names=("Slow", "Boats"),
    imported_fields={"_old": "1"},
)


async def upsert(
    world: Any, tenant: Any, data: NodeInput, source_id: str = "7"
) -> tuple[UUID, str]:
    async with world.write(tenant) as tx:
        found: tuple[UUID, str] = await nodes.upsert(
            tx, data, source="wordpress", source_id=source_id
        )
    return found


async def test_the_second_import_of_the_same_changes_nothing(world: Any) -> None:
    tenant = await world.tenant()
    node_id, outcome = await upsert(world, tenant, POST)
    assert outcome == "created"
    before = len(await world.events(tenant))
    assert await upsert(world, tenant, POST) == (node_id, "unchanged")
    assert len(await world.events(tenant)) == before
    async with world.read(tenant) as tx:
        full = await reading.get(tx, node_id)
        assert await nodes.find_imported(tx, source="wordpress", source_id="7") == node_id
    node = full.stored.node
    assert isinstance(node, PublishedNode)
    assert (node.published_at, node.created_at) == (THEN, THEN - timedelta(days=1))
    assert (node.author_name, node.imported_fields) == ("Ada", {"_old": "1"})
    assert (len(full.category_ids), len(full.tag_ids)) == (1, 2)


@pytest.mark.parametrize(
    ("change", "event"),
    [
        ({"menu_order": 4}, "node.updated"),
        ({"published_at": THEN + timedelta(hours=1)}, "node.updated"),
        ({"status": "draft"}, "node.unpublished"),
        ({"status": "archived"}, "node.archived"),
        ({"tag_names": ("Slow",)}, "tag.detached"),
        (
            {"translations": {"en": TextInput(title="Port", handle="harbour", excerpt="e")}},
            "node.translation_updated",
        ),
        (
            {
                "translations": {
                    "en": TextInput(title="Harbour", excerpt="e", body=HtmlBody(text="<p>y</p>"))
                }
            },
            "body.updated",
        ),
    ],
)
async def test_a_difference_is_written_and_announced(
    world: Any, change: dict[str, Any], event: str
) -> None:
    tenant = await world.tenant()
    node_id, _ = await upsert(world, tenant, POST)
    before = len(await world.events(tenant))
    changed = msgspec.structs.replace(POST, **change)
    assert await upsert(world, tenant, changed) == (node_id, "updated")
    assert [e.type for e in (await world.events(tenant))[before:]] == [event]
    assert await upsert(world, tenant, changed) == (node_id, "unchanged")


@pytest.mark.parametrize("status", ["draft", "in_review", "scheduled", "published", "archived"])
@pytest.mark.parametrize("following", ["draft", "in_review", "scheduled", "published", "archived"])
async def test_every_status_leads_to_every_other(world: Any, status: Any, following: Any) -> None:
    tenant = await world.tenant()
    ahead = datetime.now(UTC) + timedelta(days=2)
    data = msgspec.structs.replace(POST, status=status, publish_at=ahead)
    node_id, _ = await upsert(world, tenant, data)
    await upsert(world, tenant, msgspec.structs.replace(data, status=following))
    async with world.read(tenant) as tx:
        assert (await reading.get(tx, node_id)).stored.node.state == following


async def test_a_scheduled_node_whose_time_has_come_stays_published(world: Any) -> None:
    tenant = await world.tenant()
    data = msgspec.structs.replace(POST, status="scheduled", published_at=None, publish_at=THEN)
    node_id, _ = await upsert(world, tenant, data)
    assert await upsert(world, tenant, data) == (node_id, "unchanged")
    ahead = msgspec.structs.replace(data, publish_at=datetime.now(UTC) + timedelta(days=1))
    await upsert(world, tenant, ahead, "8")
    async with world.read(tenant) as tx:
        first = (await reading.get(tx, node_id)).stored.node
    assert isinstance(first, PublishedNode)
    assert first.published_at == THEN
    async with world.read(tenant) as tx:
        second = await nodes.find_imported(tx, source="wordpress", source_id="8")
        assert second is not None
        assert isinstance((await reading.get(tx, second)).stored.node, ScheduledNode)


async def test_a_handle_that_is_taken_gets_a_number_and_keeps_it(world: Any) -> None:
    tenant = await world.tenant()
    await upsert(world, tenant, POST, "1")
    second, _ = await upsert(world, tenant, POST, "2")
    assert await upsert(world, tenant, POST, "2") == (second, "unchanged")
    async with world.read(tenant) as tx:
        assert (await reading.get(tx, second)).stored.texts[0].handle == "harbour-2"


async def test_a_parent_set_in_a_second_pass_survives_the_next_import(world: Any) -> None:
    tenant = await world.tenant()
    data = NodeInput(kind="page", translations={"en": TextInput(title="P")})
    parent, _ = await upsert(world, tenant, data, "1")
    child, _ = await upsert(world, tenant, data, "2")
    placed = msgspec.structs.replace(data, parent_id=parent)
    assert (await upsert(world, tenant, placed, "2"))[1] == "updated"
    assert (await upsert(world, tenant, data, "2"))[1] == "unchanged"
    async with world.read(tenant) as tx:
        assert (await reading.get(tx, child)).stored.node.parent_id == parent


async def test_a_description_has_all_a_document_needs(world: Any) -> None:
    tenant = await world.tenant(locales=["en", "de"])
    async with world.write(tenant) as tx:
        picture = await media.refer(
            tx,
            media.MediaInput(url="https://x.example/a.png", alt={"en": "Boats"}, width=4, height=3),
        )
        top = await editing.create(
            tx,
            kind="page",
            translations={"en": TextInput(title="Top"), "de": TextInput(title="Oben")},
        )
        mid = await editing.create(
            tx, kind="page", translations={"en": TextInput(title="Mid")}, parent_id=top.node.id
        )
    page = msgspec.structs.replace(
        POST,
        kind="page",
        parent_id=mid.node.id,
        featured_media_id=picture.id,
        translations={**POST.translations, "de": TextInput(title="Hafen")},
    )
    node_id, _ = await upsert(world, tenant, page)
    async with world.read(tenant) as tx:
        (found,) = await nodes.describe(tx, [node_id, UUID(int=5)])
    assert found.ancestor_ids == (top.node.id, mid.node.id)
    assert found.texts["en"].path == ("top", "mid", "harbour")
    assert found.texts["de"].path == ("oben", "mid", "hafen")
    assert (found.texts["en"].body_html, found.texts["en"].body_text) == ("<p>x</p>", "x")
    assert found.texts["de"].body_html == ""
    assert found.featured_media is not None
    assert (found.featured_media.url, found.featured_media.alt) == (
        "https://x.example/a.png",
        {"en": "Boats"},
    )
    assert [one.path for one in found.categories] == [("travel", "by-sea")]
    assert sorted(one.name for one in found.tags) == ["Boats", "Slow"]
    assert (found.status, found.published_at, found.author_name) == ("published", THEN, "Ada")


async def test_a_protected_node_gives_its_words_to_nobody(world: Any) -> None:
    tenant = await world.tenant()
    node_id, _ = await upsert(world, tenant, msgspec.structs.replace(POST, is_protected=True))
    async with world.read(tenant) as tx:
        (found,) = await nodes.describe(tx, [node_id])
    assert found.is_protected
    assert (
        found.texts["en"].body_html,
        found.texts["en"].body_text,
        found.texts["en"].excerpt,
    ) == ("", "", "")


async def test_describing_many_costs_as_many_statements_as_describing_one(world: Any) -> None:
    tenant = await world.tenant()
    ids = [(await upsert(world, tenant, POST, str(number)))[0] for number in range(6)]
    costs = []
    for some in (ids[:1], ids):
        async with world.read(tenant) as tx:
            with world.counting() as count:
                assert len(await nodes.describe(tx, some)) == len(some)
        costs.append(count.total)
    assert costs[0] == costs[1] <= 9
    async with world.read(tenant) as tx:
        assert sorted(ids) == await nodes.list_ids(tx, limit=10)
        assert await nodes.list_ids(tx, after=sorted(ids)[2], limit=2) == sorted(ids)[3:5]


async def test_importing_goes_through_the_lifecycle_of_a_live_node(world: Any) -> None:
    tenant = await world.tenant()
    node_id, _ = await upsert(world, tenant, POST)
    async with world.write(tenant) as tx:
        await steps.archive(tx, node_id, reason="r")
    assert (await upsert(world, tenant, POST))[1] == "updated"
    types = [e.type for e in await world.events(tenant) if e.type.startswith("node.")]
    assert types[-2:] == ["node.restored", "node.published"]
