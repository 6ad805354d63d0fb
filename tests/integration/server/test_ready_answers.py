"""The short way: the second answer is the first one again, until what it tells has changed."""

from __future__ import annotations

import pytest

from rustok.commerce.products import api as products
from rustok.core.db import DatabaseUnavailable
from rustok.platform.tenants import api as tenants
from tests.conftest import World
from tests.integration.index.test_index_products import offer, shop

LIST = "/api/v1/storefront/products"
OWN = {"x-request-id", "traceresponse"}


async def test_the_second_answer_is_the_first_one_without_a_statement(world: World) -> None:
    tenant = await shop(world)
    async with world.write(tenant) as tx:
        await offer(tx)
    await world.drain()
    async with world.client(tenant) as client:
        first = await client.get(LIST)
        with world.counting() as count:
            second = await client.get(LIST, headers={"X-Request-ID": "my-request-1"})
            known = await client.get(LIST, headers={"If-None-Match": second.headers["etag"]})
        assert count.sql == []
    assert (second.status_code, second.content) == (200, first.content)
    kept = {name: value for name, value in first.headers.items() if name not in OWN}
    assert {name: value for name, value in second.headers.items() if name not in OWN} == kept
    assert second.headers["x-request-id"] == "my-request-1"
    assert second.headers["traceresponse"] != first.headers["traceresponse"]
    assert (known.status_code, known.content) == (304, b"")
    assert "content-type" not in known.headers


async def test_the_first_answer_can_be_that_the_client_has_it(world: World) -> None:
    tenant = await shop(world)
    async with world.client(tenant) as client:
        etag = (await client.get(LIST)).headers["etag"]
        world.platform.ready.forget(None)
        known = await client.get(LIST, headers={"If-None-Match": etag})
    assert (known.status_code, known.content) == (304, b"")


async def test_a_changed_product_is_shown_at_once(world: World) -> None:
    tenant = await shop(world)
    async with world.write(tenant) as tx:
        made = await offer(tx)
    await world.drain()
    async with world.client(tenant) as client:
        assert len((await client.get(LIST)).json()["items"]) == 1
        async with world.write(tenant) as tx:
            await products.archive(tx, made.product_id)
        await world.drain()
        assert (await client.get(LIST)).json()["items"] == []


async def test_a_suspended_tenant_and_a_module_switched_off_answer_no_more(world: World) -> None:
    tenant = await shop(world)
    menus = "/api/v1/storefront/menus"
    async with world.client(tenant) as client:
        assert (await client.get(menus)).status_code == 200
        async with world.write(tenant) as tx:
            await tenants.disable_module(tx, world.parts.modules, "menus")
        assert (await client.get(menus)).json()["code"] == "module_disabled"
        assert (await client.get(LIST)).status_code == 200
        async with world.db.system("test") as system_tx:
            await tenants.suspend(system_tx, tenant.id, reason="test")
        assert (await client.get(LIST)).json()["code"] == "tenant_suspended"


async def test_a_database_that_is_away_leaves_shoppers_the_last_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = await shop(world)
    async with world.write(tenant) as tx:
        await offer(tx)
    await world.drain()
    async with world.client(tenant) as client:
        first = await client.get(LIST)
        world.platform.forgetting.forget_everything()  # as when the bus comes back meanwhile

        def away(**_: object) -> object:
            raise DatabaseUnavailable

        monkeypatch.setattr(world.db._driver, "transaction", away)
        stale = await client.get(LIST)
        assert (stale.status_code, stale.content) == (200, first.content)
        assert stale.headers["cache-status"] == "rustok; hit; detail=stale"
        never_asked = await client.get(f"{LIST}?limit=3")
        assert (never_asked.status_code, never_asked.headers["retry-after"]) == (503, "2")
        monkeypatch.undo()
        again = await client.get(LIST)
    assert again.status_code == 200
    assert "cache-status" not in again.headers


async def test_another_tenant_gets_its_own_answer(world: World) -> None:
    one, other = await shop(world), await world.tenant()
    async with world.write(one) as tx:
        await offer(tx)
    await world.drain()
    async with world.client(one) as client:
        assert (await client.get(LIST)).json()["items"]
    async with world.client(other) as client:
        assert (await client.get(LIST)).json()["items"] == []
