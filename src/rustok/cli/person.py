"""`rustok user export|erase`: all that is kept about one person, and taking it away for good.

It asks before it erases, and keeps what accounting needs.
"""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

import click
import msgspec

from rustok.cli.invocation import Invocation
from rustok.cli.params import EMAIL, TENANT_REF
from rustok.cli.session import tenant_of, with_platform
from rustok.core.tenancy import context_for
from rustok.platform.identity import api as identity
from rustok.server.platform import Platform


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What was written or erased, rows by table."""

    email: str
    user_id: UUID | None
    tables: dict[str, int]


@click.command(
    "export", epilog="\b\nExample:\n  rustok user export --tenant acme a@example.com --to a.json"
)
@click.argument("email", type=EMAIL)
@click.option("--tenant", "ref", type=TENANT_REF, required=True, help="Slug or id.")
@click.option(
    "--to", "file", type=click.Path(path_type=Path, dir_okay=False), required=True, help="JSON."
)
@click.pass_obj
def export_person(invocation: Invocation, email: str, ref: UUID | str, file: Path) -> None:
    """Write all that a tenant keeps about the person with this e-mail address, guests too.

    Secrets (password hashes, tokens) are left out. Only its owner may read the file.
    """

    async def work(platform: Platform) -> Written:
        tenant = await tenant_of(platform, ref)
        async with platform.db.write(context_for(tenant)) as tx:
            found = await identity.export_person(tx, email)
        _write(file, found)
        counts = {table: len(rows) for table, rows in found.tables.items()}
        return Written(email=email, user_id=found.user_id, tables=counts)

    done = with_platform(invocation, work)
    invocation.emit(done, lambda: f"Wrote {sum(done.tables.values())} row(s) to {file}.")


def _write(file: Path, value: identity.PersonalData) -> None:
    data = msgspec.json.format(msgspec.json.encode(value), indent=2)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(data)


@click.command(
    "erase", epilog="\b\nExample:\n  rustok user erase --tenant acme a@example.com --yes"
)
@click.argument("email", type=EMAIL)
@click.option("--tenant", "ref", type=TENANT_REF, required=True, help="Slug or id.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def erase_person(invocation: Invocation, email: str, ref: UUID | str, yes: bool) -> None:
    """Take away all that a tenant keeps about the customer or guest with this e-mail address.

    Orders stay without name, street and e-mail; comments stay without their author. All in one
    transaction, recorded in the audit log. Staff accounts are deleted by `DELETE /admin/users`.
    """
    if not yes:
        click.confirm("This cannot be undone. Erase?", abort=True)

    async def work(platform: Platform) -> Written:
        tenant = await tenant_of(platform, ref)
        async with platform.db.write(context_for(tenant)) as tx:
            done = await identity.erase_person(tx, email)
        return Written(email=email, user_id=done.user_id, tables=done.tables)

    done = with_platform(invocation, work)
    invocation.emit(done, lambda: f"Erased or redacted {sum(done.tables.values())} row(s).")
