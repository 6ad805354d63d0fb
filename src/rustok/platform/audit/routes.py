"""The own audit log over HTTP: list, show, export, checkpoints. Nobody writes it from outside."""

from __future__ import annotations

import msgspec

from rustok.core.pagination import Page
from rustok.core.routing import OpenCall, RawReply, ReadCall, Routes
from rustok.platform.audit.errors import (
    AuditChainEmpty,
    AuditExportTooLong,
    AuditRecordNotFound,
)
from rustok.platform.audit.model.signing import Checkpoint
from rustok.platform.audit.schemas import (
    CheckpointView,
    ExportQuery,
    RecordQuery,
    RecordView,
    record_view,
)
from rustok.platform.audit.service import keeping, reading

admin = Routes("audit", surface="admin", tag="Audit log", essential=True)


@admin.get(
    "/audit", permission="audit:list", summary="List audit records, newest first", personal=True
)
async def list_audit_records(call: ReadCall, query: RecordQuery) -> Page[RecordView]:
    page = await reading.list_records(call.tx, query.filter(), query)
    return Page(items=[record_view(one) for one in page.items], next_cursor=page.next_cursor)


@admin.get(
    "/audit/export",
    permission="audit:export",
    summary="Export audit records as JSON lines or CSV",
    errors=[AuditExportTooLong],
)
async def export_audit_records(call: ReadCall, query: ExportQuery) -> RawReply:
    found = await reading.export(call.tx, query.filter())
    call.parts.audit.note(
        call.ctx,
        "audit.exported",
        object_type="audit",
        after={"records": len(found), "format": query.format},
    )
    as_csv = query.format == "csv"
    return RawReply(
        content_type="text/csv; charset=utf-8" if as_csv else "application/jsonl",
        content=reading.as_csv(found) if as_csv else reading.as_lines(found),
        headers={"content-disposition": f'attachment; filename="audit.{query.format}"'},
    )


@admin.get(
    "/audit/records/{number}",
    permission="audit:read",
    summary="Show an audit record",
    errors=[AuditRecordNotFound],
    personal=True,
)
async def get_audit_record(call: ReadCall, number: str) -> RecordView:
    if not number.isdecimal() or len(number) > 18:
        raise AuditRecordNotFound
    return record_view(await reading.get_record(call.tx, int(number)))


@admin.get("/audit/checkpoints", permission="audit:read", summary="List the newest checkpoints")
async def list_audit_checkpoints(call: ReadCall) -> list[CheckpointView]:
    return [_view(one) for one in await reading.list_checkpoints(call.tx)]


@admin.post(
    "/audit/checkpoints",
    permission="audit:manage",
    status=201,
    idempotency="none",
    precondition="none",
    summary="Sign the newest record",
    description="Keep the answer elsewhere: it shows a log that was cut or written anew.",
    errors=[AuditChainEmpty],
)
async def sign_audit_checkpoint(call: OpenCall) -> CheckpointView:
    return _view(await keeping.checkpoint_own(call.parts, call.ctx))


def _view(checkpoint: Checkpoint) -> CheckpointView:
    return CheckpointView(**msgspec.structs.asdict(checkpoint))
