"""Two platforms on one database, as two processes are: what one changes, the other forgets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

import httpx
import msgspec
import pytest

from rustok.core.cache.invalidation import InProcessBus
from rustok.platform.tenants import api as tenants
from rustok.server.asgi import application
from rustok.server.platform import Platform
from rustok.server.settings import RedisSettings, Settings
from tests.conftest import World
from tests.redis_for_tests import REDIS_URL, redis_place

OWN = "/api/v1/admin/tenant"
LIST = "/api/v1/storefront/products"


class Pair:
    """`here` and `there`, and a client of each."""

    def __init__(self, here: World, there: Platform) -> None:
        self.here, self.there = here, there

    def client_there(self, slug: str, **headers: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=application(self.there)),
            base_url="http://testserver",
            headers={"x-tenant": slug, **headers},
        )


async def eventually(
    ask: Callable[[], Awaitable[httpx.Response]], status: int, *, seconds: float
) -> float:
    """Seconds until `ask` answers with `status`."""
    started = time.perf_counter()
    while (answer := await ask()).status_code != status:
        assert time.perf_counter() - started < seconds, answer.text
        await asyncio.sleep(0.01)
    return time.perf_counter() - started


def settings_with(settings: Settings, bus: str) -> Settings:
    if bus != "redis":
        return settings
    redis_place()
    redis = RedisSettings(url=REDIS_URL, prefix=f"t{uuid4().hex[:8]}")
    return msgspec.structs.replace(settings, redis=redis)


@pytest.fixture(params=["postgres+postgres", "postgres+redis", "sqlite+stamps"])
def setup(request: pytest.FixtureRequest) -> tuple[str, str]:
    database, bus = str(request.param).split("+")
    return database, bus


@pytest.fixture
def database_kind(setup: tuple[str, str]) -> str:
    return setup[0]


@pytest.fixture
async def pair(setup: tuple[str, str], database_settings: Settings) -> AsyncIterator[Pair]:
    settings = settings_with(database_settings, setup[1])
    here, there = Platform(settings, observer=None), Platform(settings, observer=None)
    if setup[1] == "stamps":
        # Two processes on one SQLite file (a server and a command) share no bus at all.
        assert isinstance(here.forgetting.bus, InProcessBus)
    for platform in (here, there):
        await platform.open()
        platform.forgetting._look_every_seconds = 0.2 if setup[1] == "stamps" else 3600.0
        platform.listen()
    async with asyncio.timeout(10):
        while "away" in here.forgetting.describe() or "away" in there.forgetting.describe():
            await asyncio.sleep(0.01)
    yield Pair(World(here, []), there)
    await here.close()
    await there.close()


async def test_a_revoked_key_and_a_suspended_tenant_end_in_the_other_process_at_once(
    pair: Pair,
) -> None:
    world = pair.here
    tenant = await world.tenant()
    token = await world.token(tenant)
    async with world.client(tenant, token=token) as client:
        made = await client.post(
            "/api/v1/admin/api-keys", json={"name": "till", "scopes": ["tenants:read"]}
        )
        assert made.status_code == 201, made.text
        key = made.json()
        async with pair.client_there(tenant.slug, **{"x-api-key": key["secret"]}) as there:
            assert (await there.get(OWN)).status_code == 200
            assert (await there.get(OWN)).status_code == 200
            gone = await client.delete(f"/api/v1/admin/api-keys/{key['id']}")
            assert gone.status_code == 204, gone.text
            took = await eventually(lambda: there.get(OWN), 401, seconds=2.0)
            print(f"revoked key refused elsewhere after {took * 1000:.0f} ms")
        # In the same process at once.
        own = await client.get(OWN, headers={"x-api-key": key["secret"], "authorization": ""})
        assert own.status_code == 401

    async with pair.client_there(tenant.slug) as there:
        assert (await there.get(LIST)).status_code == 200
        async with world.db.system("test") as tx:
            await tenants.suspend(tx, tenant.id, reason="test")
        took = await eventually(lambda: there.get(LIST), 403, seconds=2.0)
        print(f"suspended tenant refused elsewhere after {took * 1000:.0f} ms")
        async with world.client(tenant) as client:
            assert (await client.get(LIST)).status_code == 403


async def test_a_narrowed_role_counts_in_the_other_process_at_once(pair: Pair) -> None:
    world = pair.here
    tenant = await world.tenant()
    admin = await world.token(tenant)
    async with world.client(tenant, token=admin) as client:
        role = await client.post(
            "/api/v1/admin/roles",
            json={"slug": "reader", "name": "Reader", "permissions": ["tenants:read"]},
        )
        assert role.status_code == 201, role.text
        token = await world.token(tenant, role="reader")
        async with pair.client_there(tenant.slug, authorization=f"Bearer {token}") as there:
            assert (await there.get(OWN)).status_code == 200
            narrowed = await client.patch(
                f"/api/v1/admin/roles/{role.json()['slug']}",
                json={"permissions": ["products:read"]},
                headers={"if-match": role.headers["etag"]},
            )
            assert narrowed.status_code == 200, narrowed.text
            await eventually(lambda: there.get(OWN), 403, seconds=2.0)


async def test_what_a_lost_message_said_is_found_by_the_stamp(
    pair: Pair, setup: tuple[str, str]
) -> None:
    if setup[1] == "stamps":
        pytest.skip("nothing but stamps there: the other tests are this one")
    world = pair.here
    tenant = await world.tenant()
    forgetting = pair.there.forgetting
    sending = world.platform.forgetting._sending
    assert sending is not None
    await sending
    async with asyncio.timeout(10):
        while forgetting._known.get(tenant.id) is None:  # what told of the new tenant has come
            await asyncio.sleep(0.01)
    await forgetting.look(pair.there.db)
    before = forgetting.missed_total
    async with pair.client_there(tenant.slug) as there:
        assert (await there.get(LIST)).status_code == 200

        async def lost(message: str) -> None:
            return None

        world.platform.forgetting.bus.publish = lost  # type: ignore[method-assign]  # a bus that drops
        async with world.db.system("test") as tx:
            await tenants.suspend(tx, tenant.id, reason="test")
        assert (await there.get(LIST)).status_code == 200
        assert await forgetting.look(pair.there.db) == 1
        assert (await there.get(LIST)).status_code == 403
        assert await forgetting.look(pair.there.db) == 0
        assert forgetting.missed_total == before + 1
