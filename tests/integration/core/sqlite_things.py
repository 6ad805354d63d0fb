"""A SQLite file with one table, for tests of the driver itself."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from rustok.core.db.sqlite import SqliteDriver


@contextlib.asynccontextmanager
async def driver_with_things(folder: Path, **options: Any) -> AsyncIterator[SqliteDriver]:
    """An open driver; its table `things` is empty."""
    made = SqliteDriver(folder / "things.sqlite3", synchronous="OFF", **options)
    await made.open()
    async with made.transaction(tenant_id=None, write=True) as connection:
        await connection.execute("CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT)", ())
    yield made
    await made.close()
