"""The event stream: what is committed comes, in order, from any place on; nobody holds the server up."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from rustok.content.media.events import MediaDeleted
from rustok.core.ids import new_id
from rustok.core.tenancy import TenantProfile
from rustok.platform.eventlog.service import streaming as streams
from rustok.platform.tenants import api as tenants
from rustok.server import streaming as sending
from rustok.server.app import Application
from rustok.server.asgi import application
from tests.conftest import World

PATH = "/api/v1/admin/events/stream"


@pytest.fixture(autouse=True)
def _long_streams(_streams_end_by_themselves: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "LONGEST_SECONDS", 60.0)
    monkeypatch.setattr(streams, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(streams, "REST_SECONDS", 0.0)


class Reader:
    """A client of the ASGI application that reads a stream, hangs up, or stops reading."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.text = ""
        self.is_reading = asyncio.Event()
        self.is_reading.set()
        self.ended = asyncio.Event()
        self._hung_up = asyncio.Event()
        self._asked = False

    async def receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._hung_up.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        await self.is_reading.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {k.decode(): v.decode() for k, v in message["headers"]}
            return
        self.text += message["body"].decode()
        if not message.get("more_body"):
            self.ended.set()

    def hang_up(self) -> None:
        self._hung_up.set()

    @property
    def events(self) -> list[tuple[int, str, dict[str, Any]]]:
        """(id, type, envelope) of what came."""
        found = []
        for block in self.text.split("\n\n"):
            lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
            if "data" in lines:
                found.append((int(lines["id"]), lines["event"], json.loads(lines["data"])))
        return found

    async def until(self, count: int) -> list[tuple[int, str, dict[str, Any]]]:
        async with asyncio.timeout(10):
            while len(self.events) < count:
                await asyncio.sleep(0.01)
        return self.events


@contextlib.asynccontextmanager
async def reading(
    app: Application, tenant: TenantProfile, token: str, query: str = "", **headers: str
) -> AsyncIterator[Reader]:
    reader = Reader()
    sent = {"x-tenant": tenant.slug, "authorization": f"Bearer {token}", **headers}
    scope = {
        "type": "http",
        "method": "GET",
        "path": PATH,
        "query_string": query.encode(),
        "headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in sent.items()],
        "client": ("127.0.0.1", 1),
        "scheme": "http",
    }
    task = asyncio.create_task(app(scope, reader.receive, reader.send))
    async with asyncio.timeout(10):
        while not reader.text and not task.done():
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)  # it has looked where the log ends
    try:
        yield reader
    finally:
        reader.is_reading.set()
        reader.hang_up()
        await asyncio.wait_for(task, 10)


async def emit(world: World, tenant: TenantProfile, *things: UUID) -> None:
    for thing in things:
        async with world.write(tenant) as tx:
            tx.emit(MediaDeleted(media_id=thing))


async def test_committed_events_of_the_own_tenant_come_in_order(world: World) -> None:
    tenant, other = await world.tenant(), await world.tenant()
    things = [new_id() for _ in range(5)]
    async with reading(application(world.platform), tenant, await world.token(tenant)) as reader:
        await emit(world, other, new_id())
        await emit(world, tenant, *things)
        found = await reader.until(5)
    assert reader.headers["content-type"] == "text/event-stream"
    assert "content-length" not in reader.headers
    assert [event["data"]["media_id"] for _, _, event in found] == [str(one) for one in things]
    assert streams.open_streams() == 0


async def test_a_reader_that_comes_again_misses_nothing(world: World) -> None:
    tenant = await world.tenant()
    app, token = application(world.platform), await world.token(tenant)
    things = [new_id() for _ in range(300)]
    async with reading(app, tenant, token) as reader:
        await emit(world, tenant, *things[:3])
        last = (await reader.until(3))[-1][0]
    async with world.write(tenant) as tx:
        for thing in things[3:]:
            tx.emit(MediaDeleted(media_id=thing))
    async with reading(app, tenant, token, last_event_id=str(last)) as again:
        while things[-1] not in {UUID(e["data"]["media_id"]) for _, _, e in again.events[-1:]}:
            await asyncio.sleep(0.02)
        came = [UUID(e["data"]["media_id"]) for _, t, e in again.events if t == "media.deleted"]
    # What was committed seconds before the place may come once more, and only that.
    assert [one for one in came if one not in things[:3]] == things[3:]


async def test_filters_choose_by_type_and_by_thing(world: World) -> None:
    tenant = await world.tenant()
    app, token, wanted = application(world.platform), await world.token(tenant), new_id()
    async with (
        reading(app, tenant, token, "type=tenant.updated") as by_type,
        reading(app, tenant, token, f"aggregate_type=media&aggregate_id={wanted}") as by_thing,
    ):
        await emit(world, tenant, new_id(), wanted)
        async with world.write(tenant) as tx:
            await tenants.update(tx, expected_version=None, name="Another")
        assert [name for _, name, _ in await by_type.until(1)] == ["tenant.updated"]
        assert [e["data"]["media_id"] for _, _, e in await by_thing.until(1)] == [str(wanted)]


async def test_the_stream_ends_with_the_token(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = await world.tenant()
    monkeypatch.setattr(streams, "LONGEST_SECONDS", 0.3)
    async with reading(application(world.platform), tenant, await world.token(tenant)) as reader:
        await asyncio.wait_for(reader.ended.wait(), 5)


async def test_a_reader_that_does_not_read_is_dropped(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = await world.tenant()
    monkeypatch.setattr(sending, "SLOW_SECONDS", 0.2)
    async with reading(application(world.platform), tenant, await world.token(tenant)) as reader:
        reader.is_reading.clear()
        await emit(world, tenant, new_id())
        async with asyncio.timeout(5):
            while streams.open_streams():
                await asyncio.sleep(0.02)


async def test_a_server_that_stops_ends_its_streams(world: World) -> None:
    tenant = await world.tenant()
    app = application(world.platform)
    async with reading(app, tenant, await world.token(tenant)) as reader:
        assert await app.drain(5)
        assert reader.ended.is_set()
    assert streams.open_streams() == 0


async def test_heartbeats_keep_a_quiet_stream_alive(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = await world.tenant()
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.05)
    async with reading(application(world.platform), tenant, await world.token(tenant)) as reader:
        async with asyncio.timeout(5):
            while ": still here" not in reader.text:
                await asyncio.sleep(0.02)


async def test_a_tenant_opens_so_many_streams_and_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant, other = await world.tenant(), await world.tenant()
    app, token = application(world.platform), await world.token(tenant)
    monkeypatch.setattr(streams, "PER_TENANT", 1)
    async with reading(app, tenant, token):
        async with reading(app, tenant, token) as refused:
            assert refused.status == 429
            assert "event_stream_limit" in refused.text
        async with reading(app, other, await world.token(other)) as unmoved:
            assert unmoved.status == 200
    async with reading(app, tenant, token) as free_again:
        assert free_again.status == 200


async def test_a_place_that_is_none_and_a_reader_without_permission_are_refused(
    world: World,
) -> None:
    tenant = await world.tenant()
    app = application(world.platform)
    token = await world.token(tenant)
    async with reading(app, tenant, token, last_event_id="1; drop") as odd:
        assert (odd.status, json.loads(odd.text)["code"]) == (400, "event_place_unknown")
    async with reading(app, tenant, await world.token(tenant, "editor")) as refused:
        assert refused.status == 403
    assert streams.open_streams() == 0


async def test_a_commit_of_this_process_is_told_without_waiting_for_the_next_look(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "LOOK_SECONDS", 3_600.0)
    tenant = await world.tenant()
    token = await world.token(tenant)
    async with reading(application(world.platform), tenant, token) as reader:
        thing = new_id()
        async with world.write(tenant) as tx:
            tx.emit(MediaDeleted(media_id=thing))
        ((_, _, envelope),) = await reader.until(1)
    assert envelope["data"] == {"media_id": str(thing)}
