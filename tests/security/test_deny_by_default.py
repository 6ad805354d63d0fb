"""Every route says who may call it, and everybody else is turned away; generated from the route table."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import httpx
import pytest

from rustok.core.ids import new_id
from rustok.core.permissions import parse_permission
from rustok.core.routing import PUBLIC, SIGNED_IN, Route
from rustok.core.tenancy import TenantProfile
from rustok.platform.identity import api as identity
from rustok.server.modules import all_modules
from tests.conftest import World
from tests.integration.platform import people

REVIEWED_PUBLIC: Final = frozenset(
    {
        # Signing in and up: there is nobody yet. Refresh holds the secret in its body.
        "auth_login",
        "auth_refresh",
        # The second step of a sign-in: the challenge of the first is the secret.
        "auth_finish_login",
        "auth_get_login_options",
        # A forgotten password, and codes of mails: the code is the secret.
        "auth_request_password_reset",
        "auth_finish_password_reset",
        "auth_confirm_email",
        # Signing in elsewhere: state and browser token are the secrets of the second half.
        "auth_list_provider_choices",
        "auth_begin_provider_sign_in",
        "auth_finish_provider_sign_in",
        "storefront_register_customer",
        # Read models of what is published.
        "storefront_count_product_facets",
        "storefront_get_product",
        "storefront_get_published_node",
        "storefront_list_storefront_categories",
        "storefront_list_products",
        "storefront_list_published_nodes",
        "storefront_search_everything",
        "storefront_get_resolved_menu",
        "storefront_list_resolved_menus",
        "storefront_fetch_media",
        "storefront_list_node_comments",
        # A guest's cart: its random id is the secret; a customer's own cart asks for the customer.
        "storefront_create_cart",
        "storefront_start_order_payment",
        "storefront_add_cart_coupon",
        "storefront_remove_cart_coupon",
        "storefront_request_own_return",
        "storefront_list_own_returns",
        "storefront_receive_payment_notice",
        "storefront_get_cart",
        "storefront_update_cart",
        "storefront_resume_cart",
        "storefront_add_cart_line",
        "storefront_change_cart_line",
        "storefront_remove_cart_line",
        "storefront_place_order",
        # The order's own customer, or the order's secret in the query.
        "storefront_get_own_order",
        # Waits for a moderator.
        "storefront_submit_comment",
    }
)
"""Add a route here only after asking what an anonymous caller of another tenant does with it."""

ROUTES: Final = all_modules().routes
_WORDS: Final = {"locale": "en", "currency": "EUR", "module": "comments", "number": "1"}


def _path(route: Route) -> str:
    path = route.full_path
    for name in route.path_params:
        path = path.replace("{" + name + "}", _WORDS.get(name, str(new_id())))
    return path


def _named(routes: list[Route]) -> list[str]:
    return sorted(route.operation_id for route in routes)


@pytest.fixture
async def tenant(world: World) -> TenantProfile:
    return await world.tenant()


async def _statuses(client: httpx.AsyncClient, routes: list[Route]) -> dict[str, int]:
    """Status by operation, for requests without bodies and headers: access is asked first."""
    return {
        route.operation_id: (await client.request(route.method, _path(route))).status_code
        for route in routes
    }


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation_id)
def test_a_route_declares_its_permission(route: Route) -> None:
    if route.permission not in (PUBLIC, SIGNED_IN):
        assert parse_permission(route.permission) == route.permission
        assert "*" not in route.permission


def test_the_public_routes_are_the_reviewed_ones() -> None:
    public = {route.operation_id for route in ROUTES if route.permission == PUBLIC}
    assert public == REVIEWED_PUBLIC


def test_nothing_of_staff_or_platform_is_public() -> None:
    assert not [
        route.operation_id
        for route in ROUTES
        if route.permission == PUBLIC and route.surface in ("admin", "platform")
    ]


async def test_nobody_gets_401_wherever_it_is_not_public(
    world: World, tenant: TenantProfile
) -> None:
    closed = [route for route in ROUTES if route.permission != PUBLIC]
    async with world.client(tenant) as client:
        statuses = await _statuses(client, closed)
    assert {name: code for name, code in statuses.items() if code != 401} == {}


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "rk_" + "x" * 40, ""])
async def test_a_token_that_is_none_is_401_on_public_routes_too(
    world: World, tenant: TenantProfile, token: str
) -> None:
    async with world.client(tenant, token=token) as client:
        for path in ("/api/v1/storefront/products", "/api/v1/admin/products"):
            assert (await client.get(path)).status_code == 401, path


async def test_the_document_says_of_every_operation_that_a_bad_token_is_refused(
    world: World,
) -> None:
    async with world.client() as client:
        paths = (await client.get("/openapi.json")).json()["paths"]
    silent = [
        operation["operationId"]
        for path in paths.values()
        for operation in path.values()
        if "401" not in operation["responses"]
    ]
    assert silent == []


@pytest.fixture
async def nobody_special(world: World, tenant: TenantProfile) -> AsyncIterator[httpx.AsyncClient]:
    """A staff member without any role."""
    user = await people.staff(world, tenant)
    signed_in = await people.sign_in(world, tenant, user.email)
    async with world.client(tenant, token=signed_in.access_token) as client:
        yield client


async def test_staff_without_a_role_get_403_wherever_a_permission_is_asked(
    nobody_special: httpx.AsyncClient,
) -> None:
    asked = [route for route in ROUTES if route.permission not in (PUBLIC, SIGNED_IN)]
    statuses = await _statuses(nobody_special, asked)
    # The platform has its own users: a tenant's token says nobody there.
    wanted = {r.operation_id: 401 if r.surface == "platform" else 403 for r in asked}
    assert statuses == wanted


async def test_a_customer_gets_403_on_everything_of_the_staff(
    world: World, tenant: TenantProfile
) -> None:
    staff = [route for route in ROUTES if route.surface == "admin"]
    async with world.client(tenant, token=await world.token(tenant, "customer")) as client:
        statuses = await _statuses(client, staff)
    assert {name: code for name, code in statuses.items() if code != 403} == {}


async def test_the_platform_refuses_a_tenants_admin(world: World, tenant: TenantProfile) -> None:
    platform = [route for route in ROUTES if route.surface == "platform"]
    assert platform
    async with world.client(tenant, token=await world.token(tenant)) as client:
        statuses = await _statuses(client, platform)
    assert set(statuses.values()) <= {401, 403}, statuses


async def test_each_permission_alone_opens_only_its_own_routes(
    world: World, tenant: TenantProfile
) -> None:
    """An API key with one permission: 403 exactly where another is asked."""
    user = await people.staff(world, tenant, "admin")
    actor = await people.actor_of(world, tenant, await people.sign_in(world, tenant, user.email))
    async with world.write(tenant, actor=actor) as tx:
        made = await identity.create_api_key(tx, name="one", scopes=["orders:read"])
    reads = [r for r in ROUTES if r.surface == "admin" and r.method == "GET"]
    async with world.client(tenant, token=made.secret) as client:
        statuses = await _statuses(client, [r for r in reads if r.permission != SIGNED_IN])
    for route in reads:
        if route.permission == SIGNED_IN:
            continue
        opened = statuses[route.operation_id] != 403
        assert opened == (route.permission == "orders:read"), route.operation_id
