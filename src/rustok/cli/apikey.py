"""`rustok apikey`: makes, lists and revokes API keys of a tenant.

It shows a secret once, when the key is made; only its digest is kept.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import click
import msgspec

from rustok.cli.invocation import Invocation
from rustok.cli.listing import columns, every_page
from rustok.cli.params import DISPLAY_NAME, ID, PERMISSION
from rustok.cli.session import tenant_of, with_platform
from rustok.cli.whose import tenant_for, whose, whose_options
from rustok.core.tenancy import context_for
from rustok.platform.identity import api as identity
from rustok.server.platform import Platform

LONGEST_LIFE_DAYS = 3_652

EPILOG = """\b
Examples:
  rustok apikey create --tenant nordlicht --name ERP --permission orders:read \\
      --permission inventory:* --expires-days 365
  rustok apikey list --tenant nordlicht
  rustok apikey revoke --tenant nordlicht 0190b5a4-7c1e-7d3a-9f10-5b2c3d4e5f60

A permission is resource:action, resource:* or *:*."""


class KeyView(msgspec.Struct, frozen=True, kw_only=True):
    """An API key as the command line shows it; `secret` is there only when it was just made."""

    id: UUID
    name: str
    prefix: str
    permissions: list[str]
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime
    secret: str | msgspec.UnsetType = msgspec.UNSET


def view_of(key: identity.ApiKey, *, secret: str | msgspec.UnsetType = msgspec.UNSET) -> KeyView:
    return KeyView(
        id=key.id,
        name=key.name,
        prefix=key.prefix,
        permissions=key.scopes,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
        revoked_at=key.revoked_at,
        created_at=key.created_at,
        secret=secret,
    )


@click.group(epilog=EPILOG)
def apikey() -> None:
    """Make, list and revoke API keys."""


@apikey.command(
    epilog="\b\nExample:\n  rustok apikey create --tenant kante --name Feed --permission nodes:read"
)
@whose_options
@click.option("--name", type=DISPLAY_NAME, required=True, help="What the key is for.")
@click.option(
    "--permission",
    "permissions",
    type=PERMISSION,
    multiple=True,
    required=True,
    help="resource:action; may be repeated.",
)
@click.option(
    "--expires-days",
    type=click.IntRange(1, LONGEST_LIFE_DAYS),
    help="Days until it ends; without, it lives until it is revoked.",
)
@click.pass_obj
def create(
    invocation: Invocation,
    tenant_ref: UUID | str | None,
    of_platform: bool,
    name: str,
    permissions: tuple[str, ...],
    expires_days: int | None,
) -> None:
    """Make a key that belongs to no user and print its secret, this once."""
    ref = whose(tenant_ref, of_platform=of_platform)
    expires_at = None if expires_days is None else datetime.now(UTC) + timedelta(days=expires_days)

    async def work(platform: Platform) -> identity.NewApiKey:
        profile = await tenant_for(platform, ref)
        async with platform.db.write(context_for(profile)) as tx:
            return await identity.create_api_key(
                tx, name=name, scopes=permissions, expires_at=expires_at
            )

    made = with_platform(invocation, work)
    until = "it is revoked" if expires_at is None else f"{expires_at:%Y-%m-%d}"
    invocation.emit(
        view_of(made.key, secret=made.secret),
        lambda: (
            f"Created API key {made.key.name} with id {made.key.id}, good until {until}.\n"
            f"Secret, shown this once: {made.secret}"
        ),
    )


@apikey.command("list")
@whose_options
@click.pass_obj
def list_keys(invocation: Invocation, tenant_ref: UUID | str | None, of_platform: bool) -> None:
    """List all keys of a tenant, revoked ones too, the oldest first."""
    ref = whose(tenant_ref, of_platform=of_platform)

    async def work(platform: Platform) -> list[identity.ApiKey]:
        profile = await tenant_of(platform, ref)
        async with platform.db.read(context_for(profile)) as tx:
            return await every_page(lambda page: identity.list_api_keys(tx, page))

    found = [view_of(one) for one in with_platform(invocation, work)]
    invocation.emit(
        found,
        lambda: columns(
            ("NAME", "PREFIX", "PERMISSIONS", "EXPIRES", "LAST USED", "REVOKED", "ID"),
            [
                (k.name, k.prefix, k.permissions, k.expires_at, k.last_used_at, k.revoked_at, k.id)
                for k in found
            ],
            empty="There is no API key here. Run: rustok apikey create --help",
        ),
    )


@apikey.command()
@click.argument("key_id", type=ID)
@whose_options
@click.pass_obj
def revoke(
    invocation: Invocation, key_id: UUID, tenant_ref: UUID | str | None, of_platform: bool
) -> None:
    """End the key KEY_ID; ended already is no change. Servers know it within 5 seconds."""
    ref = whose(tenant_ref, of_platform=of_platform)

    async def work(platform: Platform) -> None:
        profile = await tenant_of(platform, ref)
        async with platform.db.write(context_for(profile)) as tx:
            await identity.revoke_api_key(tx, key_id)

    with_platform(invocation, work)
    invocation.emit({"revoked": key_id}, lambda: f"Revoked API key {key_id}.")
