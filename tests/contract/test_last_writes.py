"""Writes that wait for the end of their transaction: sent together, in order, all or nothing."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import Text, bindparam, update

from rustok.core.db import TENANT, Command, UniqueViolation, WriteTx
from rustok.core.errors import ConcurrentUpdate
from rustok.core.ids import new_id
from rustok.platform.tenants.tables import tenant_domains
from tests.conftest import World
from tests.contract.domains import ALL


class Taken(Exception):
    pass


def add_last(tx: WriteTx, host: str, *, is_primary: bool = False) -> UUID:
    made = new_id()
    tx.insert_last(tenant_domains, id=made, host=host, is_primary=is_primary, created_at=tx.now)
    return made


async def test_what_waits_is_written_with_the_commit(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        first = add_last(tx, "a.example")
        tx.insert_many_last(
            tenant_domains,
            [
                {
                    "id": new_id(),
                    "host": f"{name}.example",
                    "is_primary": False,
                    "created_at": tx.now,
                }
                for name in "bcd"
            ],
        )
        tx.update_last(tenant_domains, {"id": first}, is_primary=True)
    async with world.read(tenant) as rtx:
        rows = await rtx.all(ALL)
    assert [(row.host, row.is_primary) for row in rows] == [
        ("a.example", True),
        ("b.example", False),
        ("c.example", False),
        ("d.example", False),
    ]


async def test_what_waits_is_one_round_trip_where_nothing_needs_another(world: World) -> None:
    tenant = await world.tenant()
    with world.counting() as count:
        async with world.write(tenant) as tx:
            made = [add_last(tx, f"{name}.example") for name in "ab"]
            before = count.total
            for one in made:
                tx.update_last(tenant_domains, {"id": one}, is_primary=False)
            assert count.total == before
            assert [row.id for row in await tx.all(ALL)] == made


@pytest.mark.parametrize("rows", [1, 16, 17, 100])
async def test_any_number_of_rows_waits(world: World, rows: int) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        made = [add_last(tx, f"{number:03}.example") for number in range(rows)]
        for one in made:
            tx.update_last(tenant_domains, {"id": one}, is_primary=False)
    async with world.read(tenant) as rtx:
        assert [row.id for row in await rtx.all(ALL)] == made


async def test_a_read_of_the_same_table_sees_what_waits(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        made = add_last(tx, "a.example")
        assert [row.id for row in await tx.all(ALL)] == [made]
        assert await tx.update(tenant_domains, {"id": made}, host="b.example") == 1
        add_last(tx, "c.example")
        assert await tx.delete(tenant_domains, host="c.example") == 1
    async with world.read(tenant) as rtx:
        assert [row.host for row in await rtx.all(ALL)] == ["b.example"]


async def test_a_transaction_that_fails_writes_nothing_of_what_waited(world: World) -> None:
    tenant = await world.tenant()
    with pytest.raises(ZeroDivisionError):
        async with world.write(tenant) as tx:
            add_last(tx, "a.example")
            raise ZeroDivisionError
    async with world.read(tenant) as rtx:
        assert await rtx.all(ALL) == []


async def test_a_violation_at_the_end_names_its_constraint_and_leaves_nothing(
    world: World,
) -> None:
    tenant = await world.tenant()
    with pytest.raises(UniqueViolation) as refused:
        async with world.write(tenant) as tx:
            add_last(tx, "a.example")
            add_last(tx, "b.example")
            add_last(tx, "a.example")
    assert refused.value.constraint == "uq_tenant_domains_host"
    async with world.read(tenant) as rtx:
        assert await rtx.all(ALL) == []


async def test_a_row_that_is_gone_is_said_at_the_end_and_undoes_the_rest(world: World) -> None:
    tenant = await world.tenant()
    with pytest.raises(ConcurrentUpdate):
        async with world.write(tenant) as tx:
            add_last(tx, "a.example")
            tx.update_last(tenant_domains, {"id": new_id()}, host="b.example")
    async with world.read(tenant) as rtx:
        assert await rtx.all(ALL) == []


async def test_a_row_changed_twice_at_the_end_is_refused_or_changed_twice(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        made = add_last(tx, "a.example")
    hosts: list[str] = []
    try:
        async with world.write(tenant) as tx:
            tx.update_last(tenant_domains, {"id": made}, host="b.example")
            tx.update_last(tenant_domains, {"id": made}, host="c.example")
    except ConcurrentUpdate:
        hosts.append("a.example")
    else:
        hosts.append("c.example")
    async with world.read(tenant) as rtx:
        assert [row.host for row in await rtx.all(ALL)] == hosts


async def test_a_new_row_whose_value_is_taken_is_said_at_the_end(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        add_last(tx, "a.example")
    with pytest.raises(Taken):
        async with world.write(tenant) as tx:
            add_last(tx, "b.example")
            tx.insert_new_last(
                tenant_domains,
                otherwise=Taken,
                id=new_id(),
                host="a.example",
                is_primary=False,
                created_at=tx.now,
            )
    async with world.read(tenant) as rtx:
        assert [row.host for row in await rtx.all(ALL)] == ["a.example"]


async def test_what_waits_is_held_to_the_tenant_of_the_transaction(world: World) -> None:
    ours, theirs = await world.tenant(), await world.tenant()
    async with world.write(theirs) as tx:
        row = add_last(tx, "theirs.example")
    with pytest.raises(ConcurrentUpdate):
        async with world.write(ours) as tx:
            tx.update_last(tenant_domains, {"id": row}, host="ours.example")
    async with world.read(theirs) as rtx:
        assert [one.host for one in await rtx.all(ALL)] == ["theirs.example"]


async def test_each_of_many_rows_that_wait_is_held_to_the_tenant_of_the_transaction(
    world: World,
) -> None:
    own, other = await world.tenant(), await world.tenant()
    async with world.write(other) as tx:
        theirs = add_last(tx, "theirs.example")
    async with world.write(own) as tx:
        mine = [add_last(tx, f"{name}.example") for name in "ab"]
        rename = Command(
            update(tenant_domains)
            .where(tenant_domains.c.tenant_id == TENANT, tenant_domains.c.id == bindparam("at"))
            .values(host=bindparam("to", type_=Text()))
        )
        tx.run_last(
            rename,
            [
                {"at": mine[0], "to": "one.example"},
                {"at": mine[1], "to": "two.example"},
                {"at": theirs, "to": "stolen.example", "tenant_id": other.id},
            ],
        )
    async with world.read(own) as rtx:
        assert [row.host for row in await rtx.all(ALL)] == ["one.example", "two.example"]
    async with world.read(other) as rtx:
        assert [row.host for row in await rtx.all(ALL)] == ["theirs.example"]
