"""Makes the schema of a test database as a deployment gets it: by the migrations."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Final

import asyncpg

from rustok.core.db.schema import APP_ROLE, SYSTEM_ROLE
from rustok.server import migrations, partitioning
from rustok.server.settings import DatabaseSettings, DatabaseUrl, Settings

PARTITIONS: Final = int(os.environ.get("RUSTOK_TEST_PARTITIONS", "0"))
"""With it, every suite runs on tables in so many partitions, as far as they can be."""


def owner_settings(url: str) -> Settings:
    """Settings that migrate the database at `url`."""
    return Settings(database=DatabaseSettings(url=DatabaseUrl(url)))


def create_sqlite_schema(path: Path) -> None:
    asyncio.run(migrations.migrate(owner_settings(f"sqlite:///{path}")))
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


async def create_postgres_schema(admin_url: str, name: str) -> None:
    connection = await asyncpg.connect(admin_url)
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await connection.execute(f'CREATE DATABASE "{name}"')
        # Roles belong to the server: on a fresh one two test workers would make them at once.
        for role in (APP_ROLE, SYSTEM_ROLE):
            with contextlib.suppress(asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
                await connection.execute(f"CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS")
    finally:
        await connection.close()
    owner = owner_settings(admin_url.rpartition("/")[0] + "/" + name)
    await migrations.migrate(owner)
    if PARTITIONS:
        views = await partitioning.list_shapes(owner)
        tables = [one.table for one in views if not one.obstacles]
        await partitioning.partition(owner, tables, PARTITIONS, while_serving=True)


async def drop_database(admin_url: str, name: str) -> None:
    connection = await asyncpg.connect(admin_url)
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    finally:
        await connection.close()
