"""Tables of the audit log; the database itself refuses to change them (triggers, and grants on PostgreSQL).

`audit_records` takes inserts only; a DELETE passes for what lies before a retention checkpoint.
`audit_checkpoints` takes inserts only. `audit_heads` moves with each sealing and is sealed itself.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Text, UniqueConstraint

from rustok.core.audit.entry import OUTCOMES
from rustok.core.audit.pending import audit_pending
from rustok.core.db import Id, Timestamp, platform_table, tenant_table
from rustok.core.db.schema import states_check

__all__ = ["audit_pending", "checkpoints", "heads", "keys", "records"]

# no event: a record of a record would never end
records: Final = tenant_table(
    "audit_records",
    Column("number", BigInteger, nullable=False),
    Column("id", Id(), nullable=False),
    Column("occurred_at", Timestamp(), nullable=False),
    Column("action", Text, nullable=False),
    Column("object_type", Text, nullable=False),
    Column("object_id", Text),
    Column("before_json", Text),
    Column("after_json", Text),
    Column("outcome", Text, nullable=False),
    Column("reason", Text),
    Column("actor_kind", Text, nullable=False),
    Column("actor_id", Id()),
    Column("session_id", Id()),
    Column("address", Text),
    Column("request_id", Text),
    Column("trace_id", Text),
    Column("correlation_id", Id(), nullable=False),
    Column("causation_id", Id()),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("kid", Text, nullable=False),
    Column("seal", Text, nullable=False),
    UniqueConstraint("tenant_id", "id", name="uq_audit_records_id"),
    states_check("outcome", OUTCOMES),
    Index("ix_audit_records_action", "tenant_id", "action", "number"),
    Index("ix_audit_records_object", "tenant_id", "object_type", "object_id", "number"),
    Index("ix_audit_records_actor", "tenant_id", "actor_id", "number"),
    Index("ix_audit_records_occurred", "tenant_id", "occurred_at"),
    primary_key=("number",),
    with_id=False,
)
records.info["app_may"] = "SELECT"

# no event: book-keeping of the chain
heads: Final = tenant_table(
    "audit_heads",
    Column("number", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
    Column("kid", Text, nullable=False),
    Column("seal", Text, nullable=False),
    Column("sealed_at", Timestamp(), nullable=False),
    primary_key=(),
    with_id=False,
)

# no event: book-keeping of the chain
checkpoints: Final = tenant_table(
    "audit_checkpoints",
    Column("number", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("made_at", Timestamp(), nullable=False),
    Column("kid", Text, nullable=False),
    Column("public_key", Text, nullable=False),
    Column("signature", Text, nullable=False),
    states_check("kind", ("periodic", "manual", "retention")),
    Index("ix_audit_checkpoints_number", "tenant_id", "kind", "number"),
)
checkpoints.info["app_may"] = "SELECT"
heads.info["app_may"] = "SELECT"

# no event: keys of the platform, made by itself
keys: Final = platform_table(
    "audit_keys",
    Column("kid", Text, primary_key=True),
    Column("sealed_seed", Text, nullable=False, info={"sealed": "audit_key/{kid}"}),
    Column("public_key", Text, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
)
