"""All that a tenant has goes in the order of its tables; what others have, and the audit log, stay."""

from __future__ import annotations

import pytest

from rustok.content.media.events import MediaDeleted
from rustok.core.bus.embedded import EmbeddedTransport
from rustok.core.db.erased_rows import KEPT, erase_rows, erased_tables
from rustok.core.db.schema import metadata
from rustok.core.errors import IllegalTransition
from rustok.core.ids import new_id
from rustok.core.outbox import list_pending
from rustok.core.tenancy import PLATFORM_TENANT_ID, TenantProfile
from rustok.platform.tenants import api as tenants
from tests.conftest import World
from tests.seeding import dump, seed_everything


async def erase(world: World, tenant: TenantProfile) -> None:
    async with world.db.system("test") as tx:
        await tenants.suspend(tx, tenant.id, reason="Contract ended")
    for table in erased_tables():
        async with world.db.system("test") as tx:
            await erase_rows(tx, table, tenant.id)
    async with world.db.system("test") as tx:
        for table in erased_tables():
            await erase_rows(tx, table, tenant.id)
        await tenants.erase(tx, tenant.id)


async def test_everything_of_a_full_tenant_goes_and_another_keeps_all(world: World) -> None:
    gone, kept = [
        await world.tenant(slug, locales=["en", "de"], currencies=["EUR", "USD"])
        for slug in ("gone", "kept")
    ]
    for tenant in (gone, kept):
        await seed_everything(world, tenant, tenant.slug)
    before = await dump(world, kept.id)
    await erase(world, gone)
    left = {name: rows for name, rows in (await dump(world, gone.id)).items() if rows}
    assert set(left) <= KEPT
    assert await dump(world, kept.id) == before
    platform = await world.parts.profile_of(PLATFORM_TENANT_ID)
    (told,) = await world.events(platform, "tenant.erased")
    assert str(gone.id).encode() in bytes(told.data)
    assert b'"slug":"gone"' in bytes(told.data)


async def test_a_served_tenant_is_not_erased(world: World) -> None:
    tenant = await world.tenant()
    with pytest.raises(IllegalTransition):
        async with world.db.system("test") as tx:
            await tenants.erase(tx, tenant.id)


async def test_an_event_of_a_tenant_that_is_gone_holds_nobody_up(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        tx.emit(MediaDeleted(media_id=new_id()))
    async with world.db.system("test", write=False) as tx:
        pending = await list_pending(tx, now=tx.now, limit=100)
    await erase(world, tenant)
    world.parts.forget_tenant(tenant.id)
    consumers = world.platform.modules.consumers
    transport = EmbeddedTransport(world.db, consumers, profile_of=world.parts.profile_of)
    outcomes = await transport.publish(
        [one for one in pending if one.envelope.tenant_id == tenant.id]
    )
    assert {one.result for one in outcomes} == {"published"}


def test_every_table_of_tenants_is_erased_or_kept_on_purpose() -> None:
    owned = {table.name for table in metadata.sorted_tables if table.info.get("tenant")}
    assert owned == {table.name for table in erased_tables()} | KEPT | {"tenants"}
