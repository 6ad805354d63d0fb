"""An article from the first draft to the archive, over HTTP: author, editor, clock and reader."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from rustok.core.tenancy import TenantProfile
from tests.conftest import World

STAFF = "/api/v1/admin"
SITE = "/api/v1/storefront"
ARTICLE = f"{SITE}/nodes/post/ferry-timetable"


@pytest.fixture
async def tenant(world: World) -> TenantProfile:
    """A magazine where an editor looks at everything before it is seen."""
    return await world.tenant(settings={"review_required": True})


@pytest.fixture
async def author(world: World, tenant: TenantProfile) -> AsyncIterator[httpx.AsyncClient]:
    async with world.client(tenant, token=await world.token(tenant, "author")) as client:
        yield client


@pytest.fixture
async def editor(world: World, tenant: TenantProfile) -> AsyncIterator[httpx.AsyncClient]:
    async with world.client(tenant, token=await world.token(tenant, "editor")) as client:
        yield client


@pytest.fixture
async def reader(world: World, tenant: TenantProfile) -> AsyncIterator[httpx.AsyncClient]:
    async with world.client(tenant) as client:
        yield client


def ok(response: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert response.status_code == status, response.text
    body: dict[str, Any] = response.json()
    return body


async def test_an_article_from_the_draft_to_the_archive(
    world: World,
    author: httpx.AsyncClient,
    editor: httpx.AsyncClient,
    reader: httpx.AsyncClient,
) -> None:
    # The author writes a draft; script does not survive, and nobody sees it yet.
    text = {
        "title": "Ferry timetable",
        "body": {"format": "markdown", "text": "# Winter\n\nTwo boats. <script>x()</script>"},
    }
    made = await author.post(f"{STAFF}/nodes", json={"kind": "post", "translations": {"en": text}})
    node = f"{STAFF}/nodes/{ok(made, 201)['id']}"
    assert made.headers["location"] == node
    assert (await reader.get(ARTICLE)).status_code == 404

    # Publishing it alone is not the author's to do here; asking for a review is.
    alone = await author.post(f"{node}/publish")
    assert (alone.status_code, alone.json()["code"]) == (403, "review_required")
    assert ok(await author.post(f"{node}/submit"))["status"] == "in_review"

    # The editor wants more, gets it, and has it appear tomorrow.
    assert (
        ok(await editor.post(f"{node}/reject", json={"reason": "And in storms?"}))["status"]
        == "draft"
    )
    draft = await author.get(node)
    longer = {**text, "excerpt": "When it sails, and when not."}
    ok(
        await author.put(
            f"{node}/translations/en", json=longer, headers={"If-Match": draft.headers["etag"]}
        )
    )
    stale = await author.put(
        f"{node}/translations/en", json=text, headers={"If-Match": draft.headers["etag"]}
    )
    assert stale.status_code == 412
    ok(await author.post(f"{node}/submit"))
    etag = (await editor.get(node)).headers["etag"]
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    approved = await editor.post(
        f"{node}/approve",
        json={"publish_at": tomorrow.isoformat()},
        headers={"If-Match": etag},
    )
    assert ok(approved)["status"] == "scheduled"

    # Not before its time. Then the clock publishes it, once, and the reader finds it.
    await _let_the_clock_run(world, at=datetime.now(UTC))
    assert (await reader.get(ARTICLE)).status_code == 404
    await _let_the_clock_run(world, at=tomorrow + timedelta(seconds=1))
    await _let_the_clock_run(world, at=tomorrow + timedelta(seconds=2))
    shown = await reader.get(ARTICLE)
    article = ok(shown)
    assert (article["title"], article["excerpt"]) == ("Ferry timetable", longer["excerpt"])
    assert "<h1>" in shown.text
    assert "<script" not in shown.text
    found = ok(await reader.get(f"{SITE}/search", params={"q": "ferry"}))
    assert [one["handle"] for one in found["nodes"]] == ["ferry-timetable"]

    # A step that is none from here is refused with those that are.
    twice = await editor.post(f"{node}/publish")
    assert (twice.status_code, twice.json()["allowed_actions"]) == (409, ["unpublish", "archive"])

    # Archived for a reason, it is gone from the site; the staff still has it and its revisions.
    archived = ok(await editor.post(f"{node}/archive", json={"reason": "The ferry was sold."}))
    assert (archived["status"], archived["allowed_actions"]) == ("archived", ["restore"])
    await world.drain()
    assert (await reader.get(ARTICLE)).status_code == 404
    assert ok(await reader.get(f"{SITE}/search", params={"q": "ferry"}))["nodes"] == []
    assert ok(await editor.get(node))["archived_reason"] == "The ferry was sold."
    revisions = ok(await editor.get(f"{node}/revisions"))["items"]
    assert [one["number"] for one in revisions] == [2, 1]


async def _let_the_clock_run(world: World, *, at: datetime) -> None:
    """What the scheduler does when it is `at` o'clock, and the relay after it."""
    (job,) = [job for job in world.platform.modules.jobs if job.name == "nodes.publish_due"]
    clock = world.db.now
    world.db.now = lambda: at
    try:
        await world.platform.scheduler.run_one(job)
        await world.drain()
    finally:
        world.db.now = clock
