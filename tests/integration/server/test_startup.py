"""`/health/startup`: not before the database answers, its schema fits and the background work runs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rustok.core.errors import Unavailable
from rustok.server import migrations
from rustok.server.startup import Startup
from tests.conftest import World


def failed(checks: list[Any]) -> dict[str, str | None]:
    return {check.name: check.reason for check in checks if not check.ok}


async def test_a_process_that_has_come_up_says_so_with_its_revision(world: World) -> None:
    async with world.client() as client:
        answer = await client.get("/health/startup")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["status"] == "ok"
    assert {"name": "schema", "ok": True, "reason": f"revision {migrations.head()}"} in body[
        "checks"
    ]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_schema_that_is_behind_is_told_with_what_to_do(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "head", lambda _revisions=None: "9999")
    async with world.client() as client:
        answer = await client.get("/health/startup")
        assert answer.status_code == 503
        assert "retry-after" in answer.headers
        (check,) = [one for one in answer.json()["checks"] if one["name"] == "schema"]
        assert check["reason"].endswith("this version needs 9999: rustok migrate")
        monkeypatch.undo()
        assert (await client.get("/health/startup")).status_code == 200


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_background_work_that_has_ended_is_named(world: World) -> None:
    startup = Startup(world.platform)
    world.platform.start_background(["jobs"])
    running = world.platform.background()
    assert ("jobs", True) in running
    for task in world.platform._tasks:
        if task.get_name() == "jobs":
            task.cancel()
            await asyncio.wait({task})
    assert failed(await startup.checks()) == {"background jobs": "has ended"}


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_once_up_it_is_up_whatever_becomes_of_the_database(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    early, late = Startup(world.platform), Startup(world.platform)
    assert failed(await early.checks()) == {}

    async def away() -> None:
        raise Unavailable("The database does not answer.")

    monkeypatch.setattr(world.platform.db, "ping", away)
    assert failed(await early.checks()) == {}
    assert failed(await late.checks()) == {"database": "The database does not answer."}
