"""What others may ask of the audit log."""

from __future__ import annotations

from rustok.core.pagination import PageRequest
from rustok.platform.audit.model.checking import Finding
from rustok.platform.audit.model.record import Record
from rustok.platform.audit.model.signing import Checkpoint, is_signed
from rustok.platform.audit.repository.reading import RecordFilter
from rustok.platform.audit.repository.sealing import SealedKey
from rustok.platform.audit.service.checking import Verdict, list_chains, verify
from rustok.platform.audit.service.keeping import checkpoint, purge_tenant
from rustok.platform.audit.service.keys import adopt_keys, has_chain, has_record, keys_named
from rustok.platform.audit.service.reading import (
    as_csv,
    as_lines,
    list_newest,
    list_records,
    record_export,
)
from rustok.platform.audit.service.sealing import seal_tenant, seal_waiting

__all__ = [
    "Checkpoint",
    "Finding",
    "PageRequest",
    "Record",
    "RecordFilter",
    "SealedKey",
    "Verdict",
    "adopt_keys",
    "as_csv",
    "as_lines",
    "checkpoint",
    "has_chain",
    "has_record",
    "is_signed",
    "keys_named",
    "list_chains",
    "list_newest",
    "list_records",
    "purge_tenant",
    "record_export",
    "seal_tenant",
    "seal_waiting",
    "verify",
]
