"""What `rustok doctor` asks of the database: version, revision, the role's powers, clock, outbox.

It writes nothing, makes no SQLite file that is not there and tells no password.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final, TypeVar

import msgspec

from rustok.cli.doctor_checks import DatabaseFacts
from rustok.core import dead_letters, outbox
from rustok.core.db import Database
from rustok.core.db.driver import Driver
from rustok.core.errors import Unavailable
from rustok.core.tenancy import PLATFORM_TENANT_ID
from rustok.server import migrations
from rustok.server.platform import driver_for
from rustok.server.settings import Settings

T = TypeVar("T")
SQLITE_VERSION: Final = "SELECT sqlite_version()"
VERSION: Final = "SELECT current_setting('server_version'), clock_timestamp()"
# USAGE on an owner's role is what ALTER TABLE asks for: who has it can switch the policies off.
POWERS: Final = """
    SELECT rolsuper OR rolbypassrls OR EXISTS (
        SELECT 1 FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
        AND pg_has_role(current_user, relowner, 'USAGE')
    ) FROM pg_roles WHERE rolname = current_user
"""


def probe(settings: Settings) -> DatabaseFacts:
    """Everything the checks want to know; what went wrong on the way stands in `error`."""
    return asyncio.run(_facts(settings))


def with_database(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    """Run `work` on the database as it is: no setting is judged and no schema is changed for it.

    Raises:
        DatabaseUnavailable: it does not answer.
    """

    async def run() -> T:
        driver = driver_for(settings)
        await driver.open()
        try:
            return await work(Database(driver, flush_events=outbox.flush_events))
        finally:
            await driver.close()

    return asyncio.run(run())


async def _facts(settings: Settings) -> DatabaseFacts:
    path = settings.database.url.sqlite_path
    if settings.database.url.is_sqlite and (path is None or not path.exists()):
        return DatabaseFacts(server_version="(no file yet)", head=migrations.head())
    driver = driver_for(settings)
    try:
        facts = await _facts_of(settings, driver)
        if facts.revision == facts.head:
            facts = await _with_events(facts, driver)
        return facts
    except Exception as error:  # whatever a database says is for the report, not a traceback
        cause = error.__cause__ if isinstance(error, Unavailable) else error
        said = str(cause or "").strip().split("\n")[0]
        return DatabaseFacts(error=said or type(cause or error).__name__)
    finally:
        await driver.close()


async def _facts_of(settings: Settings, driver: Driver) -> DatabaseFacts:
    revision, head = await migrations.current(settings), migrations.head()
    await driver.open()
    if driver.dialect == "sqlite":
        async with driver.transaction(tenant_id=None, write=False) as connection:
            ((version,),) = await connection.fetch(SQLITE_VERSION, ())
        return DatabaseFacts(server_version=f"SQLite {version}", revision=revision, head=head)
    asked_at = datetime.now(UTC)
    # A tenant's transaction is opened as the application role, whose powers are in question.
    async with driver.transaction(tenant_id=PLATFORM_TENANT_ID, write=False) as connection:
        ((version, their_now),) = await connection.fetch(VERSION, ())
        now = datetime.now(UTC)
        ((bypasses,),) = await connection.fetch(POWERS, ())
    middle = asked_at + (now - asked_at) / 2
    return DatabaseFacts(
        server_version=f"PostgreSQL {version}",
        revision=revision,
        head=head,
        role_bypasses_rls=bool(bypasses),
        clock_skew_seconds=(their_now - middle).total_seconds(),
    )


async def _with_events(facts: DatabaseFacts, driver: Driver) -> DatabaseFacts:
    db = Database(driver, flush_events=outbox.flush_events)
    async with db.system("the doctor counts what waits", write=False) as tx:
        waiting = await outbox.backlog(tx)
        letters = await dead_letters.count_open(tx)
    oldest = waiting.oldest_at
    return msgspec.structs.replace(
        facts,
        pending_events=waiting.pending,
        oldest_pending_seconds=None if oldest is None else (db.now() - oldest).total_seconds(),
        dead_letters=letters,
    )
