"""Migration 0015: what was found before is found after, and again when it is taken back."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Final
from uuid import UUID

import asyncpg

from rustok.index.fulltext import scope_of
from rustok.index.words import Terms
from rustok.server import migrations
from rustok.server.settings import Settings
from tests.integration.test_migrations import empty

__all__ = ["empty"]

TENANTS: Final = [UUID(int=(1 << 100) + number) for number in range(2)]
TERMS: Final = Terms(words=("secret", "lam"))
_INSERT: Final = """
INSERT INTO product_entries (tenant_id, subject_id, locale, entry, digest, scope, configuration,
    title, keywords, body) VALUES ('{tenant}', '{tenant}', 'en', {entry}, '', '{scope}', 'english',
    'secret lamp', 'sku 1', '')
"""


def _inserts() -> list[str]:
    return [
        _INSERT.format(tenant=tenant, entry=number, scope=scope_of(tenant, "en"))
        for number, tenant in enumerate(TENANTS, start=1)
    ]


def put(settings: Settings) -> None:
    """An entry for each tenant, in the tables alone."""
    path = settings.database.url.sqlite_path
    if path is not None:
        connection = sqlite3.connect(path)
        for statement in _inserts():
            connection.execute(statement)
        connection.commit()
        connection.close()
        return

    async def write() -> None:
        owner = await asyncpg.connect(str(settings.database.url))
        await owner.execute("SET session_replication_role = replica")
        for statement in _inserts():
            await owner.execute(statement)
        await owner.close()

    asyncio.run(write())


def found(settings: Settings, fts5: str) -> int:
    """How many entries the second tenant finds."""
    path = settings.database.url.sqlite_path
    if path is not None:
        connection = sqlite3.connect(path)
        rows = connection.execute(
            "SELECT rowid FROM product_entries_fts WHERE product_entries_fts MATCH ?", (fts5,)
        ).fetchall()
        connection.close()
        assert rows in ([], [(2,)])
        return len(rows)

    async def ask() -> int:
        owner = await asyncpg.connect(str(settings.database.url))
        async with owner.transaction():
            await owner.execute("SELECT set_config('app.tenant_id', $1, true)", str(TENANTS[1]))
            rows = await owner.fetch(
                "SELECT * FROM product_entries_found('en', to_tsquery('simple', $1), $2, true)",
                TERMS.tsquery(),
                scope_of(TENANTS[1], "en"),
            )
        await owner.close()
        return len(rows)

    return asyncio.run(ask())


def test_the_full_text_is_made_anew_from_the_entries_there_and_back(empty: Settings) -> None:
    scope = scope_of(TENANTS[1], "en")
    before = f'scope : "{scope}" AND {{title keywords body}} : ("secret" AND "lam"*)'
    asyncio.run(migrations.migrate(empty))
    put(empty)
    asyncio.run(migrations.migrate(empty, "0014"))
    assert found(empty, before) == 1
    asyncio.run(migrations.migrate(empty))
    assert found(empty, TERMS.fts5(scope=scope)) == 1
