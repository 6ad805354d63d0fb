"""`rustok keys`: the keys that sign access tokens and the one that seals secrets, listed and replaced."""

from __future__ import annotations

import click

from rustok.cli import master_key
from rustok.cli.invocation import Invocation
from rustok.cli.listing import columns
from rustok.cli.session import with_platform
from rustok.platform.identity import api as identity
from rustok.server.platform import Platform

EPILOG = """\b
Examples:
  rustok keys list
  rustok keys rotate
  rustok keys rotate --end-old     after a key has leaked: everybody refreshes

Keys that sign are also replaced by age (security.signing_key_days).

\b
The master key, which seals secrets at rest, is replaced in four steps:
  1. rustok keys new-master
  2. set security.master_key to it and security.previous_master_key to the one before
     (security.secret_key stays and still opens), restart
  3. rustok keys rewrap     goes on where it was when it is started again
  4. rustok keys status     when nothing waits: remove previous_master_key, restart"""


@click.group(epilog=EPILOG)
def keys() -> None:
    """Replace the keys that sign access tokens, and the one that seals secrets."""


for command in (master_key.new_master, master_key.status, master_key.rewrap_all):
    keys.add_command(command)


@keys.command("list")
@click.pass_obj
def list_keys(invocation: Invocation) -> None:
    """List the keys that sign or still verify, the newest first."""

    async def work(platform: Platform) -> list[identity.SigningKeyState]:
        return await identity.list_signing_keys(platform.parts)

    found = with_platform(invocation, work)
    invocation.emit(
        found,
        lambda: columns(
            ("KEY", "SIGNS", "MADE", "VERIFIES UNTIL"),
            [
                (k.kid, "yes" if k.is_active else "no", k.created_at, k.verifies_until)
                for k in found
            ],
            empty="There is no key yet; the first sign-in makes one.",
        ),
    )


@keys.command()
@click.option(
    "--end-old", is_flag=True, help="Old keys verify nothing any more: all access tokens end."
)
@click.pass_obj
def rotate(invocation: Invocation, *, end_old: bool) -> None:
    """Make a new key. Old ones verify until the last token they signed has expired."""

    async def work(platform: Platform) -> str:
        return await identity.rotate_signing_keys(platform.parts, keep_old=not end_old)

    kid = with_platform(invocation, work)
    invocation.emit(
        {"active": kid, "old_ended": end_old},
        lambda: (
            f"Key {kid} signs from now on; servers know it within a minute. "
            + (
                "Older keys are ended."
                if end_old
                else "Older keys verify until their tokens expire."
            )
        ),
    )
