"""Comments are written by readers, looked at by moderators and shown in threads."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from rustok.content.comments import api as comments
from rustok.content.comments.api import CommentInput
from rustok.content.comments.errors import (
    CommentBlank,
    CommentHasReplies,
    CommentNotDiscarded,
    CommentNotFound,
    CommentsClosed,
    ReplyNotPossible,
)
from rustok.content.comments.service import moderating, writing
from rustok.content.comments.states import COMMENT_LIFECYCLE
from rustok.content.nodes import api as nodes
from rustok.content.nodes.api import TextInput
from rustok.core.errors import IllegalTransition
from rustok.core.pagination import PageRequest
from rustok.core.security.identifiers import InvalidEmail
from rustok.core.tenancy import ANONYMOUS


async def post(world: Any, tenant: Any, **more: Any) -> UUID:
    async with world.write(tenant) as tx:
        made = await nodes.create(
            tx, kind="post", translations={"en": TextInput(title="P")}, **more
        )
        await nodes.publish(tx, made.node.id)
    node_id: UUID = made.node.id
    return node_id


async def shown(tx: Any, node_id: UUID, content: str, parent_id: UUID | None = None) -> UUID:
    """A comment of a moderator, which is shown at once."""
    made = await writing.submit(
        tx, node_id, content=content, author_name="Mod", parent_id=parent_id
    )
    assert made.state == "approved"
    return made.id


async def test_a_readers_comment_waits_and_is_shown_after_approval(world: Any) -> None:
    tenant = await world.tenant()
    node_id = await post(world, tenant)
    path = f"/api/v1/storefront/node-comments/{node_id}"
    async with world.client(tenant) as visitor:
        made = await visitor.post(
            path,
            json={
                "content": "Hi <script>x</script>",
                "author_name": "Ada",
                "author_email": "ada@example.com",
            },
        )
        before = (await visitor.get(path)).json()["items"]
        async with world.client(tenant, token=await world.token(tenant, "editor")) as staff:
            seen = (await staff.get("/api/v1/admin/comments?status=pending")).json()["items"]
            approved = await staff.post(f"/api/v1/admin/comments/{made.json()['id']}/approve")
            again = await staff.post(f"/api/v1/admin/comments/{made.json()['id']}/approve")
        after = await visitor.get(path)
    assert (made.status_code, made.json()["status"], before) == (201, "pending", [])
    assert seen[0]["author_email"] == "ada@example.com"
    assert seen[0]["allowed_actions"] == ["approve", "mark_spam", "discard"]
    assert approved.status_code == 200
    assert (again.status_code, again.json()["allowed_actions"]) == (
        409,
        ["mark_spam", "discard", "reopen"],
    )
    (item,) = after.json()["items"]
    assert item["content_html"] == "<p>Hi &lt;script&gt;x&lt;/script&gt;</p>"
    assert "ada@example.com" not in after.text
    types = [e.type for e in await world.events(tenant) if e.aggregate_type == "comment"]
    assert types == ["comment.submitted", "comment.approved"]


async def test_who_may_not_moderate_does_not(world: Any) -> None:
    tenant = await world.tenant()
    async with world.client(tenant, token=await world.token(tenant, "author")) as author:
        assert (await author.get("/api/v1/admin/comments")).status_code == 403
    async with world.client(tenant) as visitor:
        assert (await visitor.get("/api/v1/admin/comments")).status_code == 401


async def test_a_comment_needs_an_open_published_node_and_words(world: Any) -> None:
    tenant, other = await world.tenant(), await world.tenant()
    open_, closed = await post(world, tenant), await post(world, tenant, comment_policy="closed")
    protected = await post(world, tenant, is_protected=True)
    async with world.write(tenant) as tx:
        hidden = (
            await nodes.create(tx, kind="post", translations={"en": TextInput(title="D")})
        ).node.id
    cases: list[tuple[UUID, dict[str, Any], type[Exception]]] = [
        (closed, {}, CommentsClosed),
        (protected, {}, CommentsClosed),
        (hidden, {}, nodes.NodeNotFound),
        (UUID(int=9), {}, nodes.NodeNotFound),
        (open_, {"content": " \u200b\n "}, CommentBlank),
        (open_, {"author_email": "nobody"}, InvalidEmail),
        (open_, {"parent_id": UUID(int=9)}, ReplyNotPossible),
    ]
    for node_id, more, error in cases:
        with pytest.raises(error):
            async with world.write(tenant, actor=ANONYMOUS) as tx:
                await writing.submit(tx, node_id, **{"content": "x", "author_name": "A", **more})
    with pytest.raises(nodes.NodeNotFound):
        async with world.write(other, actor=ANONYMOUS) as tx:
            await writing.submit(tx, open_, content="x", author_name="A")


async def test_threads_are_five_deep_and_answers_belong_to_their_node(world: Any) -> None:
    tenant = await world.tenant()
    node_id, elsewhere = await post(world, tenant), await post(world, tenant)
    async with world.write(tenant) as tx:
        chain = [await shown(tx, node_id, "1")]
        for level in range(2, 6):
            chain.append(await shown(tx, node_id, str(level), chain[-1]))
        for target, parent in ((node_id, chain[-1]), (elsewhere, chain[0])):
            with pytest.raises(ReplyNotPossible):
                await writing.submit(tx, target, content="x", author_name="A", parent_id=parent)
    async with world.write(tenant, actor=ANONYMOUS) as tx:
        pending = await writing.submit(tx, node_id, content="x", author_name="A")
        with pytest.raises(ReplyNotPossible):
            await writing.submit(tx, node_id, content="y", author_name="A", parent_id=pending.id)


async def test_threads_are_read_in_three_statements_and_an_answer_goes_with_its_parent(
    world: Any,
) -> None:
    tenant = await world.tenant()
    node_id = await post(world, tenant)
    async with world.write(tenant) as tx:
        roots = [await shown(tx, node_id, f"root {number}") for number in range(7)]
        answers = [await shown(tx, node_id, "answer", root) for root in roots]
        await shown(tx, node_id, "to the answer", answers[0])
        await moderating.moderate(tx, answers[0], "mark_spam")
    async with world.read(tenant, actor=ANONYMOUS) as tx:
        with world.counting() as few:
            await writing.list_threads(tx, node_id, PageRequest(limit=1))
        with world.counting() as many:
            page = await writing.list_threads(tx, node_id, PageRequest(limit=5))
    assert few.total == many.total == 3
    assert [one.comment.id for one in page.items] == roots[:5]
    assert page.items[0].replies == []
    assert [reply.comment.id for reply in page.items[1].replies] == [answers[1]]
    async with world.read(tenant, actor=ANONYMOUS) as tx:
        rest = await writing.list_threads(
            tx, node_id, PageRequest(limit=5, cursor=page.next_cursor)
        )
    assert [one.comment.id for one in rest.items] == roots[5:]


async def test_every_step_of_moderation_is_as_declared(world: Any) -> None:
    tenant = await world.tenant()
    node_id = await post(world, tenant)
    ways: dict[str, list[moderating.Action]] = {
        "pending": [],
        "approved": ["approve"],
        "spam": ["mark_spam"],
        "trash": ["discard"],
    }
    actions: tuple[moderating.Action, ...] = ("approve", "mark_spam", "discard", "reopen")
    for state, way in ways.items():
        for action in actions:
            async with world.write(tenant, actor=ANONYMOUS) as tx:
                made = await writing.submit(tx, node_id, content="x", author_name="A")
            async with world.write(tenant) as tx:
                for step in way:
                    await moderating.moderate(tx, made.id, step)
                if action in COMMENT_LIFECYCLE.allowed(state):
                    await moderating.moderate(tx, made.id, action)
                    continue
                with pytest.raises(IllegalTransition) as refused:
                    await moderating.moderate(tx, made.id, action)
                assert refused.value.allowed_actions == COMMENT_LIFECYCLE.allowed(state)


async def test_only_spam_and_trash_without_answers_is_deleted_for_good(world: Any) -> None:
    tenant = await world.tenant()
    node_id = await post(world, tenant)
    async with world.write(tenant) as tx:
        root = await shown(tx, node_id, "root")
        answer = await shown(tx, node_id, "answer", root)
        with pytest.raises(CommentNotDiscarded):
            await moderating.delete(tx, root, expected_version=None)
        await moderating.moderate(tx, root, "discard")
        with pytest.raises(CommentHasReplies):
            await moderating.delete(tx, root, expected_version=None)
        await moderating.moderate(tx, answer, "mark_spam")
        await moderating.delete(tx, answer, expected_version=2)
        await moderating.delete(tx, root, expected_version=None)
        with pytest.raises(CommentNotFound):
            await moderating.get(tx, root)


async def test_an_import_keeps_threads_dates_and_states_and_is_done_once(world: Any) -> None:
    tenant = await world.tenant()
    node_id = await post(world, tenant, comment_policy="closed")
    then = datetime(2015, 1, 2, tzinfo=UTC)
    parent: UUID | None = None
    async with world.write(tenant) as tx:
        for number in range(7):
            parent, outcome = await comments.upsert(
                tx,
                CommentInput(
                    node_id=node_id,
                    content_html=f"<p onclick=x>{number}</p>",
                    author_name="",
                    parent_id=parent,
                    status="approved",
                    created_at=then,
                ),
                source="wp",
                source_id=str(number),
            )
            assert outcome == "created"
    data = CommentInput(
        node_id=node_id,
        content_html="<p onclick=x>0</p>",
        author_name="",
        status="approved",
        created_at=then,
    )
    before = len(await world.events(tenant))
    async with world.write(tenant) as tx:
        first, same = await comments.upsert(tx, data, source="wp", source_id="0")
        assert same == "unchanged"
    assert len(await world.events(tenant)) == before
    async with world.write(tenant) as tx:
        spam = CommentInput(
            node_id=node_id, content_html="<p>0</p>", author_name="", status="trash"
        )
        assert await comments.upsert(tx, spam, source="wp", source_id="0") == (first, "updated")
        moved = await moderating.get(tx, first)
        deepest = await moderating.get(tx, parent or UUID(int=0))
    assert (moved.state, moved.created_at, moved.content_html) == ("trash", then, "<p>0</p>")
    assert (deepest.depth, deepest.author_name) == (5, "Anonymous")
