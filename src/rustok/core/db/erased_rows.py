"""Takes away all rows of one tenant, table by table, from the declared tables.

Refuses: the audit log, which is append-only and ends by its own retention, and asking whether the
tenant may go; its callers do.
"""

from __future__ import annotations

from functools import cache
from typing import Final
from uuid import UUID

from sqlalchemy import Table

from rustok.core.db.schema import TENANT, metadata
from rustok.core.db.statement import Command
from rustok.core.db.system_transaction import SystemTx
from rustok.core.db.tenant_rows import TenantTable

KEPT: Final = frozenset({"audit_checkpoints", "audit_heads", "audit_pending", "audit_records"})
"""What was done stays provable until `security.audit_retention_days` are over."""


def erased_tables() -> list[TenantTable]:
    """The tables to be emptied, in this order: referring ones before referred ones."""
    return [
        table
        for table in reversed(metadata.sorted_tables)
        if table.info.get("tenant") == "tenant_id" and table.name not in KEPT
    ]


async def erase_rows(tx: SystemTx, table: Table, tenant_id: UUID) -> int:
    """Delete the tenant's rows of one table; returns how many there were."""
    return await tx.run(_erasing(table.name), tenant_id=tenant_id)


@cache
def _erasing(name: str) -> Command:
    table = metadata.tables[name]
    # One statement for all of a table: rows that refer to rows of their own table go together.
    return Command(table.delete().where(table.c.tenant_id == TENANT))
