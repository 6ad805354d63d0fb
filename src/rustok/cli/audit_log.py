"""`rustok audit list|verify|export|checkpoint`: reads a tenant's audit log, checks its chain, signs its end.

It changes no record. `verify` exits 1 when anything is found, so that a job can watch it.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import click
import msgspec

from rustok.cli.invocation import EXIT_FAILED, Invocation
from rustok.cli.listing import cell, columns
from rustok.cli.params import ID, MOMENT, TENANT_REF
from rustok.cli.session import TenantUnknown, tenant_of, with_platform
from rustok.core.errors import RustokError
from rustok.platform.audit import api as log
from rustok.server.platform import Platform

PAGE: Final = 1_000
HEADERS: Final = ("NUMBER", "AT", "ACTION", "OUTCOME", "OBJECT", "ACTOR", "ADDRESS", "REASON")


class CheckpointUnreadable(RustokError):
    """A file given with --checkpoint is no checkpoint of an audit log."""

    code = "checkpoint_unreadable"
    title = "This is no checkpoint"
    mend = "Give a file written by rustok audit checkpoint, one JSON document."

    def __init__(self, file: Path) -> None:
        super().__init__(f"{file} holds no checkpoint of an audit log.")


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What `verify` says of one tenant."""

    tenant: str
    verdict: log.Verdict


@click.command(
    "list",
    epilog="\b\nExample:\n  rustok audit list nordlicht --action 'user.*' --since 2h",
)
@click.argument("ref", type=TENANT_REF)
@click.option("--action", help="Such as order.cancelled, or 'order.*'.")
@click.option("--object", "object_id", help="Of the thing with this id.")
@click.option("--actor", type=ID, help="By the user or API key with this id.")
@click.option("--outcome", type=click.Choice(["done", "refused", "failed"]))
@click.option("--since", type=MOMENT, help="From then on: 2026-03-01T12:00:00Z, or 2h for ago.")
@click.option("--until", type=MOMENT, help="Before then; as --since.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@click.pass_obj
def list_records(
    invocation: Invocation,
    ref: UUID | str,
    action: str | None,
    object_id: str | None,
    actor: UUID | None,
    outcome: str | None,
    since: datetime | None,
    until: datetime | None,
    limit: int,
) -> None:
    """List audit records of the tenant REF (slug or id), the newest first."""
    wanted = log.RecordFilter(
        action=action,
        object_id=object_id,
        actor_id=actor,
        outcome=outcome,
        since=since,
        until=until,
    )

    async def work(platform: Platform) -> list[log.Record]:
        tenant = await tenant_of(platform, ref)
        async with platform.db.system("the audit log is listed", write=False) as tx:
            return await log.list_newest(tx, tenant.id, wanted, before=None, limit=limit)

    found = with_platform(invocation, work)
    invocation.emit(
        found,
        lambda: columns(
            HEADERS,
            [
                (
                    one.number,
                    one.occurred_at,
                    one.action,
                    one.outcome,
                    f"{one.object_type}:{one.object_id or '-'}",
                    f"{one.actor_kind}:{one.actor_id or '-'}",
                    one.address,
                    one.reason,
                )
                for one in found
            ],
            empty="No audit records.",
        ),
    )


@click.command(
    epilog="\b\nExamples:\n  rustok audit verify\n"
    "  rustok audit verify nordlicht --checkpoint kept/nordlicht-2026-03.json"
)
@click.argument("ref", type=TENANT_REF, required=False)
@click.option(
    "--checkpoint",
    "files",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A checkpoint kept outside; may be given again.",
)
@click.pass_obj
def verify(invocation: Invocation, ref: UUID | str | None, files: tuple[Path, ...]) -> None:
    """Check the chain of the tenant REF, or of all tenants, record by record.

    Names every record that was changed, removed, inserted or moved. A chain that was cut together
    with its head, or written anew with the key, shows against a checkpoint kept outside only.
    """
    known = [_read(file) for file in files]

    async def work(platform: Platform) -> list[Checked]:
        await log.seal_waiting(platform.parts)
        found: list[Checked] = []
        for tenant_id in await log.list_chains(platform.db):
            slug = await _named(platform, tenant_id)
            if ref not in (None, slug, tenant_id):
                continue
            verdict = await log.verify(
                platform.db,
                platform.parts.sealer,
                tenant_id,
                known=[one for one in known if one.tenant_id == tenant_id],
            )
            found.append(Checked(tenant=slug, verdict=verdict))
        if ref is not None and not found:
            await tenant_of(platform, ref)  # says when there is no such tenant
        return found

    results = with_platform(invocation, work)
    invocation.emit(results, lambda: "\n".join(_lines(results)) or "No chains yet.")
    if any(one.verdict.findings for one in results):
        click.get_current_context().exit(EXIT_FAILED)


async def _named(platform: Platform, tenant_id: UUID) -> str:
    """The slug of a tenant; of an erased one, whose chain stays for its time, the id."""
    try:
        return (await tenant_of(platform, tenant_id)).slug
    except TenantUnknown:
        return str(tenant_id)


def _lines(results: list[Checked]) -> list[str]:
    lines: list[str] = []
    for one in results:
        verdict = one.verdict
        lines.append(
            f"{one.tenant}: records {verdict.first} to {verdict.last}, {verdict.checked:,} checked, "
            f"{verdict.checkpoints} checkpoint(s), {len(verdict.findings)} finding(s)."
        )
        lines += [
            f"  record {found.number}: {found.flaw}: {cell(found.detail)}"
            for found in verdict.findings
        ]
    return lines


@click.command(epilog="\b\nExample:\n  rustok audit checkpoint nordlicht --to kept/nordlicht.json")
@click.argument("ref", type=TENANT_REF)
@click.option(
    "--to", "file", type=click.Path(path_type=Path, dir_okay=False), help="Default: stdout."
)
@click.pass_obj
def checkpoint(invocation: Invocation, ref: UUID | str, file: Path | None) -> None:
    """Sign the newest record of the tenant REF; keep the result outside of this deployment."""

    async def work(platform: Platform) -> log.Checkpoint:
        tenant = await tenant_of(platform, ref)
        await log.seal_waiting(platform.parts)
        async with platform.db.system("the audit log is signed") as tx:
            return await log.checkpoint(platform.parts, tx, tenant.id)

    made = with_platform(invocation, work)
    text = msgspec.json.format(msgspec.json.encode(made), indent=2).decode()
    if file is None:
        click.echo(text)
    else:
        file.write_text(text + "\n", "utf-8")
        invocation.emit(made, lambda: f"Signed record {made.number}; wrote {file}.")


@click.command(
    epilog="\b\nExample:\n  rustok audit export nordlicht --format csv --since 30d > audit.csv"
)
@click.argument("ref", type=TENANT_REF)
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl")
@click.option("--since", type=MOMENT, help="From then on.")
@click.option("--until", type=MOMENT, help="Before then.")
@click.pass_obj
def export(
    invocation: Invocation,
    ref: UUID | str,
    form: str,
    since: datetime | None,
    until: datetime | None,
) -> None:
    """Write the audit records of the tenant REF to stdout, the newest first, without a limit."""

    async def work(platform: Platform) -> int:
        tenant = await tenant_of(platform, ref)
        wanted = log.RecordFilter(since=since, until=until)
        written, before = 0, None
        while True:
            async with platform.db.system("the audit log is exported", write=False) as tx:
                page = await log.list_newest(tx, tenant.id, wanted, before=before, limit=PAGE)
            data = log.as_lines(page) if form == "jsonl" else log.as_csv(page, heading=not written)
            if page or not written:
                sys.stdout.buffer.write(data)
            written += len(page)
            if len(page) < PAGE:
                break
            before = page[-1].number
        async with platform.db.system("an export of the audit log is recorded") as tx:
            log.record_export(tx, tenant.id, records=written, form=form)
        return written

    count = with_platform(invocation, work)
    invocation.note(f"{count:,} record(s).")


def _read(file: Path) -> log.Checkpoint:
    try:
        return msgspec.json.decode(file.read_bytes(), type=log.Checkpoint)
    except msgspec.DecodeError:
        raise CheckpointUnreadable(file) from None
