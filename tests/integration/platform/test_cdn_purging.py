"""What waits is purged at the provider, in its own words, in few calls, and is never lost."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import timedelta
from uuid import UUID

import pytest
from standardwebhooks import Webhook

from rustok.commerce.products import api as products
from rustok.core.cache import showing
from rustok.core.resilience.circuit_breaker import CircuitOpen
from rustok.core.security import outbound_http
from rustok.core.security.ssrf import OutboundPolicy
from rustok.platform.cdn.api import PurgeFailed, tenant_key
from rustok.platform.cdn.service import purging
from rustok.platform.tenants import api as tenants
from rustok.server.settings import Settings
from tests.conftest import World
from tests.integration.index.test_index_products import shop
from tests.integration.platform.copies import (
    TOKEN,
    forget_rows,
    keys_waiting,
    purger,
    quiet_shop,
    waiting,
    with_cdn,
)
from tests.integration.platform.hooks import Clock
from tests.integration.platform.receiver import Receiver, answer, silence


@pytest.fixture
def database_settings(database_settings: Settings) -> Settings:
    return with_cdn(database_settings)


async def test_fastly_gets_one_call_for_many_changes(world: World) -> None:
    async with quiet_shop(world) as (tenant, product_id):
        for change in (products.unpublish, products.publish, products.archive):
            async with world.write(tenant) as tx:
                await change(tx, product_id)
            await world.drain()
        assert len(await waiting(world)) == 3
        wanted = sorted(await keys_waiting(world))
        async with Receiver(answer(200, b"{}")) as receiver:
            assert not await purger(world, receiver, "fastly").step()
        (call,) = receiver.received
        assert call.line == "POST /service/PLACE1/purge HTTP/1.1"
        assert call.headers["fastly-key"] == TOKEN
        assert call.headers["content-type"] == "application/json"
        assert json.loads(call.body) == {"surrogate_keys": wanted}
        assert await waiting(world) == []


async def test_cloudflare_gets_no_more_than_thirty_tags_a_call(world: World) -> None:
    tenant = await shop(world)
    await forget_rows(world)
    async with world.write(tenant) as tx:
        showing.altered(tx, *(showing.thing("node", UUID(int=n)) for n in range(40)))
    yes = answer(200, b'{"success":true,"errors":[],"messages":[],"result":{"id":"Z"}}')
    async with Receiver(yes, yes) as receiver:
        assert not await purger(world, receiver, "cloudflare").step()
    assert [len(json.loads(one.body)["tags"]) for one in receiver.received] == [30, 10]
    assert receiver.received[0].line == "POST /client/v4/zones/PLACE1/purge_cache HTTP/1.1"
    assert receiver.received[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert await waiting(world) == []


async def test_a_webhook_is_signed_by_the_standard(world: World) -> None:
    tenant = await shop(world)
    secret = "whsec_" + "c2VjcmV0LW9mLXRoZS1yZWNlaXZlci0wMDE="
    async with Receiver() as receiver:
        await purger(world, receiver, token=secret).step()
    (call,) = receiver.received
    Webhook(secret).verify(call.body, call.headers)
    assert call.line == "POST /purge HTTP/1.1"
    assert json.loads(call.body) == {"keys": [tenant_key(tenant.id)]}


async def test_a_purge_that_fails_is_tried_again_until_it_is_done(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    tenant = await shop(world)
    async with Receiver(answer(500), answer(401), answer(200, b"{}")) as receiver:
        worker = purger(world, receiver, "fastly")
        for _ in range(2):
            with pytest.raises(PurgeFailed):
                await worker.step()
            assert await keys_waiting(world) == {tenant_key(tenant.id)}
        await worker.step()
    assert await waiting(world) == []
    assert len(receiver.received) == 3
    assert TOKEN not in caplog.text


async def test_calls_that_succeeded_are_not_repeated_because_a_later_one_failed(
    world: World,
) -> None:
    one, other = await shop(world), await shop(world)
    await forget_rows(world)
    for tenant in (one, other):
        async with world.write(tenant) as tx:
            showing.altered(tx, *(showing.thing("node", UUID(int=n)) for n in range(30)))
    yes = answer(200, b'{"success":true}')
    async with Receiver(yes, answer(500), yes) as receiver:
        worker = purger(world, receiver, "cloudflare")
        with pytest.raises(PurgeFailed):
            await worker.step()
        assert len(await waiting(world)) == 1
        await worker.step()
    assert await waiting(world) == []
    assert len(receiver.received) == 3


async def test_a_receiver_that_says_nothing_is_left_after_a_bound_and_rested(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound_http, "TOTAL_SECONDS", 0.2)
    await shop(world)
    async with Receiver(*[silence] * 5) as receiver:
        worker = purger(world, receiver)
        for _ in range(5):
            with pytest.raises(PurgeFailed, match="too long"):
                await worker.step()
        with pytest.raises(CircuitOpen):
            await worker.step()
    assert len(receiver.received) == 5
    assert len(await waiting(world)) == 1


async def test_an_address_inside_the_own_network_is_refused(world: World) -> None:
    await shop(world)
    async with Receiver() as receiver:
        with pytest.raises(PurgeFailed):
            await purger(world, receiver, policy=OutboundPolicy()).step()
    assert receiver.connections == 0


async def test_changes_are_collected_before_they_are_sent(world: World) -> None:
    clock = Clock(world)
    await shop(world)
    async with Receiver() as receiver:
        worker = purger(world, receiver, wait_seconds=3)
        await worker.step()
        assert receiver.received == []
        clock.forward(seconds=4)
        await worker.step()
    assert len(receiver.received) == 1


async def test_what_waited_longer_than_any_copy_lives_is_given_up(world: World) -> None:
    clock = Clock(world)
    await shop(world)
    clock.forward(days=2)
    async with Receiver() as receiver:
        await purger(world, receiver).step()
    assert receiver.received == []
    assert await waiting(world) == []


async def test_two_workers_do_not_send_the_same(world: World) -> None:
    await shop(world)
    async with Receiver(silence) as receiver:
        first, second = purger(world, receiver), purger(world, receiver)
        task = asyncio.create_task(first.step())
        while not receiver.received:
            await asyncio.sleep(0.01)
        assert not await second.step()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert len(receiver.received) == 1
    assert len(await waiting(world)) == 1


async def test_the_service_goes_on_after_a_failure_and_ends_when_it_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "LONGEST_PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(purging, "POLL_SECONDS", 0.05)
    await shop(world)
    stop = asyncio.Event()
    async with Receiver(answer(503)) as receiver, asyncio.timeout(10):
        task = asyncio.create_task(purger(world, receiver).run(stop))
        while await waiting(world):
            await asyncio.sleep(0.02)
        await shop(world)  # and what comes later
        while await waiting(world):
            await asyncio.sleep(0.02)
        stop.set()
        await task
        # The lease is given back: another process need not wait for its end.
        await shop(world)
        await purger(world, receiver).step()
    assert len(receiver.received) == 4
    assert await waiting(world) == []


async def test_a_change_of_a_long_transaction_waits_from_its_end(world: World) -> None:
    tenant = await shop(world)
    await forget_rows(world)
    async with world.write(tenant) as tx:
        began = tx.now
        await asyncio.sleep(0.05)
        await tenants.update(tx, expected_version=None, name="Other")
    (row,) = await waiting(world)
    assert row.created_at - began >= timedelta(seconds=0.05)
