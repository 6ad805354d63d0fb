"""What can be wrong with asking the audit log."""

from __future__ import annotations

from rustok.core.errors import Conflict, NotFound


class AuditRecordNotFound(NotFound):
    code = "audit_record_not_found"
    title = "There is no such audit record"
    mend = "List the records; those past their retention are gone, behind a signed checkpoint."

    def __init__(self) -> None:
        super().__init__("The audit log has no record with this number.")


class AuditChainEmpty(Conflict):
    code = "audit_chain_empty"
    title = "There is nothing to sign yet"
    mend = "Records enter the chain within a second or so; try again then."

    def __init__(self) -> None:
        super().__init__("This tenant's audit log has no record yet.")


class AuditExportTooLong(Conflict):
    code = "audit_export_too_long"
    title = "The export would be too long"
    mend = "Narrow it by since and until, or use `rustok audit export`, which has no limit."

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"An export over HTTP holds at most {limit} records.", extensions={"limit": limit}
        )
