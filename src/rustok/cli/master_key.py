"""`rustok keys new-master|status|rewrap`: the key that seals secrets at rest, and how to replace it.

It prints no secret but the new key it was asked for.
"""

from __future__ import annotations

import secrets
from typing import Any, Final

import click
import msgspec

from rustok.cli.invocation import EXIT_FAILED, Invocation
from rustok.cli.listing import columns
from rustok.cli.session import with_platform
from rustok.core.db.sealed_columns import count_by_key, rewrap, sealed_columns
from rustok.core.security.sealing import SealBroken
from rustok.platform.audit import api as audit
from rustok.server.platform import Platform

KEY_BYTES: Final = 36


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """What `rewrap` did to one column; `broken` counts secrets whose key is not there."""

    column: str
    seen: int
    moved: int
    broken: str | None = None


class UnderKeys(msgspec.Struct, frozen=True, kw_only=True):
    """Secrets of one column by key id."""

    column: str
    keys: dict[str, int]
    waiting: int


@click.command("new-master")
@click.pass_obj
def new_master(invocation: Invocation) -> None:
    """Print a new random key; nothing is changed."""
    key = secrets.token_urlsafe(KEY_BYTES)
    invocation.emit({"key": key}, lambda: key)


@click.command()
@click.pass_obj
def status(invocation: Invocation) -> None:
    """Tell which keys the stored secrets are under; exit 1 when some wait to be rewrapped."""

    async def work(platform: Platform) -> list[UnderKeys]:
        active = platform.parts.sealer.active_kid
        found: list[UnderKeys] = []
        async with platform.db.system("keys of sealed secrets", write=False) as tx:
            for table, column in sealed_columns():
                counts = await count_by_key(tx, table, column)
                waiting = sum(count for kid, count in counts.items() if kid != active)
                found.append(UnderKeys(column=f"{table}.{column}", keys=counts, waiting=waiting))
        return found

    found = with_platform(invocation, work)
    invocation.emit(
        found,
        lambda: columns(
            ("COLUMN", "SECRETS", "WAITING"),
            [(one.column, sum(one.keys.values()), one.waiting) for one in found],
            empty="Nothing is sealed.",
        ),
    )
    if any(one.waiting for one in found):
        click.get_current_context().exit(EXIT_FAILED)


@click.command("rewrap")
@click.pass_obj
def rewrap_all(invocation: Invocation) -> None:
    """Bring all stored secrets under the master key of the settings.

    In portions of 200, each a transaction of its own, on a running platform too. Stopped, it can be
    started again: what is done is skipped.
    """

    async def work(platform: Platform) -> list[Moved]:
        # Audit entries on their way into the chain carry digests by the key before.
        await audit.seal_waiting(platform.parts)
        return [
            await _rewrap_column(invocation, platform, table, column)
            for table, column in sealed_columns()
        ]

    found = with_platform(invocation, work)
    invocation.emit(
        found,
        lambda: columns(
            ("COLUMN", "SECRETS", "MOVED", "PROBLEM"),
            [(one.column, one.seen, one.moved, one.broken) for one in found],
            empty="Nothing is sealed.",
        ),
    )
    if any(one.broken for one in found):
        click.get_current_context().exit(EXIT_FAILED)


async def _rewrap_column(
    invocation: Invocation, platform: Platform, table: str, column: str
) -> Moved:
    seen = moved = 0
    after: tuple[Any, ...] | None = None
    name = f"{table}.{column}"
    while True:
        try:
            async with platform.db.system("secrets are brought under another key") as tx:
                done = await rewrap(tx, platform.parts.sealer, table, column, after=after)
        except SealBroken as error:
            return Moved(column=name, seen=seen, moved=moved, broken=error.detail)
        seen, moved, after = seen + done.seen, moved + done.moved, done.after
        if after is None:
            if moved:
                invocation.note(f"{name}: {moved} of {seen} moved")
            return Moved(column=name, seen=seen, moved=moved)
