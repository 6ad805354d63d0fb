"""What both databases promise, from the same bodies."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import Text, bindparam, select

from rustok.core.db import (
    TENANT,
    CheckViolation,
    Id,
    Query,
    UniqueViolation,
    any_of,
)
from rustok.core.db.statement import TenantPredicateMissing
from rustok.core.db.transaction import forbid_in_transaction
from rustok.core.errors import ConcurrentUpdate, Unavailable
from rustok.core.ids import new_id
from rustok.core.tenancy import context_for
from rustok.platform.tenants.tables import tenant_domains, tenants
from tests.conftest import World
from tests.contract.domains import ALL, Row

_SOME = Query(
    select(tenant_domains.c.id, tenant_domains.c.host, tenant_domains.c.is_primary).where(
        tenant_domains.c.tenant_id == TENANT, any_of(tenant_domains.c.id, "ids")
    ),
    Row,
)


async def test_what_one_transaction_writes_the_next_one_reads(world: World) -> None:
    tenant = await world.tenant()
    made = new_id()
    async with world.write(tenant) as tx:
        await tx.insert(
            tenant_domains, id=made, host="a.example", is_primary=True, created_at=tx.now
        )
    async with world.read(tenant) as rtx:
        assert await rtx.all(ALL) == [Row(id=made, host="a.example", is_primary=True)]


async def test_a_failed_transaction_leaves_nothing_and_no_event(world: World) -> None:
    tenant = await world.tenant()
    before = len(await world.events(tenant))
    from rustok.platform.tenants import api

    with pytest.raises(ZeroDivisionError):
        async with world.write(tenant) as tx:
            await api.add_domain(tx, host="gone.example")
            raise ZeroDivisionError
    async with world.read(tenant) as rtx:
        assert await rtx.all(ALL) == []
    assert len(await world.events(tenant)) == before


async def test_a_cancelled_transaction_is_rolled_back_and_frees_its_connection(
    world: World,
) -> None:
    tenant = await world.tenant()
    entered = asyncio.Event()

    async def hang() -> None:
        async with world.write(tenant) as tx:
            await tx.insert(
                tenant_domains, id=new_id(), host="x.example", is_primary=False, created_at=tx.now
            )
            entered.set()
            await asyncio.sleep(60)

    for _ in range(30):
        entered.clear()
        task = asyncio.create_task(hang())
        await entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with world.write(tenant) as tx:
        assert await tx.all(ALL) == []


async def test_another_tenants_rows_are_neither_read_nor_changed(world: World) -> None:
    ours, theirs = await world.tenant(), await world.tenant()
    made = new_id()
    async with world.write(theirs) as tx:
        await tx.insert(
            tenant_domains, id=made, host="theirs.example", is_primary=True, created_at=tx.now
        )
    async with world.write(ours) as tx:
        assert await tx.all(ALL) == []
        assert await tx.all(_SOME, ids=[made]) == []
        assert await tx.update(tenant_domains, {"id": made}, host="stolen.example") == 0
        assert await tx.delete(tenant_domains, id=made) == 0
    async with world.read(theirs) as rtx:
        assert [row.host for row in await rtx.all(ALL)] == ["theirs.example"]


async def test_a_unique_violation_names_its_constraint(world: World) -> None:
    tenant = await world.tenant()
    with pytest.raises(UniqueViolation) as caught:
        async with world.write(tenant) as tx:
            for _ in range(2):
                await tx.insert(
                    tenant_domains,
                    id=new_id(),
                    host="same.example",
                    is_primary=False,
                    created_at=tx.now,
                )
    assert caught.value.constraint == "uq_tenant_domains_host"


async def test_a_check_violation_names_its_constraint(world: World) -> None:
    tenant = await world.tenant()
    with pytest.raises(CheckViolation) as caught:
        async with world.write(tenant) as tx:
            await tx.update(tenants, {"id": tenant.id}, status="exploded")
    assert caught.value.constraint == "ck_tenants_status_known"


async def test_an_update_at_a_stale_version_is_refused(world: World) -> None:
    tenant = await world.tenant()
    with pytest.raises(ConcurrentUpdate):
        async with world.write(tenant) as tx:
            await tx.update_version(tenants, {"id": tenant.id}, version=41, name="Late")


async def test_insert_if_absent_says_whether_it_inserted(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        values = {"host": "once.example", "is_primary": False, "created_at": tx.now}
        assert await tx.insert_if_absent(tenant_domains, id=new_id(), **values)
        assert not await tx.insert_if_absent(tenant_domains, id=new_id(), **values)
        assert len(await tx.all(ALL)) == 1


async def test_a_transaction_inside_a_transaction_is_a_mistake(world: World) -> None:
    tenant = await world.tenant()
    async with world.read(tenant):
        with pytest.raises(RuntimeError, match="inside transaction"):
            async with world.read(tenant):
                pass


async def test_who_promised_one_statement_has_one_and_no_more(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        await tx.insert(
            tenant_domains, id=new_id(), host="a.example", is_primary=True, created_at=tx.now
        )
    for _ in range(3):  # each time anew, and nothing stays open
        async with world.platform.db.read(context_for(tenant), one_statement=True) as rtx:
            assert len(await rtx.all(ALL)) == 1
            with pytest.raises(RuntimeError, match="one statement was promised"):
                await rtx.all(ALL)
    async with world.write(tenant) as tx:
        await tx.insert(
            tenant_domains, id=new_id(), host="b.example", is_primary=False, created_at=tx.now
        )
    async with world.platform.db.read(context_for(tenant), one_statement=True) as rtx:
        assert len(await rtx.all(ALL)) == 2


async def test_an_outside_call_inside_a_transaction_is_a_mistake(world: World) -> None:
    tenant = await world.tenant()
    forbid_in_transaction("a network call")
    async with world.write(tenant):
        with pytest.raises(RuntimeError, match="a network call inside a transaction"):
            forbid_in_transaction("a network call")


async def test_a_system_statement_needs_the_system_door(world: World) -> None:
    tenant = await world.tenant()
    query = Query(select(tenant_domains.c.id), str, system="test")
    async with world.read(tenant) as tx:
        with pytest.raises(TypeError, match="SystemTx"):
            await tx.all(query)


async def test_many_writers_each_get_their_turn(world: World) -> None:
    tenant = await world.tenant()

    async def add(number: int) -> None:
        async with world.write(tenant) as tx:
            await tx.insert(
                tenant_domains,
                id=new_id(),
                host=f"h{number}.example",
                is_primary=False,
                created_at=tx.now,
            )

    await asyncio.gather(*(add(number) for number in range(50)))
    async with world.read(tenant) as rtx:
        assert len(await rtx.all(ALL)) == 50


async def test_a_database_that_cannot_be_opened_is_unavailable(world: World) -> None:
    if world.kind == "sqlite":
        from pathlib import Path

        from rustok.core.db.sqlite import SqliteDriver

        with pytest.raises((Unavailable, OSError)):
            await SqliteDriver(Path("/proc/nowhere/x.sqlite3")).open()
    else:
        from rustok.core.db.postgres import PostgresDriver

        url = "postgresql://rustok_app@127.0.0.1:1/none"
        with pytest.raises(Unavailable):
            await PostgresDriver(url, system_url=url, connect_timeout_seconds=1).open()


@pytest.mark.parametrize(
    "statement",
    [
        select(tenant_domains.c.id),
        select(tenant_domains.c.id).where(tenant_domains.c.host == bindparam("h", type_=Text())),
        select(tenants.c.id).where(
            tenants.c.id == TENANT, tenants.c.id.in_(select(tenant_domains.c.tenant_id))
        ),
        select(tenant_domains.c.id)
        .join(tenants, tenants.c.id == tenant_domains.c.id)
        .where(tenant_domains.c.tenant_id == TENANT),
        tenant_domains.update().values(host="x"),
        tenant_domains.delete().where(tenant_domains.c.id == bindparam("id", type_=Id())),
    ],
    ids=["bare", "other-condition", "subquery", "join", "update", "delete"],
)
def test_a_statement_without_its_tenant_cannot_be_constructed(statement: object) -> None:
    with pytest.raises(TenantPredicateMissing):
        Query(statement, dict)
