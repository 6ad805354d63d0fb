"""Every metric has values after ordinary business, and none grows with tenants or addresses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from rustok.core.ids import new_id
from rustok.platform.tenants import api as tenants
from rustok.server.asgi import application
from rustok.telemetry import logs, metrics
from tests.conftest import World
from tests.integration.commerce.shop import add_variant

ADDRESS = {
    "name": "Ada Lovelace",
    "line1": "Lindenallee 5",
    "postal_code": "20095",
    "city": "Hamburg",
    "country": "DE",
}


def value(name: str, **labels: str) -> float:
    return metrics.REGISTRY.get_sample_value(f"rustok_{name}", labels) or 0.0


async def buy(client: httpx.AsyncClient, variant: object, quantity: int = 1) -> httpx.Response:
    shop = "/api/v1/storefront"
    cart = (await client.post(f"{shop}/carts", json={})).json()["id"]
    line = {"variant_id": str(variant), "quantity": quantity}
    await client.post(f"{shop}/carts/{cart}/lines", json=line)
    return await client.post(
        f"{shop}/checkout",
        json={"cart_id": cart, "email": "ada@example.com", "shipping_address": ADDRESS},
        headers={"Idempotency-Key": str(new_id())},
    )


async def test_an_order_is_counted_once_it_is_committed(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        variant = await add_variant(tx, on_hand=2, amount_minor=1_000)
    before = {
        "placed": value("orders_total", state="pending"),
        "value": value("order_value_minor_total", currency="EUR"),
        "ok": value("checkout_duration_seconds_count", outcome="ok"),
        "refused": value("checkout_duration_seconds_count", outcome="refused"),
        "conflicts": value("inventory_reservation_conflicts_total"),
        "commands": value(
            "commerce_operations_total", operation="storefront_place_order", outcome="refused"
        ),
    }
    async with world.client(tenant) as client:
        assert (await buy(client, variant, 2)).status_code == 201
        assert (await buy(client, variant, 1)).status_code == 409
    await world.drain()
    assert value("orders_total", state="pending") == before["placed"] + 1
    assert value("order_value_minor_total", currency="EUR") == before["value"] + 2_000
    assert value("checkout_duration_seconds_count", outcome="ok") == before["ok"] + 1
    assert value("checkout_duration_seconds_count", outcome="refused") == before["refused"] + 1
    assert value("inventory_reservation_conflicts_total") == before["conflicts"] + 1
    name = "commerce_operations_total"
    refused = value(name, operation="storefront_place_order", outcome="refused")
    assert refused == before["commands"] + 1
    assert value("event_bus_published_total", type="order.placed") >= 1
    dispatched = value("event_bus_dispatched_total", consumer="webhooks", type="order.placed")
    assert dispatched >= 1
    assert value("event_processing_duration_seconds_count", consumer="webhooks") >= 1


async def test_the_gauges_tell_what_the_database_holds(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        await add_variant(tx, on_hand=2)
        await add_variant(tx, published=False)
    await world.platform.exposer.collect()
    assert value("products", state="active") == 1
    assert value("products", state="draft") == 1
    pools = [child.labels for child in metrics.DB_POOL.snapshot().children if child.value > 0]
    assert pools
    assert value("outbox_pending") > 0
    assert value("event_bus_queue_depth", consumer="webhooks") > 0
    assert value("db_transactions_total", role="app", outcome="commit") > 0


async def test_metrics_are_shown_to_this_machine_and_not_through_a_proxy(world: World) -> None:
    async with world.client() as client:
        assert (await client.get("/metrics")).status_code == 200
        accept = {"accept": "application/openmetrics-text;version=1.0.0"}
        assert (await client.get("/metrics", headers=accept)).text.endswith("# EOF\n")
        forwarded = await client.get("/metrics", headers={"x-forwarded-for": "203.0.113.5"})
    assert (forwarded.status_code, forwarded.json()["code"]) == (404, "route_not_found")


def series() -> set[str]:
    body = metrics.render()[0].decode()
    return {line.rpartition(" ")[0] for line in body.splitlines() if not line.startswith("#")}


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_thousand_tenants_and_ten_thousand_addresses_add_no_series(world: World) -> None:
    tenant = await world.tenant()
    app = application(world.platform)
    logs.set_level("WARNING")  # 13,000 lines nobody reads
    switched_on = world.platform.modules.default_on

    async def ask(slug: str, path: str, method: str = "GET") -> int:
        """Straight to the application: a client of its own would cost more than the request."""
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "scheme": "http",
            "headers": [(b"host", b"localhost"), (b"x-tenant", slug.encode())],
            "client": ("127.0.0.1", 4711),
        }
        statuses: list[int] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Mapping[str, Any]) -> None:
            statuses.extend([message["status"]] if "status" in message else [])

        await app(scope, receive, send)
        (status,) = statuses
        return status

    async def visit(slug: str) -> list[int]:
        shop = "/api/v1/storefront/products"
        return [await ask(slug, shop), await ask(slug, f"{shop}/nothing")]

    assert await visit(tenant.slug) == [200, 404]
    assert await visit(tenant.slug) == [200, 404]  # from what is kept ready
    assert await ask(tenant.slug, "/api/v1/nowhere") == 404
    assert await ask(tenant.slug, "/api/v1/nowhere", "BREW") == 404
    await world.platform.exposer.collect()
    before = series()
    async with world.db.system("test") as tx:
        for number in range(1_000):
            await tenants.create(tx, slug=f"many-{number}", name="Many", modules=switched_on)
    for number in range(1_000):
        assert await visit(f"many-{number}") == [200, 404]
    for number in range(10_000):
        assert await ask(f"many-{number % 1_000}", f"/api/v1/{number}/{new_id()}") == 404
    await world.platform.exposer.collect()
    logs.configure()
    new = {one for one in series() - before if re.search("http_|event_|cache_|tenant_", one)}
    assert new == set()
    assert not [one for one in series() if "many-" in one or str(tenant.id) in one]
