"""Runs a command's work on an open platform and closes it again, whatever happens in between.

It refuses unsafe production settings and a PostgreSQL schema of another revision; it starts no relay.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar
from uuid import UUID

import uvloop

from rustok.cli.invocation import Invocation
from rustok.cli.serve import prepared
from rustok.core.errors import NotFound
from rustok.core.tenancy import PLATFORM_TENANT_ID, TenantProfile
from rustok.platform.tenants import api as tenants
from rustok.server.platform import Platform
from rustok.server.settings import Settings
from rustok.server.settings.safety import refuse_unsafe, with_secret_key
from rustok.telemetry import logs

T = TypeVar("T")


class TenantUnknown(NotFound):
    """No tenant has the slug or id given on the command line."""

    code = "tenant_unknown"
    title = "There is no such tenant"
    mend = "Run: rustok tenant list"

    def __init__(self, ref: UUID | str) -> None:
        super().__init__(f"No tenant has the slug or id '{ref}'.")


def with_platform(
    invocation: Invocation,
    work: Callable[[Platform], Awaitable[T]],
    *,
    overrides: Mapping[str, object] | None = None,
) -> T:
    """Run `work` on an open platform and give its result.

    An embedded SQLite file is brought to the newest revision on the way; logs below WARNING are
    dropped, so that a command's own words stand alone.

    Args:
        overrides: options of the command that are settings, by dotted key.

    Raises:
        SettingsInvalid, UnsafeSettings: the settings are not fit to run with.
        SchemaOutdated: PostgreSQL is at another revision; `rustok migrate` mends it.
        DatabaseUnavailable: the database does not answer.
        KeyboardInterrupt: stopped with Ctrl-C; what was not committed is rolled back.
    """
    settings = _quiet(invocation, overrides)

    async def main() -> T:
        platform = await prepared(settings)
        try:
            return await work(platform)
        finally:
            await platform.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main())


def _quiet(invocation: Invocation, overrides: Mapping[str, object] | None) -> Settings:
    settings = invocation.settings(overrides)
    for finding in refuse_unsafe(settings):
        invocation.note(f"Warning: {finding.key}: {finding.problem} {finding.mend}")
    logs.configure(level="WARNING", log_format=settings.telemetry.log_format)
    return with_secret_key(settings)


async def tenant_of(platform: Platform, ref: UUID | str) -> TenantProfile:
    """The tenant a command names by slug or id, suspended or not; `platform` is the reserved one.

    Raises:
        TenantUnknown: nobody has it.
    """
    if ref in ("platform", PLATFORM_TENANT_ID):
        return await platform.resolver.profile_of(PLATFORM_TENANT_ID)
    async with platform.db.system("the command line names a tenant", write=False) as tx:
        try:
            if isinstance(ref, UUID):
                return await tenants.resolve(tx, tenant_id=ref)
            return await tenants.resolve(tx, slug=ref)
        except tenants.TenantNotFound:
            raise TenantUnknown(ref) from None
