"""The life of an order from the database alone: over HTTP, and on the command line's service."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from rustok.core.ids import new_id
from rustok.core.security.ssrf import OutboundPolicy
from rustok.platform.audit import api as audit
from rustok.platform.timelines import api as timelines
from rustok.platform.timelines.errors import NothingRecorded
from rustok.platform.webhooks import api as webhooks
from tests.conftest import World
from tests.integration.commerce.shop import add_variant

ADDRESS = {
    "name": "Ada Lovelace",
    "line1": "Lindenallee 5",
    "postal_code": "20095",
    "city": "Hamburg",
    "country": "DE",
}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


async def bought(world: World, tenant: Any) -> str:
    async with world.write(tenant) as tx:
        variant = await add_variant(tx, on_hand=5)
        await webhooks.create(
            tx,
            world.parts.sealer,
            OutboundPolicy(allow_http=True, allow_private=True),
            url="http://127.0.0.1:9/secret-path",
            event_filters=["order.placed"],
        )
    async with world.client(tenant) as client:
        shop = "/api/v1/storefront"
        cart = (await client.post(f"{shop}/carts", json={})).json()["id"]
        line = {"variant_id": str(variant), "quantity": 1}
        await client.post(f"{shop}/carts/{cart}/lines", json=line)
        placed = await client.post(
            f"{shop}/checkout",
            json={"cart_id": cart, "email": "ada@example.com", "shipping_address": ADDRESS},
            headers={
                "Idempotency-Key": str(new_id()),
                "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01",
            },
        )
    assert placed.status_code == 201, placed.text
    return str(placed.json()["id"])


async def test_an_order_tells_its_life_to_staff(world: World) -> None:
    tenant = await world.tenant()
    order = await bought(world, tenant)
    before = f"/api/v1/admin/timelines/{order}"
    async with world.client(tenant, token=await world.token(tenant)) as staff:
        early = (await staff.get(before)).json()["moments"]
        await world.drain()
        answer = await staff.get(before)
    assert answer.status_code == 200, answer.text
    moments = answer.json()["moments"]
    what = [(one["source"], one["what"]) for one in moments]
    assert what.index(("request", "request")) < what.index(("event", "order.placed #1"))
    assert ("event", "order.confirmed #3") in what
    assert ("consumer", "webhooks: order.placed") in what
    assert ("webhook", "127.0.0.1: order.placed") in what
    # What the same request did elsewhere belongs to it.
    assert any(one.startswith("inventory.reserved") for source, one in what if source == "event")
    assert any(one.startswith("cart.completed") for source, one in what if source == "event")
    assert {one["trace_id"] for one in moments if one["source"] == "event"} == {TRACE}
    confirmed = next(one for one in moments if one["what"] == "order.confirmed #3")
    assert confirmed["outcome"] == "order confirm"
    assert {one["outcome"] for one in early if one["source"] == "event"} == {"not published yet"}
    assert not any(one["source"] == "consumer" for one in early)
    assert "ada@example.com" not in answer.text
    assert "secret-path" not in answer.text


async def test_the_command_line_sees_the_audit_log_too_and_staff_does_not(world: World) -> None:
    tenant = await world.tenant()
    order = await bought(world, tenant)
    await world.drain()
    await audit.seal_tenant(world.parts, tenant.id)
    async with world.read(tenant) as tx:
        consumers = world.platform.modules.consumers
        seen = await timelines.trace(tx, consumers, UUID(order), audited=True)
        without = await timelines.trace(tx, consumers, UUID(order))
    audited = [one for one in seen if one.source == "audit"]
    assert "order.placed" in {one.what.split()[0] for one in audited}
    assert {one.trace_id for one in audited} == {TRACE}
    assert {one.outcome for one in audited} == {"done"}
    assert [one for one in seen if one.source != "audit"] == without


async def test_a_thing_of_another_tenant_has_no_timeline_here(world: World) -> None:
    tenant, other = await world.tenant(), await world.tenant()
    order = await bought(world, tenant)
    async with world.client(other, token=await world.token(other)) as staff:
        answer = await staff.get(f"/api/v1/admin/timelines/{order}")
    assert (answer.status_code, answer.json()["code"]) == (404, "nothing_recorded")


async def test_an_unknown_id_says_so(world: World) -> None:
    tenant = await world.tenant()
    async with world.read(tenant) as tx:
        with pytest.raises(NothingRecorded):
            await timelines.trace(tx, world.platform.modules.consumers, new_id())
