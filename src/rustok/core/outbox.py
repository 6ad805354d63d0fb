"""The outbox: events written by the transaction that caused them, kept as the tenant's event log.

Refuses: publishing. Rows are pending until the relay marks them published; retention removes
published rows only. Sequences are per aggregate and gapless, because the row that counts them is
locked by the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    column,
    func,
    insert,
    select,
    text,
    update,
)

from rustok.core.db import (
    TENANT,
    Command,
    Id,
    Query,
    SystemTx,
    Timestamp,
    WriteTx,
    any_of,
    metadata,
    scalar,
)
from rustok.core.db.schema import tenant_table
from rustok.core.events.envelope import Envelope
from rustok.core.ids import new_id
from rustok.core.outbox_turns import oldest, share_of, tenants_waiting, turns
from rustok.telemetry import tracing

outbox: Final = Table(
    "outbox",
    metadata,
    Column(
        "position",
        BigInteger().with_variant(Integer(), "sqlite"),
        Identity(),
        primary_key=True,
    ),
    Column("tenant_id", Id(), nullable=False),
    Column("id", Id(), nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("schema_version", Integer, nullable=False),
    Column("aggregate_type", Text, nullable=False),
    Column("aggregate_id", Id(), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("occurred_at", Timestamp(), nullable=False),
    Column("actor_id", Id()),
    Column("correlation_id", Id(), nullable=False),
    Column("causation_id", Id()),
    Column("traceparent", Text),
    Column("data", Text, nullable=False),
    Column("published_at", Timestamp()),
    Column("available_at", Timestamp(), nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("last_error", Text),
    UniqueConstraint(
        "tenant_id", "aggregate_type", "aggregate_id", "sequence", name="uq_outbox_sequence"
    ),
    Index("ix_outbox_tenant_position", "tenant_id", "position"),
    Index(
        "ix_outbox_pending",
        "position",
        sqlite_where=text("published_at IS NULL"),
        postgresql_where=text("published_at IS NULL"),
    ),
    Index(
        "ix_outbox_pending_tenant",
        "tenant_id",
        "position",
        sqlite_where=text("published_at IS NULL"),
        postgresql_where=text("published_at IS NULL"),
    ),
    # Few rows: those that failed and wait. Asked for every row that is about to go.
    Index(
        "ix_outbox_failed",
        "tenant_id",
        "aggregate_type",
        "aggregate_id",
        "position",
        sqlite_where=text("published_at IS NULL AND last_error IS NOT NULL"),
        postgresql_where=text("published_at IS NULL AND last_error IS NOT NULL"),
    ),
    sqlite_strict=True,
    sqlite_autoincrement=True,
    info={"tenant": "tenant_id"},
)

aggregate_sequences: Final = tenant_table(
    "aggregate_sequences",
    Column("aggregate_type", Text, nullable=False),
    Column("aggregate_id", Id(), nullable=False),
    Column("last", BigInteger, nullable=False),
    primary_key=("aggregate_type", "aggregate_id"),
    with_id=False,
)

_ADVANCE: Final = Command(
    text(
        "INSERT INTO aggregate_sequences (tenant_id, aggregate_type, aggregate_id, last) "
        "VALUES (:tenant_id, :aggregate_type, :aggregate_id, :count) "
        "ON CONFLICT (tenant_id, aggregate_type, aggregate_id) "
        "DO UPDATE SET last = aggregate_sequences.last + excluded.last"
    ).bindparams(
        bindparam("tenant_id", type_=Id()),
        bindparam("aggregate_type", type_=Text()),
        bindparam("aggregate_id", type_=Id()),
        bindparam("count", type_=BigInteger()),
    )
)
"""Takes numbers for an aggregate; the row stays locked until the commit, so nobody takes the same."""

_sequence: Final = (
    select(aggregate_sequences.c.last - bindparam("behind", type_=BigInteger()))
    .where(
        aggregate_sequences.c.tenant_id == TENANT,
        aggregate_sequences.c.aggregate_type == bindparam("aggregate_type", type_=Text()),
        aggregate_sequences.c.aggregate_id == bindparam("aggregate_id", type_=Id()),
    )
    .scalar_subquery()
)
_APPENDED: Final = (
    "tenant_id",
    "id",
    "type",
    "schema_version",
    "aggregate_type",
    "aggregate_id",
    "occurred_at",
    "actor_id",
    "correlation_id",
    "causation_id",
    "traceparent",
    "data",
    "available_at",
)
_APPEND: Final = Command(
    insert(outbox).values(
        {name: bindparam(name, type_=outbox.c[name].type) for name in _APPENDED}
        | {"sequence": _sequence}
    )
)


async def flush_events(tx: WriteTx) -> None:
    """Write the events collected by `tx` with their sequences; called once, right before its commit."""
    counts: dict[tuple[UUID, str, UUID], int] = {}
    for event, _ in tx.events:
        key = (event.tenant_id, event.aggregate_type, event.aggregate_id)
        counts[key] = counts.get(key, 0) + 1
    tx.run_last(
        _ADVANCE,
        [
            {"tenant_id": key[0], "aggregate_type": key[1], "aggregate_id": key[2], "count": count}
            # Two transactions that touch the same aggregates lock them in one order.
            for key, count in sorted(counts.items())
        ],
    )
    rows: list[dict[str, object]] = []
    for event, ctx in tx.events:
        key = (event.tenant_id, event.aggregate_type, event.aggregate_id)
        counts[key] -= 1
        rows.append(
            {
                "tenant_id": event.tenant_id,
                "id": new_id(),
                "type": event.type,
                "schema_version": event.schema_version,
                "aggregate_type": event.aggregate_type,
                "aggregate_id": event.aggregate_id,
                "behind": counts[key],
                "occurred_at": tx.now,
                "actor_id": ctx.actor.id,
                "correlation_id": ctx.correlation_id,
                "causation_id": ctx.causation_id,
                "traceparent": tracing.traceparent_of(ctx.traceparent),
                "data": event.data.decode(),
                "available_at": tx.now,
            }
        )
    tx.run_last(_APPEND, rows)


class PendingEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An outbox row on its way out.

    Attributes:
        carried_by: the traceparent of what brought it here; None: nothing but the outbox did.
    """

    position: int
    attempts: int
    envelope: Envelope
    carried_by: str | None = None

    @property
    def traceparent(self) -> str | None:
        """What the work on it is a child of."""
        return self.carried_by or self.envelope.traceparent


ENVELOPE_COLUMNS: Final = (
    outbox.c.position,
    outbox.c.attempts,
    outbox.c.id,
    outbox.c.tenant_id,
    outbox.c.type,
    outbox.c.schema_version,
    outbox.c.aggregate_type,
    outbox.c.aggregate_id,
    outbox.c.sequence,
    outbox.c.occurred_at,
    outbox.c.actor_id,
    outbox.c.correlation_id,
    outbox.c.causation_id,
    outbox.c.traceparent,
    outbox.c.data,
)


def to_pending(*, position: int, attempts: int, data: str, **fields: Any) -> PendingEvent:
    """An outbox row (ENVELOPE_COLUMNS) as an envelope."""
    return PendingEvent(
        position=position,
        attempts=attempts,
        envelope=Envelope(data=msgspec.Raw(data.encode()), **fields),
    )


_TENANTS_WAITING: Final = scalar(
    {
        name: text(one).columns(column("tenants", Integer()))
        for name, one in tenants_waiting().items()
    },
    int,
    system="the relay",
)


def _taking(sql: dict[str, str]) -> Query[PendingEvent]:
    given = (bindparam("now", type_=Timestamp()), bindparam("limit", type_=Integer()))
    return Query(
        {
            name: text(one).bindparams(*given).columns(*ENVELOPE_COLUMNS)
            for name, one in sql.items()
        },
        to_pending,
        system="the relay carries the events of all tenants",
    )


_NAMES: Final = [one.name for one in ENVELOPE_COLUMNS]
_OLDEST: Final = _taking(oldest(_NAMES))


@cache
def _turns(share: int) -> Query[PendingEvent]:
    return _taking(turns(_NAMES, share=share))


async def list_pending(
    tx: SystemTx, *, now: datetime, limit: int, is_crowded: bool = False
) -> list[PendingEvent]:
    """Events due for publishing; an aggregate with a delayed event waits behind it.

    The oldest first while `limit` takes all; beyond that tenants take turns, each with its oldest.

    Args:
        is_crowded: the round before was full, so this one may be: whose turn it is is asked first.
    """
    if is_crowded:
        waiting = await tx.one(_TENANTS_WAITING) or 1
        if waiting > 1:
            return await tx.all(_turns(share_of(limit, waiting)), now=now, limit=limit)
    found = await tx.all(_OLDEST, now=now, limit=limit)
    waiting = 1 if len(found) < limit else await tx.one(_TENANTS_WAITING) or 1
    if waiting == 1:
        return found
    return await tx.all(_turns(share_of(limit, waiting)), now=now, limit=limit)


_MARK_PUBLISHED: Final = Command(
    update(outbox)
    .where(any_of(outbox.c.position, "positions"))
    .values(published_at=bindparam("now", type_=Timestamp()), last_error=None),
    system="the relay",
)


async def mark_published(tx: SystemTx, positions: Sequence[int], *, now: datetime) -> None:
    """Record that every consumer side has these events."""
    await tx.run(_MARK_PUBLISHED, positions=list(positions), now=now)


_MARK_FAILED: Final = Command(
    update(outbox)
    .where(outbox.c.position == bindparam("at", type_=BigInteger()))
    .values(
        attempts=outbox.c.attempts + bindparam("step", type_=Integer()),
        available_at=bindparam("retry_at", type_=Timestamp()),
        last_error=bindparam("error", type_=Text()),
    ),
    system="the relay",
)


async def mark_failed(
    tx: SystemTx, position: int, *, retry_at: datetime, error: str, counts: bool = True
) -> None:
    """Record a failure; the event and those behind it in its aggregate wait until `retry_at`.

    Args:
        counts: False uses up no attempt.
    """
    await tx.run(
        _MARK_FAILED, at=position, retry_at=retry_at, error=error[:2_000], step=int(counts)
    )


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """How much waits in the outbox; `oldest_at` is None when nothing does."""

    pending: int
    oldest_at: datetime | None


_up_to: Final = (
    select(outbox.c.position)
    .where(outbox.c.published_at.is_(None))
    .limit(bindparam("at_most", type_=BigInteger()))
    .subquery()
)
_oldest: Final = outbox.alias("oldest")
_BACKLOG: Final = Query(
    select(
        select(func.count()).select_from(_up_to).scalar_subquery().label("pending"),
        select(_oldest.c.occurred_at)
        .where(_oldest.c.published_at.is_(None))
        .order_by(_oldest.c.position)
        .limit(1)
        .scalar_subquery()
        .label("oldest_at"),
    ),
    Backlog,
    system="health and metrics",
)


async def backlog(tx: SystemTx, *, at_most: int = 2**62) -> Backlog:
    """Count of pending events and when the oldest happened.

    Args:
        at_most: stop counting there; counting what a flood left takes as long as it is deep.
    """
    found = await tx.one(_BACKLOG, at_most=at_most)
    return found or Backlog(pending=0, oldest_at=None)


_old: Final = (
    select(outbox.c.position)
    .where(outbox.c.published_at < bindparam("before", type_=Timestamp()))
    .order_by(outbox.c.position)
    .limit(bindparam("limit", type_=Integer()))
)
_PURGE: Final = Command(outbox.delete().where(outbox.c.position.in_(_old)), system="retention")


async def purge_published(tx: SystemTx, *, before: datetime, limit: int) -> int:
    """Remove events published before `before`, oldest first; pending ones stay for ever."""
    return await tx.run(_PURGE, before=before, limit=limit)


_COUNT: Final = scalar(select(func.count()).select_from(outbox), int, system="doctor")


async def count_events(tx: SystemTx) -> int:
    """How many events the log holds."""
    return await tx.one(_COUNT) or 0
