"""Migrations: up and down on both databases, and their result is what the features declare."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from rustok.core.db.schema import metadata
from rustok.server import migrations
from rustok.server.settings import DatabaseSettings, DatabaseUrl, Settings
from rustok.server.tables import load_tables
from tests.conftest import POSTGRES, postgres_answers
from tests.schema_for_tests import drop_database


def settings_of(url: str) -> Settings:
    return Settings(database=DatabaseSettings(url=DatabaseUrl(url)))


@pytest.fixture
def empty(database_kind: str, tmp_path: Path) -> Iterator[Settings]:
    """Settings of a database with nothing in it, logged in as its owner."""
    if database_kind == "sqlite":
        yield settings_of(f"sqlite:///{tmp_path}/empty.sqlite3")
        return
    why = postgres_answers()
    if why is not None:
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    name = f"rustok_migrations_{os.getpid()}"

    async def make() -> None:
        connection = await asyncpg.connect(POSTGRES)
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await connection.execute(f'CREATE DATABASE "{name}"')
        await connection.close()

    asyncio.run(make())
    yield settings_of(POSTGRES.rpartition("/")[0] + "/" + name)
    asyncio.run(drop_database(POSTGRES, name))


def differences(settings: Settings) -> list[object]:
    """What Alembic would still change."""
    load_tables()

    def compare(connection: Connection) -> list[object]:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_object": lambda _o, name, kind, _r, _c: (
                    not (
                        "_fts" in (name or "")
                        or (kind == "column" and name == "search")
                        or (name or "").endswith("_search")
                        or name == "alembic_version"
                    )
                )
            },
        )
        return list(compare_metadata(context, metadata))

    path = settings.database.url.sqlite_path
    if path is not None:
        engine = create_engine(f"sqlite:///{path}")
        with engine.connect() as connection:
            found = compare(connection)
        engine.dispose()
        return found

    async def ask() -> list[object]:
        engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=lambda: asyncpg.connect(str(settings.database.url)),
        )
        async with engine.connect() as connection:
            found = await connection.run_sync(compare)
        await engine.dispose()
        return found

    return asyncio.run(ask())


def tables_of(settings: Settings) -> set[str]:
    path = settings.database.url.sqlite_path
    if path is not None:
        with sqlite3.connect(path) as connection:
            rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            found = {str(row[0]) for row in rows}
        connection.close()
        return {name for name in found if not name.startswith("sqlite_")}

    async def ask() -> set[str]:
        connection = await asyncpg.connect(str(settings.database.url))
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        await connection.close()
        return {str(row["tablename"]) for row in rows}

    return asyncio.run(ask())


def test_migrations_make_exactly_what_the_features_declare(empty: Settings) -> None:
    before, after = asyncio.run(migrations.migrate(empty))
    assert (before, after) == (None, migrations.head())
    assert differences(empty) == []
    assert set(metadata.tables) <= tables_of(empty)


def test_migrating_again_changes_nothing(empty: Settings) -> None:
    asyncio.run(migrations.migrate(empty))
    assert asyncio.run(migrations.migrate(empty)) == (migrations.head(), migrations.head())


def test_every_revision_goes_down_and_up_again(empty: Settings) -> None:
    asyncio.run(migrations.migrate(empty))
    asyncio.run(migrations.migrate(empty, "base"))
    assert tables_of(empty) == {"alembic_version"}
    asyncio.run(migrations.migrate(empty))
    assert differences(empty) == []


def test_an_unreachable_database_is_told_plainly() -> None:
    from rustok.core.errors import Unavailable

    with pytest.raises(Unavailable):
        asyncio.run(migrations.migrate(settings_of("postgresql://nobody@127.0.0.1:1/none")))
