"""Bulk writes of generated rows: executemany and FTS5 on SQLite, COPY on PostgreSQL.

Foreign keys are not checked while writing (the rows are copies of rows that were); the database is
for tests, so nothing is synced to disk on the way. Refuses: deciding what is written.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import asyncpg

from benchmarks.scale_copying import Rows
from rustok.core.db.schema import metadata
from rustok.index.fulltext import SHELVES, WORDS

Done = dict[str, str]
"""Slugs of generated tenants that are there already, with the plan they were made by."""


class Writing(Protocol):
    """A database that takes rows in bulk."""

    sqlite: bool

    async def done(self, prefix: str) -> Done:
        """The tenants whose slug begins so."""
        ...

    async def write(self, rows: Rows) -> int:
        """Write all or none; returns how many rows."""
        ...

    async def finish(self) -> None:
        """Tidy up as a server does in time, and let go of the database."""
        ...

    async def close(self) -> None:
        """Let go of the database."""
        ...


def _names(table: str) -> list[str]:
    return [column.name for column in metadata.tables[table].c]


def _ordered(rows: Mapping[str, object]) -> list[str]:
    return [table.name for table in metadata.sorted_tables if table.name in rows]


class SqliteWriting:
    """Args: path of a database with the schema; no server may be writing to it."""

    sqlite = True

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=OFF", "cache_size=-200000",
                       "foreign_keys=OFF", "temp_store=MEMORY"):  # fmt: skip
            self._connection.execute(f"PRAGMA {pragma}")  # constant sql: settings of our own

    async def done(self, prefix: str) -> Done:
        found = self._connection.execute(
            "SELECT slug, json_extract(settings, '$.scale_plan') FROM tenants WHERE slug LIKE ?",
            (f"{prefix}%",),
        )
        return dict(found.fetchall())

    async def write(self, rows: Rows) -> int:
        run = self._connection.execute
        run("BEGIN IMMEDIATE")
        try:
            for name in _ordered(rows):
                columns = _names(name)
                named, marks = ", ".join(columns), ", ".join("?" * len(columns))
                insert = f"INSERT INTO {name} ({named}) VALUES ({marks})"  # constant sql: own names
                self._connection.executemany(insert, rows[name])
            for shelf in SHELVES:
                self._add_words(f"{shelf}_entries", rows)
            run("COMMIT")
        except BaseException:
            run("ROLLBACK")
            raise
        return sum(map(len, rows.values()))

    def _add_words(self, entries: str, rows: Rows) -> None:
        """FTS5 keeps its own words of each entry."""
        place = _names(entries).index("entry")
        insert = (
            f"INSERT INTO {entries}_fts (rowid, words) "  # constant sql: own names
            f"SELECT entry, {WORDS} FROM {entries} WHERE entry = ?"  # constant sql: own names
        )
        self._connection.executemany(insert, ([row[place]] for row in rows.get(entries, ())))

    async def finish(self) -> None:
        for shelf in SHELVES:
            name = f"{shelf}_entries_fts"
            # As the job `index.words` does in time.
            tidy = f"INSERT INTO {name} ({name}) VALUES ('optimize')"  # constant sql: own names
            self._connection.execute(tidy)
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()

    async def close(self) -> None:
        self._connection.close()


class PostgresWriting:
    """Args: connection of a superuser: COPY does not go past row-level security."""

    sqlite = False

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    @classmethod
    async def open(cls, url: str) -> PostgresWriting:
        connection = await asyncpg.connect(url)
        await connection.execute(
            "SET session_replication_role = replica; SET synchronous_commit = off"
        )
        return cls(connection)

    async def done(self, prefix: str) -> Done:
        rows = await self._connection.fetch(
            "SELECT slug, settings->>'scale_plan' FROM tenants WHERE slug LIKE $1", f"{prefix}%"
        )
        return {row[0]: row[1] for row in rows}

    async def write(self, rows: Rows) -> int:
        async with self._connection.transaction():
            for name in _ordered(rows):
                await self._connection.copy_records_to_table(
                    name, records=rows[name], columns=_names(name)
                )
        return sum(map(len, rows.values()))

    async def finish(self) -> None:
        await self._connection.execute("VACUUM (ANALYZE)")
        await self._connection.close()

    async def close(self) -> None:
        await self._connection.close()


async def open_writing(url: str) -> Writing:
    """The database at `url`: `sqlite:///path` or the URL of a PostgreSQL superuser."""
    if url.startswith("sqlite:///"):
        return SqliteWriting(Path(url.removeprefix("sqlite:///")))
    return await PostgresWriting.open(url)
