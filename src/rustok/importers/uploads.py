"""Import files sent over HTTP: stored by run, worked by a job in slices, removed at the end.

Refuses: paths made by users (a file is named by its tenant and its run) and holding up other jobs:
a slice takes a few seconds, the next one goes on where it ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import tempfile
import time
from pathlib import Path
from typing import Final
from uuid import UUID

from rustok.core.errors import NotFound, Unavailable
from rustok.core.ids import new_id
from rustok.core.parts import Parts
from rustok.core.routing import OpenCall, RawBody
from rustok.core.tenancy import Actor, TenantProfile, context_for
from rustok.importers import repository, runs
from rustok.importers.errors import ImportFileEmpty, ImportRunBusy
from rustok.importers.model import (
    FailedRun,
    FinishedRun,
    ImportOptions,
    PendingRun,
    Run,
    RunningRun,
    Source,
    StoppedRun,
)
from rustok.importers.sources import settled
from rustok.importers.worker import work
from rustok.telemetry.logs import get_logger

SLICE_SECONDS: Final = 3.0
"""How long runs are worked before other jobs get their turn."""
_WAITING: Final = 200

log = get_logger("rustok.importers")


def folder_of(root: Path, tenant_id: UUID) -> Path:
    """Where a tenant's uploads wait."""
    return root / "imports" / str(tenant_id)


async def take(
    call: OpenCall, data: RawBody, *, source: Source, options: ImportOptions, is_dry_run: bool
) -> Run:
    """Store an uploaded export and have it imported; the same file again goes on with its run.

    Raises:
        ImportFileEmpty: there is no file in the request.
        InvalidCurrency, InvalidLocale, ImportFileRefused: an option is wrong.
        ImportModuleOff: the tenant has a module switched off that the source needs.
    """
    if not data.content:
        raise ImportFileEmpty
    wanted = settled(options, call.ctx.tenant)
    digest = await asyncio.to_thread(lambda: hashlib.sha256(data.content).hexdigest())
    facts = runs.FileFacts(
        name=runs.plain_name(data.filename or f"{source} export"),
        digest=digest,
        size_bytes=len(data.content),
    )
    name = f"{new_id()}.upload"
    path = folder_of(call.parts.media_root, call.ctx.tenant_id) / name
    await asyncio.to_thread(_write, path, data.content)
    kept = False
    try:
        async with call.write() as tx:
            run = await runs.begin(
                tx, source=source, file=facts, options=wanted, is_dry_run=is_dry_run, stored_as=name
            )
            if isinstance(run, StoppedRun):
                run = await runs.start(tx, run.id)
        kept = run.stored_as == name
    finally:
        if not kept:
            await asyncio.to_thread(path.unlink, missing_ok=True)
    return run


async def work_uploads(parts: Parts) -> int:
    """Go on with uploads that are not at their end, the oldest first; returns how many were worked on."""
    async with parts.db.system("uploads waiting to be imported", write=False) as tx:
        waiting = await repository.list_waiting(tx, limit=_WAITING)
    worked, until = 0, time.monotonic() + SLICE_SECONDS
    for one in waiting:
        left = until - time.monotonic()
        if worked and left <= 0:
            break
        try:
            tenant = await parts.profile_of(one.tenant_id)
        except NotFound:
            continue
        if tenant.status == "active" and await _work_slice(
            parts, tenant, one.id, seconds=max(0.0, left)
        ):
            worked += 1
    return worked


async def _work_slice(parts: Parts, tenant: TenantProfile, run_id: UUID, *, seconds: float) -> bool:
    try:
        async with runs.claimed(parts.db, run_id) as claim:
            started = await _started(parts, tenant, run_id)
            if started is None:
                return False
            ctx = context_for(
                tenant, actor=Actor(kind="system", id=started.started_by, roles=("super_admin",))
            )
            path = folder_of(parts.media_root, tenant.id) / (started.stored_as or "")
            run: Run = started
            try:
                run = await work(parts.db, ctx, started, path, claim, seconds=seconds)
            except (Unavailable, ImportRunBusy):
                raise
            except Exception:
                # A fault of the program: without an end the run would come back every second.
                log.exception("import.failed", run_id=str(run_id), source=started.source)
                run = await _given_up(parts, tenant, run_id)
            if isinstance(run, FinishedRun | FailedRun):
                await asyncio.to_thread(path.unlink, missing_ok=True)
                log.info("import.ended", run_id=str(run_id), source=run.source, state=run.state)
            return True
    except ImportRunBusy:
        return False


async def _started(parts: Parts, tenant: TenantProfile, run_id: UUID) -> RunningRun | None:
    """The run, taken up; None when it was stopped or ended in the meantime."""
    async with parts.db.write(context_for(tenant)) as tx:
        run = await repository.get(tx, run_id)
        if not isinstance(run, PendingRun | RunningRun):
            return None
        return await runs.start(tx, run_id)


async def _given_up(parts: Parts, tenant: TenantProfile, run_id: UUID) -> Run:
    async with parts.db.write(context_for(tenant)) as tx:
        run = await repository.get(tx, run_id)
        if not isinstance(run, RunningRun):
            return run
        return await runs.fail(tx, run, "An internal error ended the import; see the server's log.")


def _write(path: Path, content: bytes) -> None:
    """Write all or nothing: to a temporary name, then rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise
