"""Runs every flow there is against a seeded tenant and tells which flow brought which event.

    python -m tests.integration.core.event_report          a table, and how many have a flow

Exit code 1: an event of the catalogue has no flow, or a flow did not bring its event.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import msgspec

from rustok.cli.archive import Archive
from rustok.cli.backup import write_backup
from rustok.cli.backup_file import BackupFile
from rustok.cli.invocation import Invocation
from rustok.cli.restore import read_backup
from rustok.commerce.carts.service import abandon_idle
from rustok.commerce.carts.tables import carts
from rustok.commerce.fulfilments import api as fulfilments
from rustok.core.db.erased_rows import erase_rows, erased_tables
from rustok.core.events.event import event_types
from rustok.core.parts import Parts
from rustok.core.resilience.breaker_registry import BreakerRegistry
from rustok.core.tenancy import PLATFORM_TENANT_ID, TenantProfile
from rustok.platform.tenants import api as tenants
from rustok.platform.webhooks import api as webhooks
from rustok.platform.webhooks.service.courier import Courier
from rustok.platform.webhooks.service.sending import Sender
from rustok.server import migrations
from rustok.server.platform import Platform
from rustok.telemetry import logs
from tests.conftest import World, settings_for
from tests.integration.core.event_flows import FLOWS, REFUSED
from tests.schema_for_tests import create_sqlite_schema
from tests.security import openid_provider
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
        "asked_return": first(rows, "returns", status="requested")["id"],
        "received_return": first(rows, "returns", status="received")["id"],
        "hook": first(rows, "webhook_endpoints")["id"],
    }


class _Watch:
    """Notes which flow was the first to bring each type."""

    def __init__(self, world: World, seeded: Seeded) -> None:
        self._world, self._seeded = world, seeded
        self.flow_of: dict[str, str] = {}

    async def note(self, flow: str, tenant: TenantProfile | None = None) -> list[str]:
        found = [e.type for e in await self._world.events(tenant or self._seeded.profile)]
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


async def _tenant_erased_and_restored(world: World) -> TenantProfile:
    gone = await world.tenant()
    revision = await migrations.current(world.platform.settings)
    assert revision is not None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "gone.zip"
        with Archive(file) as archive:
            await write_backup(Invocation(as_json=True), world.platform, gone, archive, revision)
        await _tenant_erased(world, gone)
        with BackupFile(file) as backup:
            await read_backup(Invocation(as_json=True), world.platform, backup)
    return gone


async def _tenant_erased(world: World, gone: TenantProfile) -> None:
    async with world.db.system("test") as tx:
        await tenants.suspend(tx, gone.id, reason="Contract ended")
    async with world.db.system("test") as tx:
        for table in erased_tables():
            await erase_rows(tx, table, gone.id)
        await tenants.erase(tx, gone.id)


async def _tenant_suspended_and_back(world: World, seeded: Seeded) -> None:
    async with world.db.system("test") as tx:
        await tenants.suspend(tx, seeded.profile.id, reason="Unpaid invoice")
        await tenants.reactivate(tx, seeded.profile.id)


async def _delivery_given_up(parts: Parts, world: World, seeded: Seeded) -> None:
    """A receiver whose name does not exist, asked until its last attempt."""

    async def nowhere(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    # Weeks pass in a moment; a breaker that rests by the real clock would keep the last attempts back.
    parts = msgspec.structs.replace(parts, breakers=BreakerRegistry(enabled=False))
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


async def _signed_in_with_a_provider(world: World, seeded: Seeded) -> None:
    with openid_provider.running_provider() as issuer:
        made = await openid_provider.set_up(
            world, seeded.profile, issuer, is_auto_provisioning=True
        )
        assert made.status_code == 201, made.text
        async with world.client(seeded.profile) as client:
            signed_in = await openid_provider.sign_in(client, "ada")
        assert signed_in.status_code == 200, signed_in.text


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Attributes:
    flow_of: the first flow that brought an event of each type.
    faults: flows that did not do what they are for.
    """

    flow_of: dict[str, str]
    faults: list[str]

    @property
    def missing(self) -> list[str]:
        """Types of the catalogue that no flow brought."""
        return [name for name in event_types() if name not in self.flow_of]

    def text(self) -> str:
        """A line for each type, and one that counts."""
        lines = [f"  {name:28} {self.flow_of.get(name, 'MISSING')}" for name in event_types()]
        lines += [f"- {fault}" for fault in self.faults]
        known, missing = len(event_types()), len(self.missing)
        lines.append(
            f"{known} event types: {known - missing} emitted by a real flow, {missing} missing; "
            f"{len(self.faults)} faults."
        )
        return "\n".join(lines)


async def run_flows(world: World) -> Report:
    """Every flow, in an order that leaves each what it needs."""
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
    await _signed_in_with_a_provider(world, seeded)
    await watch.note("login-providers, auth/providers/{slug}/begin, finish")
    await _tenant_suspended_and_back(world, seeded)
    await watch.note("tenants.suspend, reactivate")
    restored = await _tenant_erased_and_restored(world)
    await watch.note("tenant backup, erase, restore", restored)
    platform = await world.parts.profile_of(PLATFORM_TENANT_ID)
    await watch.note("tenants.suspend, erase", platform)
    return Report(flow_of=watch.flow_of, faults=faults)


async def _main(folder: Path) -> Report:
    path = folder / "flows.sqlite3"
    await asyncio.to_thread(create_sqlite_schema, path)
    platform = Platform(settings_for(f"sqlite:///{path}", folder))
    await platform.open()
    try:
        return await run_flows(World(platform, []))
    finally:
        await platform.close()


def main() -> None:
    logs.configure(level="ERROR", log_format="console")
    with tempfile.TemporaryDirectory(prefix="rustok-flows-") as folder:
        report = asyncio.run(_main(Path(folder)))
    print(report.text())
    raise SystemExit(1 if report.missing or report.faults else 0)


if __name__ == "__main__":
    main()
