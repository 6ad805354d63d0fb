"""`rustok tenant restore`: puts a tenant back from a backup, whole or not at all.

Everything is verified before anything is written; the rows go in one transaction, with the event and
the audit entry that say so. Refuses: another schema, a missing key, a tenant that is there unless
told, and to take back what has happened (see `KEPT_IN_PLACE`).
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Set
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

import click
import msgspec

from rustok.cli.backup_file import (
    AUDIT_KEYS,
    BackupDamaged,
    BackupFile,
    Manifest,
    table_member,
)
from rustok.cli.invocation import Invocation
from rustok.cli.params import SLUG
from rustok.cli.session import with_platform
from rustok.content.media import api as media
from rustok.core.db import SystemTx
from rustok.core.db.backup_rows import (
    KEPT_IN_PLACE,
    LineBroken,
    backed_up_tables,
    put_rows,
    remove_rows,
)
from rustok.core.db.erased_rows import KEPT
from rustok.core.db.errors import CheckViolation, ForeignKeyViolation, UniqueViolation
from rustok.core.errors import Conflict, RustokError
from rustok.core.tenancy import TenantProfile
from rustok.platform.audit import api as audit
from rustok.platform.tenants import api as tenants
from rustok.server import migrations
from rustok.server.platform import Platform

NOTE_EVERY_ROWS: Final = 50_000

EPILOG = """\b
Examples:
  rustok tenant restore nordlicht.backup
  rustok tenant restore nordlicht.backup --slug nordlicht-2
  rustok tenant restore nordlicht.backup --in-place

Read models are built by the running server, or by: rustok index rebuild --tenant SLUG"""


class BackupOfOtherRevision(RustokError):
    """The rows are of another schema than the database has."""

    code = "backup_of_other_revision"
    title = "The backup is of another schema"
    status = 422
    mend = "Restore it with the version of RusToK that wrote it, then upgrade."

    def __init__(self, manifest: Manifest, current: str | None) -> None:
        super().__init__(
            f"The backup is of revision {manifest.revision} (RusToK {manifest.rustok_version}), "
            f"the database is at {current or 'none'}."
        )


class TenantThere(Conflict):
    """The tenant, its slug or a host name of it is in use."""

    code = "tenant_there"
    title = "What the backup would bring is there already"
    mend = (
        "Nothing was changed. With --in-place the tenant itself is set back, with --slug it gets "
        "another slug; a host name has to be removed from the other tenant first."
    )

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is there already.")


class TenantServing(Conflict):
    """A tenant is set back only while nobody can change it."""

    code = "tenant_serving"
    title = "The tenant is being served"
    mend = "Nothing was changed. Suspend it first: rustok tenant suspend SLUG --reason …"

    def __init__(self, slug: str) -> None:
        super().__init__(f"The tenant '{slug}' is active, so its rows may change meanwhile.")


class HistoryDiffers(Conflict):
    """The audit log of the tenant that is there does not go on from that of the backup."""

    code = "history_differs"
    title = "The backup is no earlier state of this tenant"
    mend = "Nothing was changed. Restore it into another database."

    def __init__(self, number: int) -> None:
        super().__init__(
            f"Record {number} of the audit log, the last one in the backup, is not in the database."
        )


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What was put back."""

    tenant_id: UUID
    slug: str
    rows: int
    removed: int
    media_files: int
    taken_at: datetime
    in_place: bool


@click.command(epilog=EPILOG)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--slug", type=SLUG, help="Another slug than it had.")
@click.option(
    "--in-place", is_flag=True, help="Set a suspended tenant back that is there. Asks, see --yes."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def restore(
    invocation: Invocation, file: Path, slug: str | None, in_place: bool, yes: bool
) -> None:
    """Put a tenant back from FILE, written by `rustok tenant backup`, here or on another machine.

    It keeps its id. Into SQLite or PostgreSQL, whichever it came from. Stopped with Ctrl-C it leaves
    nothing behind. With --in-place the audit log, events and what was mailed stay as they are.
    """
    if in_place and not yes:
        click.confirm("What the tenant did since the backup will be gone. Set it back?", abort=True)

    async def work(platform: Platform) -> Restored:
        with BackupFile(file) as archive:
            return await read_backup(invocation, platform, archive, slug=slug, in_place=in_place)

    done = with_platform(invocation, work)
    invocation.emit(
        done,
        lambda: (
            f"Restored {done.slug} ({done.tenant_id}) as of {done.taken_at:%Y-%m-%d %H:%M:%S} UTC: "
            f"{done.rows:,} row(s), {done.media_files:,} file(s)."
        ),
    )


async def read_backup(
    invocation: Invocation,
    platform: Platform,
    archive: BackupFile,
    *,
    slug: str | None = None,
    in_place: bool = False,
) -> Restored:
    """Verify `archive` and put its tenant into the database of `platform`.

    Raises:
        BackupDamaged, BackupKeyMissing, BackupOfOtherRevision: the file does not fit.
        TenantThere, TenantServing, HistoryDiffers: what is there forbids it.

    Emits: tenant.restored
    """
    manifest = archive.manifest
    archive.check_keys(platform.parts.sealer)
    current = await migrations.current(platform.settings)
    if manifest.revision != current:
        raise BackupOfOtherRevision(manifest, current)
    missing = {table_member(one.name) for one in backed_up_tables()} - set(manifest.members)
    if missing:
        raise BackupDamaged(f"{min(missing)} is missing")
    wanted = slug or manifest.tenant_slug
    met = await _meet(platform, archive, wanted, may_be_there=in_place)
    in_place = met.is_there
    archive.verify(lambda _name, _done: None)
    invocation.note(f"Verified {manifest.rows:,} row(s) and {manifest.media_files:,} file(s).")
    async with _media_put(platform, archive, in_place=in_place) as files:
        try:
            async with platform.db.system("a tenant is restored") as tx:
                rows, removed = await _put(invocation, tx, archive, wanted, met)
        except UniqueViolation as error:
            raise TenantThere(f"A value that must be unique ({error.constraint})") from error
        except (ForeignKeyViolation, CheckViolation, LineBroken) as error:
            raise BackupDamaged("a row of it breaks a rule of the database") from error
    return Restored(
        tenant_id=manifest.tenant_id,
        slug=wanted,
        rows=rows,
        removed=removed,
        media_files=files,
        taken_at=manifest.taken_at,
        in_place=in_place,
    )


class Met(NamedTuple):
    """What of the tenant is there already: the tenant itself, and the tables that stay as they are."""

    is_there: bool
    kept: Set[str]


async def _meet(platform: Platform, archive: BackupFile, slug: str, *, may_be_there: bool) -> Met:
    """Look what the rows would meet; what forbids a restore is raised."""
    manifest = archive.manifest
    own = manifest.tenant_id
    async with platform.db.system("what a restore would meet", write=False) as tx:
        there = await _find(tx, tenant_id=own)
        if there is not None and not may_be_there:
            raise TenantThere(f"The tenant '{there.slug}' ({own})")
        if there is not None and there.status == "active":
            raise TenantServing(there.slug)
        has_history = await audit.has_chain(tx, own)
        number, hash_ = manifest.chain_number, manifest.chain_hash
        if has_history and number and not await audit.has_record(tx, own, number, hash_):
            raise HistoryDiffers(number)
        other = await _find(tx, slug=slug)
        if other is not None and other.id != own:
            raise TenantThere(f"Another tenant with the slug '{slug}'")
        for line in archive.lines(table_member("tenant_domains")):
            host = str(_object(line).get("host"))
            leads_to = await _find(tx, host=host)
            if leads_to is not None and leads_to.id != own:
                raise TenantThere(f"The host name '{host}', which leads to another tenant,")
    if there is not None:
        return Met(is_there=True, kept=KEPT_IN_PLACE.keys())
    return Met(is_there=False, kept=KEPT if has_history else frozenset())


async def _find(tx: SystemTx, **by: Any) -> TenantProfile | None:
    try:
        return await tenants.resolve(tx, **by)
    except tenants.TenantNotFound:
        return None


def _object(line: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.DecodeError:
        raise BackupDamaged("a line of it is no row") from None


async def _put(
    invocation: Invocation, tx: SystemTx, archive: BackupFile, slug: str, met: Met
) -> tuple[int, int]:
    """All rows, and what says so; how many came and how many went."""
    manifest = archive.manifest
    own: dict[str, Any] = {"slug": slug}
    former: tenants.SuspendedTenant | None = None
    removed = total = 0
    if met.is_there:
        former = await _still_suspended(tx, manifest.tenant_id)
        own |= {
            "status": former.state,
            "suspended_at": former.suspended_at,
            "suspended_reason": former.suspended_reason,
            "version": former.version + 1,
        }
        removed = await remove_rows(tx, manifest.tenant_id)
    for table in backed_up_tables():
        name, member = table.name, table_member(table.name)
        if name in met.kept:
            continue
        note = _Note(invocation, name)
        put = await put_rows(
            tx,
            name,
            manifest.tenant_id,
            partial(archive.lines, member),
            replacing=own if name == "tenants" else None,
            progress=note,
        )
        if put != manifest.members[member].lines:
            raise BackupDamaged(f"rows of {name} refer to rows that are missing")
        total += put
        if put:
            invocation.note(f"{name}: {put:,} row(s)")
    keys = [msgspec.json.decode(line, type=audit.SealedKey) for line in archive.lines(AUDIT_KEYS)]
    await audit.adopt_keys(tx, keys)
    try:
        await tenants.announce_restored(
            tx, manifest.tenant_id, taken_at=manifest.taken_at, former=former
        )
    except tenants.TenantNotFound:
        raise BackupDamaged("it has no row of the tenant itself") from None
    return total, removed


async def _still_suspended(tx: SystemTx, tenant_id: UUID) -> tenants.SuspendedTenant:
    """The tenant that is set back; whoever suspended it decides when it serves again."""
    now = await tenants.get(tx, tenant_id)
    if not isinstance(now, tenants.SuspendedTenant):
        raise TenantServing(now.slug)
    return now


class _Note:
    """Says every so many rows how far a table is."""

    def __init__(self, invocation: Invocation, table: str) -> None:
        self._invocation = invocation
        self._table = table
        self._noted = 0

    def __call__(self, rows: int) -> None:
        if rows - self._noted >= NOTE_EVERY_ROWS:
            self._noted = rows
            self._invocation.note(f"{self._table}: {rows:,} row(s) so far")


@contextlib.asynccontextmanager
async def _media_put(
    platform: Platform, archive: BackupFile, *, in_place: bool
) -> AsyncIterator[int]:
    """Store the files before the rows that name them; without the rows they go again.

    In place they stay: rows of the tenant that is there may name the same files, and what no row
    names is swept within hours.
    """
    storage, tenant_id = platform.parts.storage, archive.manifest.tenant_id
    stored = 0
    try:
        for one in archive.media():
            stored += 1
            await storage.put(media.key_of(tenant_id, one.stored_as), archive.content(one))
        yield stored
    except BaseException:
        if not in_place:
            for one in islice(archive.media(), stored):
                with contextlib.suppress(RustokError):
                    await storage.delete(media.key_of(tenant_id, one.stored_as))
        raise
