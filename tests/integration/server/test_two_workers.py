"""Two web processes on one port: what one changes, both forget; what is limited, is limited for both.

With Redis the processes count together; without it each counts for itself, so that a caller who
meets both gets at most twice as much, and says so nowhere less than the documentation does.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import msgspec
import pytest

from rustok.commerce.products import api as products
from rustok.core.tenancy import TenantProfile
from rustok.server.platform import Platform
from rustok.server.settings import RedisSettings, Settings
from tests.conftest import World
from tests.integration.commerce.shop import add_variant
from tests.integration.telemetry.processes import Process, environment, free_port
from tests.redis_for_tests import REDIS_URL, redis_place

CONNECTIONS = 16
"""Each stays with the process it met; that all meet the same one happens once in 32,768 runs."""
BURST = 10
STAFF = "/api/v1/admin"
PRODUCTS = "/api/v1/storefront/products"
SEARCH = "/api/v1/storefront/search"
_numbers = itertools.count()


class Pair:
    """The two processes, and a platform beside them that does what a worker does."""

    def __init__(self, settings: Settings, port: int, has_redis: bool) -> None:
        self.settings = settings
        self.base_url = f"http://127.0.0.1:{port}"
        self.has_redis = has_redis

    @contextlib.contextmanager
    def visitors(self, tenant: TenantProfile, **headers: str) -> Iterator[list[httpx.Client]]:
        """Clients with a connection each, to one process or the other."""
        with contextlib.ExitStack() as stack:
            yield [
                stack.enter_context(
                    httpx.Client(
                        base_url=self.base_url, headers={"x-tenant": tenant.slug, **headers}
                    )
                )
                for _ in range(CONNECTIONS)
            ]

    @contextlib.asynccontextmanager
    async def beside(self) -> AsyncIterator[World]:
        """A platform on the same database, with the same bus."""
        platform = Platform(self.settings, observer=None)
        await platform.open()
        try:
            yield World(platform, [])
        finally:
            await platform.close()


@pytest.fixture(scope="module", params=["redis", "alone"])
def has_redis(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "redis")


@pytest.fixture
def database_kind() -> str:
    return "postgres"


@pytest.fixture
def pair(has_redis: bool, database_settings: Settings, tmp_path: Path) -> Iterator[Pair]:
    port = free_port()
    settings = database_settings
    more = {}
    if has_redis:
        redis_place()
        redis = RedisSettings(url=REDIS_URL, prefix=f"t{uuid4().hex[:8]}")
        settings = msgspec.structs.replace(settings, redis=redis)
        more = {"REDIS__URL": REDIS_URL, "REDIS__PREFIX": redis.prefix}
    server = Process(
        ["serve"],
        environment(
            settings,
            tmp_path,
            HTTP__PORT=str(port),
            HTTP__WORKERS="2",
            RATE_LIMITS__EXEMPT="192.0.2.0/24",
            RATE_LIMITS__SEARCH=f"1/h burst {BURST}",
            TELEMETRY__LOG_LEVEL="WARNING",
            **more,
        ),
        tmp_path,
    )
    try:
        server.wait_for(f"http://127.0.0.1:{port}/health/ready", seconds=100)
        yield Pair(settings, port, has_redis)
    finally:
        server.stop()


def everywhere(
    clients: list[httpx.Client], path: str, wanted: Callable[[httpx.Response], bool]
) -> None:
    """Every connection gets the wanted answer, before anything would end by itself."""
    until = time.monotonic() + 5
    for client in clients:
        while not wanted(answer := client.get(path)):
            assert time.monotonic() < until, answer.text
            time.sleep(0.02)


async def test_two_processes_forget_together_and_limit_together(pair: Pair) -> None:
    async with pair.beside() as world:
        tenant = await world.tenant()
        token = await world.token(tenant)
        async with world.write(tenant) as tx:
            await add_variant(tx, on_hand=5)
        await world.drain()
        await asyncio.to_thread(_revoked, pair, tenant, token)
        with pair.visitors(tenant) as visitors:
            for client in visitors * 2:
                assert (await asyncio.to_thread(client.get, PRODUCTS)).status_code == 200
            handle = visitors[0].get(PRODUCTS).json()["items"][0]["handle"]
            async with world.write(tenant) as tx:
                (product_id,) = await products.list_ids(tx, after=None, limit=2)
                await products.archive(tx, product_id)
            await world.drain()
            await asyncio.to_thread(
                everywhere, visitors, f"{PRODUCTS}/{handle}", lambda one: one.status_code == 404
            )
            await asyncio.to_thread(
                everywhere, visitors, PRODUCTS, lambda one: one.json()["items"] == []
            )
            passed = await asyncio.to_thread(_searches, visitors)
    if pair.has_redis:
        assert passed == BURST
    else:
        assert BURST <= passed <= 2 * BURST


def _revoked(pair: Pair, tenant: TenantProfile, token: str) -> None:
    """A key that both processes know is refused by both as soon as one has revoked it."""
    with httpx.Client(
        base_url=pair.base_url,
        headers={"x-tenant": tenant.slug, "authorization": f"Bearer {token}"},
    ) as staff:
        made = staff.post(f"{STAFF}/api-keys", json={"name": "till", "scopes": ["tenants:read"]})
        assert made.status_code == 201, made.text
        key = made.json()
        with pair.visitors(tenant, **{"x-api-key": key["secret"]}) as tills:
            for till in tills:
                assert till.get(f"{STAFF}/tenant").status_code == 200
            assert staff.delete(f"{STAFF}/api-keys/{key['id']}").status_code == 204
            everywhere(tills, f"{STAFF}/tenant", lambda one: one.status_code == 401)


def _searches(visitors: list[httpx.Client]) -> int:
    """How many of four times as many searches as are allowed come through."""
    found = [
        visitors[number % CONNECTIONS].get(SEARCH, params={"q": f"cup {next(_numbers)}"})
        for number in range(4 * BURST)
    ]
    assert {one.status_code for one in found} == {200, 429}
    assert all("retry-after" in one.headers for one in found if one.status_code == 429)
    return sum(one.status_code == 200 for one in found)
