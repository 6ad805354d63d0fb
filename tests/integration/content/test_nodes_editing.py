"""Nodes are written, translated, filed and kept as revisions."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from rustok.content.media import api as media
from rustok.content.nodes.errors import (
    InvalidFields,
    LastTranslation,
    LocaleNotEnabled,
    MediaUnknown,
    NodeHandleTaken,
    NodeHasChildren,
    NodeKindTaken,
    NodeKindUnknown,
    NodeNotFound,
    ParentUnusable,
    RevisionNotFound,
)
from rustok.content.nodes.model.bodies import HtmlBody, MarkdownBody
from rustok.content.nodes.model.kinds import FieldDefinition
from rustok.content.nodes.service import editing, filing, history, kinds, reading
from rustok.content.nodes.service.editing import TextInput
from rustok.content.nodes.service.saving import Stored
from rustok.content.taxonomy import api as taxonomy
from rustok.content.taxonomy.api import CategoryText
from rustok.core.db import DatabaseUnavailable, WriteTx
from rustok.core.errors import Conflict, PreconditionFailed
from rustok.core.pagination import PageRequest


async def page(tx: WriteTx, title: str = "About", **more: Any) -> Stored:
    return await editing.create(
        tx,
        kind=more.pop("kind", "page"),
        translations={"en": TextInput(title=title, **more.pop("text", {}))},
        **more,
    )


async def test_a_draft_keeps_its_texts_and_shows_safe_html(world: Any) -> None:
    tenant = await world.tenant(locales=["en", "de"])
    async with world.write(tenant) as tx:
        made = await editing.create(
            tx,
            kind="post",
            translations={
                "en": TextInput(
                    title="Ferry", body=MarkdownBody(text="# Hi\n\n<script>x</script>ok")
                ),
                "de": TextInput(title="Fähre", handle="faehre", excerpt="E"),
            },
        )
    async with world.read(tenant) as tx:
        full = await reading.get(tx, made.node.id)
    german, english = full.stored.texts
    assert (english.handle, english.format, german.handle) == ("ferry", "markdown", "faehre")
    assert english.html is not None
    assert "<h1>Hi</h1>" in english.html
    assert "script" not in english.html
    assert full.stored.node.state == "draft"
    types = [event.type for event in await world.events(tenant) if event.aggregate_type == "node"]
    assert types == ["node.created", "body.updated"]


async def test_a_handle_made_from_a_title_is_free_and_a_wanted_one_is_refused(world: Any) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        first, second = await page(tx), await page(tx)
        post = await page(tx, kind="post")
    assert [s.texts[0].handle for s in (first, second, post)] == ["about", "about-2", "about"]
    with pytest.raises(NodeHandleTaken):
        async with world.write(tenant) as tx:
            await page(tx, text={"handle": "about"})


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"kind": "nothing"}, NodeKindUnknown),
        ({"featured_media_id": UUID(int=1)}, MediaUnknown),
        ({"parent_id": UUID(int=1)}, ParentUnusable),
        ({"fields": {"x": 1}}, InvalidFields),
    ],
)
async def test_what_does_not_exist_is_refused(
    world: Any, change: dict[str, Any], error: type[Exception]
) -> None:
    tenant = await world.tenant()
    with pytest.raises(error):
        async with world.write(tenant) as tx:
            await page(tx, **change)
    assert [e for e in await world.events(tenant) if e.aggregate_type == "node"] == []


async def test_a_locale_must_be_enabled_and_the_last_text_stays(world: Any) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        made = await page(tx)
    with pytest.raises(LocaleNotEnabled):
        async with world.write(tenant) as tx:
            await editing.translate(
                tx, made.node.id, "fr", TextInput(title="x"), expected_version=None
            )
    with pytest.raises(LastTranslation):
        async with world.write(tenant) as tx:
            await editing.remove_translation(tx, made.node.id, "en", expected_version=None)


async def test_saving_without_a_difference_writes_nothing(world: Any) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        made = await page(tx, text={"body": HtmlBody(text="<p>x</p>")})
    before = len(await world.events(tenant))
    async with world.write(tenant) as tx:
        again = await editing.translate(
            tx,
            made.node.id,
            "en",
            TextInput(title="About", body=HtmlBody(text="<p>x</p>")),
            expected_version=1,
        )
        same = await editing.update(tx, made.node.id, expected_version=1, changes={"menu_order": 0})
    assert (again.node.version, same.node.version) == (1, 1)
    assert len(await world.events(tenant)) == before


async def test_each_change_is_announced_by_its_own_event(world: Any) -> None:
    tenant = await world.tenant(locales=["en", "de"])
    async with world.write(tenant) as tx:
        made = await page(tx)
        node_id = made.node.id
    async with world.write(tenant) as tx:
        await editing.update(tx, node_id, expected_version=1, changes={"is_sticky": True})
        await editing.translate(
            tx, node_id, "de", TextInput(title="Über", body=HtmlBody(text="y")), expected_version=2
        )
        await editing.translate(tx, node_id, "en", TextInput(title="New"), expected_version=3)
        await editing.remove_translation(tx, node_id, "de", expected_version=4)
    found = [(e.type, e.sequence) for e in await world.events(tenant) if e.aggregate_type == "node"]
    assert found == [
        ("node.created", 1),
        ("node.updated", 2),
        ("node.translation_updated", 3),
        ("body.updated", 4),
        ("node.translation_updated", 5),
        ("node.translation_updated", 6),
    ]


async def test_an_old_version_is_refused(world: Any) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        made = await page(tx)
        await editing.update(tx, made.node.id, expected_version=1, changes={"menu_order": 2})
    with pytest.raises(PreconditionFailed):
        async with world.write(tenant) as tx:
            await editing.update(tx, made.node.id, expected_version=1, changes={"menu_order": 3})


async def test_pages_form_a_tree_without_circles_of_at_most_eight_levels(world: Any) -> None:
    tenant = await world.tenant()
    ids: list[UUID] = []
    async with world.write(tenant) as tx:
        for level in range(8):
            made = await page(tx, f"Level {level}", parent_id=ids[-1] if ids else None)
            ids.append(made.node.id)
    with pytest.raises(ParentUnusable, match="8 deep"):
        async with world.write(tenant) as tx:
            await page(tx, "Too deep", parent_id=ids[-1])
    for below in (ids[0], ids[3]):
        with pytest.raises(ParentUnusable, match="below itself"):
            async with world.write(tenant) as tx:
                await editing.update(
                    tx, ids[0], expected_version=None, changes={"parent_id": below}
                )
    async with world.write(tenant) as tx:
        other = await page(tx, "Other root")
    with pytest.raises(ParentUnusable, match="8 deep"):
        async with world.write(tenant) as tx:
            await editing.update(
                tx, ids[0], expected_version=None, changes={"parent_id": other.node.id}
            )
    with pytest.raises(NodeHasChildren):
        async with world.write(tenant) as tx:
            await editing.delete(tx, ids[0], expected_version=None)
    async with world.write(tenant) as tx:
        await editing.delete(tx, ids[-1], expected_version=None)


async def test_two_moves_at_once_cannot_close_a_circle(world: Any) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        one, other = (await page(tx, "One")).node.id, (await page(tx, "Other")).node.id

    async def move(node_id: UUID, below: UUID) -> bool:
        try:
            async with world.write(tenant) as tx:
                await editing.update(
                    tx, node_id, expected_version=None, changes={"parent_id": below}
                )
        except (ParentUnusable, Conflict, DatabaseUnavailable):
            return False
        return True

    moved = await asyncio.gather(move(one, other), move(other, one))
    assert sum(moved) == 1
    async with world.read(tenant) as tx:
        parents = [
            (await reading.get(tx, node_id)).stored.node.parent_id for node_id in (one, other)
        ]
    assert parents.count(None) == 1


async def test_a_post_has_no_parent(world: Any) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        parent = await page(tx, kind="post")
    with pytest.raises(ParentUnusable):
        async with world.write(tenant) as tx:
            await page(tx, kind="post", parent_id=parent.node.id)


async def test_a_parent_or_picture_of_another_tenant_does_not_exist(world: Any) -> None:
    one, other = await world.tenant(), await world.tenant()
    async with world.write(one) as tx:
        parent = await page(tx)
        picture = await media.refer(tx, media.MediaInput(url="https://x.example/a.png"))
    changes: list[dict[str, Any]] = [
        {"parent_id": parent.node.id},
        {"featured_media_id": picture.id},
    ]
    for change in changes:
        with pytest.raises((ParentUnusable, MediaUnknown)):
            async with world.write(other) as tx:
                await page(tx, **change)
    with pytest.raises(NodeNotFound):
        async with world.write(other) as tx:
            await editing.delete(tx, parent.node.id, expected_version=None)


async def test_every_save_is_a_revision_and_restoring_is_a_save(world: Any) -> None:
    tenant = await world.tenant(locales=["en", "de"])
    async with world.write(tenant) as tx:
        made = await page(tx, "One", text={"body": HtmlBody(text="<p>first</p>")})
        node_id = made.node.id
    async with world.write(tenant) as tx:
        await editing.translate(
            tx,
            node_id,
            "en",
            TextInput(title="Two", body=HtmlBody(text="<p>second</p>")),
            expected_version=None,
        )
        await editing.translate(tx, node_id, "de", TextInput(title="Zwei"), expected_version=None)
        await editing.update(tx, node_id, expected_version=None, changes={"menu_order": 9})
    async with world.write(tenant) as tx:
        restored = await history.restore_revision(tx, node_id, 1, expected_version=4)
    assert [row.locale for row in restored.texts] == ["en"]
    assert (restored.texts[0].title, restored.texts[0].html) == ("One", "<p>first</p>")
    assert (restored.node.menu_order, restored.node.revision, restored.node.version) == (0, 5, 5)
    async with world.read(tenant) as tx:
        first = await history.list_revisions(tx, node_id, PageRequest(limit=3))
        rest = await history.list_revisions(
            tx, node_id, PageRequest(limit=3, cursor=first.next_cursor)
        )
        second = await history.get_revision(tx, node_id, 2)
        with pytest.raises(RevisionNotFound):
            await history.get_revision(tx, node_id, 6)
    assert [one.number for one in (*first.items, *rest.items)] == [5, 4, 3, 2, 1]
    assert first.items[0].changed[0] == "restored:1"
    body = second.content.translations["en"].body
    assert body is not None
    assert body.source == "<p>second</p>"
    assert second.changed == ["en.title", "en.body"]


async def test_a_kind_of_the_tenant_judges_its_fields(world: Any) -> None:
    tenant = await world.tenant()
    fields = [
        FieldDefinition(name="minutes", type="integer", required=True),
        FieldDefinition(name="related", type="list", item_type="reference"),
    ]
    async with world.write(tenant) as tx:
        kind = await kinds.define_kind(
            tx, slug="recipe", name="Recipe", is_hierarchical=False, fields=fields
        )
        about = await page(tx)
        made = await page(
            tx, kind="recipe", fields={"minutes": 20, "related": [str(about.node.id)]}
        )
    assert made.node.fields == {"minutes": 20, "related": [str(about.node.id)]}
    with pytest.raises(InvalidFields) as refused:
        async with world.write(tenant) as tx:
            await page(tx, kind="recipe", fields={"minutes": 20, "related": [str(UUID(int=7))]})
    assert [(e.pointer, e.rule) for e in refused.value.fields] == [("/fields/related", "reference")]
    with pytest.raises(NodeKindTaken):
        async with world.write(tenant) as tx:
            await kinds.define_kind(tx, slug="recipe", name="R", is_hierarchical=False, fields=[])
    async with world.write(tenant) as tx:
        changed = await kinds.change_kind(
            tx, kind.id or UUID(int=0), expected_version=1, name="Recipes"
        )
    assert (changed.name, changed.version) == ("Recipes", 2)
    async with world.read(tenant) as tx:
        assert [one.slug for one in await kinds.list_kinds(tx)] == ["page", "post", "recipe"]


async def test_terms_are_replaced_and_each_tag_is_announced(world: Any) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        made = await page(tx)
        category = await taxonomy.create_category(tx, texts={"en": CategoryText(name="Sea")})
        tags = [await taxonomy.create_tag(tx, name=name) for name in ("a", "b", "c")]
    async with world.write(tenant) as tx:
        await filing.file_under(
            tx,
            made.node.id,
            expected_version=1,
            category_ids=[category.id],
            tag_ids=[tags[0].id, tags[1].id],
        )
    async with world.write(tenant) as tx:
        node = await filing.file_under(
            tx,
            made.node.id,
            expected_version=2,
            category_ids=[category.id],
            tag_ids=[tags[1].id, tags[2].id],
        )
    assert node.version == 3
    types = [
        e.type
        for e in await world.events(tenant)
        if e.type.startswith(("tag.at", "tag.det", "node.up"))
    ]
    assert types == ["node.updated", "tag.attached", "tag.attached", "tag.attached", "tag.detached"]
    with pytest.raises(taxonomy.TagNotFound):
        async with world.write(tenant) as tx:
            await filing.file_under(tx, made.node.id, expected_version=None, tag_ids=[UUID(int=1)])


async def test_the_list_filters_and_costs_the_same_for_many_as_for_few(world: Any) -> None:
    tenant = await world.tenant(locales=["en", "de"])
    async with world.write(tenant) as tx:
        sea = await taxonomy.create_category(tx, texts={"en": CategoryText(name="Sea")})
        coast = await taxonomy.create_category(
            tx, texts={"en": CategoryText(name="Coast")}, parent_id=sea.id
        )
        parent = await page(tx, "Ärzte 100%")
        child = await page(tx, "Child", parent_id=parent.node.id)
        await filing.file_under(tx, child.node.id, expected_version=None, category_ids=[coast.id])
        await editing.translate(
            tx, child.node.id, "de", TextInput(title="Kind"), expected_version=None
        )
        for number in range(12):
            await page(tx, f"Post {number}", kind="post")

    async def titles(**filters: Any) -> list[str]:
        async with world.read(tenant, locale="de") as tx:
            found = await reading.list_nodes(tx, PageRequest(limit=50), **filters)
        return [one.text.title for one in found.items if one.text]

    assert await titles(kind="page") == ["Kind", "Ärzte 100%"]
    assert await titles(title_prefix="ärzte 100%") == ["Ärzte 100%"]
    assert await titles(title_prefix="%") == []
    assert await titles(category_id=sea.id) == ["Kind"]
    assert await titles(parent_id=parent.node.id) == ["Kind"]
    assert await titles(locale="de") == ["Kind"]
    assert await titles(status="published") == []
    costs = []
    for limit in (2, 14):
        async with world.read(tenant) as tx:
            with world.counting() as count:
                await reading.list_nodes(tx, PageRequest(limit=limit))
        costs.append(count.total)
    assert costs[0] == costs[1] == 2
    async with world.read(tenant) as tx:
        first = await reading.list_nodes(tx, PageRequest(limit=10))
        rest = await reading.list_nodes(tx, PageRequest(limit=10, cursor=first.next_cursor))
    assert len({one.node.id for one in (*first.items, *rest.items)}) == 14
    assert rest.next_cursor is None
