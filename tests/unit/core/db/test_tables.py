"""Tables as they are declared: keys, nullability, storage on each database, row-level security."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import Column, Text, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateTable

from rustok.core.db.schema import (
    TENANT,
    Id,
    Json,
    ListOf,
    Timestamp,
    any_of,
    isolate,
    metadata,
    platform_table,
    tenant_reference,
    tenant_table,
)
from rustok.core.db.statement import Query
from rustok.platform.tenants.tables import tenant_domains


def test_a_time_is_kept_to_the_microsecond_before_and_after_1970() -> None:
    for when in (
        datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2026, 3, 1, 12, 0, 0, 1, tzinfo=UTC),
    ):
        assert Timestamp.from_sqlite(Timestamp.to_sqlite(when)) == when
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert Timestamp.to_sqlite(epoch + timedelta(seconds=2)) == 2_000_000
    assert Timestamp.from_sqlite(2_000_000) == epoch + timedelta(seconds=2)


@pytest.mark.parametrize(
    ("kind", "on_sqlite", "on_postgres"),
    [
        (Id(), "TEXT", "UUID"),
        (Timestamp(), "INTEGER", "TIMESTAMP WITH TIME ZONE"),
        (Json(), "TEXT", "JSONB"),
        (ListOf(Id), "TEXT", "UUID[]"),
        (ListOf(Text()), "TEXT", "TEXT[]"),
    ],
)
def test_a_column_is_stored_as_each_database_has_it(
    kind: Id, on_sqlite: str, on_postgres: str
) -> None:
    assert kind.compile(sqlite.dialect()) == on_sqlite
    assert kind.compile(postgresql.dialect()) == on_postgres  # type: ignore[no-untyped-call]  # untyped in SQLAlchemy


def test_an_id_is_a_uuid_and_no_text_where_there_are_uuids() -> None:
    stored: Any = Id().load_dialect_impl(postgresql.dialect())  # type: ignore[no-untyped-call]  # untyped in SQLAlchemy
    assert stored.as_uuid is True


def test_a_table_of_tenants_begins_its_key_with_the_tenant() -> None:
    made = tenant_table("made_with_id", Column("name", Text))
    keyed = tenant_table("made_without", Column("name", Text), primary_key=("name",), with_id=False)
    try:
        assert [column.name for column in made.primary_key] == ["tenant_id", "id"]
        assert not made.c.tenant_id.nullable
        assert not made.c.id.nullable
        assert [column.name for column in keyed.c] == ["tenant_id", "name"]
        assert made.info == {"tenant": "tenant_id"}
        for table in (made, keyed):
            ddl = str(CreateTable(table).compile(dialect=sqlite.dialect()))
            assert "STRICT" in ddl
            assert ddl.count("NOT NULL") == len(table.primary_key)
    finally:
        metadata.remove(made)
        metadata.remove(keyed)


def test_a_table_of_the_platform_says_so_or_names_the_tenant() -> None:
    plain = platform_table("plain", Column("id", Id(), primary_key=True))
    rooted = platform_table("rooted", Column("id", Id(), primary_key=True), tenant_column="id")
    try:
        assert plain.info == {"platform": True}
        assert rooted.info == {"tenant": "id"}
        assert "STRICT" in str(CreateTable(plain).compile(dialect=sqlite.dialect()))
    finally:
        metadata.remove(plain)
        metadata.remove(rooted)


@pytest.mark.parametrize(("given", "columns"), [("a_id", ["a_id"]), (("a", "b"), ["a", "b"])])
def test_a_reference_carries_the_tenant(given: str | tuple[str, ...], columns: list[str]) -> None:
    targets = tuple(f"of_{column}" for column in columns)
    reference = tenant_reference(given, "others", target_columns=targets)
    assert reference.column_keys == ["tenant_id", *columns]
    assert [key._get_colspec() for key in reference.elements] == [
        "others.tenant_id",
        *(f"others.{target}" for target in targets),
    ]


def test_only_a_table_with_a_tenant_is_opened_to_the_application() -> None:
    own = "tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid"
    opened, closed = isolate("things", "tenant_id"), isolate("things", None)
    assert any(
        line
        == f"CREATE POLICY things_tenant ON things TO rustok_app USING ({own}) WITH CHECK ({own})"
        for line in opened
    )
    assert not any("rustok_app" in line for line in closed)
    for lines in (opened, closed):
        assert "ALTER TABLE things FORCE ROW LEVEL SECURITY" in lines


def test_a_list_is_one_parameter_on_both_databases() -> None:
    query = Query[Any](
        select(tenant_domains.c.host).where(
            tenant_domains.c.tenant_id == TENANT, any_of(tenant_domains.c.host, "hosts")
        ),
        dict,
    )
    values = {"tenant_id": msgspec.UNSET, "hosts": ["a", "b"]}
    on_sqlite, on_postgres = query.compiled("sqlite"), query.compiled("postgres")
    assert "json_each" in on_sqlite.sql
    assert "= ANY(" in on_postgres.sql
    assert {name: convert for name, _, _, convert in on_sqlite.arguments}["hosts"] is not None
    del values["tenant_id"]
    convert = {name: convert for name, _, _, convert in on_sqlite.arguments}["hosts"]
    assert convert is not None
    assert convert(values["hosts"]) == '["a","b"]'
