"""What others may ask of the audit log."""

from __future__ import annotations

from rustok.core.pagination import PageRequest
from rustok.platform.audit.model.checking import Finding
from rustok.platform.audit.model.record import Record
from rustok.platform.audit.model.signing import Checkpoint, is_signed
from rustok.platform.audit.repository.reading import RecordFilter
from rustok.platform.audit.service.checking import Verdict, verify
from rustok.platform.audit.service.keeping import checkpoint, purge_tenant
from rustok.platform.audit.service.reading import as_csv, as_lines, list_records
from rustok.platform.audit.service.sealing import seal_tenant, seal_waiting

__all__ = [
    "Checkpoint",
    "Finding",
    "PageRequest",
    "Record",
    "RecordFilter",
    "Verdict",
    "as_csv",
    "as_lines",
    "checkpoint",
    "is_signed",
    "list_records",
    "purge_tenant",
    "seal_tenant",
    "seal_waiting",
    "verify",
]
