"""Tables in hash partitions by tenant: nothing is lost on the way there and back, and tenants stay apart."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec
import pytest

from rustok.core.db.table_shapes import Shape, list_tables, read_shape
from rustok.core.tenancy import TenantProfile
from rustok.server import migrations, partitioning
from rustok.server.audit.security_database import audit_running
from rustok.server.partitioning import (
    DatabaseServed,
    PartitioningFailed,
    PartitioningRefused,
    partition,
)
from rustok.server.platform import Platform
from rustok.server.settings import DatabaseUrl, Settings
from tests.conftest import POSTGRES, World, postgres_answers, settings_for
from tests.schema_for_tests import create_postgres_schema, drop_database, owner_settings
from tests.seeding import dump, seed_everything

TABLES: Final = ("orders", "order_lines", "payments", "products", "product_entries", "users")
OWNER: Final = f"rustok_partition_owner_{os.getpid()}"


def url_of(database: str, user: str) -> str:
    place = POSTGRES.rpartition("/")[0].split("@")[-1]
    return f"postgresql://{user}@{place}/{database}"


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """A database of these tests, owned by a role that row-level security holds, too."""
    why = postgres_answers()
    if why is not None:
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    name = f"rustok_partitions_{os.getpid()}"

    async def make() -> None:
        await create_postgres_schema(POSTGRES, name)
        connection = await asyncpg.connect(url_of(name, "postgres"))
        await connection.execute(f"CREATE ROLE {OWNER} LOGIN NOSUPERUSER NOBYPASSRLS")
        await connection.execute(f"GRANT CREATE, USAGE ON SCHEMA public TO {OWNER}")
        for table in await list_tables(connection):
            await connection.execute(f"ALTER TABLE {table} OWNER TO {OWNER}")
        await connection.close()

    async def unmake() -> None:
        await drop_database(POSTGRES, name)
        connection = await asyncpg.connect(POSTGRES)
        await connection.execute(f"DROP ROLE {OWNER}")
        await connection.close()

    asyncio.run(make())
    yield name
    asyncio.run(unmake())


@pytest.fixture
def owned(database: str) -> Settings:
    return owner_settings(url_of(database, OWNER))


@pytest.fixture
async def world(database: str, owned: Settings, tmp_path: Path) -> AsyncIterator[World]:
    """A platform on the database, whose tables are whole at first."""
    await partition(owned, TABLES, 0, while_serving=True)
    settings = settings_for(
        url_of(database, "rustok_app"), tmp_path, system_url=url_of(database, "rustok_system")
    )
    platform = Platform(settings)
    await platform.open()
    yield World(platform, [])
    await platform.close()


async def connect(database: str, user: str = "postgres") -> Any:
    return await asyncpg.connect(url_of(database, user))


async def shapes_of(database: str) -> dict[str, Shape]:
    connection = await connect(database)
    try:
        return {
            # What the planner believes and how much room is taken are not what a table is.
            name: msgspec.structs.replace(await read_shape(connection, name), rows=0, size_bytes=0)
            for name in await list_tables(connection)
        }
    finally:
        await connection.close()


async def seeded(world: World, marker: str) -> TenantProfile:
    tenant = await world.tenant(locales=["en", "de"], currencies=["EUR", "USD"])
    await seed_everything(world, tenant, marker)
    return tenant


async def test_there_and_back_every_row_and_every_rule_is_as_it_was(
    world: World, owned: Settings, database: str
) -> None:
    tenant = await seeded(world, "there1")
    before, rows = await shapes_of(database), await dump(world, tenant.id)

    done = await partition(owned, TABLES, 4, while_serving=True)
    assert [(one.table, one.after, one.changed) for one in done] == [
        (name, 4, True) for name in TABLES
    ]
    assert next(one.rows for one in done if one.table == "orders") >= len(rows["orders"]) > 0
    there = await shapes_of(database)
    for name in TABLES:
        wanted = msgspec.structs.replace(
            before[name], partitions=4, parts=there[name].parts, family=there[name].family
        )
        assert len(there[name].parts) == 4
        assert there[name] == wanted, name
    assert await dump(world, tenant.id) == rows

    await partition(owned, TABLES, 0, while_serving=True)
    assert await shapes_of(database) == before
    assert await dump(world, tenant.id) == rows


async def test_a_partitioned_database_sells_publishes_and_keeps_tenants_apart(
    world: World, owned: Settings, database: str
) -> None:
    views = await partitioning.list_shapes(owned)
    able = [one.table for one in views if not one.obstacles]
    assert len(able) > 60
    await partition(owned, able, 3, while_serving=True)
    try:
        one, other = await seeded(world, "apart1"), await seeded(world, "apart2")
        ours = await dump(world, one.id)
        assert all(ours[name] for name in TABLES)
        found, _ = await audit_running(world.db)
        assert [str(weak) for weak in found if "table" in str(weak)] == []
        await _only_its_own(database, one.id, other.id)
    finally:
        await partition(owned, able, 0, while_serving=True)


async def _only_its_own(database: str, mine: UUID, theirs: UUID) -> None:
    connection = await connect(database, "rustok_app")
    try:
        for table in TABLES:
            count = f"SELECT count(*) FROM {table}"
            assert await connection.fetchval(count) == 0
            async with connection.transaction():
                await connection.execute("SELECT set_config('app.tenant_id', $1, true)", str(mine))
                assert await connection.fetchval(count) > 0
                foreign = f"{count} WHERE tenant_id = $1"
                assert await connection.fetchval(foreign, theirs) == 0
                assert (
                    await connection.execute(
                        f"UPDATE {table} SET tenant_id = tenant_id WHERE tenant_id = $1", theirs
                    )
                    == "UPDATE 0"
                )
        for number in range(3):
            # Who names a partition has no rights on it, whatever tenant is set.
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch(f"SELECT 1 FROM orders_p3_{number}")
    finally:
        await connection.close()


async def test_a_query_of_a_tenant_touches_one_partition(
    world: World, owned: Settings, database: str
) -> None:
    tenant = await seeded(world, "plan1")
    await partition(owned, ["orders", "order_lines"], 8, while_serving=True)
    connection = await connect(database, "rustok_app")
    queries = (
        "SELECT * FROM orders WHERE tenant_id = $1 AND status = 'paid' ORDER BY id LIMIT 20",
        "SELECT * FROM order_lines l JOIN orders o ON (o.tenant_id, o.id) = (l.tenant_id, l.order_id)"
        " WHERE l.tenant_id = $1 AND o.tenant_id = $1",
    )
    try:
        for query, tables in zip(queries, (1, 2), strict=True):
            for mode in ("force_custom_plan", "force_generic_plan"):
                async with connection.transaction():
                    await connection.execute(f"SET LOCAL plan_cache_mode = {mode}")
                    await connection.execute(
                        "SELECT set_config('app.tenant_id', $1, true)", str(tenant.id)
                    )
                    plan = await connection.fetchval(
                        f"EXPLAIN (ANALYZE, COSTS OFF, FORMAT JSON) {query}", tenant.id
                    )
                assert len(_touched(json.loads(plan))) == tables, (mode, plan)
    finally:
        await connection.close()


def _touched(plan: Any) -> set[str]:
    """Tables and partitions that a plan reads."""
    found: set[str] = set()
    if isinstance(plan, list):
        for one in plan:
            found |= _touched(one)
    elif isinstance(plan, dict):
        if "Relation Name" in plan and plan.get("Actual Loops", 1) > 0:
            found.add(plan["Relation Name"])
        for value in plan.values():
            found |= _touched(value)
    return found


async def test_another_number_of_partitions_is_reached_from_partitions(
    world: World, owned: Settings
) -> None:
    tenant = await seeded(world, "again1")
    rows = await dump(world, tenant.id)
    await partition(owned, ["orders"], 2, while_serving=True)
    (done,) = await partition(owned, ["orders"], 4, while_serving=True)
    (same,) = await partition(owned, ["orders"], 4, while_serving=True)
    assert (done.before, done.after, done.changed) == (2, 4, True)
    assert not same.changed
    assert await dump(world, tenant.id) == rows


async def test_later_migrations_work_on_partitions(world: World, owned: Settings) -> None:
    """0008 and what follows add columns, keys and CHECKs to orders and payments."""
    del world
    name = f"rustok_partitions_later_{os.getpid()}"
    await create_postgres_schema(POSTGRES, name)
    settings = owner_settings(url_of(name, "postgres"))
    try:
        whole = await shapes_of(name)
        await partition(settings, TABLES, 4)
        await migrations.migrate(settings, "0007")
        await migrations.migrate(settings)
        await partition(settings, TABLES, 0)
        again = await shapes_of(name)
        assert {name: set(one.columns) for name, one in again.items()} == {
            name: set(one.columns) for name, one in whole.items()
        }
        for table in TABLES:
            assert set(again[table].keys) == set(whole[table].keys)
            assert set(again[table].indexes) == set(whole[table].indexes)
            assert set(again[table].references) == set(whole[table].references)
    finally:
        await drop_database(POSTGRES, name)


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ("outbox", "pk_outbox, uq_outbox_id must be unique over all tenants"),
        ("tenant_domains", "uq_tenant_domains_host must be unique over all tenants"),
        ("audit_records", "its triggers guard the table as a whole"),
        ("leases", "it has no tenant_id"),
        ("orders; drop table orders", "there is no such table"),
    ],
)
async def test_a_table_that_cannot_be_is_refused_with_the_reason_and_none_is_changed(
    world: World, owned: Settings, database: str, table: str, why: str
) -> None:
    with pytest.raises(PartitioningRefused, match=why):
        await partition(owned, ["orders", table], 4, while_serving=True)
    assert (await shapes_of(database))["orders"].partitions == 0


async def test_a_database_that_is_served_from_is_left_alone(
    world: World, owned: Settings, database: str
) -> None:
    await world.tenant()
    connection = await connect(database, "rustok_app")
    try:
        with pytest.raises(DatabaseServed):
            await partition(owned, ["orders"], 4)
    finally:
        await connection.close()
    assert (await shapes_of(database))["orders"].partitions == 0


async def test_a_table_that_is_held_is_waited_for_within_a_bound_and_a_second_run_goes_on(
    world: World, owned: Settings, database: str
) -> None:
    tenant = await seeded(world, "held1")
    rows = await dump(world, tenant.id)
    holder = await connect(database)
    held = holder.transaction()
    await held.start()
    await holder.execute("LOCK TABLE products IN SHARE MODE")
    try:
        async with asyncio.timeout(5):
            with pytest.raises(PartitioningFailed, match="lock timeout"):
                await partition(
                    owned, ["payments", "products"], 4, while_serving=True, lock_seconds=0.3
                )
    finally:
        await held.rollback()
        await holder.close()
    shapes = await shapes_of(database)
    assert (shapes["payments"].partitions, shapes["products"].partitions) == (4, 0)
    done = await partition(owned, ["payments", "products"], 4, while_serving=True)
    assert [one.changed for one in done] == [False, True]
    assert await dump(world, tenant.id) == rows


async def test_what_fails_in_the_middle_leaves_the_table_as_it_was(
    world: World, owned: Settings, database: str
) -> None:
    tenant = await seeded(world, "middle1")
    before, rows = await shapes_of(database), await dump(world, tenant.id)
    connection = await connect(database)
    await connection.execute("CREATE VIEW seen_by_reports AS SELECT id FROM orders")
    try:
        with pytest.raises(PartitioningFailed, match="depend"):
            await partition(owned, ["orders"], 4, while_serving=True)
    finally:
        await connection.execute("DROP VIEW seen_by_reports")
        await connection.close()
    assert await shapes_of(database) == before
    assert await dump(world, tenant.id) == rows


async def test_a_dry_run_tells_the_statements_and_changes_nothing(
    world: World, owned: Settings, database: str
) -> None:
    before = await shapes_of(database)
    (told,) = await partition(owned, ["orders"], 2, dry_run=True)
    assert "PARTITION BY HASH (tenant_id)" in "\n".join(told.statements)
    assert await shapes_of(database) == before


async def test_sqlite_has_no_partitions(tmp_path: Path) -> None:
    settings = msgspec.structs.replace(
        Settings(),
        database=msgspec.structs.replace(
            Settings().database, url=DatabaseUrl(f"sqlite:///{tmp_path}/x.sqlite3")
        ),
    )
    with pytest.raises(PartitioningRefused, match="SQLite"):
        await partition(settings, ["orders"], 4)
