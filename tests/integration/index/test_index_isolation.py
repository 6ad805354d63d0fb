"""The full text gives nobody another tenant's rows, whatever is asked of the database itself."""

from __future__ import annotations

import asyncpg
import pytest

from rustok.core.db import Query
from rustok.core.tenancy import TenantProfile
from rustok.index import api as index
from rustok.index.fulltext import SHELVES, create_statements, drop_statements, scope_of
from rustok.index.products.schemas import ProductFilters
from rustok.index.products.service import list_products
from rustok.index.words import Terms
from tests.conftest import World
from tests.integration.index.shelf import made, put, titles


@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
async def test_the_function_that_searches_names_the_tenant_itself(
    world: World, postgres_urls: tuple[str, str]
) -> None:
    victim, other = await world.tenant(), await world.tenant()
    async with world.write(victim) as tx:
        await put(tx, made("Secret lamp"))
    asked = (
        "SELECT count(*) FROM product_entries_found('en', to_tsquery('simple', 'lamp'), "
        f"'{scope_of(victim.id, 'en')}', true)"
    )
    connection = await asyncpg.connect(postgres_urls[0])
    try:
        assert await connection.fetchval(asked) == 0
        for tenant, expected in ((other, 0), (victim, 1)):
            async with connection.transaction():
                await connection.execute(
                    "SELECT set_config('app.tenant_id', $1, true)", str(tenant.id)
                )
                assert await connection.fetchval(asked) == expected
    finally:
        await connection.close()


async def test_erasing_leaves_no_words_behind(world: World) -> None:
    tenant, other = await world.tenant(), await world.tenant()
    for one in (tenant, other):
        async with world.write(one) as tx:
            await put(tx, made("Secret lamp", facets=(("tag", "x"),)))
    async with world.write(tenant) as tx:
        await index.erase(tx)
    async with world.read(tenant) as tx:
        assert (await index.count_facets(tx, ProductFilters())).facets == {}
    async with world.read(other) as tx:
        assert (await index.count_facets(tx, ProductFilters(q="lamp"))).total == 1
    if world.kind == "sqlite":
        assert await lamps_in_fts5(world, tenant) == 0
        assert await lamps_in_fts5(world, other) == 1


async def lamps_in_fts5(world: World, tenant: TenantProfile) -> int:
    terms = Terms(words=("secret", "lamp"))
    async with world.db.raw() as connection:
        rows = await connection.fetch(
            "SELECT count(*) FROM product_entries_fts WHERE product_entries_fts MATCH ?",
            [terms.fts5(scope=scope_of(tenant.id, "en"))],
        )
    return int(rows[0][0])


async def test_words_with_another_tenant_before_them_find_nothing_of_it(world: World) -> None:
    """Neither typed nor stored: a word that looks like the other's in the index is not one."""
    victim, other = await world.tenant(), await world.tenant()
    scope = scope_of(victim.id, "en")
    typed = [
        f"{before}{between}lamp"
        for before in (scope, scope[21:], f'"{scope}', f"lamp {scope}")
        for between in ("", "_", " ", "_ ", "'_", '"_')
    ]
    async with world.write(victim) as tx:
        await put(tx, made("Secret lamp"))
    async with world.write(other) as tx:
        await put(tx, *(made(f"Bait {one}") for one in typed))
    async with world.read(other) as tx:
        for one in (*typed, "secret", "lamp", "l"):
            found = titles(await list_products(tx, ProductFilters(q=one)))
            assert all(title.startswith("Bait") for title in found)
    async with world.read(victim) as tx:
        for one in ("lamp", "secret la", "l", *typed):
            found = titles(await list_products(tx, ProductFilters(q=one)))
            assert found == ([] if one in typed else ["Secret lamp"])


def test_statements_that_are_made_are_dropped_again() -> None:
    for dialect in ("sqlite", "postgres"):
        assert create_statements(dialect)
        dropped = "\n".join(drop_statements(dialect))
        for shelf in SHELVES:
            assert f"{shelf}_entries" in dropped


def test_no_statement_of_the_index_crosses_tenants_without_a_reason() -> None:
    from rustok.index import repository
    from rustok.index.products import repository as products

    crossing = [
        one
        for module in (repository, products)
        for one in vars(module).values()
        if isinstance(one, Query) and one.system is not None
    ]
    assert len(crossing) == 2
