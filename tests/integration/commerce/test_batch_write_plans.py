"""Writes of many rows find each by its key: what they cost does not grow with the catalogue."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from rustok.commerce.inventory.repository import levels, reservations
from rustok.commerce.orders import repository as orders
from rustok.core.db import Command
from tests.schema_for_tests import create_sqlite_schema

WRITES = {
    "stock levels": (levels._SHIFT, "variant_id=?"),
    "reservations": (reservations._SETTLE, "id=?"),
    "shipped lines": (orders._SHIP, "id=?"),
}


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path = tmp_path_factory.mktemp("plans") / "plans.sqlite3"
    create_sqlite_schema(path)
    connection = sqlite3.connect(path)
    yield connection
    connection.close()


@pytest.mark.parametrize("name", WRITES)
def test_a_write_of_many_rows_looks_each_up_by_its_key_on_sqlite(
    empty: sqlite3.Connection, name: str
) -> None:
    command, key = WRITES[name]
    assert isinstance(command, Command)
    compiled = command.compiled("sqlite")
    plan = empty.execute(
        f"EXPLAIN QUERY PLAN {compiled.sql}",  # constant sql: a statement of our own
        [None] * len(compiled.arguments),
    ).fetchall()
    steps = [str(row[3]) for row in plan]
    assert any(f"SEARCH {compiled.table} USING" in step and key in step for step in steps), steps
