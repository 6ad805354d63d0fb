"""Copies at a CDN: answers name what they show, changes purge it, and no change is lost."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from standardwebhooks import Webhook

from rustok.commerce.products import api as products
from rustok.core import outbox
from rustok.core.cache import showing
from rustok.core.errors import Unavailable
from rustok.core.events.event import aggregate_types
from rustok.core.resilience.breaker_registry import BreakerRegistry
from rustok.core.resilience.circuit_breaker import CircuitOpen
from rustok.core.routing import PUBLIC
from rustok.core.security import outbound_http
from rustok.core.security.ssrf import OutboundPolicy
from rustok.core.tenancy import TenantProfile
from rustok.platform.cdn import repository
from rustok.platform.cdn.api import CdnOptions, PurgeFailed, key_of, tenant_key
from rustok.platform.cdn.model.options import Provider
from rustok.platform.cdn.service.purging import Purger
from rustok.platform.tenants import api as tenants
from rustok.server.changes import SHOWN_BY_EVENTS
from rustok.server.modules import all_modules
from rustok.server.ready import QUIET
from rustok.server.settings import CdnSettings, Secret, Settings
from tests.conftest import World
from tests.integration.index.test_index_products import offer, shop
from tests.integration.platform.hooks import Clock
from tests.integration.platform.receiver import Receiver, answer, silence

TOKEN = "tok-4f1e9c0d7b"
STOREFRONT = "/api/v1/storefront"


@pytest.fixture
def database_settings(database_settings: Settings) -> Settings:
    cdn = CdnSettings(provider="webhook", url="https://in.example", token=Secret(TOKEN))
    return msgspec.structs.replace(database_settings, cdn=cdn)


def purger(
    world: World, receiver: Receiver, provider: Provider = "webhook", **changes: Any
) -> Purger:
    """A worker whose provider is `receiver`, with breakers that know nothing yet."""
    base = receiver.url.partition("/hook")[0]
    options = CdnOptions(
        provider=provider,
        place=f"{base}/purge" if provider == "webhook" else "PLACE1",
        api_url=base,
        token=TOKEN,
        wait_seconds=0,
        policy=OutboundPolicy(allow_http=True, allow_private=True),
    )
    options = msgspec.structs.replace(options, **changes)
    parts = msgspec.structs.replace(
        world.parts, feature_options=(options,), breakers=BreakerRegistry()
    )
    return Purger(parts)


async def waiting(world: World) -> list[repository.Waiting]:
    async with world.db.system("test", write=False) as tx:
        return await repository.list_due(tx, until=tx.now + timedelta(days=1), limit=1_000)


async def keys_waiting(world: World) -> set[str]:
    return {key for row in await waiting(world) for key in row.keys}


async def forget_rows(world: World) -> None:
    rows = await waiting(world)
    async with world.db.system("test") as tx:
        await repository.remove(tx, [row.id for row in rows])


@asynccontextmanager
async def quiet_shop(world: World) -> AsyncIterator[tuple[TenantProfile, UUID]]:
    """A shop with one product on offer, of which nothing waits to be purged."""
    tenant = await shop(world)
    async with world.write(tenant) as tx:
        made = await offer(tx)
    await world.drain()
    await forget_rows(world)
    yield tenant, made.product_id


def test_every_public_cacheable_route_says_what_it_shows() -> None:
    cacheable = [
        route
        for route in all_modules().routes
        if route.method == "GET"
        and route.surface == "storefront"
        and route.permission == PUBLIC
        and route.cache_seconds
    ]
    assert len(cacheable) >= 10
    assert [route.full_path for route in cacheable if not route.shows] == []


def test_every_aggregate_is_quiet_or_says_what_its_events_alter() -> None:
    all_modules()
    known = QUIET | SHOWN_BY_EVENTS.keys()
    assert sorted(set(aggregate_types()) - known) == []
    assert not QUIET & SHOWN_BY_EVENTS.keys()


async def test_answers_carry_the_keys_of_their_tenant_alone(world: World) -> None:
    async with quiet_shop(world) as (tenant, product_id):
        other = await shop(world)
        paths = {
            f"{STOREFRONT}/products": {"products"},
            f"{STOREFRONT}/products/facets": {"products"},
            f"{STOREFRONT}/products/linen-shirt": {
                "product",
                showing.thing("product", product_id),
            },
            f"{STOREFRONT}/search?q=linen": {"products", "nodes"},
            f"{STOREFRONT}/nodes": {"nodes"},
            f"{STOREFRONT}/menus": {"menus"},
            f"{STOREFRONT}/categories": {"categories"},
            "/sitemap.xml": {"products", "nodes"},
            "/robots.txt": set(),
        }
        async with world.client(tenant) as client, world.client(other) as stranger:
            for path, parts in paths.items():
                found = await client.get(path)
                again = await client.get(path)
                assert found.status_code == 200, path
                wanted = {tenant_key(tenant.id), *(key_of(tenant.id, one) for one in parts)}
                assert set(found.headers["surrogate-key"].split(" ")) == wanted, path
                assert set(found.headers["cache-tag"].split(",")) == wanted, path
                assert again.headers["surrogate-key"] == found.headers["surrogate-key"]
                assert found.headers["cache-control"].startswith("public, max-age=")
                assert found.headers["surrogate-control"] == "max-age=86400"
                theirs = await stranger.get(path)
                if "surrogate-key" in theirs.headers:
                    assert not wanted & set(theirs.headers["surrogate-key"].split(" "))


async def test_a_not_modified_answer_has_the_keys_too(world: World) -> None:
    async with quiet_shop(world) as (tenant, _), world.client(tenant) as client:
        path = f"{STOREFRONT}/categories"
        first = await client.get(path)
        world.platform.ready.forget(None)
        for _ in range(2):  # the long way, and the short one
            known = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
            assert known.status_code == 304
            assert known.headers["cache-tag"] == first.headers["cache-tag"]


async def test_problems_staff_and_pages_of_one_visitor_carry_no_keys(world: World) -> None:
    tenant = await shop(world)
    token = await world.token(tenant)
    async with world.client(tenant) as client, world.client(tenant, token=token) as staff:
        for found in (
            await client.get(f"{STOREFRONT}/products/none"),
            await client.get("/", headers={"Accept": "text/html"}),
            await staff.get("/api/v1/admin/products"),
        ):
            assert not {"surrogate-key", "cache-tag", "surrogate-control"} & found.headers.keys()


async def test_what_is_shown_for_want_of_something_newer_is_not_kept_for_a_day(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with quiet_shop(world) as (tenant, _), world.client(tenant) as client:
        path = f"{STOREFRONT}/products"
        assert "surrogate-control" in (await client.get(path)).headers
        world.platform.ready.forget(None)

        def away(*_: object, **__: object) -> object:
            raise Unavailable("The database is away.")

        monkeypatch.setattr(world.db, "read", away)
        stale = await client.get(path)
    assert "stale" in stale.headers["cache-status"]
    assert not {"surrogate-control", "cdn-cache-control"} & stale.headers.keys()


async def test_a_changed_product_alters_its_page_and_the_lists_once_they_show_it(
    world: World,
) -> None:
    async with quiet_shop(world) as (tenant, product_id):
        async with world.write(tenant) as tx:
            await products.archive(tx, product_id)
        assert await keys_waiting(world) == set()  # the lists still show it
        await world.drain()
        named = ("products", showing.thing("product", product_id))
        assert await keys_waiting(world) == {key_of(tenant.id, one) for one in named}


async def test_an_event_applied_again_alters_nothing(world: World) -> None:
    async with quiet_shop(world) as (tenant, product_id):
        async with world.write(tenant) as tx:
            await products.archive(tx, product_id)
        await world.drain()
        await forget_rows(world)
        async with world.db.system("test") as system_tx:
            await system_tx.update(outbox.outbox, {"tenant_id": tenant.id}, published_at=None)
        assert await world.drain() > 0
        assert await keys_waiting(world) == set()


async def test_a_change_that_is_rolled_back_purges_nothing(world: World) -> None:
    async with quiet_shop(world) as (tenant, _):
        with pytest.raises(RuntimeError, match="no"):
            async with world.write(tenant) as tx:
                await tenants.update(tx, expected_version=None, name="Other")
                raise RuntimeError("no")
        assert await waiting(world) == []


async def test_settings_of_a_tenant_alter_all_it_shows_and_nothing_of_others(
    world: World,
) -> None:
    async with quiet_shop(world) as (tenant, _):
        async with world.write(tenant) as tx:
            await tenants.update(tx, expected_version=None, name="Other")
        assert await keys_waiting(world) == {tenant_key(tenant.id)}


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
