"""Brings the schema of the database to a revision; knows how to reach Alembic, nothing of the tables.

Alembic and SQLAlchemy's engines are imported only when there is something to migrate: a start with
an up-to-date schema reads one row.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import rustok
from rustok.core.db.errors import DatabaseUnavailable
from rustok.core.errors import RustokError
from rustok.core.modules import Module
from rustok.server.modules import extra_modules
from rustok.server.settings import DatabaseUrl, Settings

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

PLATFORM_TABLE: Final = "alembic_version"
_PACKAGED: Final = Path(rustok.__file__).parent / "_migrations"
_CHECKOUT: Final = Path(rustok.__file__).parents[2] / "migrations"


class MigrationFailed(RustokError):
    code = "migration_failed"
    title = "The database schema could not be migrated"
    mend = "Read the cause; the failed revision was rolled back. `rustok doctor` checks roles and versions."


def folder() -> Path:
    """Where the revisions are: inside an installed package, or in the checkout."""
    return _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT


def head(revisions: Path | None = None) -> str:
    """The newest revision; revisions are named `0001_what.py`.

    Args:
        revisions: the folder of another module's; None means the platform's.
    """
    there = revisions or folder() / "versions"
    return max(path.name.split("_", 1)[0] for path in there.glob("[0-9]*_*.py"))


def version_table(module: Module) -> str:
    """Where a module of another package keeps its revision."""
    return f"alembic_version_{module.slug}"


async def modules_behind(settings: Settings) -> list[str]:
    """Slugs of modules of other packages whose tables are not at their newest revision."""
    behind: list[str] = []
    for module in extra_modules(settings.modules.extra):
        if module.migrations is not None:
            found = await current(settings, version_table(module))
            behind += [] if found == head(module.migrations) else [module.slug]
    return behind


def owner_url(settings: Settings) -> DatabaseUrl:
    """The login that owns the schema."""
    return settings.database.owner_url or settings.database.url


async def current(settings: Settings, table: str = PLATFORM_TABLE) -> str | None:
    """The revision the database is at; None when it has no schema.

    Args:
        table: where it is kept.

    Raises:
        DatabaseUnavailable: it does not answer.
    """
    url = owner_url(settings)
    path = url.sqlite_path
    if path is not None:
        return await asyncio.to_thread(_current_sqlite, path, table)
    import asyncpg  # late: not needed with SQLite

    try:
        connection = await asyncpg.connect(
            str(url), timeout=settings.database.connect_timeout_seconds
        )
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise DatabaseUnavailable from error
    try:
        if not await connection.fetchval("SELECT to_regclass($1)", f"public.{table}"):
            return None
        found: str | None = await connection.fetchval(
            f"SELECT version_num FROM {table}"  # constant sql: our name, or a module's slug
        )
        return found
    finally:
        await connection.close()


def _current_sqlite(path: Path, table: str) -> str | None:
    if not path.exists():
        return None
    connection = sqlite3.connect(path)
    try:
        found = connection.execute(
            f"SELECT version_num FROM {table}"  # constant sql: as above
        ).fetchone()
    except sqlite3.OperationalError:
        return None
    finally:
        connection.close()
    return str(found[0]) if found else None


async def migrate(settings: Settings, to: str = "head") -> tuple[str | None, str | None]:
    """Go to revision `to` ("head", "base" or a number); returns (before, after).

    Raises:
        DatabaseUnavailable: the database does not answer.
        MigrationFailed: a revision failed; it was rolled back.
    """
    before = await current(settings)
    url = owner_url(settings)
    if to == "base":
        await _migrate_extra(settings, to)
    if not ((to == "head" and before == head()) or (to == "base" and before is None)):
        await asyncio.to_thread(_run, url, before, to)
    if to == "head":
        await _migrate_extra(settings, to)
    return before, await current(settings)


async def _migrate_extra(settings: Settings, to: str) -> None:
    """Modules of other packages come after the platform, and go before it."""
    for module in extra_modules(settings.modules.extra):
        if module.migrations is None:
            continue
        before = await current(settings, version_table(module))
        wanted = head(module.migrations) if to == "head" else None
        if before != wanted:
            await asyncio.to_thread(_run, owner_url(settings), before, to, module)


def _run(url: DatabaseUrl, before: str | None, to: str, module: Module | None = None) -> None:
    from alembic import command  # late: 150 ms a normal start does not pay
    from alembic.config import Config  # late: as above

    config = Config()
    config.set_main_option("script_location", str(folder()))
    if module is not None:
        config.set_main_option("version_locations", str(module.migrations))
        config.set_main_option("path_separator", "newline")

    def work(connection: Connection) -> None:
        config.attributes["connection"] = connection
        config.attributes["version_table"] = (
            PLATFORM_TABLE if module is None else version_table(module)
        )
        if to == "base" or (before is not None and to != "head" and to < before):
            command.downgrade(config, to)
        else:
            command.upgrade(config, to)

    try:
        _connected(url, work)
    except RustokError:
        raise
    except Exception as error:
        raise MigrationFailed(
            f"{type(error).__name__}: {str(error).splitlines()[0][:300]}"
        ) from error


def _connected(url: DatabaseUrl, work: Callable[[Any], None]) -> None:
    path = url.sqlite_path
    if path is not None:
        from sqlalchemy import create_engine, event  # late: as above
        from sqlalchemy.pool import NullPool  # late: as above

        path.parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)

        @event.listens_for(engine, "connect")
        def connected(connection: sqlite3.Connection, _record: object) -> None:
            connection.execute("PRAGMA journal_mode=WAL")

        with engine.begin() as sync_connection:
            work(sync_connection)
        engine.dispose()
        return

    async def run() -> None:
        import asyncpg  # late: not needed with SQLite
        from sqlalchemy.ext.asyncio import create_async_engine  # late: as above
        from sqlalchemy.pool import NullPool  # late: as above

        # The driver reads the URL as it does for the server, sockets and all.
        async_engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=lambda: asyncpg.connect(str(url)),
            poolclass=NullPool,
        )
        async with async_engine.begin() as connection:
            await connection.run_sync(work)
        await async_engine.dispose()

    asyncio.run(run())
