"""Every route of tenant A aimed at tenant B: nothing of B is read, and not one of its rows changes.

The requests are generated from the route table. On PostgreSQL the same is asked with the
application's own tenant predicate taken out of every statement: row-level security alone holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import asyncpg
import httpx
import msgspec
import pytest
from sqlalchemy import Table

from rustok.commerce.products.tables import products as products_table
from rustok.core.db import TENANT, Query
from rustok.core.ids import new_id
from rustok.core.routing import PUBLIC, Route
from rustok.core.tenancy import TenantProfile
from rustok.platform.identity.service import account_mails
from tests.conftest import World
from tests.security.addressing import OWN_WORDS, Attempt, attempts, ids_in
from tests.seeding import Rows, Seeded, dump, seed_everything, tenant_tables

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

LAST: Final = (
    "admin_disable_module",
    "auth_delete_own_session",
    "auth_logout",
)
"""They take something from A itself that the others need."""

EMPTY: Final[dict[str, str]] = {
    "admin_list_order_payments": "payments stand below orders and cannot ask them",
    "admin_list_order_payment_operations": "they stand below orders and cannot ask them",
    "admin_list_order_fulfilments": "fulfilments stand below orders and cannot ask them",
}
"""Lists below a thing the tenant has not: exactly an empty list, with the reason it is no 404."""

TRACES: Final = frozenset({"audit_pending"})
"""Who knocks at B's own door and is refused leaves an audit entry there; that it tells nothing else
is for the tests of the audit log.
"""

SIGN_IN_FAILED: Final = "auth_login"
"""Asked of B itself it writes B's own record of a failed sign-in: no token, no id, B's front door."""


class Two(msgspec.Struct, frozen=True, kw_only=True):
    """Two seeded tenants; `before` is all that B had then."""

    a: Seeded
    b: Seeded
    own: Rows
    before: Rows
    ids: frozenset[str]


async def two_tenants(world: World) -> Two:
    seeded = []
    for marker in ("aaamarker", "bbbmarker"):
        tenant = await world.tenant(
            slug=f"t-{marker}", locales=["en", "de"], currencies=["EUR", "USD"]
        )
        seeded.append(await seed_everything(world, tenant, marker))
    a, b = seeded
    async with world.write(
        a.profile
    ) as tx:  # the job that B's people waited for took A's requests too
        await account_mails.request_reset(tx, email="again-aaamarker@example.com")
    own, before = await dump(world, a.profile.id), await dump(world, b.profile.id)
    return Two(a=a, b=b, own=own, before=before, ids=ids_in(before) - ids_in(own))


def _routes(world: World) -> list[Route]:
    routes = world.platform.modules.routes
    first = [route for route in routes if route.operation_id not in LAST]
    return first + [route for route in routes if route.operation_id in LAST]


def _leaks(two: Two, response: httpx.Response, sent: frozenset[str]) -> list[str]:
    text = f"{response.headers} {response.content.decode('utf-8', 'replace')}"
    for word in sorted(sent, key=len, reverse=True):
        text = text.replace(word, "").replace(word.lower(), "")
    found = {one for one in _UUID.findall(text) if one in two.ids}
    if two.b.marker in text.lower():
        found.add(two.b.marker)
    return sorted(found)


def _is_about_foreign(one: Attempt) -> bool:
    return one.aims and not one.query and tuple(one.route.path_params) not in OWN_WORDS


async def _aim(
    world: World,
    two: Two,
    client: httpx.AsyncClient,
    wanted: Callable[[Route], Iterator[Attempt]],
    *,
    only_refusals: bool,
) -> list[str]:
    """What went wrong, in words; the client asks every route in every way `wanted` gives."""
    wrong: list[str] = []
    for route in _routes(world):
        for one in wanted(route):
            response = await client.request(**one.request())
            status = response.status_code
            if status >= 500:
                wrong.append(f"{status} {one.name}: {response.text[:300]}")
            wrong += [
                f"{status} {one.name} tells {leak}: {response.text[:500]}"
                for leak in _leaks(two, response, one.sent)
            ]
            refused = only_refusals or _is_about_foreign(one)
            if status < 300 and refused and not _is_empty(one, response):
                wrong.append(f"{status} {one.name}: {response.text[:300]}")
    return wrong


def _is_empty(one: Attempt, response: httpx.Response) -> bool:
    return one.route.operation_id in EMPTY and response.content == b"[]"


async def _assert_b_is_as_before(world: World, two: Two) -> None:
    after = await dump(world, two.b.profile.id)
    for table in tenant_tables():
        if table.name in TRACES:
            continue
        assert msgspec.json.encode(after[table.name], enc_hook=str) == msgspec.json.encode(
            two.before[table.name], enc_hook=str
        ), f"rows of B changed in {table.name}"


async def _assert_isolated(world: World, two: Two) -> None:
    """A's own people, and nobody, on A's own address, name what is B's; then B's address is tried."""
    foreign = (two.before, two.b)

    def theirs(route: Route) -> Iterator[Attempt]:
        return (one for one in attempts(route, path_of=foreign, foreign=foreign) if one.aims)

    def in_own_place(route: Route) -> Iterator[Attempt]:
        return attempts(route, path_of=(two.own, two.a), foreign=foreign)

    def all_of_it(route: Route) -> Iterator[Attempt]:
        if route.operation_id != SIGN_IN_FAILED and not (
            route.surface == "auth" and route.permission == PUBLIC
        ):
            yield from attempts(route, path_of=foreign, foreign=foreign)

    wrong: list[str] = []
    profile: TenantProfile = two.a.profile
    for token in (None, two.a.customer_token, two.a.admin_token):
        async with world.client(profile, token=token) as client:
            wrong += await _aim(world, two, client, theirs, only_refusals=False)
    for where in ({"X-Tenant": two.b.profile.slug}, {"Host": two.b.host}):
        async with world.client(token=two.a.admin_token) as client:
            client.headers.update(where)
            wrong += await _aim(world, two, client, all_of_it, only_refusals=True)
    # Last, for here A's own rows change: B's ids in bodies and filters of requests about A's own.
    again = await world.token(profile)
    async with world.client(profile, token=again) as client:
        wrong += await _aim(
            world,
            two,
            client,
            lambda route: (one for one in in_own_place(route) if one.aims or route.method == "GET"),
            only_refusals=False,
        )
    assert wrong == [], "\n" + "\n".join(wrong[:60])


async def test_no_route_reads_or_writes_anything_of_another_tenant(world: World) -> None:
    two = await two_tenants(world)
    await _assert_isolated(world, two)
    await world.drain()
    await _assert_b_is_as_before(world, two)


_PREDICATE: Final = re.compile(r"(\w+\.tenant_id = \$\d+(?:::UUID)?)", re.IGNORECASE)
_PROBE: Final[Query[dict[str, Any]]] = Query(
    products_table.select().where(products_table.c.tenant_id == TENANT),
    dict,
)


def _take_the_filter_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """`<table>.tenant_id = $n` becomes true in every statement; the parameter stays bound."""
    kept: dict[tuple[int, str], Any] = {}
    holders: list[object] = []

    def compiled(self: Any, dialect: Any) -> Any:
        key = (id(self), dialect)
        if key not in kept:
            holders.append(self)  # so that its id is not given to another
            found = self._compile(dialect)
            if not found.sql.lstrip().upper().startswith("INSERT INTO") or "SELECT" in found.sql:
                found.sql = _PREDICATE.sub(r"(\1 OR true)", found.sql)
            kept[key] = found
        return kept[key]

    monkeypatch.setattr("rustok.core.db.statement._Statement.compiled", compiled)


@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
async def test_row_level_security_alone_holds_the_tenants_apart(
    world: World, postgres_urls: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    two = await two_tenants(world)
    _take_the_filter_out(monkeypatch)
    probe = _PROBE.compiled("postgres")
    arguments = probe.bind({"tenant_id": two.a.profile.id})
    connection = await asyncpg.connect(postgres_urls[1])
    try:
        seen = {row["tenant_id"] for row in await connection.fetch(probe.sql, *arguments)}
    finally:
        await connection.close()
    assert seen == {two.a.profile.id, two.b.profile.id}, "the filter is still there"
    await _assert_isolated(world, two)
    monkeypatch.undo()
    await world.drain()
    await _assert_b_is_as_before(world, two)


@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
async def test_the_application_role_sees_and_writes_nothing_without_or_beyond_its_tenant(
    world: World, postgres_urls: tuple[str, str]
) -> None:
    two = await two_tenants(world)
    connection = await asyncpg.connect(postgres_urls[0])
    try:
        for table in tenant_tables():
            assert await connection.fetch(f'SELECT 1 FROM "{table.name}"') == [], table.name
        for table in tenant_tables():
            await _try_beyond(connection, two, table)
    finally:
        await connection.close()
    await _assert_b_is_as_before(world, two)


async def _try_beyond(connection: Any, two: Two, declared: Table) -> None:
    """As A: B's rows are not there to update or delete, and none can be put there."""
    theirs = two.b.profile.id
    table, column = declared.name, declared.info["tenant"]
    async with _as_tenant(connection, two):
        held = {row[0] for row in await connection.fetch(f'SELECT "{column}" FROM "{table}"')}
        assert held == {two.a.profile.id}, table
        where = f'WHERE "{column}" = $1'
        for sql in (
            f'UPDATE "{table}" SET "{column}" = "{column}" {where}',
            f'DELETE FROM "{table}" {where}',
        ):
            if "app_may" in declared.info:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    async with connection.transaction():
                        await connection.execute(sql, theirs)
            else:
                assert (await connection.execute(sql, theirs)).endswith(" 0"), sql
    names = [
        row["column_name"]
        for row in await connection.fetch(
            "SELECT column_name FROM information_schema.columns WHERE table_name = $1"
            " AND is_generated = 'NEVER' AND is_identity = 'NO'",
            table,
        )
    ]
    listed = ", ".join(f'"{name}"' for name in names)
    moved = ", ".join("$1::uuid" if name == column else f'"{name}"' for name in names)
    for sql in (
        f'INSERT INTO "{table}" ({listed}) SELECT {moved} FROM "{table}" LIMIT 1',
        f'UPDATE "{table}" SET "{column}" = $1',
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with _as_tenant(connection, two):
                await connection.execute(sql, theirs if table != "tenants" else new_id())


class _as_tenant:  # noqa: N801 - reads as a step
    """A transaction of tenant A that is rolled back."""

    def __init__(self, connection: Any, two: Two) -> None:
        self._connection = connection
        self._tenant_id = two.a.profile.id

    async def __aenter__(self) -> None:
        self._transaction = self._connection.transaction()
        await self._transaction.start()
        await self._connection.execute(
            "SELECT set_config('app.tenant_id', $1, true)", str(self._tenant_id)
        )

    async def __aexit__(self, *_: object) -> None:
        await self._transaction.rollback()
