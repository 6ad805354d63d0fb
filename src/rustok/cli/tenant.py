"""`rustok tenant`: creates, shows, changes, suspends, reactivates, backs up and restores tenants.

A suspended tenant serves nothing and keeps its data; `tenant_erase` takes it away.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

import click
import msgspec

from rustok.cli.backup import backup
from rustok.cli.invocation import Invocation
from rustok.cli.listing import cell, columns, every_page
from rustok.cli.params import CURRENCY, HOST, LOCALE, NAME, REASON, SLUG, TENANT_REF
from rustok.cli.restore import restore
from rustok.cli.session import tenant_of, with_platform
from rustok.cli.tenant_erase import erase
from rustok.cli.tenant_parts import domain, in_tenant, locale, module
from rustok.core.db import SystemTx, WriteTx
from rustok.core.errors import Conflict
from rustok.core.tenancy import PLATFORM_TENANT_ID, context_for
from rustok.platform.tenants import api as tenants
from rustok.platform.tenants.schemas import CreateTenant, TenantView, UpdateTenant, tenant_view
from rustok.server.platform import Platform

T = TypeVar("T")

EPILOG = """\b
Examples:
  rustok tenant create nordlicht --name Nordlicht --locale en --locale de --currency EUR
  rustok tenant list --json
  rustok tenant update nordlicht --set review_required=true
  rustok tenant suspend nordlicht --reason "Unpaid invoice"

A running server keeps what it knows of a tenant for up to 30 seconds."""


class HostInUse(Conflict):
    """A domain for a new tenant leads to another one already."""

    code = "host_in_use"
    title = "The host name leads to another tenant"
    mend = "Nothing was created. Remove the domain from that tenant or choose another."

    def __init__(self, host: str) -> None:
        super().__init__(f"The host name '{host}' leads to another tenant.")


@click.group(epilog=EPILOG)
def tenant() -> None:
    """Create, show and change tenants."""


tenant.add_command(domain)
tenant.add_command(erase)
tenant.add_command(locale)
tenant.add_command(module)
tenant.add_command(backup)
tenant.add_command(restore)


@tenant.command(
    epilog="\b\nExample:\n  rustok tenant create kante --name Kante --domain kante.example.com"
)
@click.argument("slug", type=SLUG)
@click.option("--name", type=NAME, help="What people read; default: made from the slug.")
@click.option(
    "--locale",
    "locales",
    type=LOCALE,
    multiple=True,
    help="BCP 47 tag; may be repeated, the first is the default one. Default: en.",
)
@click.option(
    "--currency",
    "currencies",
    type=CURRENCY,
    multiple=True,
    help="ISO 4217 code; may be repeated, the first is the default one. Default: EUR.",
)
@click.option(
    "--domain", "hosts", type=HOST, multiple=True, help="Host name; repeatable, first is primary."
)
@click.pass_obj
def create(
    invocation: Invocation,
    slug: str,
    name: str | None,
    locales: tuple[str, ...],
    currencies: tuple[str, ...],
    hosts: tuple[str, ...],
) -> None:
    """Create the tenant SLUG (a-z, 0-9 and hyphens, 1 to 63 characters)."""
    data = _checked(
        CreateTenant,
        slug=slug,
        name=name or slug.replace("-", " ").strip().capitalize(),
        default_locale=locales[0] if locales else "en",
        locales=list(dict.fromkeys(locales)) or None,
        currencies=list(dict.fromkeys(currencies)) or None,
    )

    async def work(platform: Platform) -> TenantView:
        await _refuse_taken(platform, hosts)
        async with platform.db.system("the command line creates a tenant") as tx:
            made = await tenants.create(
                tx,
                slug=data.slug,
                name=data.name,
                default_locale=data.default_locale,
                locales=data.locales,
                currencies=data.currencies,
                modules=platform.modules.default_on,
            )
        if hosts:
            async with platform.db.write(context_for(made.profile())) as wtx:
                for index, host in enumerate(dict.fromkeys(hosts)):
                    await tenants.add_domain(wtx, host=host, is_primary=index == 0)
        return tenant_view(made)

    view = with_platform(invocation, work)
    invocation.emit(view, lambda: f"Created tenant {view.slug} with id {view.id}.")


async def _refuse_taken(platform: Platform, hosts: tuple[str, ...]) -> None:
    """Looked up before anything is written, so that a taken domain leaves no half-made tenant."""
    async with platform.db.system("the command line looks for hosts", write=False) as tx:
        for host in hosts:
            try:
                await tenants.resolve(tx, host=host)
            except tenants.TenantNotFound:
                continue
            raise HostInUse(host)


@tenant.command("list")
@click.pass_obj
def list_tenants(invocation: Invocation) -> None:
    """List all tenants by slug."""

    async def work(platform: Platform) -> list[TenantView]:
        async with platform.db.system("the command line lists tenants", write=False) as tx:
            found = await every_page(lambda page: tenants.list_tenants(tx, page))
        return [tenant_view(one) for one in found]

    views = with_platform(invocation, work)
    headers = ("SLUG", "NAME", "STATUS", "LOCALES", "CURRENCIES", "ID")
    invocation.emit(
        views,
        lambda: columns(
            headers,
            [(v.slug, v.name, v.status, v.locales, v.currencies, v.id) for v in views],
            empty="There is no tenant yet. Run: rustok tenant create SLUG",
        ),
    )


@tenant.command()
@click.argument("ref", type=TENANT_REF)
@click.pass_obj
def show(invocation: Invocation, ref: UUID | str) -> None:
    """Show the tenant REF (slug or id)."""
    _emit(invocation, in_tenant(invocation, ref, tenants.get_own))


SETTING = re.compile(r"(?P<key>[a-z][a-z0-9_]{0,62})=(?P<value>.*)", re.DOTALL)


class Setting(click.ParamType[tuple[str, str | int | bool]]):
    """`key=value`; true, false and whole numbers are what they look like, the rest is text."""

    name = "key=value"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str | int | bool]:
        found = SETTING.fullmatch(str(value))
        if found is None:
            self.fail("a setting is such as review_required=true.", param, ctx)
        text = found["value"]
        if text in ("true", "false"):
            return found["key"], text == "true"
        return found["key"], int(text) if re.fullmatch(r"-?[0-9]{1,15}", text) else text


@tenant.command()
@click.argument("ref", type=TENANT_REF)
@click.option("--name", type=NAME, help="What people read.")
@click.option("--default-locale", type=LOCALE, help="Switched on if it is not.")
@click.option(
    "--currency", "currencies", type=CURRENCY, multiple=True, help="All of them, default first."
)
@click.option("--cors-origin", "origins", multiple=True, help="All of them: https://shop.example.")
@click.option("--set", "changes", type=Setting(), multiple=True, help="A setting; repeatable.")
@click.option("--unset", "removed", multiple=True, help="A setting to remove; repeatable.")
@click.pass_obj
def update(
    invocation: Invocation,
    ref: UUID | str,
    name: str | None,
    default_locale: str | None,
    currencies: tuple[str, ...],
    origins: tuple[str, ...],
    changes: tuple[tuple[str, str | int | bool], ...],
    removed: tuple[str, ...],
) -> None:
    """Change the tenant REF; what is not named stays as it is."""
    data = _checked(
        UpdateTenant,
        name=name,
        default_locale=default_locale,
        currencies=list(currencies) or None,
        cors_origins=list(origins) or None,
        settings=dict(changes) or None,
    )
    if data == UpdateTenant() and not removed:
        raise click.UsageError("Nothing to change: name at least one option.")

    async def work(tx: WriteTx) -> tenants.Tenant:
        settings: dict[str, str | int | bool] | None = None
        if changes or removed:
            settings = (await tenants.get_own(tx)).settings | dict(changes)
            settings = {key: value for key, value in settings.items() if key not in removed}
        return await tenants.update(
            tx,
            expected_version=None,
            name=data.name,
            default_locale=data.default_locale,
            currencies=data.currencies,
            cors_origins=data.cors_origins,
            settings=settings,
        )

    _emit(invocation, in_tenant(invocation, ref, work))


@tenant.command()
@click.argument("ref", type=TENANT_REF)
@click.option("--reason", type=REASON, required=True, help="Kept and shown to administrators.")
@click.pass_obj
def suspend(invocation: Invocation, ref: UUID | str, reason: str) -> None:
    """Stop serving the tenant REF; its data stays."""
    _change_state(invocation, ref, lambda tx, one: tenants.suspend(tx, one, reason=reason))


@tenant.command()
@click.argument("ref", type=TENANT_REF)
@click.pass_obj
def reactivate(invocation: Invocation, ref: UUID | str) -> None:
    """Serve the suspended tenant REF again."""
    _change_state(invocation, ref, lambda tx, one: tenants.reactivate(tx, one))


def _change_state(
    invocation: Invocation,
    ref: UUID | str,
    change: Callable[[SystemTx, UUID], Awaitable[tenants.Tenant]],
) -> None:
    if ref == PLATFORM_TENANT_ID:
        raise click.UsageError("The platform's own tenant is always active.")

    async def work(platform: Platform) -> tenants.Tenant:
        profile = await tenant_of(platform, ref)
        async with platform.db.system("the command line changes a tenant's state") as tx:
            return await change(tx, profile.id)

    _emit(invocation, with_platform(invocation, work))


def _checked(kind: type[T], **values: object) -> T:
    """The values as the body the API takes, so that its bounds hold here too."""
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise click.UsageError(f"{str(error).replace('$.', '')}.") from None


def _emit(invocation: Invocation, found: tenants.Tenant) -> None:
    view = tenant_view(found)
    fields = {name: getattr(view, name) for name in view.__struct_fields__}
    fields["settings"] = [f"{key}={value}" for key, value in view.settings.items()]
    width = max(map(len, fields))
    invocation.emit(
        view, lambda: "\n".join(f"{key:<{width}}  {cell(value)}" for key, value in fields.items())
    )
