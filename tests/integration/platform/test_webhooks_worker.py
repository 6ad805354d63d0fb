"""The worker: shares, order, breakers, claims and what a stop or a crash leaves, on both databases."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from uuid import UUID

import pytest

from rustok.core.bus.embedded import EmbeddedTransport
from rustok.core.outbox import PendingEvent
from rustok.platform.tenants import api as tenants
from rustok.platform.webhooks import api as webhooks
from rustok.platform.webhooks.handlers import CONSUMER
from rustok.platform.webhooks.model.delivery import PendingDelivery
from rustok.platform.webhooks.repository import due
from rustok.platform.webhooks.service import courier as courier_module
from rustok.platform.webhooks.service.deliveries import purge_old
from rustok.server.settings import Settings
from tests.conftest import World
from tests.integration.platform.hooks import (
    Clock,
    add_endpoint,
    add_roles,
    courier,
    deliveries_of,
    endpoint_of,
    local_receivers,
    log_of,
    rename,
    verified,
)
from tests.integration.platform.receiver import Receiver, answer, silence


@pytest.fixture
def database_settings(database_settings: Settings) -> Settings:
    return local_receivers(database_settings)


async def _slow(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(0.05)
    await answer(204)(writer)


async def test_only_events_that_match_go_to_active_endpoints_of_the_tenant(world: World) -> None:
    tenant, other = await world.tenant(), await world.tenant()
    async with Receiver() as receiver:
        await add_endpoint(world, tenant, receiver.url, ["tenant.updated"])
        await add_endpoint(world, tenant, receiver.url, ["order.*"])
        disabled = await add_endpoint(world, tenant, receiver.url, ["*"])
        async with world.write(tenant) as tx:
            await webhooks.disable(tx, disabled.endpoint.id, reason="Not now")
        await rename(world, other, "Others")
        await rename(world, tenant, "Ours")
        await add_roles(world, tenant, 1)
        assert await courier(world).settle() == 1
    (delivery,) = await deliveries_of(world, tenant)
    assert delivery.event_type == "tenant.updated"
    assert await deliveries_of(world, other) == []


async def test_a_tenant_without_the_module_gets_no_deliveries(world: World) -> None:
    tenant = await world.tenant()
    async with Receiver() as receiver:
        await add_endpoint(world, tenant, receiver.url)
        async with world.write(tenant) as tx:
            await tenants.disable_module(tx, world.parts.modules, "webhooks")
        world.parts.forget_tenant(tenant.id)
        await rename(world, tenant, "New name")
    assert await deliveries_of(world, tenant) == []


async def test_an_event_that_comes_twice_is_delivered_once(world: World) -> None:
    tenant = await world.tenant()
    async with Receiver() as receiver:
        await add_endpoint(world, tenant, receiver.url)
        await rename(world, tenant, "New name")
        (envelope,) = await world.events(tenant, "tenant.updated")
        async with world.write(tenant) as tx:
            # As a replay into this consumer does: past the inbox, the same event again.
            await CONSUMER.handlers["tenant.updated"](tx, envelope.event(), envelope)
        transport = EmbeddedTransport(world.db, [CONSUMER], profile_of=world.parts.profile_of)
        await transport.publish([PendingEvent(position=1, attempts=0, envelope=envelope)])
        assert await courier(world).settle() == 1


async def test_an_endpoint_is_not_told_of_itself_but_another_one_is(world: World) -> None:
    tenant = await world.tenant()
    async with Receiver(answer(410)) as broken, Receiver() as well:
        first = await add_endpoint(world, tenant, broken.url, ["*"])
        await add_endpoint(world, tenant, well.url, ["webhook.endpoint_disabled"])
        await courier(world).settle()
        await world.drain()
        await courier(world).settle()
    told = [one.event_type for one in await deliveries_of(world, tenant)]
    assert told.count("webhook.endpoint_disabled") == 1
    assert "webhook.delivery_failed" not in told
    assert (await endpoint_of(world, tenant, first.endpoint.id)).state == "disabled"


async def test_an_endpoint_gets_at_most_two_at_once(world: World) -> None:
    tenant = await world.tenant()
    async with Receiver(*[_slow] * 12) as receiver:
        await add_endpoint(world, tenant, receiver.url, ["role.*"])
        await add_roles(world, tenant, 12)
        assert await courier(world).settle() == 12
    assert receiver.most_at_once == 2


async def test_a_tenant_gets_at_most_its_share_at_once(world: World) -> None:
    tenant = await world.tenant()
    async with Receiver(*[_slow] * 40) as receiver:
        for _ in range(8):
            await add_endpoint(world, tenant, receiver.url, ["role.*"])
        await add_roles(world, tenant, 3)
        assert await courier(world).settle() == 24
    assert receiver.most_at_once <= courier_module.PER_TENANT


async def test_a_long_queue_of_one_endpoint_delays_no_other(world: World) -> None:
    flooding, quiet = await world.tenant(), await world.tenant()
    async with Receiver(*[silence] * 100) as stuck, Receiver() as receiver:
        await add_endpoint(world, flooding, stuck.url, ["role.*"])
        await add_endpoint(world, quiet, receiver.url)
        await add_roles(world, flooding, 60)
        await rename(world, quiet, "New name")
        worker = courier(world, total_seconds=6, connect_seconds=4)
        while await worker.step():
            pass
        async with asyncio.timeout(5):
            while not receiver.received:
                await asyncio.sleep(0.01)
        assert len(stuck.received) <= 2
    await worker.finish()


async def test_in_order_the_second_waits_for_the_first_of_its_aggregate(world: World) -> None:
    tenant = await world.tenant()
    clock = Clock(world)
    async with Receiver(answer(500)) as receiver:
        made = await add_endpoint(
            world, tenant, receiver.url, ["tenant.updated", "role.*"], is_ordered=True
        )
        await rename(world, tenant, "One", "Two", "Three")
        await add_roles(world, tenant, 2)
        await courier(world).settle()
        held = [one.state for one in await deliveries_of(world, tenant)]
        assert held == ["pending", "pending", "pending", "delivered", "delivered"]
        clock.forward(seconds=7)
        await courier(world).settle()
    assert {one.state for one in await deliveries_of(world, tenant)} == {"delivered"}
    made_of = [verified(one, made.secret) for one in receiver.received[:1]]
    assert made_of[0]["sequence"] == 2
    told = [json.loads(one.body) for one in receiver.received]
    sequences = [one["sequence"] for one in told if one["type"] == "tenant.updated"]
    assert sequences == [2, 2, 3, 4]


async def test_what_a_delivery_ending_during_a_look_sets_free_is_found_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = await world.tenant()
    async with Receiver() as receiver:
        await add_endpoint(world, tenant, receiver.url, is_ordered=True)
        await rename(world, tenant, "One", "Two", "Three")
        worker = courier(world)
        look = worker._look

        async def slow_look(after: UUID | None) -> list[due.Due]:
            found = await look(after)
            await worker.finish()
            return found

        monkeypatch.setattr(worker, "_look", slow_look)
        assert await worker.settle() == 3
    assert {one.state for one in await deliveries_of(world, tenant)} == {"delivered"}


async def test_a_given_up_delivery_lets_the_next_of_its_aggregate_pass(world: World) -> None:
    tenant = await world.tenant()
    async with Receiver(answer(404)) as receiver:
        await add_endpoint(world, tenant, receiver.url, is_ordered=True)
        await rename(world, tenant, "One", "Two")
        await courier(world).settle()
    assert [one.state for one in await deliveries_of(world, tenant)] == ["failed", "delivered"]


async def test_after_five_failures_in_a_row_the_endpoint_is_left_alone(world: World) -> None:
    tenant = await world.tenant()
    async with Receiver(*[answer(503)] * 20) as receiver:
        await add_endpoint(world, tenant, receiver.url, ["role.*"])
        await add_roles(world, tenant, 12)
        worker = courier(world)
        await worker.settle()
        asked = len(receiver.received)
    assert 5 <= asked <= 6, "two run at once, so one may be on its way when the circuit opens"
    untouched = [one for one in await deliveries_of(world, tenant) if one.attempt_count == 0]
    assert len(untouched) == 12 - asked


async def test_two_workers_send_each_delivery_once(world: World) -> None:
    tenant = await world.tenant()
    async with Receiver(*[_slow] * 30) as receiver:
        for _ in range(3):
            await add_endpoint(world, tenant, receiver.url, ["role.*"])
        await add_roles(world, tenant, 10)
        sent = await asyncio.gather(*[courier(world).settle() for _ in range(2)])
        while await courier(world).settle():
            pass
    assert sum(sent) <= 30
    ids = [
        (one.headers["webhook-id"], one.headers["webhook-signature"]) for one in receiver.received
    ]
    assert len(ids) == len(set(ids)) == 30
    assert {one.attempt_count for one in await deliveries_of(world, tenant)} == {1}


async def test_a_dead_workers_claim_runs_out(world: World) -> None:
    tenant = await world.tenant()
    clock = Clock(world)
    async with Receiver() as receiver:
        await add_endpoint(world, tenant, receiver.url)
        await rename(world, tenant, "New name")
        async with world.db.system("test: a worker that dies") as tx:
            found = await due.list_due(tx, after=None, resting=[], at_once=2, limit=10)
            claimed = await due.claim(
                tx, found, claim_id=found[0].delivery_id, until=tx.now + courier_module.LEASE
            )
        assert len(claimed) == 1
        assert await courier(world).settle() == 0
        clock.forward(seconds=courier_module.LEASE.total_seconds() + 1)
        settled = 0
        for _ in range(20):
            settled += await courier(world).settle()
            if settled:
                break
            await asyncio.sleep(0.25)  # a busy database may have made the first look give up
        assert settled == 1
    (delivery,) = await deliveries_of(world, tenant)
    assert delivery.state == "delivered"


async def test_a_stop_lets_the_request_under_way_end_and_be_recorded(world: World) -> None:
    tenant = await world.tenant()
    async with Receiver(_slow) as receiver:
        await add_endpoint(world, tenant, receiver.url)
        await rename(world, tenant, "New name")
        stop = asyncio.Event()
        running = asyncio.create_task(courier(world).run(stop))
        async with asyncio.timeout(5):
            while not receiver.received:
                await asyncio.sleep(0.005)
        stop.set()
        await running
    (delivery,) = await deliveries_of(world, tenant)
    assert delivery.state == "delivered"


async def test_the_platform_delivers_by_itself_in_the_background(world: World) -> None:
    tenant = await world.tenant()
    async with Receiver() as receiver:
        await add_endpoint(world, tenant, receiver.url)
        world.platform.start_background()
        async with world.write(tenant) as tx:
            await tenants.update(tx, expected_version=None, name="New name")
        async with asyncio.timeout(10):
            while not receiver.received:
                await asyncio.sleep(0.02)
        await world.platform.close()
        await world.platform.open()
    (delivery,) = await deliveries_of(world, tenant)
    assert delivery.state == "delivered"


async def test_a_suspended_tenants_deliveries_wait(world: World) -> None:
    tenant = await world.tenant()
    clock = Clock(world)
    async with Receiver() as receiver:
        await add_endpoint(world, tenant, receiver.url)
        await rename(world, tenant, "New name")
        async with world.db.system("test") as tx:
            await tenants.suspend(tx, tenant.id, reason="Unpaid")
        world.parts.forget_tenant(tenant.id)
        await courier(world).settle()
        assert receiver.connections == 0
        async with world.db.system("test") as tx:
            await tenants.reactivate(tx, tenant.id)
        world.parts.forget_tenant(tenant.id)
        clock.forward(minutes=11)
        await courier(world).settle()
    (delivery,) = await deliveries_of(world, tenant)
    assert (delivery.state, delivery.attempt_count) == ("delivered", 1)


async def test_what_waited_for_a_disabled_endpoint_goes_out_when_it_is_enabled(
    world: World,
) -> None:
    tenant = await world.tenant()
    async with Receiver() as receiver:
        made = await add_endpoint(world, tenant, receiver.url)
        await rename(world, tenant, "New name")
        async with world.write(tenant) as tx:
            await webhooks.disable(tx, made.endpoint.id, reason="Not now")
        assert await courier(world).settle() == 0
        async with world.write(tenant) as tx:
            await webhooks.enable(tx, made.endpoint.id)
        assert await courier(world).settle() == 1


async def test_a_delivery_can_be_sent_again_and_has_the_whole_schedule_ahead(
    world: World,
) -> None:
    tenant = await world.tenant()
    async with Receiver(answer(404), answer(500)) as receiver:
        await add_endpoint(world, tenant, receiver.url)
        await rename(world, tenant, "One")
        await courier(world).settle()
        (failed,) = await deliveries_of(world, tenant)
        async with world.write(tenant) as tx:
            await webhooks.redeliver(tx, failed.id)
        await courier(world).settle()
    (again,) = await deliveries_of(world, tenant)
    assert isinstance(again, PendingDelivery)
    assert (again.attempt_count, again.run_count) == (2, 1)
    assert [one.number for one in await log_of(world, tenant, again.id)] == [1, 2]


async def test_old_deliveries_go_with_their_log(world: World) -> None:
    tenant = await world.tenant()
    clock = Clock(world)
    async with Receiver() as receiver:
        await add_endpoint(world, tenant, receiver.url)
        await rename(world, tenant, "One")
        await courier(world).settle()
        clock.forward(days=29)
        await rename(world, tenant, "Two")
        assert await purge_old(world.parts) == 0
        clock.forward(days=2)
        assert await purge_old(world.parts) == 1
    (kept,) = await deliveries_of(world, tenant)
    assert kept.created_at > world.db.now() - timedelta(days=3)
