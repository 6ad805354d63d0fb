"""`rustok tenant backup`: one tenant whole, secrets as they are stored, in one file for `rustok tenant restore`.

It opens no seal. What is for reading by others is `rustok export`.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final
from uuid import UUID

import click
import msgspec

import rustok
from rustok.cli.archive import Archive, target_options
from rustok.cli.backup_file import (
    AUDIT_KEYS,
    FORMAT,
    FORMAT_VERSION,
    MANIFEST,
    MEDIA_LIST,
    PURPOSE,
    SIGNATURE,
    Manifest,
    Member,
    Signature,
    StoredFile,
    media_member,
    table_member,
)
from rustok.cli.invocation import Invocation
from rustok.cli.params import TENANT_REF
from rustok.cli.session import tenant_of, with_platform
from rustok.content.media import api as media
from rustok.core.db import SystemTx
from rustok.core.db.backup_rows import backed_up_tables, keys_named, not_backed_up, read_rows
from rustok.core.db.tenant_rows import hold_still
from rustok.core.security.sealing import kid_of
from rustok.core.storage.port import StoredFileMissing
from rustok.core.tenancy import PLATFORM_TENANT_ID, TenantProfile, context_for
from rustok.platform.audit import api as audit
from rustok.server import migrations
from rustok.server.platform import Platform

NOTE_EVERY_ROWS: Final = 50_000
NOTE_EVERY_FILES: Final = 1_000
_CHAINED: Final = frozenset({"audit_records", "audit_heads", "audit_checkpoints"})

EPILOG = """\b
Example:
  rustok tenant backup nordlicht --to nordlicht.backup

The file holds personal data, password hashes and sealed secrets: only its owner may read it. It can
be restored only where the same master key is set, so keep that key, apart from the file."""


class BackedUp(msgspec.Struct, frozen=True, kw_only=True):
    """What was written and where."""

    file: str
    size_bytes: int
    rows: int
    media_files: int
    media_missing: int
    taken_at: datetime


class _Seen:
    """What the rows tell on their way into the file."""

    def __init__(self, named_files: IO[bytes]) -> None:
        self.members: dict[str, Member] = {}
        self.kids: set[str] = set()
        self.chain_kids: set[str] = set()
        self.chain = (0, "")
        self.named_files = named_files

    def take(self, table: str, rows: list[dict[str, object]]) -> None:
        self.kids |= keys_named(table, rows)
        if table in _CHAINED:
            self.chain_kids |= {str(row["kid"]) for row in rows}
        if table == "audit_heads":
            for row in rows:
                self.chain = (int(str(row["number"])), str(row["hash"]))
        if table == "media":
            names = [str(row["stored_as"]) for row in rows if row["stored_as"] is not None]
            self.named_files.writelines(f"{name}\n".encode() for name in names)


@click.command(epilog=EPILOG)
@click.argument("ref", type=TENANT_REF)
@target_options("The file to write.")
@click.pass_obj
def backup(invocation: Invocation, ref: UUID | str, file: Path, overwrite: bool) -> None:
    """Write the tenant REF (slug or id) whole into one file, to be restored from.

    All rows are of one moment, on a running platform too. The file appears when it is complete.
    """
    if ref == PLATFORM_TENANT_ID:
        raise click.UsageError("The platform's own tenant goes with the database; back that up.")
    archive = Archive(file, overwrite=overwrite)

    async def work(platform: Platform) -> Manifest:
        profile = await tenant_of(platform, ref)
        revision = await migrations.current(platform.settings)
        with archive:
            manifest = await write_backup(invocation, platform, profile, archive, revision or "")
        async with platform.db.write(context_for(profile)) as tx:
            tx.audit(
                "tenant.backed_up",
                object_type="tenant",
                object_id=profile.id,
                after={"rows": manifest.rows, "media_files": manifest.media_files},
            )
        return manifest

    manifest = with_platform(invocation, work)
    result = BackedUp(
        file=str(file),
        size_bytes=file.stat().st_size,
        rows=manifest.rows,
        media_files=manifest.media_files,
        media_missing=manifest.media_missing,
        taken_at=manifest.taken_at,
    )
    invocation.emit(
        result,
        lambda: (
            f"Wrote {result.rows:,} row(s) and {result.media_files:,} file(s) to {file} "
            f"({result.size_bytes:,} bytes)."
        ),
    )


async def write_backup(
    invocation: Invocation,
    platform: Platform,
    profile: TenantProfile,
    archive: Archive,
    revision: str,
) -> Manifest:
    """Fill `archive` with the tables, the keys of the chain, the media and, last, the signed manifest."""
    await audit.seal_waiting(platform.parts)
    with tempfile.TemporaryFile() as named_files:
        seen = _Seen(named_files)
        async with platform.db.system("a tenant is backed up", write=False) as tx:
            await hold_still(tx)
            taken_at = datetime.now(UTC)
            for table in backed_up_tables():
                await _write_table(invocation, tx, archive, profile.id, table.name, seen)
            _write_keys(archive, await audit.keys_named(tx, seen.chain_kids), seen)
        named_files.seek(0)
        files = await _write_media(invocation, platform, archive, profile.id, seen)
    manifest = Manifest(
        format=FORMAT,
        format_version=FORMAT_VERSION,
        rustok_version=rustok.__version__,
        revision=revision,
        taken_at=taken_at,
        tenant_id=profile.id,
        tenant_slug=profile.slug,
        tenant_name=profile.name,
        members=seen.members,
        media_files=files[0],
        media_size_bytes=files[1],
        media_missing=files[2],
        kids=sorted(seen.kids),
        chain_number=seen.chain[0],
        chain_hash=seen.chain[1],
        left_out=not_backed_up(),
    )
    written = archive.add_json(MANIFEST, manifest)
    kid, tag = platform.parts.sealer.tag(written, purpose=PURPOSE)
    archive.add_json(SIGNATURE, Signature(kid=kid, tag=tag))
    return manifest


async def _write_table(
    invocation: Invocation,
    tx: SystemTx,
    archive: Archive,
    tenant_id: UUID,
    table: str,
    seen: _Seen,
) -> None:
    noted = 0
    name = table_member(table)
    with archive.lines(name) as lines:
        async for page in read_rows(tx, table, tenant_id):
            lines.write(page)
            seen.take(table, page)
            if lines.lines - noted >= NOTE_EVERY_ROWS:
                noted = lines.lines
                invocation.note(f"{table}: {noted:,} row(s) so far")
    seen.members[name] = Member(lines=lines.lines, size_bytes=lines.size_bytes, sha256=lines.sha256)
    if lines.lines:
        invocation.note(f"{table}: {lines.lines:,} row(s)")


def _write_keys(archive: Archive, keys: list[audit.SealedKey], seen: _Seen) -> None:
    with archive.lines(AUDIT_KEYS) as lines:
        lines.write(keys)
    seen.members[AUDIT_KEYS] = Member(
        lines=lines.lines, size_bytes=lines.size_bytes, sha256=lines.sha256
    )
    seen.kids |= {kid_of(one.sealed_seed) for one in keys}


async def _write_media(
    invocation: Invocation, platform: Platform, archive: Archive, tenant_id: UUID, seen: _Seen
) -> tuple[int, int, int]:
    """Copy the files that media rows name; how many, their bytes, and how many are not there."""
    files = size_bytes = missing = 0
    with tempfile.TemporaryFile() as kept:
        for stored_as in _names(seen.named_files):
            try:
                content = await platform.parts.storage.get(media.key_of(tenant_id, stored_as))
            except StoredFileMissing:
                missing += 1
                invocation.note(f"Warning: {stored_as} is named by a row and is not there")
                continue
            archive.add_stored(media_member(stored_as), content)
            one = StoredFile(
                stored_as=stored_as,
                size_bytes=len(content),
                sha256=hashlib.sha256(content).hexdigest(),
            )
            kept.write(msgspec.json.encode(one) + b"\n")
            files, size_bytes = files + 1, size_bytes + len(content)
            if files % NOTE_EVERY_FILES == 0:
                invocation.note(f"media: {files:,} file(s) so far")
        kept.seek(0)
        with archive.lines(MEDIA_LIST) as lines:
            for line in kept:
                lines.write([msgspec.Raw(line.rstrip(b"\n"))])
    seen.members[MEDIA_LIST] = Member(
        lines=lines.lines, size_bytes=lines.size_bytes, sha256=lines.sha256
    )
    if files:
        invocation.note(f"media: {files:,} file(s)")
    return files, size_bytes, missing


def _names(named_files: IO[bytes]) -> Iterator[str]:
    for line in named_files:
        yield line.decode().rstrip("\n")
