"""Backpressure: the outbox says how full it is, turns away what can wait, and recovers by itself."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import bindparam

from rustok.content.media.events import MediaDeleted
from rustok.core import dead_letters, idempotency, inbox, outbox
from rustok.core.db import Command, Timestamp
from rustok.core.ids import new_id
from rustok.core.pressure import BacklogFull, BacklogWatch, state_of
from rustok.server.housekeeping import housekeeping_jobs
from rustok.telemetry import metrics
from tests.conftest import World


@pytest.mark.parametrize(
    ("pending", "state"),
    [
        (0, "normal"),
        (69, "normal"),
        (70, "warning"),
        (89, "warning"),
        (90, "critical"),
        (99, "critical"),
        (100, "full"),
        (500, "full"),
    ],
)
def test_the_states_begin_at_seventy_ninety_and_a_hundred_percent(pending: int, state: str) -> None:
    assert state_of(pending, 100) == state


async def _emit(world: World, count: int) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        for _ in range(count):
            tx.emit(MediaDeleted(media_id=new_id()))


async def test_a_full_outbox_refuses_writes_that_can_wait_and_nothing_else(world: World) -> None:
    tenant = await world.tenant()
    token = await world.token(tenant)
    await world.drain()
    watch = world.parts.backlog
    watch.limit, watch._fresh_seconds = 100, 0.0
    async with world.client(tenant, token=token) as client:
        tag = {"name": "Outdoor"}
        assert (await client.post("/api/v1/admin/tags", json=tag)).status_code == 201
        await _emit(world, 100)
        refused = await client.post("/api/v1/admin/tags", json={"name": "Indoor"})
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "5"
        assert refused.json()["code"] == "backlog_full"
        ready = await client.get("/health/ready")
        assert ready.status_code == 200
        assert "full, " in ready.text
        scraped = (await client.get("/metrics")).text
        assert 'rustok_outbox_backlog_state{state="full"} 1.0' in scraped
        assert 'rustok_outbox_backlog_state{state="normal"} 0.0' in scraped
        assert 'rustok_event_bus_rejected_total{reason="backlog_full"}' in scraped
        # Reading and buying go on.
        assert (await client.get("/api/v1/admin/tags")).status_code == 200
        cart = await client.post("/api/v1/storefront/carts", json={})
        assert cart.status_code == 201, cart.text
        login = await client.post(
            "/api/v1/auth/login", json={"email": "nobody@example.com", "password": "x" * 20}
        )
        assert login.status_code == 401
        await world.drain()
        again = await client.post("/api/v1/admin/tags", json={"name": "Indoor"})
        assert again.status_code == 201
        assert "normal, " in (await client.get("/health/ready")).text


async def test_a_measurement_serves_all_who_ask_within_a_second(world: World) -> None:
    watch = BacklogWatch(world.db, limit=100)
    with world.counting() as count:
        for _ in range(50):
            await watch.require_room()
    assert count.total == 1
    await _emit(world, 100)
    await watch.require_room()  # still the old measurement
    watch._measured_at = float("-inf")
    with pytest.raises(BacklogFull):
        await watch.require_room()
    assert metrics.OUTBOX_PENDING.value >= 100


async def test_counting_ends_at_twice_the_limit(world: World) -> None:
    await _emit(world, 250)
    assert (await BacklogWatch(world.db, limit=100).measure()).pending == 200


def test_selling_signing_in_and_mending_are_essential_and_authoring_is_not() -> None:
    from rustok.server.modules import all_modules

    commands = {r.full_path: r.essential for r in all_modules().routes if r.method != "GET"}
    for path, essential in commands.items():
        if path.startswith(("/api/v1/storefront/ca", "/api/v1/auth/", "/api/v1/platform/")):
            assert essential, path
    assert not commands["/api/v1/admin/products"]
    assert not commands["/api/v1/admin/nodes"]


_AGE = Command(
    outbox.outbox.update().values(published_at=bindparam("then", type_=Timestamp())),
    system="test",
)
_AGE_INBOX = Command(
    inbox.inbox.update().values(applied_at=bindparam("then", type_=Timestamp())),
    system="test",
)


async def test_retention_takes_what_is_old_and_leaves_what_is_needed(world: World) -> None:
    tenant = await world.tenant()
    token = await world.token(tenant)
    await world.drain()
    buried = (await world.events(tenant))[0]
    async with world.client(tenant, token=token) as client:
        for key in ("old-key-1", "new-key-1"):
            made = await client.post(
                "/api/v1/admin/tags", json={"name": key}, headers={"Idempotency-Key": key}
            )
            assert made.status_code == 201
    await world.drain()
    async with world.write(tenant) as tx:
        await dead_letters.bury(tx, "test.consumer", buried, error="open", attempts=1)
        await inbox.record(tx, "test.other", [buried.id])
        await tx.update(
            idempotency.idempotency_keys,
            {"key": "old-key-1"},
            created_at=tx.now - timedelta(days=2),
        )
    async with world.db.system("test") as tx:
        then = tx.now - timedelta(days=100)
        await tx.run(_AGE, then=then)
        await tx.run(_AGE_INBOX, then=then)
    await _emit(world, 3)
    jobs = {job.name: job for job in housekeeping_jobs(world.platform.settings)}
    gone = await jobs["events.retention"].run(world.parts)
    assert gone > 3
    async with world.db.system("test", write=False) as tx:
        assert (await outbox.backlog(tx)).pending == await outbox.count_events(tx) >= 3
        kept = await inbox.list_deliveries(
            tx, tenant.id, buried.id, consumers=["test.consumer", "test.other"]
        )
    assert [one.consumer for one in kept] == ["test.consumer"]
    assert await jobs["events.retention"].run(world.parts) == 0
    assert await jobs["idempotency.retention"].run(world.parts) == 1
    settings = world.platform.settings
    short = msgspec.structs.replace(
        settings, http=msgspec.structs.replace(settings.http, idempotency_hours=24)
    )
    assert len(housekeeping_jobs(short)) == 2
