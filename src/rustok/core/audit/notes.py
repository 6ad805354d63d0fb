"""Audit entries of what has no write transaction: refusals at the edge, reads of note.

They are kept in a bounded queue and written beside the request, in small transactions of their own;
the request neither waits nor fails. Equal notes within a moment are one entry with a count, so
that a flood of them is a few rows. What cannot be written is counted and logged, never silent.
"""

from __future__ import annotations

import asyncio
import contextvars
from typing import Final
from uuid import UUID

import msgspec

from rustok.core.audit.entry import AuditEntry, AuditFacts, Outcome, entry
from rustok.core.db import Database
from rustok.core.errors import RustokError, Unavailable
from rustok.core.tenancy import RequestContext
from rustok.telemetry import metrics
from rustok.telemetry.logs import get_logger

MAX_WAITING: Final = 5_000
GATHER_SECONDS: Final = 0.1
RETRY_SECONDS: Final = (0.5, 2.0, 5.0)

log = get_logger("rustok.audit")

_Key = tuple[UUID, UUID | None, str | None, str, str | None, str | None, bytes]


class _Note(msgspec.Struct, kw_only=True):
    ctx: RequestContext
    entry: AuditEntry
    facts: dict[str, str | int]
    count: int = 1


class AuditNotes:
    """Args:
    db: where they are written.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: dict[_Key, _Note] = {}
        self._task: asyncio.Task[None] | None = None

    def note(
        self,
        ctx: RequestContext,
        action: str,
        *,
        object_type: str,
        object_id: UUID | str | None = None,
        after: AuditFacts | None = None,
        outcome: Outcome = "done",
        reason: str | None = None,
    ) -> None:
        """Record `action` soon; never fails and never waits.

        Args:
            ctx: who, for which tenant, in which request.
            after: scalars that matter.
        """
        made = entry(
            action,
            object_type=object_type,
            object_id=object_id,
            after=after,
            outcome=outcome,
            reason=reason,
        )
        told = bytes(made.after)
        key = (ctx.tenant_id, ctx.actor.id, ctx.client, action, made.object_id, reason, told)
        known = self._waiting.get(key)
        if known is not None:
            known.count += 1
            return
        if len(self._waiting) >= MAX_WAITING:
            metrics.AUDIT_LOST.labels(reason="full").inc()
            return
        plain = msgspec.json.decode(told) if told else {}
        self._waiting[key] = _Note(ctx=ctx, entry=made, facts=plain)
        if self._task is None or self._task.done():
            # Of no request: neither its transaction nor its time limit.
            self._task = asyncio.create_task(
                self._write(), name="audit notes", context=contextvars.Context()
            )

    async def finish(self) -> None:
        """Wait until all is written or given up; for a shutdown that loses none."""
        while self._task is not None and not self._task.done():
            await asyncio.wait({self._task})

    async def _write(self) -> None:
        while self._waiting:
            await asyncio.sleep(GATHER_SECONDS)
            notes, self._waiting = list(self._waiting.values()), {}
            for one in notes:
                await self._write_one(one)

    async def _write_one(self, note: _Note) -> None:
        made = note.entry
        if note.count > 1:
            repeated = {**note.facts, "times": note.count}
            made = msgspec.structs.replace(made, after=msgspec.Raw(msgspec.json.encode(repeated)))
        for pause in (*RETRY_SECONDS, None):
            try:
                async with self._db.write(note.ctx) as tx:
                    tx.audits.append((note.ctx.tenant_id, made))
                return
            except Unavailable as error:
                if pause is None:
                    self._lost(made, error.code)
                    return
                await asyncio.sleep(pause)
            except RustokError as error:
                self._lost(made, error.code)
                return
            except Exception:
                log.exception("audit.note_failed", action=made.action)
                metrics.AUDIT_LOST.labels(reason="failed").inc()
                return

    def _lost(self, made: AuditEntry, code: str) -> None:
        metrics.AUDIT_LOST.labels(reason="unavailable").inc()
        log.error("audit.note_lost", action=made.action, object=made.object_id, code=code)
