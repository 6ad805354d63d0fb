"""Records and checkpoints on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from rustok.core.audit.entry import Outcome
from rustok.core.pagination import PageRequest
from rustok.core.tenancy import ActorKind
from rustok.platform.audit.model.record import Record
from rustok.platform.audit.repository.reading import RecordFilter

ActionPattern = Annotated[
    str,
    Meta(
        max_length=100,
        pattern=r"^[a-z][a-z_]*(\.[a-z][a-z0-9_]*)*(\.\*)?$(?!\n)",
        description="An action, or `order.*` for all that begin with `order.`.",
        examples=["user.login_failed"],
    ),
]
ObjectType = Annotated[
    str, Meta(max_length=50, pattern=r"^[a-z][a-z_]*$(?!\n)", examples=["order"])
]
ObjectId = Annotated[str, Meta(min_length=1, max_length=500)]


class RecordQuery(PageRequest, frozen=True, kw_only=True):
    """Which records are asked for; what is left out takes all. `since` is included, `until` is not."""

    action: ActionPattern | None = None
    object_type: ObjectType | None = None
    object_id: ObjectId | None = None
    actor_id: UUID | None = None
    outcome: Outcome | None = None
    since: Annotated[datetime, Meta(tz=True)] | None = None
    until: Annotated[datetime, Meta(tz=True)] | None = None

    def filter(self) -> RecordFilter:
        return RecordFilter(
            action=self.action,
            object_type=self.object_type,
            object_id=self.object_id,
            actor_id=self.actor_id,
            outcome=self.outcome,
            since=self.since,
            until=self.until,
        )


class ExportQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which records, in which form; at most 10,000."""

    format: Annotated[
        str, Meta(pattern=r"^(jsonl|csv)$(?!\n)", description="`jsonl` or `csv`.")
    ] = "jsonl"
    action: ActionPattern | None = None
    object_type: ObjectType | None = None
    object_id: ObjectId | None = None
    actor_id: UUID | None = None
    outcome: Outcome | None = None
    since: Annotated[datetime, Meta(tz=True)] | None = None
    until: Annotated[datetime, Meta(tz=True)] | None = None

    def filter(self) -> RecordFilter:
        return RecordFilter(
            action=self.action,
            object_type=self.object_type,
            object_id=self.object_id,
            actor_id=self.actor_id,
            outcome=self.outcome,
            since=self.since,
            until=self.until,
        )


class RecordView(msgspec.Struct, frozen=True, kw_only=True):
    """One action; before and after hold scalars or are null, personal data and secrets are masked.

    Attributes:
        number: its place in the tenant's chain, from 1 without gaps.
        hash, previous: SHA-256 over this record, and over the one before it.
    """

    number: int
    id: UUID
    occurred_at: datetime
    action: str
    outcome: Outcome
    reason: str | None
    object_type: str
    object_id: str | None
    before: msgspec.Raw
    after: msgspec.Raw
    actor_kind: ActorKind
    actor_id: UUID | None
    session_id: UUID | None
    address: str | None
    request_id: str | None
    trace_id: str | None
    correlation_id: UUID
    causation_id: UUID | None
    previous: str
    hash: str


class CheckpointQuery(PageRequest, frozen=True, kw_only=True):
    """Which page of checkpoints."""


class CheckpointView(msgspec.Struct, frozen=True, kw_only=True):
    """A signed line saying which hash a record has; keep a copy outside of this deployment."""

    format: str
    tenant_id: UUID
    number: int
    hash: str
    kind: str
    made_at: datetime
    kid: str
    public_key: str
    signature: str


def record_view(record: Record) -> RecordView:
    values = msgspec.structs.asdict(record)
    for name in ("tenant_id", "kid", "seal"):
        del values[name]
    for name in ("before", "after"):
        text = values.pop(f"{name}_json")
        values[name] = msgspec.Raw(b"null" if text is None else text.encode())
    return RecordView(**values)
