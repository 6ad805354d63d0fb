"""Reading the audit log: page by page, one record, and as an export."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from rustok.core.audit.entry import entry
from rustok.core.db import ReadTx, SystemTx
from rustok.core.pagination import Page, PageRequest, cut_page, decode_cursor
from rustok.platform.audit.errors import AuditExportTooLong, AuditRecordNotFound
from rustok.platform.audit.model.record import Record
from rustok.platform.audit.model.signing import Checkpoint
from rustok.platform.audit.repository import reading as rows
from rustok.platform.audit.repository.reading import RecordFilter

EXPORT_LIMIT: Final = 10_000
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
COLUMNS: Final = Record.__struct_fields__


async def list_records(tx: ReadTx, wanted: RecordFilter, page: PageRequest) -> Page[Record]:
    """The tenant's records, newest first. Raises InvalidCursor."""
    before = None
    if page.cursor is not None:
        (number,) = decode_cursor(page.cursor, (int,))
        before = int(number or 0)
    found = await rows.list_newest(tx, wanted, before=before, limit=page.limit + 1)
    return cut_page(found, limit=page.limit, key_of=lambda record: (record.number,))


async def get_record(tx: ReadTx, number: int) -> Record:
    """Raises AuditRecordNotFound."""
    found = await rows.find(tx, number)
    if found is None:
        raise AuditRecordNotFound
    return found


async def list_checkpoints(tx: ReadTx) -> list[Checkpoint]:
    """The newest hundred checkpoints."""
    return await rows.list_checkpoints(tx, "periodic", "manual", "retention", limit=100)


async def export(tx: ReadTx, wanted: RecordFilter) -> list[Record]:
    """Records that fit, newest first.

    Raises:
        AuditExportTooLong: more than 10,000 do.
    """
    found = await rows.list_newest(tx, wanted, before=None, limit=EXPORT_LIMIT + 1)
    if len(found) > EXPORT_LIMIT:
        raise AuditExportTooLong(EXPORT_LIMIT)
    return found


async def list_newest(
    tx: SystemTx, tenant_id: UUID, wanted: RecordFilter, *, before: int | None, limit: int
) -> list[Record]:
    """Records of any tenant, newest first; `before` is a number, exclusive."""
    return await rows.list_newest(tx, wanted, before=before, limit=limit, tenant_id=tenant_id)


def record_export(tx: SystemTx, tenant_id: UUID, *, records: int, form: str) -> None:
    """Record that a tenant's log was written out."""
    made = entry("audit.exported", object_type="audit", after={"records": records, "format": form})
    tx.audit_for(tenant_id, made)


def as_lines(records: Iterable[Record]) -> bytes:
    """One JSON object a line, with all that the hash is made over."""
    return msgspec.json.Encoder().encode_lines(records)


def as_csv(records: Iterable[Record], *, heading: bool = True) -> bytes:
    """RFC 4180; what a spreadsheet would take for a formula begins with an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text)
    if heading:
        writer.writerow(COLUMNS)
    for record in records:
        writer.writerow([_cell(getattr(record, name)) for name in COLUMNS])
    return text.getvalue().encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    shown = str(value)
    return "'" + shown if shown.startswith(_FORMULA) else shown
