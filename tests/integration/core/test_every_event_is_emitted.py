"""Every event of the catalogue is emitted by a real flow; the report lists each with its flow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx

from rustok.commerce.carts.service import abandon_idle
from rustok.commerce.carts.tables import carts
from rustok.commerce.fulfilments import api as fulfilments
from rustok.core.events.event import event_types
from rustok.core.parts import Parts
from rustok.platform.tenants import api as tenants
from rustok.platform.webhooks import api as webhooks
from rustok.platform.webhooks.service.courier import Courier
from rustok.platform.webhooks.service.sending import Sender
from tests.conftest import World
from tests.integration.core.event_flows import FLOWS, REFUSED
from tests.seeding import Rows, Seeded, dump, seed_everything


def first(rows: Rows, table: str, **where: object) -> dict[str, Any]:
    """A row of a dump that has these values."""
    return next(
        row for row in rows[table] if all(row[name] == value for name, value in where.items())
    )


async def _run_jobs(world: World) -> None:
    for job in world.platform.modules.jobs:
        await job.run(world.parts)


async def _ids(world: World, seeded: Seeded) -> dict[str, UUID]:
    rows = await dump(world, seeded.profile.id)
    draft = first(rows, "products", status="draft")["id"]
    variants = [row["id"] for row in rows["product_variants"] if row["product_id"] == draft]
    return {
        "domain": first(rows, "tenant_domains")["id"],
        "api_key": first(rows, "api_keys")["id"],
        "media": first(rows, "media")["id"],
        "menu": first(rows, "menus")["id"],
        "post": first(rows, "node_tags")["node_id"],
        "comment": first(rows, "comments", status="approved")["id"],
        "product": first(rows, "products", status="active")["id"],
        "draft": draft,
        "draft_variant": variants[0],
        "other_draft_variant": variants[1],
        "collection": first(rows, "collections")["id"],
        "paid_order": first(rows, "orders", status="paid")["id"],
        "promised_payment": first(rows, "payments", status="authorized")["id"],
        "hook": first(rows, "webhook_endpoints")["id"],
    }


class _Watch:
    """Notes which flow was the first to bring each type."""

    def __init__(self, world: World, seeded: Seeded) -> None:
        self._world, self._seeded = world, seeded
        self.flow_of: dict[str, str] = {}

    async def note(self, flow: str) -> list[str]:
        found = [e.type for e in await self._world.events(self._seeded.profile)]
        for one in found:
            self.flow_of.setdefault(one, flow)
        return found


async def _requests(world: World, seeded: Seeded, watch: _Watch) -> list[str]:
    ids = await _ids(world, seeded)
    faults: list[str] = []
    seen = len(await watch.note("seed_everything"))
    async with world.client(seeded.profile, token=seeded.admin_token) as client:
        for number, flow in enumerate(FLOWS):
            path = flow.path.format(**ids)
            headers = {"If-Match": "*", "Idempotency-Key": f"flow-number-{number}"}
            if flow.event == "user.session_revoked":
                await _sign_in_again(client, seeded)
            answer = await client.request(flow.method, path, json=flow.body, headers=headers)
            if answer.is_error != (flow.event in REFUSED):
                faults.append(f"{flow.event}: {flow.method} {flow.path}: {answer.text[:300]}")
                continue
            if flow.keep is not None:
                body = answer.json()
                ids[flow.keep] = UUID(body["id"])
            after = await watch.note(f"{flow.method} {flow.path}")
            if flow.event not in after[seen:]:
                faults.append(f"{flow.event}: not emitted by {flow.method} {flow.path}")
            seen = len(after)
    return faults


async def _sign_in_again(client: httpx.AsyncClient, seeded: Seeded) -> None:
    body = {"email": f"admin-{seeded.marker}@example.com", "password": "seven purple lanterns"}
    answer = await client.post("/api/v1/auth/login", json=body)
    assert answer.status_code == 200, answer.text
    client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


async def _cart_put_aside(world: World, seeded: Seeded) -> None:
    async with world.write(seeded.profile) as tx:
        changed = await tx.update(
            carts, {"status": "active"}, updated_at=tx.now - timedelta(days=400)
        )
        assert changed
    assert await abandon_idle(world.parts) > 0


async def _parcel_cancelled(world: World, seeded: Seeded) -> None:
    rows = await dump(world, seeded.profile.id)
    order = first(rows, "orders", status="paid")
    line = first(rows, "order_lines", order_id=order["id"])
    async with world.write(seeded.profile) as tx:
        parcel = await fulfilments.create(tx, order["id"], quantities={line["id"]: 1})
        await fulfilments.cancel(tx, parcel.id)


async def _tenant_suspended_and_back(world: World, seeded: Seeded) -> None:
    async with world.db.system("test") as tx:
        await tenants.suspend(tx, seeded.profile.id, reason="Unpaid invoice")
        await tenants.reactivate(tx, seeded.profile.id)


async def _delivery_given_up(parts: Parts, world: World, seeded: Seeded) -> None:
    """A receiver whose name does not exist, asked until its last attempt."""

    async def nowhere(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    async with world.write(seeded.profile) as tx:
        made = await webhooks.create(
            tx,
            parts.sealer,
            parts.outbound,
            url="https://gone.example.com/hook",
            event_filters=["*"],
            description="",
        )
        await webhooks.ping(tx, made.endpoint.id)
    real = world.db.now
    try:
        for days in range(1, 30):
            world.db.now = lambda days=days: real() + timedelta(days=days)  # type: ignore[misc]
            await Courier(parts, Sender(parts.outbound, lookup=nowhere)).settle()
    finally:
        world.db.now = real


async def test_every_event_is_emitted_by_a_real_flow(world: World) -> None:
    tenant = await world.tenant(locales=["en", "de"], currencies=["EUR", "USD"])
    seeded = await seed_everything(world, tenant, "flows", many=2)
    watch = _Watch(world, seeded)
    await watch.note("seed_everything")
    await _parcel_cancelled(world, seeded)
    await watch.note("fulfilments.create, cancel")
    await _cart_put_aside(world, seeded)
    await watch.note("job carts.abandon_idle")
    await _run_jobs(world)
    await watch.note("jobs")
    faults = await _requests(world, seeded, watch)
    await _delivery_given_up(world.parts, world, seeded)
    await watch.note("webhooks.ping, Courier.settle until the last attempt")
    await _tenant_suspended_and_back(world, seeded)
    await watch.note("tenants.suspend, reactivate")
    print(f"\nEvents and their flows ({world.kind}):")
    for name in event_types():
        print(f"  {name:28} {watch.flow_of.get(name, 'MISSING')}")
    assert faults == []
    assert set(event_types()) - set(watch.flow_of) == set()
