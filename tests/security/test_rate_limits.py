"""Limits over HTTP: per address, user, API key, tenant and class of route; penalties; a tenant's share."""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import Any

import httpx
import msgspec
import pytest

from rustok.platform.identity import api as identity
from rustok.server.edge import Endpoint
from rustok.server.settings import Settings
from tests.conftest import World
from tests.integration.platform import people

LOGIN = "/api/v1/auth/login"
SEARCH = "/api/v1/storefront/search?q=cup"
PRODUCTS = "/api/v1/storefront/products"
OWN = "/api/v1/admin/tenant"
_numbers = itertools.count()
WRONG = {"email": "nobody@example.com", "password": "not the password"}


@pytest.fixture
def database_kind() -> str:
    return "sqlite"


@pytest.fixture
def database_settings(database_settings: Settings, request: pytest.FixtureRequest) -> Settings:
    marker = request.node.get_closest_marker("limits")
    wanted = {"exempt": (), **(marker.kwargs if marker else {})}
    return msgspec.structs.replace(
        database_settings,
        rate_limits=msgspec.structs.replace(database_settings.rate_limits, **wanted),
    )


def _comes_from(client: httpx.AsyncClient, address: str) -> None:
    client._transport.client = (address, 1)  # type: ignore[attr-defined]


async def _statuses(client: httpx.AsyncClient, path: str, times: int) -> list[int]:
    """Searches are each for something else: a kept answer is no search."""
    found = []
    for _ in range(times):
        url = f"{path}{next(_numbers)}" if path == SEARCH else path
        found.append((await client.get(url)).status_code)
    return found


@pytest.mark.limits(login="60/h burst 3")
async def test_signing_in_is_limited_per_address_and_says_when_to_come_back(world: World) -> None:
    tenant = await world.tenant()
    async with world.client(tenant) as client:
        answers = [await client.post(LOGIN, json=WRONG) for _ in range(4)]
        other = await client.get(PRODUCTS)
    assert [one.status_code for one in answers] == [401, 401, 401, 429]
    refused = answers[-1]
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["code"] == "rate_limited"
    assert refused.json()["scope"] == "address"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["ratelimit-policy"] == '"login";q=3;w=180'
    assert refused.headers["ratelimit"].startswith('"login";r=0;t=')
    assert answers[0].headers["ratelimit"].startswith('"login";r=2;t=')
    assert other.status_code == 200, "another class of route has another bucket"


@pytest.mark.limits(search="60/h burst 2")
async def test_one_address_does_not_use_up_anothers_searches(world: World) -> None:
    tenant = await world.tenant()
    async with world.client(tenant) as one:
        assert await _statuses(one, SEARCH, 3) == [200, 200, 429]
        _comes_from(one, "198.51.100.9")
        assert await _statuses(one, SEARCH, 1) == [200]


@pytest.mark.limits(search="60/h burst 2")
async def test_addresses_of_one_ipv6_subscriber_share_a_bucket(world: World) -> None:
    tenant = await world.tenant()
    found = []
    async with world.client(tenant) as client:
        for peer in (
            "2001:db8:1:2::1",
            "2001:db8:1:2::2",
            "2001:db8:1:2:ffff::3",
            "2001:db8:1:3::1",
        ):
            _comes_from(client, peer)
            found += await _statuses(client, SEARCH, 1)
    assert found == [200, 200, 429, 200]


@pytest.mark.limits(read="60/h burst 3", api_key_factor=2)
async def test_a_user_and_an_api_key_have_buckets_of_their_own(world: World) -> None:
    tenant = await world.tenant()
    user = await people.staff(world, tenant, "admin")
    signed_in = await people.sign_in(world, tenant, user.email)
    actor = await people.actor_of(world, tenant, signed_in)
    async with world.write(tenant, actor=actor) as tx:
        key = await identity.create_api_key(tx, name="one", scopes=["tenants:read"])
    async with world.client(tenant) as client:
        assert await _statuses(client, PRODUCTS, 4) == [200] * 3 + [429]
        client.headers["Authorization"] = f"Bearer {signed_in.access_token}"
        assert await _statuses(client, OWN, 4) == [200] * 3 + [429]
        client.headers["Authorization"] = f"Bearer {key.secret}"
        assert await _statuses(client, OWN, 7) == [200] * 6 + [429]


@pytest.mark.limits(read="60/h burst 2", tenant_factor=2)
async def test_all_callers_of_a_tenant_share_its_quota_and_no_other_tenants(world: World) -> None:
    crowded, calm = await world.tenant(), await world.tenant()
    found = []
    async with world.client(crowded) as client:
        for number in range(6):
            _comes_from(client, f"198.51.100.{number}")
            found.append(await client.get(PRODUCTS))
    assert [one.status_code for one in found] == [200] * 4 + [429] * 2
    assert found[-1].json()["scope"] == "tenant"
    async with world.client(calm) as client:
        assert (await client.get(PRODUCTS)).status_code == 200


@pytest.mark.limits(login="60/h burst 2", block_after=3, block_seconds=30)
async def test_who_goes_on_after_refusals_is_kept_out_from_everything(world: World) -> None:
    tenant = await world.tenant()
    async with world.client(tenant) as client:
        codes = [(await client.post(LOGIN, json=WRONG)).json()["code"] for _ in range(6)]
        assert codes[2:] == ["rate_limited"] * 3 + ["kept_out"]
        out = await client.get(PRODUCTS)
        assert (out.status_code, out.json()["code"]) == (429, "kept_out")
        assert 25 <= int(out.headers["retry-after"]) <= 30
        assert (await client.get("/health/live")).status_code == 200


@pytest.mark.limits(login="60/h burst 4")
async def test_guessing_tokens_is_limited_as_signing_in_is(world: World) -> None:
    tenant = await world.tenant()
    found = []
    async with world.client(tenant) as client:
        for number in range(6):
            headers = {"Authorization": f"Bearer rk_{'x' * 40}{number}"}
            found.append((await client.get(OWN, headers=headers)).status_code)
    assert found == [401] * 4 + [429] * 2


@pytest.mark.limits(address="60/h burst 5")
async def test_one_address_is_limited_over_all_tenants_and_addresses_that_do_not_exist(
    world: World,
) -> None:
    tenant = await world.tenant()
    async with world.client(tenant) as client:
        found = await _statuses(client, "/docs", 2)
        found += await _statuses(client, "/nothing", 2)
        client.headers["X-Tenant"] = "nobody-there"
        found += await _statuses(client, PRODUCTS, 2)
    assert found == [200, 200, 404, 404, 404, 429]


@pytest.mark.limits(exempt=("127.0.0.0/8",), search="60/h burst 1")
async def test_callers_on_this_machine_are_exempt_but_not_those_a_proxy_here_brings(
    world: World,
) -> None:
    tenant = await world.tenant()
    async with world.client(tenant) as client:
        assert await _statuses(client, SEARCH, 3) == [200] * 3
        client.headers["X-Forwarded-For"] = "198.51.100.7"
        assert await _statuses(client, SEARCH, 2) == [200, 429]


@pytest.mark.limits(enabled=False, search="60/h burst 1")
async def test_limits_can_be_switched_off(world: World) -> None:
    tenant = await world.tenant()
    async with world.client(tenant) as client:
        assert await _statuses(client, SEARCH, 3) == [200] * 3


@pytest.mark.limits(tenant_concurrency=2, tenant_queue=2, tenant_wait_seconds=5)
async def test_a_flooding_tenant_waits_in_its_own_line_and_another_is_served_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    flooding, calm = await world.tenant(), await world.tenant()
    stuck = asyncio.Event()
    run = Endpoint.run

    async def slow(self: Endpoint, request: Any, ctx: Any, *rest: Any) -> Any:
        if ctx.tenant_id == flooding.id:
            await stuck.wait()
        return await run(self, request, ctx, *rest)

    client = world.client()
    monkeypatch.setattr(Endpoint, "run", slow)
    in_flood = [
        asyncio.create_task(client.get(SEARCH, headers={"X-Tenant": flooding.slug}))
        for _ in range(5)
    ]
    await asyncio.sleep(0.1)
    begun = time.perf_counter()
    served = await client.get(PRODUCTS, headers={"X-Tenant": calm.slug})
    waited = time.perf_counter() - begun
    stuck.set()
    answers = await asyncio.gather(*in_flood)
    await client.aclose()
    assert served.status_code == 200
    assert waited < 1
    assert sorted(one.status_code for one in answers) == [200, 200, 200, 200, 429]
    refused = next(one for one in answers if one.status_code == 429)
    assert refused.json()["code"] == "tenant_busy"
    assert refused.headers["retry-after"] == "1"


@pytest.mark.limits(read="60/h burst 3")
async def test_answers_kept_in_memory_are_limited_as_all_reads_are(world: World) -> None:
    tenant = await world.tenant()
    async with world.client(tenant) as client:
        answers = [await client.get(PRODUCTS) for _ in range(5)]
        _comes_from(client, "198.51.100.9")
        other = await client.get(PRODUCTS)
    assert [one.status_code for one in answers] == [200, 200, 200, 429, 429]
    assert [one.headers["ratelimit"][:10] for one in answers[:3]] == [
        '"read";r=2',
        '"read";r=1',
        '"read";r=0',
    ]
    assert other.status_code == 200
    assert other.headers["ratelimit"].startswith('"read";r=2')
