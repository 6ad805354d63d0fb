"""A node's life: steps, who may take them, and the clock."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from rustok.content.nodes import handlers
from rustok.content.nodes.errors import (
    NodeArchived,
    NotOwnNode,
    PublishTimeNotAhead,
    ReasonMissing,
    ReviewRequired,
)
from rustok.content.nodes.model.node import PublishedNode, ScheduledNode
from rustok.content.nodes.service import editing, reading, steps
from rustok.content.nodes.service.editing import TextInput
from rustok.content.nodes.states import NODE_LIFECYCLE
from rustok.content.nodes.tables import nodes as table
from rustok.core.db import CheckViolation, WriteTx
from rustok.core.errors import IllegalTransition, PreconditionFailed
from rustok.core.pagination import PageRequest
from rustok.core.permissions import MissingPermission
from rustok.core.tenancy import TenantProfile


async def draft(tx: WriteTx, **more: Any) -> UUID:
    made = await editing.create(tx, kind="post", translations={"en": TextInput(title="P")}, **more)
    return made.node.id


async def test_the_whole_way_through_review_to_the_archive_and_back(world: Any) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        node_id = await draft(tx)
    async with world.write(tenant) as tx:
        await steps.submit(tx, node_id, expected_version=1)
        await steps.reject(tx, node_id, reason="more sources")
        await steps.submit(tx, node_id)
        await steps.approve(tx, node_id, expected_version=4)
        await steps.unpublish(tx, node_id)
        await steps.publish(tx, node_id)
        await steps.archive(tx, node_id, reason="old")
        node = await steps.restore(tx, node_id)
    assert (node.state, node.version) == ("draft", 9)
    types = [e.type for e in await world.events(tenant) if e.aggregate_type == "node"]
    assert types == [
        "node.created",
        "node.submitted_for_review",
        "node.review_rejected",
        "node.submitted_for_review",
        "node.published",
        "node.unpublished",
        "node.published",
        "node.archived",
        "node.restored",
    ]


async def test_a_step_that_does_not_exist_is_refused_with_those_that_do(world: Any) -> None:
    tenant = await world.tenant()
    when = datetime.now(UTC) + timedelta(days=1)
    ways: dict[str, list[Any]] = {
        "draft": [],
        "in_review": [lambda tx, i: steps.submit(tx, i)],
        "scheduled": [lambda tx, i: steps.schedule(tx, i, publish_at=when)],
        "published": [lambda tx, i: steps.publish(tx, i)],
        "archived": [
            lambda tx, i: steps.publish(tx, i),
            lambda tx, i: steps.archive(tx, i, reason="r"),
        ],
    }
    actions: dict[str, Any] = {
        "submit": steps.submit,
        "approve": steps.approve,
        "publish": steps.publish,
        "unschedule": steps.unschedule,
        "unpublish": steps.unpublish,
        "restore": steps.restore,
        "reject": lambda tx, i: steps.reject(tx, i, reason="r"),
        "schedule": lambda tx, i: steps.schedule(tx, i, publish_at=when),
        "archive": lambda tx, i: steps.archive(tx, i, reason="r"),
    }
    for state, way in ways.items():
        async with world.write(tenant) as tx:
            node_id = await draft(tx)
            for step in way:
                await step(tx, node_id)
            for action, take in actions.items():
                if action in NODE_LIFECYCLE.allowed(state):
                    continue
                with pytest.raises(IllegalTransition) as refused:
                    await take(tx, node_id)
                assert refused.value.state == state
                assert refused.value.allowed_actions == NODE_LIFECYCLE.allowed(state)


async def test_a_stale_version_cannot_take_a_step(world: Any) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        node_id = await draft(tx)
        await editing.update(tx, node_id, expected_version=1, changes={"menu_order": 1})
    with pytest.raises(PreconditionFailed):
        async with world.write(tenant) as tx:
            await steps.publish(tx, node_id, expected_version=1)


async def test_times_lie_ahead_and_reasons_say_something(world: Any) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        node_id = await draft(tx)
        with pytest.raises(PublishTimeNotAhead):
            await steps.schedule(tx, node_id, publish_at=tx.now)
        await steps.publish(tx, node_id)
        with pytest.raises(ReasonMissing):
            await steps.archive(tx, node_id, reason=" \t")


@pytest.mark.parametrize(
    "columns",
    [
        {"status": "gone"},
        {"status": "published"},
        {"status": "scheduled"},
        {"status": "archived"},
        {"archived_reason": "x"},
        {"publish_at": datetime(2030, 1, 1, tzinfo=UTC)},
    ],
)
async def test_the_database_refuses_a_state_without_its_data(
    world: Any, columns: dict[str, Any]
) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        node_id = await draft(tx)
    with pytest.raises(CheckViolation):
        async with world.write(tenant) as tx:
            await tx.update(table, {"id": node_id}, **columns)


async def test_an_archived_node_is_not_edited(world: Any) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        node_id = await draft(tx)
        await steps.publish(tx, node_id)
        await steps.archive(tx, node_id, reason="r")
        with pytest.raises(NodeArchived):
            await editing.update(tx, node_id, expected_version=None, changes={"menu_order": 1})


async def test_an_author_reaches_own_nodes_only(world: Any) -> None:
    tenant = await world.tenant()
    ada, ben = world.actor("author"), world.actor("author")
    async with world.write(tenant, actor=ada) as tx:
        hers = await draft(tx)
    async with world.write(tenant, actor=ben) as tx:
        await draft(tx)
        for attempt in (
            editing.update(tx, hers, expected_version=None, changes={"menu_order": 1}),
            editing.translate(tx, hers, "en", TextInput(title="x"), expected_version=None),
            editing.delete(tx, hers, expected_version=None),
            steps.submit(tx, hers),
            steps.publish(tx, hers),
            reading.get(tx, hers),
        ):
            with pytest.raises(NotOwnNode):
                await attempt
        assert len((await reading.list_nodes(tx, PageRequest())).items) == 1
        with pytest.raises(MissingPermission):
            await draft(tx, author_id=ada.id)
    async with world.read(tenant, role="support") as tx:
        assert len((await reading.list_nodes(tx, PageRequest())).items) == 2
    async with world.read(tenant, role="editor") as tx:
        assert (await reading.get(tx, hers)).stored.node.author_id == ada.id


async def test_without_review_an_author_publishes_own_nodes(world: Any) -> None:
    tenant = await world.tenant()
    ada = world.actor("author")
    async with world.write(tenant, actor=ada) as tx:
        node_id = await draft(tx)
        node = await steps.publish(tx, node_id)
        await editing.update(tx, node_id, expected_version=None, changes={"menu_order": 1})
    assert node.state == "published"


async def test_where_review_is_required_authors_submit_and_editors_approve(world: Any) -> None:
    tenant = await world.tenant(settings={"review_required": True})
    ada = world.actor("author")
    async with world.write(tenant, actor=ada) as tx:
        node_id = await draft(tx)
        with pytest.raises(ReviewRequired):
            await steps.publish(tx, node_id)
        with pytest.raises(ReviewRequired):
            await steps.schedule(tx, node_id, publish_at=tx.now + timedelta(days=1))
        await steps.submit(tx, node_id)
        with pytest.raises(MissingPermission):
            await steps.approve(tx, node_id)
    async with world.write(tenant, role="editor") as tx:
        await steps.approve(tx, node_id)
    async with world.write(tenant, actor=ada) as tx:
        for attempt in (
            editing.translate(tx, node_id, "en", TextInput(title="other"), expected_version=None),
            editing.delete(tx, node_id, expected_version=None),
            steps.unpublish(tx, node_id),
        ):
            with pytest.raises(ReviewRequired):
                await attempt


async def _scheduled(world: Any, tenant: TenantProfile, *, seconds: int) -> UUID:
    async with world.write(tenant) as tx:
        node_id = await draft(tx)
        await steps.schedule(tx, node_id, publish_at=tx.now + timedelta(seconds=seconds))
    return node_id


async def test_due_nodes_of_all_tenants_are_published_once_by_the_system(world: Any) -> None:
    one, other = await world.tenant(), await world.tenant()
    due = [await _scheduled(world, one, seconds=60), await _scheduled(world, other, seconds=120)]
    later = await _scheduled(world, one, seconds=3_600)
    assert await handlers.publish_due(world.parts) == 0
    present = world.db.now
    world.db.now = lambda: present() + timedelta(seconds=600)
    try:
        done = await asyncio.gather(
            handlers.publish_due(world.parts), handlers.publish_due(world.parts)
        )
        assert sum(done) == 2
        assert await handlers.publish_due(world.parts) == 0
    finally:
        world.db.now = present
    for tenant, node_id in zip((one, other), due, strict=True):
        async with world.read(tenant) as tx:
            node = (await reading.get(tx, node_id)).stored.node
        assert isinstance(node, PublishedNode)
        (published,) = await world.events(tenant, "node.published")
        (scheduled,) = [
            e for e in await world.events(tenant, "node.scheduled") if e.aggregate_id == node_id
        ]
        assert published.aggregate_id == node_id
        assert published.actor_id is None
        assert scheduled.actor_id is not None
    async with world.read(one) as tx:
        assert isinstance((await reading.get(tx, later)).stored.node, ScheduledNode)
