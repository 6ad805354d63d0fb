"""`rustok tenant domain|locale|module`: what a tenant is reached by, speaks and has switched on.

It knows no rule of its own: which locale or module may go is for the tenant's service to say.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

import click

from rustok.cli.invocation import Invocation
from rustok.cli.listing import columns
from rustok.cli.params import HOST, LOCALE, TENANT_REF
from rustok.cli.session import TenantUnknown, tenant_of, with_platform
from rustok.core.db import WriteTx
from rustok.core.errors import NotFound
from rustok.core.parts import ModuleSwitch
from rustok.core.tenancy import context_for
from rustok.platform.tenants import api as tenants
from rustok.platform.tenants.schemas import domain_view
from rustok.server.modules import all_modules
from rustok.server.platform import Platform

T = TypeVar("T")


class HostUnknown(NotFound):
    """The tenant has no domain of this host name."""

    code = "host_unknown"
    title = "The tenant has no such domain"
    mend = "Run: rustok tenant domain list REF"

    def __init__(self, host: str) -> None:
        super().__init__(f"The tenant has no domain '{host}'.")


def in_tenant(
    invocation: Invocation, ref: UUID | str, work: Callable[[WriteTx], Awaitable[T]]
) -> T:
    """Run `work` in a transaction of the tenant named, as the system. Raises TenantUnknown."""

    async def main(platform: Platform) -> T:
        profile = await tenant_of(platform, ref)
        try:
            async with platform.db.write(context_for(profile)) as tx:
                return await work(tx)
        except tenants.TenantNotFound:  # the platform's own tenant before its first user
            raise TenantUnknown(profile.slug) from None

    return with_platform(invocation, main)


@click.group()
def domain() -> None:
    """Host names that lead to a tenant."""


@domain.command("add", epilog="\b\nExample:\n  rustok tenant domain add kante kante.example.com")
@click.argument("ref", type=TENANT_REF)
@click.argument("host", type=HOST)
@click.option("--primary", is_flag=True, help="The one links are made with.")
@click.pass_obj
def add_domain(invocation: Invocation, ref: UUID | str, host: str, primary: bool) -> None:
    """Let HOST lead to the tenant REF."""
    made = in_tenant(
        invocation, ref, lambda tx: tenants.add_domain(tx, host=host, is_primary=primary)
    )
    invocation.emit(domain_view(made), lambda: f"{made.host} leads to {ref}.")


@domain.command("remove")
@click.argument("ref", type=TENANT_REF)
@click.argument("host", type=HOST)
@click.pass_obj
def remove_domain(invocation: Invocation, ref: UUID | str, host: str) -> None:
    """Let HOST no longer lead to the tenant REF."""

    async def work(tx: WriteTx) -> None:
        for known in await tenants.list_domains(tx):
            if known.host == host:
                return await tenants.remove_domain(tx, known.id)
        raise HostUnknown(host)

    in_tenant(invocation, ref, work)
    invocation.emit({"removed": host}, lambda: f"{host} no longer leads to {ref}.")


@domain.command("list")
@click.argument("ref", type=TENANT_REF)
@click.pass_obj
def list_domains(invocation: Invocation, ref: UUID | str) -> None:
    """List the domains of the tenant REF, the primary first."""
    found = in_tenant(invocation, ref, tenants.list_domains)
    invocation.emit(
        [domain_view(one) for one in found],
        lambda: columns(
            ("HOST", "PRIMARY", "SINCE"),
            [(one.host, one.is_primary, one.created_at) for one in found],
            empty=f"No domain leads to {ref}. Run: rustok tenant domain add {ref} HOST",
        ),
    )


@click.group()
def locale() -> None:
    """Languages of a tenant."""


@locale.command("enable")
@click.argument("ref", type=TENANT_REF)
@click.argument("tag", type=LOCALE)
@click.pass_obj
def enable_locale(invocation: Invocation, ref: UUID | str, tag: str) -> None:
    """Switch the locale TAG on; on already is no change."""
    _emit_locales(invocation, in_tenant(invocation, ref, lambda tx: tenants.enable_locale(tx, tag)))


@locale.command("disable")
@click.argument("ref", type=TENANT_REF)
@click.argument("tag", type=LOCALE)
@click.pass_obj
def disable_locale(invocation: Invocation, ref: UUID | str, tag: str) -> None:
    """Switch the locale TAG off; its texts stay. The default locale cannot go."""
    _emit_locales(
        invocation, in_tenant(invocation, ref, lambda tx: tenants.disable_locale(tx, tag))
    )


def _emit_locales(invocation: Invocation, found: tenants.Tenant) -> None:
    invocation.emit(
        {"locales": found.locales, "default_locale": found.default_locale},
        lambda: f"Locales of {found.slug}: {', '.join(found.locales)}.",
    )


@click.group()
def module() -> None:
    """Features a tenant has switched on."""


@module.command("list")
@click.argument("ref", type=TENANT_REF)
@click.pass_obj
def list_modules(invocation: Invocation, ref: UUID | str) -> None:
    """List all modules and whether the tenant REF has them on."""

    async def work(platform: Platform) -> list[dict[str, object]]:
        profile = await tenant_of(platform, ref)
        return [
            {
                "slug": one.slug,
                "title": one.title,
                "is_on": one.always_on or one.slug in profile.modules,
                "always_on": one.always_on,
                "depends_on": list(one.depends_on),
            }
            for one in platform.modules
        ]

    rows = with_platform(invocation, work)
    invocation.emit(
        rows,
        lambda: columns(
            ("MODULE", "TITLE", "ON", "ALWAYS", "NEEDS"),
            [list(row.values()) for row in rows],
            empty="This program has no modules.",
        ),
    )


@module.command("enable")
@click.argument("ref", type=TENANT_REF)
@click.argument("slug")
@click.pass_obj
def enable_module(invocation: Invocation, ref: UUID | str, slug: str) -> None:
    """Switch the module SLUG on; what it needs must be on."""
    _switch(invocation, ref, slug, tenants.enable_module)


@module.command("disable")
@click.argument("ref", type=TENANT_REF)
@click.argument("slug")
@click.pass_obj
def disable_module(invocation: Invocation, ref: UUID | str, slug: str) -> None:
    """Switch the module SLUG off; its data stays. What others need cannot go."""
    _switch(invocation, ref, slug, tenants.disable_module)


def _switch(
    invocation: Invocation,
    ref: UUID | str,
    slug: str,
    change: Callable[[WriteTx, ModuleSwitch, str], Awaitable[tenants.Tenant]],
) -> None:
    switch = all_modules(invocation.settings().modules.extra)
    found = in_tenant(invocation, ref, lambda tx: change(tx, switch, slug))
    invocation.emit(
        {"modules": found.modules},
        lambda: f"Modules of {found.slug}: {', '.join(found.modules)}.",
    )
