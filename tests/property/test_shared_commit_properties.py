"""Whatever writers do to each other: who was told of success has its rows, who was told of failure has none."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from pathlib import Path
from typing import Final, Literal

import msgspec
from hypothesis import event, given
from hypothesis import strategies as st
from sqlalchemy import text

from rustok.core.db import DatabaseUnavailable
from rustok.core.db.last_writes import LastWrite
from rustok.core.db.sqlite import SqliteDriver
from rustok.core.db.statement import Compiled

_INSERT: Final[Compiled[None]] = Compiled(
    text("INSERT INTO things (writer, line, body) VALUES (:writer, :line, :body)"), "sqlite"
)
_BODY: Final = "x" * 3_000
"""Nearly a page, so that the file is soon full where it is bounded."""


class Plan(msgspec.Struct, frozen=True):
    """What a writer does.

    Attributes:
        lines: rows it writes, some of them with its end.
        pauses: turns of the event loop it lets pass after each.
        swallows: goes on when a row cannot be written, as no caller should.
        cancelled_after: turns after which it is cancelled.
    """

    brief: bool
    lines: int
    lines_last: int
    pauses: int
    fails: Literal["never", "inside", "at the end"]
    swallows: bool
    cancelled_after: int | None


_PLANS: Final = st.lists(
    st.builds(
        Plan,
        brief=st.sampled_from([True, True, True, False]),
        lines=st.integers(0, 3),
        lines_last=st.integers(0, 2),
        pauses=st.integers(0, 3),
        fails=st.sampled_from(["never", "never", "never", "inside", "at the end"]),
        swallows=st.booleans(),
        cancelled_after=st.none() | st.none() | st.integers(0, 40),
    ),
    min_size=1,
    max_size=24,
)


class _Failed(Exception):
    pass


async def _write(driver: SqliteDriver, me: int, plan: Plan) -> int:
    """Gives the rows it was told are written."""
    written = 0
    async with driver.transaction(tenant_id=None, write=True, brief=plan.brief) as connection:
        for line in range(plan.lines):
            try:
                written += await connection.execute(_INSERT.sql, (me, line, _BODY))
            except DatabaseUnavailable:
                if not plan.swallows:
                    raise
            for _ in range(plan.pauses):
                await asyncio.sleep(0)
        if plan.fails == "inside":
            raise _Failed
        last = [[me, 100 + line, _BODY] for line in range(plan.lines_last)]
        wrong = 1 if plan.fails == "at the end" else 0
        if last or wrong:
            await connection.execute_last(
                [LastWrite(_INSERT, last, expected=len(last) + wrong, otherwise=_Failed)]
            )
    return written + len(last)


async def _cancel_after(task: asyncio.Task[int], turns: int) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()


async def _run(folder: Path, plans: list[Plan], room: int | None) -> None:
    driver = SqliteDriver(folder / "shared.sqlite3", synchronous="OFF")
    await driver.open()
    try:
        async with driver.transaction(tenant_id=None, write=True) as connection:
            await connection.execute(
                "CREATE TABLE things (writer INT, line INT, body TEXT, UNIQUE (writer, line))", ()
            )
            if room is not None:
                (pages,) = (await connection.fetch("PRAGMA page_count", ()))[0]
                await connection.fetch(f"PRAGMA max_page_count = {int(str(pages)) + room}", ())
        tasks = [asyncio.create_task(_write(driver, me, plan)) for me, plan in enumerate(plans)]
        cancelling = [
            asyncio.create_task(_cancel_after(task, plan.cancelled_after))
            for task, plan in zip(tasks, plans, strict=True)
            if plan.cancelled_after is not None
        ]
        async with asyncio.timeout(20):
            results = await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.gather(*cancelling)
        async with driver.transaction(tenant_id=None, write=True) as connection:
            await connection.fetch("PRAGMA max_page_count = 1000000", ())
            await connection.execute(_INSERT.sql, (-1, 0, ""))
        async with driver.transaction(tenant_id=None, write=False) as connection:
            rows = await connection.fetch("SELECT writer FROM things", ())
    finally:
        await driver.close()
    found = Counter(row[0] for row in rows)
    assert found.pop(-1) == 1
    for me, (plan, result) in enumerate(zip(plans, results, strict=True)):
        if isinstance(result, int):
            assert plan.fails == "never"
            assert result == plan.lines + plan.lines_last or (room is not None and plan.swallows)
            assert found[me] == result
        elif isinstance(result, asyncio.CancelledError):
            assert plan.swallows or found[me] in (0, plan.lines + plan.lines_last)
            event("cancelled")
        else:
            full = room is not None and isinstance(result, DatabaseUnavailable)
            assert full or (plan.fails != "never" and isinstance(result, _Failed))
            assert found[me] == 0
            event(type(result).__name__)


@given(plans=_PLANS, room=st.none() | st.integers(0, 30))
def test_who_was_told_of_success_has_all_its_rows_and_who_failed_has_none(
    plans: list[Plan], room: int | None
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_run(Path(folder), plans, room))
