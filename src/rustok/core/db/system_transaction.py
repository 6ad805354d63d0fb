"""The one door across tenants: the relay, the scheduler, tenant administration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Table

from rustok.core.audit.entry import AuditEntry, AuditFacts
from rustok.core.db.statement import update_command
from rustok.core.db.transaction import WriteTx
from rustok.core.events.event import Event


class SystemTx(WriteTx):
    """Reads and writes across tenants: the relay, the scheduler, migrations, tenant administration.

    Statements on tenant tables get `tenant_id` as an explicit parameter.
    """

    def _tenant(self) -> UUID | None:
        return None

    def emit_for(self, tenant_id: UUID, event: Event, *, before: AuditFacts | None = None) -> None:
        """As `emit`, for the tenant named."""
        self._announce(event, tenant_id, before)

    def audit_for(self, tenant_id: UUID, recorded: AuditEntry) -> None:
        """As `audit`, for the tenant named; the entry is made by `core.audit.entry.entry`."""
        self.audits.append((tenant_id, recorded))

    async def update(self, table: Table, key: Mapping[str, Any], **values: object) -> int:
        """As `WriteTx.update`; for a tenant table `key` names the tenant."""
        command = update_command(
            table, tuple(name for name in key if name != "tenant_id"), tuple(values)
        )
        params = {f"key_{name}": value for name, value in key.items()}
        params |= {f"set_{name}": value for name, value in values.items()}
        if "tenant_id" in key:
            params["tenant_id"] = key["tenant_id"]
        elif table.info.get("tenant") == "id" and "id" in key:
            params["tenant_id"] = key["id"]
        return await self.run(command, **params)
