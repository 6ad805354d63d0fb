"""Rows of import runs and of their issues."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Integer, Text, bindparam, or_, select

from rustok.core.db import TENANT, Id, Query, ReadTx, SystemTx, WriteTx, any_of
from rustok.importers.errors import ImportRunNotFound
from rustok.importers.model import (
    MAX_ISSUES_KEPT,
    FailedRun,
    FinishedRun,
    PendingRun,
    Run,
    RunData,
    RunningRun,
    StoppedRun,
)
from rustok.importers.report import Issue
from rustok.importers.tables import import_issues, import_runs

_COLUMNS: Final = [column for column in import_runs.c if column.key != "tenant_id"]


class WaitingRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run of some tenant that a worker can go on with."""

    tenant_id: UUID
    id: UUID


def _to_run(*, status: str, error: str | None, finished_at: datetime | None, **fields: Any) -> Run:
    if status == "failed":
        return FailedRun(error=error or "", **fields)
    if status == "finished" and finished_at is not None:
        return FinishedRun(finished_at=finished_at, **fields)
    if status == "running":
        return RunningRun(**fields)
    return StoppedRun(**fields) if status == "stopped" else PendingRun(**fields)


_ID = bindparam("id", type_=Id())
_AFTER = bindparam("after", type_=Id())
_LIMIT = bindparam("limit", type_=Integer())
_ONE: Final = select(*_COLUMNS).where(import_runs.c.tenant_id == TENANT, import_runs.c.id == _ID)
_GET: Final = Query(_ONE, _to_run)
_LOCK: Final = Query(_ONE.with_for_update(), _to_run)
_OF_FILE: Final = Query(
    select(*_COLUMNS)
    .where(
        import_runs.c.tenant_id == TENANT,
        import_runs.c.file_digest == bindparam("file_digest", type_=Text()),
    )
    .order_by(import_runs.c.id.desc())
    .limit(_LIMIT),
    _to_run,
)
_LIST: Final = Query(
    select(*_COLUMNS)
    .where(
        import_runs.c.tenant_id == TENANT,
        any_of(import_runs.c.source, "sources"),
        or_(_AFTER.is_(None), import_runs.c.id < _AFTER),
    )
    .order_by(import_runs.c.id.desc())
    .limit(_LIMIT),
    _to_run,
)
_ISSUES: Final = Query(
    select(
        import_issues.c.code,
        import_issues.c.severity,
        import_issues.c.message,
        import_issues.c.row,
        import_issues.c.column,
    )
    .where(import_issues.c.tenant_id == TENANT, import_issues.c.run_id == _ID)
    .order_by(import_issues.c.number)
    .limit(_LIMIT),
    Issue,
)
_WAITING: Final = Query(
    select(import_runs.c.tenant_id, import_runs.c.id)
    .where(
        or_(import_runs.c.status == "pending", import_runs.c.status == "running"),
        import_runs.c.stored_as.is_not(None),
    )
    .order_by(import_runs.c.id)
    .limit(_LIMIT),
    WaitingRun,
    system="one worker serves the uploads of all tenants",
)


async def get(tx: ReadTx, run_id: UUID) -> Run:
    """Raises ImportRunNotFound."""
    found = await tx.one(_GET, id=run_id)
    if found is None:
        raise ImportRunNotFound
    return found


async def lock(tx: WriteTx, run_id: UUID) -> Run:
    """As `get`, held against the worker that does the run. Raises ImportRunNotFound."""
    found = await tx.one(_LOCK, id=run_id)
    if found is None:
        raise ImportRunNotFound
    return found


async def list_of_file(tx: ReadTx, file_digest: str, *, limit: int = 20) -> list[Run]:
    """The newest runs over the same content, newest first."""
    return await tx.all(_OF_FILE, file_digest=file_digest, limit=limit)


async def list_runs(
    tx: ReadTx, *, sources: Sequence[str], after: UUID | None, limit: int
) -> list[Run]:
    """Runs of the sources named, newest first."""
    return await tx.all(_LIST, sources=sources, after=after, limit=limit)


async def list_issues(tx: ReadTx, run_id: UUID, *, limit: int = MAX_ISSUES_KEPT) -> list[Issue]:
    """The issues kept of a run, in the order they were met."""
    return await tx.all(_ISSUES, id=run_id, limit=limit)


async def list_waiting(tx: SystemTx, *, limit: int) -> list[WaitingRun]:
    """Runs over uploaded files that are not at their end, of all tenants, oldest first."""
    return await tx.all(_WAITING, limit=limit)


def _columns(run: Run) -> dict[str, object]:
    fields = {name: getattr(run, name) for name in RunData.__struct_fields__}
    return {
        **fields,
        "status": run.state,
        "error": run.error if isinstance(run, FailedRun) else None,
        "finished_at": run.finished_at if isinstance(run, FinishedRun) else None,
    }


async def add(tx: WriteTx, run: Run) -> None:
    await tx.insert(import_runs, **_columns(run))


async def store(tx: WriteTx, before: Run, after: Run) -> None:
    """Write the run if nobody wrote it since `before`; the version goes up by one.

    Raises:
        ConcurrentUpdate: somebody did: it was stopped, or another worker has it.
    """
    was, now = _columns(before), _columns(after)
    changed = {name: value for name, value in now.items() if value != was[name]}
    await tx.update_version(
        import_runs,
        {"id": before.id, "status": before.state},
        version=before.version,
        **{**changed, "updated_at": tx.now},
    )


async def add_issues(tx: WriteTx, run_id: UUID, issues: Sequence[Issue], *, first: int) -> None:
    """Keep issues under the numbers from `first` on; those past the number kept are dropped."""
    await tx.insert_many(
        import_issues,
        [
            {
                "run_id": run_id,
                "number": number,
                "code": issue.code,
                "severity": issue.severity,
                "message": issue.message,
                "row": issue.row,
                "column": issue.column,
            }
            for number, issue in enumerate(issues, start=first)
            if number < MAX_ISSUES_KEPT
        ],
    )
