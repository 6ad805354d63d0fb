"""Copies at a CDN: answers name what they show, and changes are recorded with what they alter."""

from __future__ import annotations

from uuid import UUID

import pytest

from rustok.commerce.products import api as products
from rustok.core import outbox
from rustok.core.cache import showing
from rustok.core.errors import Unavailable
from rustok.core.events.event import aggregate_types
from rustok.core.routing import PUBLIC, Route
from rustok.platform.cdn.api import key_of, tenant_key
from rustok.platform.tenants import api as tenants
from rustok.server.changes import SHOWN_BY_EVENTS
from rustok.server.modules import all_modules
from rustok.server.ready import QUIET
from rustok.server.settings import Settings
from tests.conftest import World
from tests.integration.index.test_index_products import shop
from tests.integration.platform.copies import (
    STOREFRONT,
    forget_rows,
    keys_waiting,
    quiet_shop,
    waiting,
    with_cdn,
)
from tests.seeding import dump, seed_everything


@pytest.fixture
def database_settings(database_settings: Settings) -> Settings:
    return with_cdn(database_settings)


def cacheable() -> list[Route]:
    """The routes of all features whose answers a shared cache may keep."""
    return [
        route
        for route in all_modules().routes
        if route.method == "GET"
        and route.surface == "storefront"
        and route.permission == PUBLIC
        and route.cache_seconds
    ]


def test_every_public_cacheable_route_says_what_it_shows() -> None:
    assert len(cacheable()) >= 10
    assert [route.full_path for route in cacheable() if not route.shows] == []


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


async def test_every_public_cacheable_route_answers_with_its_keys(world: World) -> None:
    tenant = await shop(world)
    await seed_everything(world, tenant, "cdn1")
    await world.drain()
    rows = await dump(world, tenant.id)
    product = next(one for one in rows["product_documents"] if one["locale"] == "en")
    node = next(one for one in rows["node_documents"] if one["locale"] == "en")
    places = {
        "/products/{handle}": [f"/products/{product['handle']}"],
        "/nodes/{kind}/{handle}": [f"/nodes/{node['kind']}/{node['handle']}"],
        "/menus/{handle}": [f"/menus/{one['handle']}" for one in rows["menus"]],
        "/media/{media_id}": [f"/media/{one['id']}" for one in rows["media"]],
        "/search": ["/search?q=linen"],
    }
    named = {"product": product["subject_id"], "node": node["subject_id"]}
    tested = []
    async with world.client(tenant) as client:
        for route in cacheable():
            for path in places.get(route.path, [route.path]):
                found = await client.get(STOREFRONT + path)
                if found.status_code != 200:
                    continue  # a medium that is kept elsewhere
                wanted = {key_of(tenant.id, one) for one in ("", *route.shows)}
                wanted |= {
                    key_of(tenant.id, showing.thing(kind, named[kind]))
                    for kind in named.keys() & set(route.shows)
                }
                if "media" in route.shows:
                    wanted.add(key_of(tenant.id, showing.thing("media", UUID(path[-36:]))))
                assert set(found.headers["cache-tag"].split(",")) == wanted, path
                assert set(found.headers["surrogate-key"].split(" ")) == wanted, path
                tested.append(route.path)
    assert set(tested) == {route.path for route in cacheable()}


async def test_an_answer_to_somebody_signed_in_is_not_labelled(world: World) -> None:
    tenant = await shop(world)
    token = await world.token(tenant)
    async with world.client(tenant, token=token) as client:
        found = await client.get(f"{STOREFRONT}/products")
    assert found.status_code == 200
    assert not {"surrogate-key", "cache-tag", "surrogate-control"} & found.headers.keys()


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
