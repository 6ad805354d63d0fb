"""The use cases of import runs: begin or go on, step forward, stop, end.

Refuses: two workers on one run (`claimed`), and a step that is not in the same transaction as
what it did.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec

from rustok.core import lease
from rustok.core.db import Database, ReadTx, WriteTx
from rustok.core.ids import new_id
from rustok.core.pagination import Page, PageRequest, cut_page, decode_cursor
from rustok.core.permissions import MissingPermission
from rustok.core.tenancy import Actor
from rustok.importers import repository
from rustok.importers.errors import ImportModuleOff, ImportRunBusy
from rustok.importers.model import (
    ImportOptions,
    PendingRun,
    Run,
    RunningRun,
    RunReport,
    Source,
    StoppedRun,
)
from rustok.importers.report import Issue, Outcome
from rustok.importers.sources import NEEDED_MODULES, PERMISSIONS, sources_of
from rustok.importers.states import IMPORT_RUN_LIFECYCLE

LEASE_SECONDS: Final = 10.0
"""How long a dead worker keeps its run from others."""


class FileFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a run remembers of its file; `digest` is SHA-256 in hexadecimal."""

    name: str
    digest: str
    size_bytes: int


def facts_of(path: Path) -> FileFacts:
    """Read the file once. Raises OSError."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return FileFacts(name=plain_name(path.name), digest=digest, size_bytes=file.tell())


def plain_name(name: str) -> str:
    """A file name to show, never to open: its last part, without control characters."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(char for char in last if char.isprintable())[:200] or "unnamed"


async def begin(
    tx: WriteTx,
    *,
    source: Source,
    file: FileFacts,
    options: ImportOptions,
    is_dry_run: bool,
    restart: bool = False,
    stored_as: str | None = None,
) -> Run:
    """The run to work on: one that did not come to its end over the same content, else a new one.

    Args:
        options: settled.
        restart: begin anew even if there is one to go on with; that one is stopped.
        stored_as: name of the stored upload; None when the caller reads the file in place.

    Returns: a pending, running or stopped run. Whoever works on it claims it first.

    Raises:
        ImportModuleOff: the tenant has a module switched off that the source needs.
    """
    off = [one for one in NEEDED_MODULES[source] if one not in tx.ctx.tenant.modules]
    if off:
        raise ImportModuleOff(off)
    for found in await repository.list_of_file(tx, file.digest):
        same = (found.source, found.options, found.is_dry_run) == (source, options, is_dry_run)
        if not same or not isinstance(found, PendingRun | RunningRun | StoppedRun):
            continue
        # An upload and a file on disk are read by different workers.
        if (found.stored_as is None) != (stored_as is None):
            continue
        if not restart:
            return found
        if isinstance(found, PendingRun | RunningRun):
            await repository.store(tx, found, found.stop())
    run = PendingRun(
        id=new_id(),
        source=source,
        file_digest=file.digest,
        file_name=file.name,
        file_bytes=file.size_bytes,
        stored_as=stored_as,
        options=options,
        is_dry_run=is_dry_run,
        next_index=0,
        bytes_read=0,
        report=RunReport(),
        started_by=tx.ctx.actor.id,
        version=1,
        started_at=tx.now,
        updated_at=tx.now,
    )
    await repository.add(tx, run)
    return run


async def start(tx: WriteTx, run_id: UUID) -> RunningRun:
    """Take a run up, for the first time or again.

    Raises:
        ImportRunNotFound, IllegalTransition, ConcurrentUpdate.
    """
    run = await repository.get(tx, run_id)
    match run:
        case RunningRun():
            return run
        case PendingRun():
            return await _stored(tx, run, run.start())
        case StoppedRun():
            return await _stored(tx, run, run.resume())
        case _:
            raise IMPORT_RUN_LIFECYCLE.refusal(run.state, "start")


async def _stored(tx: WriteTx, before: Run, after: RunningRun) -> RunningRun:
    await repository.store(tx, before, after)
    return msgspec.structs.replace(after, version=before.version + 1, updated_at=tx.now)


async def advance(
    tx: WriteTx,
    run: RunningRun,
    *,
    next_index: int,
    bytes_read: int,
    outcomes: Sequence[tuple[str, Outcome]],
    issues: Sequence[Issue],
    menus: Sequence[dict[str, object]] = (),
) -> RunningRun:
    """Write down that the steps before `next_index` are done, with what they came to.

    Raises:
        ConcurrentUpdate: the run was stopped, or another worker went on with it.
    """
    report = _added(run.report, outcomes, issues, menus)
    await repository.add_issues(tx, run.id, issues, first=run.report.issue_count)
    after = msgspec.structs.replace(
        run, next_index=next_index, bytes_read=bytes_read, report=report
    )
    return await _stored(tx, run, after)


def _added(
    report: RunReport,
    outcomes: Sequence[tuple[str, Outcome]],
    issues: Sequence[Issue],
    menus: Sequence[dict[str, object]],
) -> RunReport:
    counts = {kind: dict(of_kind) for kind, of_kind in report.counts.items()}
    for kind, outcome in outcomes:
        of_kind = counts.setdefault(kind, {})
        of_kind[outcome] = of_kind.get(outcome, 0) + 1
    severities = dict(report.severities)
    for issue in issues:
        severities[issue.severity] = severities.get(issue.severity, 0) + 1
    return RunReport(
        counts=counts, severities=severities, menus=[*menus] if menus else report.menus
    )


async def finish(tx: WriteTx, run: RunningRun) -> Run:
    """The file is read to its end. Raises ConcurrentUpdate."""
    await repository.store(tx, run, run.finish(at=tx.now))
    return await repository.get(tx, run.id)


async def fail(tx: WriteTx, run: RunningRun, error: str) -> Run:
    """The file as a whole cannot be read. Raises ConcurrentUpdate."""
    await repository.store(tx, run, run.fail(error=error[:1_000]))
    return await repository.get(tx, run.id)


async def stop(tx: WriteTx, run_id: UUID) -> Run:
    """Have the run stopped after the step it is at; starting it again goes on from there.

    Raises:
        ImportRunNotFound, ConcurrentUpdate.
        MissingPermission: the actor may not import from this source.
        IllegalTransition: it is at its end.
    """
    run = await repository.lock(tx, run_id)
    _check(tx.ctx.actor, run.source)
    if isinstance(run, StoppedRun):
        return run
    if not isinstance(run, PendingRun | RunningRun):
        raise IMPORT_RUN_LIFECYCLE.refusal(run.state, "stop")
    await repository.store(tx, run, run.stop())
    return await repository.get(tx, run_id)


async def get(tx: ReadTx, run_id: UUID) -> Run:
    """A run the actor may see.

    Raises:
        ImportRunNotFound.
        MissingPermission: the actor may not import from this source.
    """
    run = await repository.get(tx, run_id)
    _check(tx.ctx.actor, run.source)
    return run


async def list_runs(tx: ReadTx, page: PageRequest) -> Page[Run]:
    """The runs of the sources the actor may import from, newest first.

    Raises:
        MissingPermission: the actor may import from none.
    """
    sources = sources_of(tx.ctx.actor)
    if not sources:
        _check(tx.ctx.actor, "shopify")
    after = None if page.cursor is None else UUID(str(decode_cursor(page.cursor, (str,))[0]))
    rows = await repository.list_runs(tx, sources=sources, after=after, limit=page.limit + 1)
    return cut_page(rows, limit=page.limit, key_of=lambda run: (str(run.id),))


async def list_issues(tx: ReadTx, run_id: UUID, *, limit: int) -> list[Issue]:
    """The first `limit` issues of a run."""
    return await repository.list_issues(tx, run_id, limit=limit)


def _check(actor: Actor, source: Source) -> None:
    if actor.kind != "system" and not actor.may(PERMISSIONS[source]):
        raise MissingPermission(PERMISSIONS[source])


class Claim:
    """A worker's hold on a run; `renew` it between steps.

    Args:
        holder: names the worker.
    """

    def __init__(self, db: Database, run_id: UUID, holder: str) -> None:
        self._db, self._name, self._run_id, self._holder = db, f"import:{run_id}", run_id, holder
        self._until = 0.0

    async def renew(self) -> None:
        """Raises ImportRunBusy: the hold was lost to another worker."""
        now = time.monotonic()
        if now < self._until - LEASE_SECONDS / 2:
            return
        held = await lease.acquire(self._db, self._name, holder=self._holder, seconds=LEASE_SECONDS)
        if not held:
            raise ImportRunBusy(self._run_id)
        self._until = now + LEASE_SECONDS

    async def release(self) -> None:
        await lease.release(self._db, self._name, holder=self._holder)


@contextlib.asynccontextmanager
async def claimed(db: Database, run_id: UUID, *, wait_seconds: float = 0.0) -> AsyncIterator[Claim]:
    """Hold a run against other workers.

    Args:
        wait_seconds: how long to wait for a worker that may be dead; its hold runs out by itself.

    Raises:
        ImportRunBusy: somebody else holds it.
    """
    claim = Claim(db, run_id, str(new_id()))
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            await claim.renew()
            break
        except ImportRunBusy:
            if time.monotonic() >= deadline:
                raise
        await asyncio.sleep(0.25)
    try:
        yield claim
    finally:
        await claim.release()
