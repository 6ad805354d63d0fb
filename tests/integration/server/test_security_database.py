"""`rustok audit security` at a running database: nothing on a fresh one, each seeded weakness named."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from rustok.core.tenancy import PLATFORM_TENANT_ID
from rustok.platform.audit import api as audit
from rustok.platform.identity import api as identity
from rustok.server.audit.security_database import (
    GUARDED,
    GUARDS,
    TABLES,
    audit_running,
    unguarded,
    unprotected,
)
from rustok.server.audit.security_rules import Weakness
from tests.conftest import POSTGRES, World
from tests.integration.platform.people import signed_in_actor, staff
from tests.integration.platform.test_audit_log import changes, tampering


async def found(world: World, *, later: timedelta = timedelta(0)) -> list[tuple[str, str]]:
    """Checks that fired with their places; as if it were `later`."""
    now = world.db.now
    world.db.now = lambda: now() + later
    try:
        weak, checked = await audit_running(world.db)
    finally:
        world.db.now = now
    assert checked["guarded tables"] == 3
    assert all(isinstance(one, Weakness) for one in weak)
    return sorted((one.check, one.place) for one in weak)


async def test_a_fresh_database_with_a_tenant_has_no_weakness(world: World) -> None:
    tenant = await world.tenant()
    await changes(world, tenant, 2)
    await world.seal_audit()
    assert await found(world) == []


async def test_records_that_nobody_seals_or_signs_are_found(world: World) -> None:
    tenant = await world.tenant()
    await changes(world, tenant, 2)
    waiting = await found(world, later=timedelta(minutes=11))
    assert ("database.audit_unsealed", "table audit_pending") in waiting
    await world.seal_audit()
    unsigned = [("database.checkpoint_age", f"tenant {tenant.id}")]
    late = timedelta(days=31)
    assert [one for one in await found(world, later=late) if str(tenant.id) in one[1]] == unsigned
    async with world.db.system("test") as tx:
        await audit.checkpoint(world.parts, tx, tenant.id)
    assert [one for one in await found(world) if str(tenant.id) in one[1]] == []


async def test_ways_in_that_nobody_watches_are_found(world: World) -> None:
    tenant = await world.tenant()
    platform = await world.parts.profile_of(PLATFORM_TENANT_ID)
    chief = await staff(world, platform, "super_admin")
    _, actor = await signed_in_actor(world, tenant, "admin")
    async with world.write(tenant, actor=actor) as tx:
        key = await identity.create_api_key(tx, name="old", scopes=["orders:list"], expires_at=None)
    await world.seal_audit()
    ways = await found(world)
    assert ("database.admin_factor", f"user {chief.id}") in ways
    assert not [one for one in ways if one[0] == "database.idle_key"]
    late = await found(world, later=timedelta(days=181))
    assert ("database.idle_key", f"API key {key.key.id}") in late


async def test_an_audit_log_without_its_triggers_is_found(world: World) -> None:
    if world.kind == "sqlite":
        await tampering(world)
        assert await found(world) == [
            ("database.audit_guard", f"table {one}") for one in sorted(GUARDED)
        ]
        return
    async with _as_owner(world) as owner:
        await owner.execute("GRANT DELETE ON audit_records TO rustok_app")
        await owner.execute("ALTER TABLE audit_pending DISABLE TRIGGER USER")
        guards = {row[0]: (row[1], row[2]) for row in await owner.fetch(GUARDS)}
    weak = [(one.place, one.message) for one in unguarded(guards)]
    assert weak == [
        ("table audit_records", "rustok_app may change it."),
        ("table audit_pending", "Its triggers are gone or off."),
    ]


@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
async def test_a_table_that_is_not_held_apart_is_found(world: World) -> None:
    async with _as_owner(world) as owner:
        await owner.execute("CREATE TABLE wishes (tenant_id uuid NOT NULL, id uuid PRIMARY KEY)")
        await owner.execute("ALTER TABLE carts NO FORCE ROW LEVEL SECURITY")
        await owner.execute("CREATE POLICY open ON orders TO rustok_app USING (true)")
        await owner.execute("CREATE POLICY all_in ON prices USING (true)")
        weak = {one.place: one.message for one in unprotected(await owner.fetch(TABLES))}
    assert weak == {
        "table carts": "Row-level security is not forced.",
        "table orders": "A policy of the application's role does not ask for the tenant.",
        "table prices": "A policy is for everybody.",
        "table wishes": "Row-level security is not forced. A policy is missing.",
    }


@contextlib.asynccontextmanager
async def _as_owner(world: World) -> AsyncIterator[Any]:
    """A connection as the superuser; what it does is rolled back."""
    name = str(world.platform.settings.database.url).rpartition("/")[2]
    owner = await asyncpg.connect(POSTGRES.rpartition("/")[0] + "/" + name)
    transaction = owner.transaction()
    await transaction.start()
    try:
        yield owner
    finally:
        await transaction.rollback()
        await owner.close()
