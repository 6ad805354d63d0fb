"""Which tables an export holds, which columns it leaves out, and how it reads page by page."""

from __future__ import annotations

from typing import Any

import pytest

from rustok.core.db import tenant_rows
from rustok.core.db.schema import metadata
from rustok.core.db.tenant_rows import (
    NOT_EXPORTED,
    READ_MODEL_REASON,
    exported_tables,
    hold_still,
    is_read_model,
    left_out,
    read_table,
)
from rustok.core.ids import new_id
from rustok.platform.tenants.tables import tenant_domains
from rustok.server.tables import load_tables

load_tables()


class Pages:
    """A transaction that answers with rows of numbered hosts, and writes down what it was asked."""

    def __init__(self, rows: int = 0, dialect: str = "postgres") -> None:
        self.left = [{"tenant_id": 0, "id": n} for n in range(rows)]
        self.asked: list[dict[str, Any]] = []
        self.sql: list[str] = []
        self.dialect = dialect

    async def all(self, query: Any, **params: Any) -> list[dict[str, int]]:
        self.asked.append(params)
        self.sql.append(" ".join(query.compiled("postgres").sql.split()))
        page, self.left = self.left[: params["limit"]], self.left[params["limit"] :]
        return page

    async def run(self, command: Any) -> int:
        self.sql.append(command.compiled("postgres").sql)
        return 0


@pytest.mark.parametrize(
    ("rows", "pages", "asked"),
    [(0, [], 1), (1, [1], 1), (2, [2], 2), (3, [2, 1], 2), (4, [2, 2], 3)],
)
async def test_pages_end_with_the_first_that_is_not_full(
    rows: int, pages: list[int], asked: int
) -> None:
    tx, tenant = Pages(rows), new_id()
    found = [len(page) async for page in read_table(tx, tenant_domains, tenant, page=2)]  # type: ignore[arg-type]
    assert found == pages
    assert len(tx.asked) == asked
    assert all(one["tenant_id"] == tenant and one["limit"] == 2 for one in tx.asked)
    assert [one.get("after_id") for one in tx.asked] == [None, 1, 3][:asked]
    key = "(tenant_domains.tenant_id, tenant_domains.id) > ("
    assert [key in sql for sql in tx.sql] == [False, True, True][:asked]
    assert all("WHERE tenant_domains.tenant_id = $" in sql for sql in tx.sql)


async def test_an_export_is_of_one_moment_for_which_sqlite_needs_no_word() -> None:
    for dialect, statements in (("postgres", 1), ("sqlite", 0)):
        tx = Pages(dialect=dialect)
        await hold_still(tx)  # type: ignore[arg-type]  # a stand-in
        assert len(tx.sql) == statements


def test_what_is_not_exported_says_why_and_the_rest_is() -> None:
    out = left_out()
    exported = {table.name for table in exported_tables()}
    tenants = {table.name for table in metadata.sorted_tables if table.info.get("tenant")}
    whole = {name for name in out if "." not in name}
    assert exported | whole == tenants
    assert not exported & whole
    assert {*NOT_EXPORTED} <= whole
    assert all(out[name] == reason for name, reason in NOT_EXPORTED.items())
    read_models = whole - {*NOT_EXPORTED}
    assert all(out[name] == READ_MODEL_REASON for name in read_models)
    assert read_models == {
        name
        for name in tenants - {*NOT_EXPORTED}
        if name.startswith("index_") or metadata.tables[name].info.get("read_model")
    }
    assert all(is_read_model(metadata.tables[name]) for name in read_models)
    assert not is_read_model(tenant_domains)


def test_columns_that_hold_secrets_are_read_for_a_backup_alone() -> None:
    secret = {name for name in left_out() if "." in name}
    assert "users.password_hash" in secret
    for name in sorted(secret):
        table, _, column = name.partition(".")
        plain = tenant_rows._page(table, is_first=True, whole=False).compiled("postgres").names
        whole = tenant_rows._page(table, is_first=True, whole=True).compiled("postgres").names
        assert column not in plain
        assert {*whole} == {one.key for one in metadata.tables[table].c}
        assert {*plain} == {
            one.key for one in metadata.tables[table].c if f"{table}.{one.name}" not in secret
        }


async def test_a_page_holds_secrets_only_where_all_is_asked_for() -> None:
    name, column = next(name for name in left_out() if "." in name).split(".")
    table = metadata.tables[name]
    for asked, is_there in (({"whole": True}, True), ({"whole": False}, False), ({}, False)):
        tx: Any = Pages(1)
        assert [page async for page in read_table(tx, table, new_id(), page=2, **asked)]
        assert (f"{name}.{column}" in tx.sql[0].partition("FROM")[0]) is is_there
