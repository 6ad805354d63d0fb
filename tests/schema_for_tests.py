"""Makes the schema of a test database from the tables the features declare."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import asyncpg
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from rustok.core.db.schema import APP_ROLE, SYSTEM_ROLE, metadata, policies
from rustok.index.fulltext import create_statements
from rustok.server import migrations
from rustok.server.tables import load_tables


def _statements(dialect: str) -> list[str]:
    load_tables()
    target = sqlite.dialect() if dialect == "sqlite" else postgresql.dialect()  # type: ignore[no-untyped-call]
    statements: list[str] = []
    for table in metadata.sorted_tables:
        statements.append(str(CreateTable(table).compile(dialect=target)))
        statements += [str(CreateIndex(index).compile(dialect=target)) for index in table.indexes]
        if dialect == "postgres":
            statements += policies(table)
    if "product_entries" not in metadata.tables:
        return statements
    return statements + create_statements(dialect)


def create_sqlite_schema(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    for statement in _statements("sqlite"):
        connection.execute(statement)
    connection.execute("CREATE TABLE alembic_version (version_num TEXT NOT NULL PRIMARY KEY)")
    connection.execute("INSERT INTO alembic_version VALUES (?)", [migrations.head()])
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


async def create_postgres_schema(admin_url: str, name: str) -> None:
    connection = await asyncpg.connect(admin_url)
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await connection.execute(f'CREATE DATABASE "{name}"')
        for role in (APP_ROLE, SYSTEM_ROLE):
            if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
                await connection.execute(f"CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS")
    finally:
        await connection.close()
    connection = await asyncpg.connect(admin_url.rpartition("/")[0] + "/" + name)
    try:
        for statement in _statements("postgres"):
            await connection.execute(statement)
        await connection.execute(
            "CREATE TABLE alembic_version (version_num TEXT NOT NULL PRIMARY KEY)"
        )
        await connection.execute("INSERT INTO alembic_version VALUES ($1)", migrations.head())
        await connection.execute(f"GRANT SELECT ON alembic_version TO {APP_ROLE}, {SYSTEM_ROLE}")
        await connection.execute(
            f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {APP_ROLE}, {SYSTEM_ROLE}"
        )
    finally:
        await connection.close()


async def drop_database(admin_url: str, name: str) -> None:
    connection = await asyncpg.connect(admin_url)
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    finally:
        await connection.close()
