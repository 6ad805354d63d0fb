"""Quick statements on SQLite run on the event loop, slow ones on their thread; nobody sees a difference."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rustok.core.db.errors import DataRefused
from rustok.core.db.sqlite import SqliteDriver
from rustok.core.db.sqlite_connection import FEW_ROWS, SqliteConnection, writes_little
from tests.integration.core.sqlite_things import driver_with_things

SLOW = "SELECT count(*) FROM json_each(?) AS a, json_each(?) AS b"
MANY = "[" + "0," * 1_999 + "0]"


@pytest.fixture
async def driver(tmp_path: Path) -> AsyncIterator[SqliteDriver]:
    async with driver_with_things(tmp_path) as made:
        async with made.transaction(tenant_id=None, write=True) as connection:
            await connection.execute("INSERT INTO things (id, name) VALUES (?, ?)", (1, "one"))
        yield made


@pytest.fixture
def hops(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    taken: list[str] = []
    run = SqliteConnection._run

    async def counted(self: SqliteConnection, function: object) -> object:
        taken.append("hop")
        return await run(self, function)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(SqliteConnection, "_run", counted)
    return taken


async def test_a_quick_query_takes_no_hop(driver: SqliteDriver, hops: list[str]) -> None:
    async with driver.transaction(tenant_id=None, write=False) as connection:
        assert list(await connection.fetch("SELECT name FROM things", ())) == [("one",)]
    assert hops == []


async def test_a_slow_query_is_moved_to_the_thread_and_gives_the_same(
    driver: SqliteDriver, hops: list[str]
) -> None:
    async with driver.transaction(tenant_id=None, write=False) as connection:
        assert list(await connection.fetch(SLOW, (MANY, MANY))) == [(4_000_000,)]
        assert hops == ["hop"]
        # The snapshot began with the query that was interrupted.
        async with driver.transaction(tenant_id=None, write=True) as other:
            await other.execute("INSERT INTO things (id, name) VALUES (?, ?)", (2, "two"))
        assert list(await connection.fetch("SELECT count(*) FROM things", ())) == [(1,)]


async def test_a_write_survives_the_interruption_of_a_query_in_it(driver: SqliteDriver) -> None:
    async with driver.transaction(tenant_id=None, write=True) as connection:
        await connection.execute("INSERT INTO things (id, name) VALUES (?, ?)", (2, "two"))
        assert list(await connection.fetch(SLOW, (MANY, MANY))) == [(4_000_000,)]
        await connection.execute("INSERT INTO things (id, name) VALUES (?, ?)", (3, "three"))
    async with driver.transaction(tenant_id=None, write=False) as connection:
        assert list(await connection.fetch("SELECT count(*) FROM things", ())) == [(3,)]


async def test_a_write_begins_and_commits_on_the_thread_and_the_rest_takes_no_hop(
    driver: SqliteDriver, hops: list[str]
) -> None:
    async with driver.transaction(tenant_id=None, write=True) as connection:
        for number in range(2, 6):
            await connection.execute(
                "INSERT INTO things (id, name) VALUES (?, ?)", (number, str(number))
            )
            await connection.fetch("SELECT name FROM things WHERE id = ?", (number,))
    assert hops == ["hop", "hop"]


async def test_a_reader_cut_off_is_free_again_once_its_thread_is_done(
    driver: SqliteDriver,
) -> None:
    async def slow() -> None:
        async with driver.transaction(tenant_id=None, write=False) as connection:
            await connection.fetch(SLOW, (MANY, MANY))

    cut = [asyncio.create_task(slow()) for _ in range(2)]
    await asyncio.sleep(0.01)
    for task in cut:
        task.cancel()
    await asyncio.gather(*cut, return_exceptions=True)
    for _ in range(2):
        async with driver.transaction(tenant_id=None, write=False) as connection:
            assert list(await connection.fetch("SELECT name FROM things", ())) == [("one",)]


async def test_queries_one_after_the_other_let_others_have_their_turn(
    driver: SqliteDriver, hops: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(1_000_000))
    monkeypatch.setattr("time.perf_counter", lambda: next(clock) * 0.000_3)
    async with driver.transaction(tenant_id=None, write=False) as connection:
        for _ in range(10):
            await connection.fetch("SELECT name FROM things", ())
    assert hops


@pytest.mark.parametrize(
    ("sql", "little"),
    [
        ("INSERT INTO things (id, name) VALUES (?, ?)", True),
        ("UPDATE things SET name=? WHERE things.id = ?", True),
        ("INSERT INTO things (id) SELECT value FROM json_each(?)", False),
        ("UPDATE things SET name = w.name FROM (SELECT 1) AS w WHERE true", False),
        ("UPDATE things SET name=? WHERE things.id IN (SELECT value FROM json_each(?))", False),
        ("DELETE FROM things WHERE things.id = ?", False),
    ],
)
def test_only_rows_by_value_or_key_count_as_little(sql: str, little: bool) -> None:
    assert writes_little(sql) is little


async def test_a_few_rows_are_inserted_without_a_hop_and_more_with_one(
    driver: SqliteDriver, hops: list[str]
) -> None:
    insert = "INSERT INTO things (id, name) VALUES (?, ?)"
    async with driver.transaction(tenant_id=None, write=True) as connection:
        await connection.execute(insert, (2, "two"))
        assert hops == ["hop"]
        rows = [(number, "name") for number in range(10, 10 + FEW_ROWS)]
        await connection.execute_many(insert, rows)
        assert hops == ["hop"]
        await connection.execute_many(insert, [*((key + 100, name) for key, name in rows), (9, "")])
        assert hops == ["hop", "hop"]
        await connection.execute_many("INSERT INTO things SELECT ?, ?", [(200, "slow, maybe")])
        assert hops == ["hop"] * 3


async def test_a_number_sqlite_cannot_hold_is_refused_on_the_loop_and_on_the_thread(
    driver: SqliteDriver,
) -> None:
    async with driver.transaction(tenant_id=None, write=True) as connection:
        with pytest.raises(DataRefused):
            await connection.execute("INSERT INTO things (id) VALUES (?)", (2**63,))
        await connection.execute("INSERT INTO things (id) VALUES (?)", (2,))
        with pytest.raises(DataRefused):
            await connection.execute("INSERT INTO things (id) VALUES (?)", (2**63,))
