"""`rustok index`: builds read models anew while they go on serving, with progress, resumable.

Documents are replaced where they differ; stopped with Ctrl-C, the same command goes on from there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from uuid import UUID

import click
import msgspec

from rustok.cli.invocation import Invocation
from rustok.cli.listing import every_page
from rustok.cli.params import TENANT_REF
from rustok.cli.session import tenant_of, with_platform
from rustok.core.pagination import Page, PageRequest
from rustok.core.tenancy import PLATFORM_TENANT_ID, TenantProfile, context_for
from rustok.index import api as indexes
from rustok.index.api import Projection, Rebuild
from rustok.platform.tenants import api as tenants
from rustok.server.platform import Platform

EPILOG = """\b
Examples:
  rustok index rebuild --tenant nordlicht
  rustok index rebuild --all --only products

Readers are served meanwhile. Stopped with Ctrl-C, the same command goes on; a running server's
jobs go on with it as well."""


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """One index built anew: how many subjects there are, and how many differed."""

    tenant: str
    index: str
    subjects: int
    changed: int


@click.group()
def index() -> None:
    """Build the read models of the storefront anew."""


@index.command(epilog=EPILOG)
@click.option("--tenant", "tenant_ref", type=TENANT_REF, help="Slug or id of the tenant.")
@click.option("--all", "of_all", is_flag=True, help="All tenants.")
@click.option(
    "--only", type=click.Choice(sorted(indexes.PROJECTIONS)), help="One index; default: all."
)
@click.option("--restart", is_flag=True, help="Begin anew where one was stopped on the way.")
@click.pass_obj
def rebuild(
    invocation: Invocation,
    tenant_ref: UUID | str | None,
    of_all: bool,
    only: str | None,
    restart: bool,
) -> None:
    """Build indexes anew from what the features hold."""
    if of_all == (tenant_ref is not None):
        raise click.UsageError("Say --tenant REF or --all, one of them.")
    wanted = [indexes.PROJECTIONS[name] for name in ([only] if only else indexes.PROJECTIONS)]

    async def work(platform: Platform) -> list[Rebuilt]:
        found = (
            [await tenant_of(platform, tenant_ref)]
            if tenant_ref is not None
            else await _every_tenant(platform)
        )
        with _progress(invocation) as show:
            return [
                await _rebuild(platform, tenant, projection, show, restart=restart)
                for tenant in found
                for projection in wanted
            ]

    rebuilt = with_platform(invocation, work)
    invocation.emit(rebuilt, lambda: "\n".join(_line(one) for one in rebuilt))


async def _every_tenant(platform: Platform) -> list[TenantProfile]:
    async def fetch(page: PageRequest) -> Page[tenants.Tenant]:
        async with platform.db.system("the command line rebuilds all indexes", write=False) as tx:
            return await tenants.list_tenants(tx, page)

    return [one.profile() for one in await every_page(fetch) if one.id != PLATFORM_TENANT_ID]


Show = Callable[[str, Rebuild], None]


async def _rebuild(
    platform: Platform,
    tenant: TenantProfile,
    projection: Projection,
    show: Show,
    *,
    restart: bool,
) -> Rebuilt:
    ctx = context_for(tenant)
    label = f"{tenant.slug}: {projection.name}"
    async with platform.db.write(ctx) as tx:
        if restart:
            begun = await indexes.request_rebuild(tx, projection, reason="requested")
        else:
            begun = await indexes.resume_or_request(tx, projection)
    show(label, begun)
    done = await indexes.run_rebuild(
        platform.db, ctx, projection, begun.id, progress=lambda one: show(label, one)
    )
    final = done or begun
    return Rebuilt(
        tenant=tenant.slug, index=projection.name, subjects=final.done, changed=final.changed
    )


@contextlib.contextmanager
def _progress(invocation: Invocation) -> Iterator[Show]:
    """A bar per index on stderr; nothing with --json."""
    if invocation.as_json:
        yield lambda _label, _rebuild: None
        return
    from rich.console import Console  # late: only this command draws
    from rich.progress import (  # late: only this command draws
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskID,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        known: dict[str, TaskID] = {}

        def show(label: str, rebuild: Rebuild) -> None:
            if label not in known:
                known[label] = bars.add_task(label, total=rebuild.total)
            bars.update(known[label], completed=rebuild.done, total=rebuild.total)

        yield show


def _line(one: Rebuilt) -> str:
    return f"{one.tenant}: {one.index} rebuilt, {one.changed} of {one.subjects} differed."
