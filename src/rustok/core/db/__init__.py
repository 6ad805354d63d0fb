"""The database part: one way to talk to SQLite and PostgreSQL, always inside a transaction that knows its tenant.

Refuses: business words, statements that touch a tenant table without its tenant, and any
difference between the two databases outside `dialect`, `sqlite` and `postgres`.
"""

from rustok.core.db.database import Database
from rustok.core.db.errors import (
    CheckViolation,
    DatabaseUnavailable,
    ForeignKeyViolation,
    UniqueViolation,
)
from rustok.core.db.read_transaction import ReadTx
from rustok.core.db.schema import (
    ROWS_FIRST,
    TENANT,
    Id,
    Json,
    ListOf,
    Timestamp,
    any_of,
    metadata,
    platform_table,
    tenant_reference,
    tenant_table,
)
from rustok.core.db.statement import Command, Query, scalar
from rustok.core.db.system_transaction import SystemTx
from rustok.core.db.transaction import WriteTx

__all__ = [
    "ROWS_FIRST",
    "TENANT",
    "CheckViolation",
    "Command",
    "Database",
    "DatabaseUnavailable",
    "ForeignKeyViolation",
    "Id",
    "Json",
    "ListOf",
    "Query",
    "ReadTx",
    "SystemTx",
    "Timestamp",
    "UniqueViolation",
    "WriteTx",
    "any_of",
    "metadata",
    "platform_table",
    "scalar",
    "tenant_reference",
    "tenant_table",
]
