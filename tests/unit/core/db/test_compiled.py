"""Statements compiled for each database: what they name, how arguments go in and rows come out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, get_args
from uuid import UUID

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Integer,
    Table,
    Text,
    bindparam,
    func,
    select,
    text,
)

from rustok.core.db.schema import TENANT, Id, Timestamp, metadata
from rustok.core.db.statement import (
    Command,
    Compiled,
    DialectName,
    Query,
    TenantPredicateMissing,
    delete_command,
    insert_command,
    scalar,
    update_command,
)
from rustok.platform.tenants.tables import tenant_domains, tenants

ID = UUID("01900000-0000-7000-8000-000000000001")
WHEN = datetime(2026, 3, 1, 12, 0, 0, 1, tzinfo=UTC)
BOTH = get_args(DialectName)
_domains = select(
    tenant_domains.c.id,
    tenant_domains.c.is_primary,
    tenant_domains.c.created_at,
    tenant_domains.c.host,
).where(tenant_domains.c.tenant_id == TENANT, tenant_domains.c.host == bindparam("host"))


@pytest.mark.parametrize(
    ("statement", "operation", "table"),
    [
        (select(tenants.c.id), "select", "tenants"),
        (tenants.insert(), "insert", "tenants"),
        (tenants.update(), "update", "tenants"),
        (tenants.delete(), "delete", "tenants"),
        (select(func.now()), "select", ""),
        (text("WITH one AS (SELECT 1) SELECT * FROM one"), "other", "one"),
        (text("SET TRANSACTION READ ONLY"), "other", ""),
    ],
)
def test_a_statement_says_what_it_does_and_to_which_table(
    statement: Any, operation: str, table: str
) -> None:
    for dialect in BOTH:
        compiled = Compiled[Any](statement, dialect)
        assert (compiled.operation, compiled.table) == (operation, table)


def test_a_statement_knows_the_tables_it_names_and_those_its_rows_point_to() -> None:
    child = Table(
        "children_of_tenants",
        metadata,
        Column("id", Id(), primary_key=True),
        Column("parent", Id(), ForeignKey("tenants.id")),
    )
    try:
        read = Compiled[Any](select(child.c.id), "sqlite")
        added = Compiled[Any](child.insert(), "sqlite")
        removed = Compiled[Any](child.delete(), "sqlite")
        for _ in range(2):  # counted once, then remembered
            assert read.tables == added.tables == {"children_of_tenants"}
            assert read.needs == removed.needs == {"children_of_tenants"}
            assert added.needs == {"children_of_tenants", "tenants"}
    finally:
        metadata.remove(child)
    assert Compiled[Any](text("INSERT INTO elsewhere VALUES (1)"), "sqlite").needs == frozenset()


def test_arguments_are_stored_as_each_database_wants_them() -> None:
    values = {"tenant_id": ID, "host": "a.example"}
    assert Compiled[Any](_domains, "sqlite").bind(values) == [str(ID), "a.example"]
    assert Compiled[Any](_domains, "postgres").bind(values) == [ID, "a.example"]


def test_a_missing_argument_is_refused_unless_it_has_a_default() -> None:
    given = Compiled[Any](
        select(tenants.c.id).where(
            tenants.c.slug == bindparam("slug", type_=Text()),
            tenants.c.name == bindparam("name", "Default"),
            tenants.c.created_at == bindparam("at", type_=Timestamp(), required=True),
        ),
        "sqlite",
    )
    assert given.bind({"slug": "s", "at": None}) == ["s", "Default", None]
    assert given.bind({"slug": "s", "name": "n", "at": WHEN}) == ["s", "n", 1772366400000001]
    with pytest.raises(TypeError, match="'slug' is missing"):
        given.bind({"at": WHEN})
    optional = Compiled[Any](
        select(tenants.c.id).where(tenants.c.slug == bindparam("slug", None, Text())), "sqlite"
    )
    assert optional.bind({}) == [None]


def test_rows_are_what_was_stored_and_nothing_stays_nothing() -> None:
    sqlite, postgres = Compiled[Any](_domains, "sqlite"), Compiled[Any](_domains, "postgres")
    row = [ID, True, WHEN, "a.example"]
    assert sqlite.decode([str(ID), 1, 1772366400000001, "a.example"]) == row
    assert sqlite.decode([str(ID), 1, 1772366400000001, "a.example"])[1] is True
    assert sqlite.decode([None, None, None, None]) == [None] * 4
    assert postgres.decode(row) == row
    assert postgres.decoders == []
    assert sqlite.names == ("id", "is_primary", "created_at", "host")
    numbers = Compiled[Any](text("SELECT 5 AS n").columns(n=Integer(), yes=Boolean()), "sqlite")
    assert numbers.decode([5, 0]) == [5, False]
    assert numbers.decode([5, 0])[1] is False


def test_a_query_builds_from_all_columns_and_a_scalar_from_its_own() -> None:
    query = Query[Any](_domains, dict)
    compiled = query.compiled("postgres")
    assert query.compiled("postgres") is compiled
    assert query.build(compiled, [ID, True, WHEN, "h"]) == {
        "id": ID,
        "is_primary": True,
        "created_at": WHEN,
        "host": "h",
    }
    with pytest.raises(ValueError, match="zip"):
        query.build(compiled, [ID, True])
    count = scalar(select(func.count()).select_from(tenants).where(tenants.c.id == TENANT), int)
    assert count.build(count.compiled("sqlite"), [7, 8]) == 7


def test_a_statement_for_each_database_is_checked_for_each() -> None:
    held, free = text("SELECT :tenant_id"), text("SELECT 1")
    each = Query[Any]({"sqlite": held, "postgres": text("SELECT 2, :tenant_id")}, dict)
    assert "2" not in each.compiled("sqlite").sql
    assert "2" in each.compiled("postgres").sql
    for mapping in ({"sqlite": held, "postgres": free}, {"sqlite": free, "postgres": held}):
        with pytest.raises(TenantPredicateMissing):
            Command(mapping)
        Command(mapping, system="test")


def test_commands_of_one_shape_are_built_once_and_name_tenant_and_keys() -> None:
    columns = ("tenant_id", "id", "host")
    insert = insert_command(tenant_domains, columns)
    assert insert_command(tenant_domains, columns) is insert
    ignoring = insert_command(tenant_domains, columns, ignore_conflict=True)
    assert "ON CONFLICT" not in insert.compiled("sqlite").sql
    assert ignoring.compiled("sqlite").sql.endswith(" ON CONFLICT DO NOTHING")
    update = update_command(tenant_domains, ("id",), ("host",))
    assert update_command(tenant_domains, ("id",), ("host",)) is update
    assert _flat(update) == (
        "UPDATE tenant_domains SET host=? WHERE tenant_domains.tenant_id = ?"
        " AND tenant_domains.id = ?"
    )
    values = {"tenant_id": ID, "key_id": ID, "set_host": "h"}
    assert update.compiled("sqlite").bind(values) == ["h", str(ID), str(ID)]
    delete = delete_command(tenant_domains, ("host",))
    assert delete_command(tenant_domains, ("host",)) is delete
    assert _flat(delete) == (
        "DELETE FROM tenant_domains WHERE tenant_domains.tenant_id = ? AND tenant_domains.host = ?"
    )


def _flat(command: Command) -> str:
    return " ".join(command.compiled("sqlite").sql.split())
