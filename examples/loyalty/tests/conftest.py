"""A platform with the module in it, on both databases, as `modules.extra` puts it there."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import asyncpg
import msgspec
import pytest

from rustok.server import migrations
from rustok.server.platform import Platform
from rustok.server.settings import DatabaseSettings, DatabaseUrl, ModulesSettings, Settings
from tests.conftest import POSTGRES, World, postgres_answers, settings_for
from tests.schema_for_tests import create_postgres_schema, drop_database

MODULES = ModulesSettings(extra=("rustok_loyalty.module:MODULE",))


@pytest.fixture(params=["sqlite", "postgres"])
def owner(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Settings of the login that owns an empty database."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/rustok.sqlite3"
        yield Settings(database=DatabaseSettings(url=DatabaseUrl(url)), modules=MODULES)
        return
    why = postgres_answers()
    if why is not None:
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    name = f"rustok_example_{os.getpid()}"
    asyncio.run(create_postgres_schema(POSTGRES, name))
    url = POSTGRES.rpartition("/")[0] + "/" + name
    yield Settings(database=DatabaseSettings(url=DatabaseUrl(url)), modules=MODULES)
    asyncio.run(drop_database(POSTGRES, name))


@pytest.fixture
def settings(owner: Settings, tmp_path: Path) -> Settings:
    """Settings of the server, over migrated tables."""
    asyncio.run(migrations.migrate(owner))
    url = str(owner.database.url)
    if owner.database.url.is_sqlite:
        made = settings_for(url, tmp_path)
    else:
        place = url.rpartition("/")[0].split("@")[-1]
        base, name = f"postgresql://{{}}@{place}", url.rpartition("/")[2]
        made = settings_for(
            f"{base.format('rustok_app')}/{name}",
            tmp_path,
            system_url=f"{base.format('rustok_system')}/{name}",
        )
    return msgspec.structs.replace(made, modules=MODULES)


@pytest.fixture
async def world(settings: Settings) -> AsyncIterator[World]:
    platform = Platform(settings)
    await platform.open()
    try:
        yield World(platform, [])
    finally:
        await platform.close()


@pytest.fixture
def tables(owner: Settings) -> Callable[[], set[str]]:
    """Gives the names of the tables there are."""
    return lambda: asyncio.run(_tables_of(owner))


async def _tables_of(owner: Settings) -> set[str]:
    path = owner.database.url.sqlite_path
    if path is not None:
        connection = sqlite3.connect(path)
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        connection.close()
        return {row[0] for row in rows}
    postgres = await asyncpg.connect(str(owner.database.url))
    try:
        found = await postgres.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    finally:
        await postgres.close()
    return {row["tablename"] for row in found}
