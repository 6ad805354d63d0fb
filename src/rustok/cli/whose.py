"""The options that say whose users or keys a command is about: one tenant's, or the platform's own.

It refuses to guess: neither is wrong usage, and so are both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

import click

from rustok.cli.params import TENANT_REF
from rustok.cli.session import tenant_of
from rustok.core.tenancy import PLATFORM_TENANT_ID, TenantProfile
from rustok.platform.tenants import api as tenants
from rustok.server.platform import Platform

F = TypeVar("F", bound=Callable[..., Any])


def whose_options(command: F) -> F:
    """Add `--tenant REF` and `--platform` to a command, as `tenant_ref` and `of_platform`."""
    platform = click.option(
        "--platform", "of_platform", is_flag=True, help="The platform's own, of no tenant."
    )
    tenant = click.option(
        "--tenant", "tenant_ref", type=TENANT_REF, help="Slug or id of the tenant."
    )
    return tenant(platform(command))


def whose(tenant_ref: UUID | str | None, *, of_platform: bool) -> UUID | str:
    """The tenant named by the options; checked before anything is opened.

    Raises:
        click.UsageError: none or both are given.
    """
    if of_platform == (tenant_ref is not None):
        raise click.UsageError("Say --tenant REF or --platform, one of them.")
    return PLATFORM_TENANT_ID if tenant_ref is None else tenant_ref


async def tenant_for(platform: Platform, ref: UUID | str) -> TenantProfile:
    """As `tenant_of`; the platform's own tenant gets its row when it has none yet."""
    profile = await tenant_of(platform, ref)
    if profile.id != PLATFORM_TENANT_ID:
        return profile
    async with platform.db.system("the command line sets up the platform's tenant") as tx:
        try:
            await tenants.get(tx, PLATFORM_TENANT_ID)
        except tenants.TenantNotFound:
            await tenants.create(
                tx,
                slug=profile.slug,
                name=profile.name,
                modules=platform.modules.always_on,
                tenant_id=PLATFORM_TENANT_ID,
            )
    return profile
