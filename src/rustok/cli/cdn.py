"""`rustok cdn`: purges copies of a tenant at the CDN at once, and shows what waits for being purged.

It asks the provider itself, so that its answer is seen here. It shows no token.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import click
import msgspec

from rustok.cli.invocation import Invocation
from rustok.cli.params import TENANT_REF
from rustok.cli.session import tenant_of, with_platform
from rustok.core.cache.showing import EVERYTHING
from rustok.platform.cdn import api as cdn
from rustok.server.platform import Platform

EPILOG = """\b
Examples:
  rustok cdn purge --tenant nordlicht --all
  rustok cdn purge --tenant nordlicht --key products
  rustok cdn purge --tenant nordlicht --key product:0190b5a47c1e7d3a9f105b2c3d4e5f60
  rustok cdn status"""


class Purged(msgspec.Struct, frozen=True, kw_only=True):
    """The key that was purged."""

    key: str


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Who keeps copies, and what waits to be told to it."""

    provider: cdn.Provider
    waiting: int
    oldest_at: datetime | None


@click.group("cdn", epilog=EPILOG)
def cdn_group() -> None:
    """Purge copies at the CDN, show what waits for it."""


@cdn_group.command()
@click.option(
    "--tenant", "tenant_ref", type=TENANT_REF, required=True, help="Slug or id of the tenant."
)
@click.option("--key", "part", help="A list such as products, or one thing such as product:ID.")
@click.option("--all", "everything", is_flag=True, help="Everything of the tenant.")
@click.pass_obj
def purge(
    invocation: Invocation, tenant_ref: UUID | str, part: str | None, everything: bool
) -> None:
    """Purge copies of a tenant now."""
    if everything == (part is not None):
        raise click.UsageError("Say either --key or --all.")

    async def work(platform: Platform) -> Purged:
        profile = await tenant_of(platform, tenant_ref)
        wanted = EVERYTHING if part is None else part.replace("-", "")
        if part is not None and not wanted:
            raise cdn.CdnPartUnknown
        return Purged(key=await cdn.purge_now(platform.parts, profile.id, wanted))

    done = with_platform(invocation, work)
    invocation.emit(done, lambda: f"Purged: {done.key}")


@cdn_group.command()
@click.pass_obj
def status(invocation: Invocation) -> None:
    """Show the provider, and what waits to be purged."""

    async def work(platform: Platform) -> Status:
        async with platform.db.system("rustok cdn status", write=False) as tx:
            found = await cdn.backlog(tx)
        provider = platform.settings.cdn.provider
        return Status(provider=provider, waiting=found.waiting, oldest_at=found.oldest_at)

    shown = with_platform(invocation, work)
    since = f", the oldest since {shown.oldest_at:%Y-%m-%d %H:%M:%S} UTC" if shown.oldest_at else ""
    invocation.emit(
        shown, lambda: f"Provider: {shown.provider}\nChanges waiting: {shown.waiting}{since}"
    )
