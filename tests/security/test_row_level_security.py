"""PostgreSQL by itself holds the tenants apart: raw SQL as the application's role, table by table.

The tables are those of the database, not those the program declares, so that one that came by
another way is found, too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

import asyncpg
import pytest

from rustok.core.db.schema import APP_ROLE, SYSTEM_ROLE
from rustok.core.ids import new_id
from tests.conftest import POSTGRES, World
from tests.security.test_tenant_isolation import Two, two_tenants

pytestmark = pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)

NOT_OURS: Final = frozenset({"alembic_version"})
_TABLES: Final = (
    "SELECT c.oid, c.relname, c.relispartition, c.relrowsecurity AND c.relforcerowsecurity AS forced,"
    " EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')"
    " AS of_tenants,"
    " ARRAY(SELECT r.rolname::text FROM pg_policy p JOIN pg_roles r ON r.oid = ANY(p.polroles)"
    "       WHERE p.polrelid = c.oid) AS policies"
    " FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace"
    " ORDER BY c.relname"
)
_REFERENCES: Final = (
    "SELECT n.conname, c.relname AS child, p.relname AS parent,"
    " ARRAY(SELECT a.attname::text FROM unnest(n.conkey) WITH ORDINALITY k(num, at)"
    "   JOIN pg_attribute a ON a.attrelid = n.conrelid AND a.attnum = k.num ORDER BY k.at) AS own,"
    " ARRAY(SELECT a.attname::text FROM unnest(n.confkey) WITH ORDINALITY k(num, at)"
    "   JOIN pg_attribute a ON a.attrelid = n.confrelid AND a.attnum = k.num ORDER BY k.at) AS named"
    " FROM pg_constraint n JOIN pg_class c ON c.oid = n.conrelid"
    " JOIN pg_class p ON p.oid = n.confrelid"
    " WHERE n.contype = 'f' AND NOT c.relispartition AND NOT p.relispartition ORDER BY n.conname"
)
_REFUSALS: Final = (
    asyncpg.InsufficientPrivilegeError,
    asyncpg.ForeignKeyViolationError,
    asyncpg.CheckViolationError,
    asyncpg.RaiseError,
)


def unprotected(tables: list[Any]) -> list[str]:
    """What is wrong with the protection of each table, in words; empty when all is well."""
    wrong = []
    for table in tables:
        name = table["relname"]
        if name in NOT_OURS:
            continue
        if not table["forced"]:
            wrong.append(f"{name}: row-level security is not forced")
        if SYSTEM_ROLE not in table["policies"]:
            wrong.append(f"{name}: no policy for {SYSTEM_ROLE}")
        if table["of_tenants"] and APP_ROLE not in table["policies"]:
            wrong.append(f"{name}: no policy for {APP_ROLE}")
    return wrong


@pytest.fixture
async def app(world: World, postgres_urls: tuple[str, str]) -> AsyncIterator[Any]:
    """A connection as the application's role."""
    connection = await asyncpg.connect(postgres_urls[0])
    yield connection
    await connection.close()


@pytest.fixture
async def owner(world: World, postgres_urls: tuple[str, str]) -> AsyncIterator[Any]:
    """A connection as the superuser."""
    name = postgres_urls[0].rpartition("/")[2]
    connection = await asyncpg.connect(POSTGRES.rpartition("/")[0] + "/" + name)
    yield connection
    await connection.close()


async def _as(connection: Any, tenant_id: object) -> None:
    await connection.execute("SELECT set_config('app.tenant_id', $1, true)", str(tenant_id))


async def test_every_table_of_the_database_is_protected(owner: Any) -> None:
    tables = await owner.fetch(_TABLES)
    assert len(tables) > 40
    assert unprotected(tables) == []


async def test_a_new_table_without_a_policy_is_found(owner: Any) -> None:
    async with _rolled_back(owner):
        await owner.execute("CREATE TABLE wishes (tenant_id uuid NOT NULL, id uuid PRIMARY KEY)")
        assert unprotected(await owner.fetch(_TABLES)) == [
            "wishes: row-level security is not forced",
            f"wishes: no policy for {SYSTEM_ROLE}",
            f"wishes: no policy for {APP_ROLE}",
        ]
        await owner.execute("ALTER TABLE wishes ENABLE ROW LEVEL SECURITY")
        assert "wishes: row-level security is not forced" in unprotected(await owner.fetch(_TABLES))


async def test_without_a_tenant_no_row_of_any_table_is_seen_and_with_one_only_its_own(
    world: World, app: Any, owner: Any
) -> None:
    two = await two_tenants(world)
    tables = [row for row in await owner.fetch(_TABLES) if row["relname"] not in NOT_OURS]
    seen_of_a = 0
    for table in tables:
        name = table["relname"]
        if table["relispartition"]:
            # What a partition holds is reached by its table alone, whoever's it is.
            async with _rolled_back(app):
                await _as(app, two.a.profile.id)
                assert await _rows(app, name) is None, name
            continue
        for tenant in (None, "", new_id()):
            async with _rolled_back(app):
                if tenant is not None:
                    await _as(app, tenant)
                assert await _rows(app, name) in (0, None), (name, tenant)
        if table["of_tenants"]:
            async with _rolled_back(app):
                await _as(app, two.a.profile.id)
                foreign = await app.fetchval(
                    f'SELECT count(*) FROM "{name}" WHERE tenant_id <> $1', two.a.profile.id
                )
                assert foreign == 0, name
                seen_of_a += await app.fetchval(f'SELECT count(*) FROM "{name}"') > 0
    assert seen_of_a > 40, "the seeding leaves tables empty, so nothing was proven"


async def _rows(connection: Any, name: str) -> int | None:
    """Rows seen; None when the role may not even look."""
    try:
        count: int = await connection.fetchval(f'SELECT count(*) FROM "{name}"')
    except asyncpg.InsufficientPrivilegeError:
        return None
    return count


async def test_a_tenant_that_is_no_id_is_an_error_and_no_rows(world: World, app: Any) -> None:
    await two_tenants(world)
    for text in ("x", "' OR true --", "00000000"):
        with pytest.raises(asyncpg.DataError):
            async with _rolled_back(app):
                await _as(app, text)
                await app.fetch("SELECT 1 FROM products")


async def test_no_reference_can_be_made_to_a_row_of_another_tenant(
    world: World, app: Any, owner: Any
) -> None:
    """Every foreign key between tables of tenants: A's row is made to name B's, and is refused."""
    two = await two_tenants(world)
    of_tenants = {row["relname"] for row in await owner.fetch(_TABLES) if row["of_tenants"]}
    tried = 0
    for link in await owner.fetch(_REFERENCES):
        if not {link["child"], link["parent"]} <= of_tenants:
            continue
        assert "tenant_id" in link["own"], link["conname"]
        columns = [
            (own, named)
            for own, named in zip(link["own"], link["named"], strict=True)
            if own != "tenant_id"
        ]
        for own, named in columns:
            theirs = await owner.fetchval(
                f'SELECT "{named}" FROM "{link["parent"]}" WHERE tenant_id = $1'
                f' AND "{named}"::text NOT IN (SELECT "{named}"::text FROM "{link["parent"]}"'
                " WHERE tenant_id = $2) LIMIT 1",
                two.b.profile.id,
                two.a.profile.id,
            )
            if theirs is None or not await _has_rows(owner, link["child"], two):
                continue
            tried += 1
            with pytest.raises(_REFUSALS):
                async with _rolled_back(app):
                    await _as(app, two.a.profile.id)
                    await app.execute("SET CONSTRAINTS ALL IMMEDIATE")
                    await app.execute(
                        f'UPDATE "{link["child"]}" SET "{own}" = $1 WHERE ctid = '
                        f'(SELECT ctid FROM "{link["child"]}" LIMIT 1)',
                        theirs,
                    )
                    raise AssertionError(f"{link['conname']}: A's row names B's")
    assert tried > 40


async def _has_rows(owner: Any, table: str, two: Two) -> bool:
    found: bool = await owner.fetchval(
        f'SELECT EXISTS (SELECT 1 FROM "{table}" WHERE tenant_id = $1)', two.a.profile.id
    )
    return found


@pytest.mark.parametrize(
    "sql",
    [
        f"SET ROLE {SYSTEM_ROLE}",
        "SET ROLE postgres",
        "SET SESSION AUTHORIZATION postgres",
        "SET row_security = off; SELECT 1 FROM products",
        "ALTER TABLE products DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE products NO FORCE ROW LEVEL SECURITY",
        "CREATE POLICY mine ON products USING (true)",
        "CREATE TABLE copies AS SELECT 1",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
        f"ALTER ROLE {APP_ROLE} BYPASSRLS",
        "SELECT rolpassword FROM pg_authid",
        "SELECT pg_read_file('/etc/passwd')",
        "COPY products TO PROGRAM 'cat'",
        "TRUNCATE products",
        "DROP TABLE products",
    ],
)
async def test_the_application_role_cannot_take_the_walls_down(app: Any, sql: str) -> None:
    with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.UndefinedObjectError)):
        async with _rolled_back(app):
            await app.execute(sql)
            raise AssertionError(f"allowed: {sql}")


class _rolled_back:  # noqa: N801 - reads as a step
    """A transaction that leaves nothing."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def __aenter__(self) -> None:
        self._transaction = self._connection.transaction()
        await self._transaction.start()

    async def __aexit__(self, *_: object) -> None:
        await self._transaction.rollback()
