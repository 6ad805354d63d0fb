"""`rustok trace show`: the life of one thing as the database has it, without any other service."""

from __future__ import annotations

from uuid import UUID

import click

from rustok.cli.invocation import Invocation
from rustok.cli.listing import columns
from rustok.cli.params import ID, TENANT_REF
from rustok.cli.session import tenant_of, with_platform
from rustok.core.tenancy import context_for
from rustok.platform.tenants import api as tenants
from rustok.platform.timelines import api as timelines
from rustok.server.platform import Platform


@click.group()
def trace() -> None:
    """Follow one order, product or page through all that is recorded of it."""


@trace.command()
@click.argument("thing_id", type=ID)
@click.option("--tenant", "tenant_ref", type=TENANT_REF, help="Needed where there are several.")
@click.pass_obj
def show(invocation: Invocation, thing_id: UUID, tenant_ref: UUID | str | None) -> None:
    """Show requests, events, audit, consumers, webhooks and mails about THING_ID, oldest first."""

    async def work(platform: Platform) -> list[timelines.Moment]:
        if tenant_ref is None:
            async with platform.db.system("the command line asks for the only tenant") as system:
                profile = await tenants.resolve(system)
        else:
            profile = await tenant_of(platform, tenant_ref)
        async with platform.db.read(context_for(profile)) as tx:
            # Whoever works on this machine's database may read the audit log in it.
            return await timelines.trace(tx, platform.modules.consumers, thing_id, audited=True)

    found = with_platform(invocation, work)
    invocation.emit(
        found,
        lambda: columns(
            ("TIME", "SOURCE", "WHAT", "OUTCOME", "TRACE"),
            [
                (f"{one.at:%Y-%m-%d %H:%M:%S.%f}", one.source, one.what, one.outcome, one.trace_id)
                for one in found
            ],
            empty="Nothing is recorded.",
        ),
    )
