"""`rustok keys`: the keys that sign access tokens, listed and replaced; it never shows one."""

from __future__ import annotations

import click

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

Keys are also replaced by age (security.signing_key_days)."""


@click.group(epilog=EPILOG)
def keys() -> None:
    """List and replace the keys that sign access tokens."""


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
