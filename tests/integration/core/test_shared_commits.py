"""Brief writers on SQLite who wait for each other share a commit, and nothing else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rustok.core.db import DatabaseUnavailable
from rustok.core.db.sqlite import SqliteDriver
from rustok.core.db.sqlite_connection import SqliteConnection
from rustok.core.db.sqlite_writer import MOST_SHARING, Writer
from tests.integration.core.sqlite_things import driver_with_things

INSERT = "INSERT INTO things (id, name) VALUES (?, ?)"


@pytest.fixture
async def driver(tmp_path: Path) -> AsyncIterator[SqliteDriver]:
    async with driver_with_things(tmp_path) as made:
        yield made


def writer_of(driver: SqliteDriver) -> Writer:
    assert driver._writer is not None
    return driver._writer


@pytest.fixture
def said(driver: SqliteDriver) -> list[str]:
    """What begins and ends transactions, in its order."""
    words: list[str] = []
    connection = writer_of(driver)._actor.connection
    assert connection is not None

    def note(sql: str) -> None:
        if sql.split()[0] in {"BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"}:
            words.append(sql)

    connection.set_trace_callback(note)
    return words


async def write(
    driver: SqliteDriver, key: int, *, brief: bool = True, failing: bool = False
) -> None:
    async with driver.transaction(tenant_id=None, write=True, brief=brief) as connection:
        await connection.execute(INSERT, (key, "name"))
        await asyncio.sleep(0)
        if failing:
            raise LookupError


async def keys(driver: SqliteDriver) -> list[int]:
    async with driver.transaction(tenant_id=None, write=False) as connection:
        return [row[0] for row in await connection.fetch("SELECT id FROM things ORDER BY id", ())]


async def test_those_who_wait_for_each_other_commit_once(
    driver: SqliteDriver, said: list[str]
) -> None:
    await asyncio.gather(*(write(driver, key) for key in range(5)))
    assert said.count("COMMIT") == 1
    assert said.count("BEGIN IMMEDIATE") == 1
    assert await keys(driver) == [0, 1, 2, 3, 4]


async def test_who_is_alone_commits_as_ever(driver: SqliteDriver, said: list[str]) -> None:
    await write(driver, 1)
    await write(driver, 2)
    assert said == ["BEGIN IMMEDIATE", "COMMIT"] * 2


async def test_no_more_than_the_bound_share_a_commit(driver: SqliteDriver, said: list[str]) -> None:
    await asyncio.gather(*(write(driver, key) for key in range(MOST_SHARING + 1)))
    assert said.count("COMMIT") == 2
    assert len(await keys(driver)) == MOST_SHARING + 1


@pytest.mark.parametrize("a_brief_one_gives_up", [False, True])
async def test_a_long_writer_is_not_waited_for(
    driver: SqliteDriver, a_brief_one_gives_up: bool
) -> None:
    may_end = asyncio.Event()

    async def long() -> None:
        async with driver.transaction(tenant_id=None, write=True) as connection:
            await connection.execute(INSERT, (2, "two"))
            await may_end.wait()

    first = asyncio.create_task(write(driver, 1))
    between = [asyncio.create_task(write(driver, 3))] if a_brief_one_gives_up else []
    last = asyncio.create_task(long())
    async with asyncio.timeout(5):
        if between:
            while writer_of(driver)._shared is None:
                await asyncio.sleep(0)
            between[0].cancel()
        await first
    assert not last.done()
    may_end.set()
    await last
    assert await keys(driver) == [1, 2]


async def test_who_fails_takes_back_its_own_rows_only(driver: SqliteDriver) -> None:
    results = await asyncio.gather(
        *(write(driver, key, failing=key in (1, 3)) for key in range(6)), return_exceptions=True
    )
    assert [type(one) for one in results if one is not None] == [LookupError, LookupError]
    assert await keys(driver) == [0, 2, 4, 5]


async def test_nobody_is_told_of_success_before_the_commit(
    driver: SqliteDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = writer_of(driver)
    commit = writer._commit
    asked, may_commit = threading.Event(), threading.Event()

    def held() -> None:
        asked.set()
        may_commit.wait(5)
        commit()

    monkeypatch.setattr(writer, "_commit", held)
    tasks = [asyncio.create_task(write(driver, key)) for key in range(4)]
    async with asyncio.timeout(5):
        while not asked.is_set():
            await asyncio.sleep(0.001)
    await asyncio.sleep(0.01)
    assert not any(task.done() for task in tasks)
    assert await keys(driver) == []
    may_commit.set()
    await asyncio.gather(*tasks)
    assert await keys(driver) == [0, 1, 2, 3]


async def test_when_the_commit_fails_all_are_told_and_nothing_is_changed(
    driver: SqliteDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = writer_of(driver)
    commit = writer._commit

    def taken_back() -> None:
        connection = writer._actor.connection
        assert connection is not None
        connection.execute("ROLLBACK")
        commit()

    with monkeypatch.context() as patch:
        patch.setattr(writer, "_commit", taken_back)
        results = await asyncio.gather(
            *(write(driver, key) for key in range(4)), return_exceptions=True
        )
    assert [type(one) for one in results] == [DatabaseUnavailable] * 4
    assert await keys(driver) == []
    await write(driver, 9)
    assert await keys(driver) == [9]


async def test_a_commit_that_is_refused_is_taken_back(driver: SqliteDriver) -> None:
    async with driver.transaction(tenant_id=None, write=True) as connection:
        await connection.execute(
            "CREATE TABLE parts (of INTEGER REFERENCES things (id) DEFERRABLE INITIALLY DEFERRED)",
            (),
        )

    async def write_a_part_of_nothing() -> None:
        async with driver.transaction(tenant_id=None, write=True, brief=True) as connection:
            await connection.execute("INSERT INTO parts (of) VALUES (?)", (99,))

    results = await asyncio.gather(
        write(driver, 1), write_a_part_of_nothing(), write(driver, 2), return_exceptions=True
    )
    assert [type(one) for one in results] == [DatabaseUnavailable] * 3
    assert await keys(driver) == []
    await write(driver, 9)
    assert await keys(driver) == [9]


async def test_who_is_cut_off_after_its_part_is_done_takes_nothing_from_the_others(
    driver: SqliteDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_open = SqliteConnection.leave_open
    left: list[SqliteConnection] = []

    async def cut_off(self: SqliteConnection) -> None:
        await leave_open(self)
        left.append(self)
        if len(left) == 2:
            raise asyncio.CancelledError

    monkeypatch.setattr(SqliteConnection, "leave_open", cut_off)
    results = await asyncio.gather(
        *(write(driver, key) for key in range(4)), return_exceptions=True
    )
    assert [type(one) for one in results if one is not None] == [asyncio.CancelledError]
    # Its part was done, as a commit would have been.
    assert await keys(driver) == [0, 1, 2, 3]


async def test_who_fails_before_its_first_statement_takes_nothing_from_the_others(
    driver: SqliteDriver,
) -> None:
    async def fail() -> None:
        async with driver.transaction(tenant_id=None, write=True, brief=True):
            raise LookupError

    results = await asyncio.gather(
        write(driver, 1), fail(), write(driver, 2), return_exceptions=True
    )
    assert [type(one) for one in results if one is not None] == [LookupError]
    assert await keys(driver) == [1, 2]


@pytest.mark.parametrize("others", [0, 2])
@pytest.mark.parametrize("goes_on", [False, True])
async def test_what_sqlite_took_back_by_itself_is_neither_written_on_nor_called_done(
    driver: SqliteDriver, others: int, goes_on: bool
) -> None:
    async def write_taken_back() -> None:
        async with driver.transaction(tenant_id=None, write=True, brief=True) as connection:
            await connection.execute(INSERT, (100, "name"))
            # As SQLite does when the disk is full.
            await connection.execute("ROLLBACK", ())
            if goes_on:
                await connection.execute(INSERT, (101, "name"))

    results = await asyncio.gather(
        write_taken_back(), *(write(driver, key) for key in range(others)), return_exceptions=True
    )
    assert [type(one) for one in results] == [DatabaseUnavailable] + [type(None)] * others
    assert await keys(driver) == list(range(others))


async def test_who_waits_too_long_for_its_turn_is_told_so(tmp_path: Path) -> None:
    async with driver_with_things(tmp_path, lock_timeout_seconds=0.05) as driver:
        async with driver.transaction(tenant_id=None, write=True):
            with pytest.raises(DatabaseUnavailable, match="Too many writers"):
                await asyncio.create_task(write(driver, 1))
        await write(driver, 2)
        assert await keys(driver) == [2]


async def test_who_goes_without_its_turn_keeps_nobody_waiting(driver: SqliteDriver) -> None:
    writer = writer_of(driver)
    first = asyncio.create_task(write(driver, 1))
    second = asyncio.create_task(write(driver, 2))
    async with asyncio.timeout(5):
        while writer._shared is None:
            await asyncio.sleep(0)
        second.cancel()
        await first
    assert await keys(driver) == [1]
    assert not writer.is_lent


async def test_who_only_looks_inside_a_write_shares_nothing(
    driver: SqliteDriver, said: list[str]
) -> None:
    async def nothing() -> None:
        async with driver.transaction(tenant_id=None, write=True, brief=True):
            await asyncio.sleep(0)

    await asyncio.gather(nothing(), write(driver, 1), nothing(), write(driver, 2))
    assert await keys(driver) == [1, 2]
    assert said.count("COMMIT") == 1
