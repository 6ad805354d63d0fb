"""`rustok export`: writes everything one tenant has into a ZIP file of JSON lines.

It leaves secrets out (password hashes, digests, tokens), and read models, which can be built anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import click
import msgspec

import rustok
from rustok.cli.archive import Archive, target_options
from rustok.cli.invocation import Invocation
from rustok.cli.params import TENANT_REF
from rustok.cli.session import tenant_of, with_platform
from rustok.core.db import SystemTx
from rustok.core.db.tenant_rows import (
    TenantTable,
    exported_tables,
    hold_still,
    left_out,
    read_table,
)
from rustok.core.tenancy import TenantProfile
from rustok.server import migrations
from rustok.server.platform import Platform

FORMAT: Final = "rustok-export"
FORMAT_VERSION: Final = 1
PAGE_ROWS: Final = 1_000
NOTE_EVERY_ROWS: Final = 50_000

EPILOG = """\b
Example:
  rustok export tenant nordlicht --to nordlicht.zip

The file holds personal data: only its owner may read it, and so should you keep it."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What an export holds.

    Attributes:
        revision: of the database schema the rows are of.
        tables: rows by table, in an order in which rows refer only to earlier ones.
        left_out: `table` or `table.column`, with the reason.
    """

    format: str
    format_version: int
    rustok_version: str
    revision: str | None
    exported_at: datetime
    tenant: dict[str, str]
    tables: dict[str, int]
    media_files: int
    media_size_bytes: int
    left_out: dict[str, str]


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """What was written and where."""

    file: str
    size_bytes: int
    rows: int
    tables: dict[str, int]
    media_files: int


@click.group()
def export() -> None:
    """Write a tenant's data to a file."""


@export.command(epilog=EPILOG)
@click.argument("ref", type=TENANT_REF)
@target_options("The ZIP file to write.")
@click.option("--no-media", is_flag=True, help="Leave uploaded files out, their rows stay in.")
@click.pass_obj
def tenant(
    invocation: Invocation, ref: UUID | str, file: Path, overwrite: bool, no_media: bool
) -> None:
    """Write everything of the tenant REF (slug or id) into one ZIP file of JSON lines.

    All rows are of one moment, on a running platform too. The file appears when it is complete.
    """
    archive = Archive(file, overwrite=overwrite)

    async def work(platform: Platform) -> Manifest:
        profile = await tenant_of(platform, ref)
        revision = await migrations.current(platform.settings)
        with archive:
            return await write_export(
                invocation, platform, profile, archive, revision, with_media=not no_media
            )

    manifest = with_platform(invocation, work)
    result = Exported(
        file=str(file),
        size_bytes=file.stat().st_size,
        rows=sum(manifest.tables.values()),
        tables=manifest.tables,
        media_files=manifest.media_files,
    )
    invocation.emit(
        result,
        lambda: (
            f"Wrote {result.rows:,} row(s) and {result.media_files:,} file(s) to {file} "
            f"({result.size_bytes:,} bytes)."
        ),
    )


async def write_export(
    invocation: Invocation,
    platform: Platform,
    profile: TenantProfile,
    archive: Archive,
    revision: str | None,
    *,
    with_media: bool,
) -> Manifest:
    """Fill `archive` with the tables, the media and, last, the manifest."""
    tables: dict[str, int] = {}
    async with platform.db.system("a tenant is exported", write=False) as tx:
        await hold_still(tx)
        exported_at = datetime.now(UTC)
        for table in exported_tables():
            tables[table.name] = await _write_table(invocation, tx, archive, profile.id, table)
    files = size_bytes = 0
    folder = platform.settings.media.root / str(profile.id)
    for path in _files_of(folder) if with_media else ():
        try:
            size = path.stat().st_size
            archive.add_file(f"media/{path.relative_to(folder).as_posix()}", path)
        except FileNotFoundError:  # deleted since the rows were read
            continue
        files, size_bytes = files + 1, size_bytes + size
    if files:
        invocation.note(f"media: {files:,} file(s)")
    manifest = Manifest(
        format=FORMAT,
        format_version=FORMAT_VERSION,
        rustok_version=rustok.__version__,
        revision=revision,
        exported_at=exported_at,
        tenant={"id": str(profile.id), "slug": profile.slug, "name": profile.name},
        tables=tables,
        media_files=files,
        media_size_bytes=size_bytes,
        left_out=left_out() | ({} if with_media else {"media/": "--no-media was said"}),
    )
    archive.add_json("manifest.json", manifest)
    return manifest


async def _write_table(
    invocation: Invocation, tx: SystemTx, archive: Archive, tenant_id: UUID, table: TenantTable
) -> int:
    rows = noted = 0
    with archive.lines(f"tables/{table.name}.jsonl") as lines:
        async for page in read_table(tx, table, tenant_id, page=PAGE_ROWS):
            lines.write(page)
            rows += len(page)
            if rows - noted >= NOTE_EVERY_ROWS:
                noted = rows
                invocation.note(f"{table.name}: {rows:,} row(s) so far")
    if rows:
        invocation.note(f"{table.name}: {rows:,} row(s)")
    return rows


def _files_of(folder: Path) -> Iterator[Path]:
    """Uploaded files in a fixed order; drafts and links are none."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
            yield path
