"""No list of the storefront or the administration reads through the rows of other tenants.

The plan of every statement behind every GET is asked of the database: without filters, with each
filter, in each order, and with the cursor of a second page. Small tables are read whole by
PostgreSQL whatever indexes they have, so it is told not to here; with RUSTOK_TEST_SCALE_SQLITE (a
path) or RUSTOK_TEST_SCALE_POSTGRES (the URL of a superuser) the plans are those for the database
named, made by `python -m benchmarks.scale`, where nothing is forbidden, and tables it leaves nearly
empty may be read whole.
"""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing
from typing import Final

import asyncpg
import msgspec

from tests.conftest import POSTGRES, World
from tests.integration.proof.listing import statements_of_lists
from tests.integration.proof.plans import Plan, Step, postgres_plan, sqlite_plan
from tests.seeding import seed_everything

WITHOUT_TENANT: Final = {
    "ix_product_entries_entry": "FTS5 names the entry, whose number comes from its tenant",
    "ix_node_entries_entry": "as above",
}
"""Indexes that may be asked without the tenant, because what is asked for belongs to one."""

FEW_ROWS: Final = 1_000

_ONE_ROW: Final = re.compile(r"\(id ?= ?(\?|\$\d+)\)")


def _is_wrong(step: Step) -> bool:
    if step.reads_all:
        return True
    if "tenant_id" in step.condition or step.index in WITHOUT_TENANT:
        return False
    return not _ONE_ROW.match(step.condition)  # an id is one row, whoever's; the tenant is compared


async def _plans(world: World, statements: dict[str, str], tenant_id: str) -> dict[str, Plan]:
    settings = world.platform.settings.database
    if world.kind == "sqlite":
        named = os.environ.get("RUSTOK_TEST_SCALE_SQLITE")
        with closing(sqlite3.connect(named or str(settings.url.sqlite_path))) as connection:
            return {sql: sqlite_plan(connection, sql) for sql in statements}
    named = os.environ.get("RUSTOK_TEST_SCALE_POSTGRES")
    own = POSTGRES.rpartition("/")[0] + "/" + str(settings.url).rpartition("/")[2]
    connection = await asyncpg.connect(named or own)
    try:
        if named:
            tenant_id = str(
                await connection.fetchval("SELECT id FROM tenants WHERE slug = 'scale1-00001'")
            )
        plans = {
            sql: await postgres_plan(
                connection, sql, tenant_id=tenant_id, allow_scans=named is not None
            )
            for sql in statements
        }
        return await _without_small_tables(connection, plans) if named else plans
    finally:
        await connection.close()


async def _without_small_tables(
    connection: asyncpg.Connection, plans: dict[str, Plan]
) -> dict[str, Plan]:
    """The plans without the steps that read a table of few rows."""
    tables = {step.table for plan in plans.values() for step in plan.steps}
    large = {
        table
        for table in tables
        if await connection.fetchval(f'SELECT EXISTS (SELECT 1 FROM "{table}" OFFSET {FEW_ROWS})')
    }
    print(f"small, and not judged: {', '.join(sorted(tables - large))}")
    return {
        sql: msgspec.structs.replace(
            plan, steps=tuple(step for step in plan.steps if step.table in large)
        )
        for sql, plan in plans.items()
    }


async def test_no_list_reads_the_rows_of_other_tenants(world: World) -> None:
    tenant = await world.tenant(locales=["en", "de"], currencies=["EUR", "USD"])
    seeded = await seed_everything(world, tenant, "one")
    statements = await statements_of_lists(world, seeded)
    plans = await _plans(world, statements, str(tenant.id))
    assert len(plans) > 100
    wrong = [
        f"{statements[sql]}: {step}\n{sql}"
        for sql, plan in plans.items()
        for step in plan.steps
        if _is_wrong(step)
    ]
    sorting = sum(plan.sorts for plan in plans.values())
    print(f"{world.kind}: {len(plans)} statements, {sorting} sort, {len(wrong)} read too much")
    assert not wrong, "\n\n".join(wrong)
