"""Every tenant table is seeded, keyed, indexed and, on PostgreSQL, held by row-level security."""

from __future__ import annotations

import asyncpg
import pytest
from sqlalchemy import Table

from rustok.core.db.schema import APP_ROLE, SYSTEM_ROLE, metadata
from rustok.server.tables import load_tables
from tests.conftest import POSTGRES, World
from tests.seeding import dump, seed_everything, tenant_tables

INDEXED_OTHERWISE: dict[str, str] = {}
"""Tables without an index that starts with the tenant's column, with the reason."""


def _all_tables() -> list[Table]:
    load_tables()
    return list(metadata.sorted_tables)


def test_every_table_says_whose_its_rows_are() -> None:
    for table in _all_tables():
        column = table.info.get("tenant")
        assert column or table.info.get("platform"), f"{table.name}: use tenant_table"
        if "tenant_id" in table.c:
            assert column == "tenant_id", f"{table.name} has a tenant_id that nothing holds"
            assert not table.c.tenant_id.nullable, table.name


@pytest.mark.parametrize("table", tenant_tables(), ids=lambda table: table.name)
def test_a_tenant_table_has_an_index_that_starts_with_the_tenant(table: Table) -> None:
    keys = [[column.name for column in table.primary_key]]
    keys += [[getattr(e, "name", "") for e in index.expressions] for index in table.indexes]
    assert table.info["tenant"] in {key[0] for key in keys if key}, INDEXED_OTHERWISE


@pytest.mark.parametrize("table", tenant_tables(), ids=lambda table: table.name)
def test_a_reference_between_tenant_tables_carries_the_tenant(table: Table) -> None:
    for constraint in table.foreign_key_constraints:
        if constraint.referred_table.info.get("tenant") == "tenant_id":
            assert "tenant_id" in constraint.column_keys, f"{table.name}.{constraint.name}"


async def test_seeding_leaves_no_tenant_table_empty(world: World) -> None:
    tenant = await world.tenant(locales=["en", "de"], currencies=["EUR", "USD"])
    await seed_everything(world, tenant, "arch1")
    empty = [name for name, rows in (await dump(world, tenant.id)).items() if not rows]
    assert empty == [], "extend tests/seeding.py"


async def test_row_level_security_is_forced_with_a_policy_for_both_roles(
    postgres_urls: tuple[str, str],
) -> None:
    name = postgres_urls[0].rpartition("/")[2]
    connection = await asyncpg.connect(POSTGRES.rpartition("/")[0] + "/" + name)
    try:
        tables = await connection.fetch(
            "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        policies = await connection.fetch(
            "SELECT tablename, unnest(roles) AS role, qual, with_check FROM pg_policies"
        )
        owned = await connection.fetch(
            "SELECT c.relname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner"
            " WHERE r.rolname = ANY($1) OR (r.rolname = ANY($1) AND r.rolbypassrls)",
            [APP_ROLE, SYSTEM_ROLE],
        )
        powers = await connection.fetch(
            "SELECT rolname FROM pg_roles WHERE rolname = ANY($1)"
            " AND (rolbypassrls OR rolsuper OR rolcreaterole)",
            [APP_ROLE, SYSTEM_ROLE],
        )
    finally:
        await connection.close()
    assert not owned
    assert not powers
    forced = {row["relname"] for row in tables if row["relrowsecurity"]} & {
        row["relname"] for row in tables if row["relforcerowsecurity"]
    }
    held = {(row["tablename"], row["role"]): row for row in policies}
    for table in _all_tables():
        assert table.name in forced, table.name
        assert (table.name, SYSTEM_ROLE) in held, table.name
        column = table.info.get("tenant")
        if column is None:
            assert (table.name, APP_ROLE) not in held, table.name
            continue
        own = held[(table.name, APP_ROLE)]
        for clause in (own["qual"], own["with_check"]):
            assert clause.startswith(f"({column} = "), (table.name, clause)
            assert "app.tenant_id" in clause
