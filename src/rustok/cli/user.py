"""`rustok user`: makes staff accounts, lists users, locks them out and gives new passwords.

It never takes a password as an argument, where other users of the machine could read it.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final, Literal, TypeVar, cast
from uuid import UUID

import click
import msgspec

from rustok.cli import person
from rustok.cli.invocation import Invocation
from rustok.cli.listing import columns, every_page
from rustok.cli.params import DISPLAY_NAME, EMAIL
from rustok.cli.session import tenant_of, with_platform
from rustok.cli.whose import tenant_for, whose, whose_options
from rustok.core.db import ReadTx, WriteTx
from rustok.core.errors import NotFound
from rustok.core.ids import InvalidId, parse_id
from rustok.core.invalid_value import InvalidValue
from rustok.core.pagination import PageRequest
from rustok.core.security.passwords import check_password_policy
from rustok.core.tenancy import context_for
from rustok.platform.identity import api as identity
from rustok.server.platform import Platform

F = TypeVar("F", bound=Callable[..., Any])
UserKind = Literal["staff", "customer"]

GENERATED_BYTES: Final = 18
MAX_PASSWORD_LINE: Final = 1_024

EPILOG = """\b
Examples:
  rustok user create --tenant nordlicht --email ada@example.com --role admin
  rustok user create --platform --email ops@example.com --generate
  pass show rustok | rustok user reset-password --tenant kante ada@example.com --password-stdin

Without --role a user of a tenant becomes admin, one of the platform super_admin."""


class UserView(msgspec.Struct, frozen=True, kw_only=True):
    """A user as the command line shows one; `password` is there only when it was generated."""

    id: UUID
    email: str
    kind: str
    display_name: str
    roles: list[str]
    is_disabled: bool
    created_at: datetime
    password: str | msgspec.UnsetType = msgspec.UNSET


class UserUnknown(NotFound):
    """The tenant has no user with the e-mail address or id given on the command line."""

    code = "user_unknown"
    title = "There is no such user"
    mend = "Run rustok user list for the same tenant; customers are found with --kind customer."

    def __init__(self) -> None:
        super().__init__("The tenant has no user of this kind with this e-mail address or id.")


def view_of(user: identity.User, *, password: str | None = None) -> UserView:
    return UserView(
        id=user.id,
        email=user.email,
        kind=user.kind,
        display_name=user.display_name,
        roles=user.roles,
        is_disabled=user.is_disabled,
        created_at=user.created_at,
        password=msgspec.UNSET if password is None else password,
    )


def password_options(command: F) -> F:
    """Add the ways to give a password; without one of them it is asked for."""
    stdin = click.option(
        "--password-stdin", "from_stdin", is_flag=True, help="Read it from the first line of stdin."
    )
    generate = click.option("--generate", is_flag=True, help="Make one and print it once.")
    return stdin(generate(command))


def chosen_password(*, from_stdin: bool, generate: bool) -> str:
    """The password of the way chosen, checked against the policy.

    Raises:
        click.UsageError: two ways, no terminal to ask on, or a weak password.
    """
    if from_stdin and generate:
        raise click.UsageError("Say --password-stdin or --generate, not both.")
    if generate:
        return secrets.token_urlsafe(GENERATED_BYTES)
    if from_stdin:
        password = sys.stdin.readline(MAX_PASSWORD_LINE).rstrip("\r\n")
    elif sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        raise click.UsageError(
            "No password: there is no terminal to ask on. Say --password-stdin or --generate."
        )
    try:
        return check_password_policy(password, pointer="password")
    except InvalidValue as error:
        raise click.UsageError(error.fields[0].message) from None


@click.group(epilog=EPILOG)
def user() -> None:
    """Make staff accounts, list users, disable them and reset passwords."""


user.add_command(person.export_person)
user.add_command(person.erase_person)


@user.command(
    epilog="\b\nExample:\n  rustok user create --tenant kante --email max@example.com --role editor"
)
@whose_options
@click.option("--email", type=EMAIL, required=True, help="What the user signs in with.")
@click.option("--name", type=DISPLAY_NAME, help="Shown to others; default: made from the e-mail.")
@click.option("--role", "roles", multiple=True, help="Role slug; may be repeated.")
@password_options
@click.pass_obj
def create(
    invocation: Invocation,
    tenant_ref: UUID | str | None,
    of_platform: bool,
    email: str,
    name: str | None,
    roles: tuple[str, ...],
    from_stdin: bool,
    generate: bool,
) -> None:
    """Make a staff member of a tenant, or with --platform of the platform itself."""
    ref = whose(tenant_ref, of_platform=of_platform)
    password = chosen_password(from_stdin=from_stdin, generate=generate)

    async def work(platform: Platform) -> identity.User:
        return await identity.create_first_admin(
            platform.parts,
            await tenant_for(platform, ref),
            email=email,
            password=password,
            display_name=name or email.partition("@")[0],
            roles=roles or None,
        )

    made = with_platform(invocation, work)
    _emit(invocation, made, "Created", password if generate else None)


@user.command("list")
@whose_options
@click.option("--kind", type=click.Choice(["staff", "customer"]), default="staff")
@click.option("--email", type=EMAIL, help="Only the one with this address.")
@click.pass_obj
def list_users(
    invocation: Invocation,
    tenant_ref: UUID | str | None,
    of_platform: bool,
    kind: str,
    email: str | None,
) -> None:
    """List the users of a tenant, the oldest first."""
    ref = whose(tenant_ref, of_platform=of_platform)
    of_kind = cast(UserKind, kind)

    async def work(platform: Platform) -> list[identity.User]:
        profile = await tenant_of(platform, ref)
        async with platform.db.read(context_for(profile)) as tx:
            return await every_page(
                lambda page: identity.list_users(tx, page, kind=of_kind, email=email)
            )

    found = [view_of(one) for one in with_platform(invocation, work)]
    invocation.emit(
        found,
        lambda: columns(
            ("EMAIL", "NAME", "ROLES", "DISABLED", "SINCE", "ID"),
            [(u.email, u.display_name, u.roles, u.is_disabled, u.created_at, u.id) for u in found],
            empty=f"There is no {kind} here.",
        ),
    )


@user.command()
@click.argument("who", metavar="EMAIL|ID")
@whose_options
@click.option("--kind", type=click.Choice(["staff", "customer"]), default="staff")
@click.pass_obj
def disable(
    invocation: Invocation,
    who: str,
    tenant_ref: UUID | str | None,
    of_platform: bool,
    kind: str,
) -> None:
    """Lock a user out: sessions end at once, API keys of theirs stop working."""
    ref, of_kind = whose(tenant_ref, of_platform=of_platform), cast(UserKind, kind)
    changed = _in_user(
        invocation,
        ref,
        who,
        of_kind,
        lambda tx, user_id: identity.disable_user(tx, user_id, kind=of_kind),
    )
    _emit(invocation, changed, "Disabled")


@user.command()
@click.argument("who", metavar="EMAIL|ID")
@whose_options
@click.option("--kind", type=click.Choice(["staff", "customer"]), default="staff")
@click.pass_obj
def enable(
    invocation: Invocation,
    who: str,
    tenant_ref: UUID | str | None,
    of_platform: bool,
    kind: str,
) -> None:
    """Let a disabled user in again."""
    ref, of_kind = whose(tenant_ref, of_platform=of_platform), cast(UserKind, kind)
    changed = _in_user(
        invocation,
        ref,
        who,
        of_kind,
        lambda tx, user_id: identity.enable_user(tx, user_id, kind=of_kind),
    )
    _emit(invocation, changed, "Enabled")


@user.command("reset-password")
@click.argument("who", metavar="EMAIL|ID")
@whose_options
@password_options
@click.pass_obj
def reset_password(
    invocation: Invocation,
    who: str,
    tenant_ref: UUID | str | None,
    of_platform: bool,
    from_stdin: bool,
    generate: bool,
) -> None:
    """Give a staff member a new password; all their sessions end."""
    ref = whose(tenant_ref, of_platform=of_platform)
    _checked_name(who)
    password = chosen_password(from_stdin=from_stdin, generate=generate)

    async def work(platform: Platform) -> identity.User:
        ctx = context_for(await tenant_of(platform, ref))
        async with platform.db.read(ctx) as tx:
            user_id = await _find(tx, who, "staff")
        return await identity.reset_password(platform.parts, ctx, user_id, new_password=password)

    changed = with_platform(invocation, work)
    _emit(invocation, changed, "Gave a new password to", password if generate else None)


def _in_user(
    invocation: Invocation,
    ref: UUID | str,
    who: str,
    kind: UserKind,
    change: Callable[[WriteTx, UUID], Awaitable[identity.User]],
) -> identity.User:
    _checked_name(who)

    async def work(platform: Platform) -> identity.User:
        profile = await tenant_of(platform, ref)
        async with platform.db.write(context_for(profile)) as tx:
            return await change(tx, await _find(tx, who, kind))

    return with_platform(invocation, work)


def _checked_name(who: str) -> None:
    """Raises click.BadParameter: neither an e-mail address nor an id."""
    try:
        EMAIL.convert(who, None, None) if "@" in who else parse_id(who, pointer="user")
    except InvalidId:
        raise click.BadParameter("a user is named by e-mail address or id.") from None


async def _find(tx: ReadTx, who: str, kind: UserKind) -> UUID:
    if "@" in who:
        page = await identity.list_users(tx, PageRequest(limit=1), kind=kind, email=who)
        if not page.items:
            raise UserUnknown
        return page.items[0].id
    try:
        return (await identity.get_user(tx, parse_id(who, pointer="user"), kind=kind)).id
    except identity.UserNotFound:
        raise UserUnknown from None


def _emit(
    invocation: Invocation, found: identity.User, verb: str, password: str | None = None
) -> None:
    roles = f" ({', '.join(found.roles)})" if found.roles else ""
    shown = "" if password is None else f"\nPassword, shown this once: {password}"
    invocation.emit(
        view_of(found, password=password),
        lambda: f"{verb} {found.email}{roles}, id {found.id}.{shown}",
    )
