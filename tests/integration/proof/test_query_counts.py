"""Twenty cost as many statements as one: every GET of the route table, lists and details.

A tenant with one of everything is asked, then the same tenant with twenty of everything, of which
the newest have twenty children each (variants, lines, parcels, comments, revisions, ...).
"""

from __future__ import annotations

import contextlib
from typing import Final

import httpx
import pytest

from rustok.core.routing import Route
from rustok.core.tenancy import PLATFORM_TENANT_ID, TenantProfile
from tests.conftest import World
from tests.security.addressing import path_values
from tests.seeding import Seeded, dump, seed_everything

MANY: Final = 20
REQUIRED: Final = {"storefront_search_everything": {"q": "thing"}}
"""Queries without which a route answers 400."""

ENDLESS: Final = {"admin_stream_events"}
"""They look again and again until the reader leaves, a page of events at a time."""

Costs = dict[str, int]


async def _costs(world: World, seeded: Seeded, platform_token: str) -> Costs:
    """Statements of every GET, by operation and state of what it shows, with caches warm."""
    rows = await dump(world, seeded.profile.id)
    found: Costs = {}
    tokens = {
        "admin": seeded.admin_token,
        "auth": seeded.admin_token,
        "storefront": seeded.customer_token,
        "platform": platform_token,
    }
    async with contextlib.AsyncExitStack() as stack:
        clients = {
            surface: await stack.enter_async_context(
                world.client(None if surface == "platform" else seeded.profile, token=token)
            )
            for surface, token in tokens.items()
        }
        for route in world.platform.modules.routes:
            if route.method != "GET" or route.operation_id in ENDLESS:
                continue
            for number, values in enumerate(path_values(route, rows, seeded)):
                path = route.full_path
                for name, value in zip(route.path_params, values, strict=True):
                    path = path.replace("{" + name + "}", value)
                name = f"{route.operation_id}[{number}]"
                found[name] = await _cost(world, clients[route.surface], route, path)
    return found


async def _cost(world: World, client: httpx.AsyncClient, route: Route, path: str) -> int:
    """The cheaper of two requests: what is cached for seconds may end before either, not both."""
    params = REQUIRED.get(route.operation_id)
    costs = []
    for _ in range(2):
        with world.counting() as count:
            answer = await client.get(path, params=params)
        assert answer.status_code in (200, 404), f"{path}: {answer.text}"
        # What the audit log notes of earlier requests is written beside this one, now and then.
        costs.append(sum("audit" not in sql for sql in count.sql))
    return min(costs)


async def _platform_token(world: World) -> str:
    profile = await world.platform.resolver.profile_of(PLATFORM_TENANT_ID)
    return await world.token(profile, role="super_admin")


async def _fill(world: World, tenant: TenantProfile) -> Seeded:
    for number in range(MANY - 2):
        await seed_everything(world, tenant, f"more{number}")
        await world.tenant()
    return await seed_everything(world, tenant, "many", many=MANY)


@pytest.mark.slow
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_get_costs_the_same_statements_for_one_and_for_twenty(world: World) -> None:
    platform_token = await _platform_token(world)
    tenant = await world.tenant(locales=["en", "de"], currencies=["EUR", "USD"])
    one = await _costs(world, await seed_everything(world, tenant, "one"), platform_token)
    many = await _costs(world, await _fill(world, tenant), platform_token)
    assert one.keys() == many.keys()
    grown = {name: (one[name], many[name]) for name in one if many[name] != one[name]}
    assert grown == {}, "statements for one and for twenty"
    assert max(many.values()) <= 12, sorted(many.items(), key=lambda item: -item[1])[:5]
