"""`rustok tenant erase`: takes a suspended tenant away for good, table by table.

It refuses a tenant that is served, and one whose slug is not repeated. Stopped in the middle, it
has taken some of the data; run again, it goes on.
"""

from __future__ import annotations

from uuid import UUID

import click
import msgspec

from rustok.cli.invocation import Invocation
from rustok.cli.params import SLUG, TENANT_REF
from rustok.cli.session import tenant_of, with_platform
from rustok.core.db.erased_rows import erase_rows, erased_tables
from rustok.core.tenancy import PLATFORM_TENANT_ID
from rustok.platform.tenants import api as tenants
from rustok.server.platform import Platform

PURPOSE = "the command line erases a tenant"


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """What went: rows by table; files follow with the next sweep of the media."""

    tenant_id: UUID
    slug: str
    rows: dict[str, int]


@click.command(
    epilog="\b\nExample:\n  rustok tenant suspend nordlicht --reason 'Contract ended'\n"
    "  rustok tenant erase nordlicht --confirm nordlicht"
)
@click.argument("ref", type=TENANT_REF)
@click.option("--confirm", type=SLUG, required=True, help="The tenant's slug once more.")
@click.pass_obj
def erase(invocation: Invocation, ref: UUID | str, confirm: str) -> None:
    """Take the suspended tenant REF away for good, with all it has. Nothing brings it back.

    What stays is its part of the audit log, until its retention is over. Its media files go with
    the next sweep, within an hour; backups are yours to remove.
    """
    if ref == PLATFORM_TENANT_ID:
        raise click.UsageError("The platform's own tenant cannot be erased.")

    async def work(platform: Platform) -> Erased:
        profile = await tenant_of(platform, ref)
        if profile.slug != confirm:
            raise click.UsageError(f"--confirm names another tenant than '{profile.slug}'.")
        return await _erase(invocation, platform, profile.id, profile.slug)

    done = with_platform(invocation, work)
    invocation.emit(
        done,
        lambda: (
            f"{done.slug} is erased: {sum(done.rows.values())} rows of {len(done.rows)} tables."
        ),
    )


async def _erase(invocation: Invocation, platform: Platform, tenant_id: UUID, slug: str) -> Erased:
    async with platform.db.system(PURPOSE, write=False) as tx:
        await tenants.require_erasable(tx, tenant_id)
    rows: dict[str, int] = {}
    for table in erased_tables():
        async with platform.db.system(PURPOSE) as tx:
            count = await erase_rows(tx, table, tenant_id)
        if count:
            rows[table.name] = count
            invocation.note(f"{table.name}: {count}")
    async with platform.db.system(PURPOSE) as tx:
        # Once more and all together: something may have been under way.
        for table in erased_tables():
            rows[table.name] = rows.get(table.name, 0) + await erase_rows(tx, table, tenant_id)
        await tenants.erase(tx, tenant_id)
    platform.parts.forget_tenant(tenant_id)
    return Erased(
        tenant_id=tenant_id, slug=slug, rows={name: count for name, count in rows.items() if count}
    )
