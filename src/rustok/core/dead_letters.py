"""The dead letters: events a consumer could not apply within its attempts, kept until an operator
retries or discards them.

Refuses: applying anything (the bus does), and forgetting what nobody has resolved.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Column, Index, Integer, Text, bindparam, func, or_, select, update

from rustok.core import inbox
from rustok.core.db import TENANT, Command, Id, Query, ReadTx, SystemTx, Timestamp, WriteTx, scalar
from rustok.core.db.counting import count_by
from rustok.core.db.schema import tenant_table
from rustok.core.events.envelope import Envelope
from rustok.core.ids import new_id

dead_letters: Final = tenant_table(
    "dead_letters",
    Column("consumer", Text, nullable=False),
    Column("event_id", Id(), nullable=False),
    Column("type", Text, nullable=False),
    Column("aggregate_type", Text, nullable=False),
    Column("aggregate_id", Id(), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("envelope", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("failed_at", Timestamp(), nullable=False),
    Column("resolved_at", Timestamp()),
    Column("resolution", Text),
    Index("ix_dead_letters_consumer", "tenant_id", "consumer", "failed_at"),
)


async def bury(
    tx: WriteTx, consumer: str, envelope: Envelope, *, error: str, attempts: int
) -> None:
    """Keep an event that `consumer` cannot apply, and count it as handled so that others go on."""
    await inbox.record(tx, consumer, [envelope.id])
    await tx.insert(
        dead_letters,
        id=new_id(),
        consumer=consumer,
        event_id=envelope.id,
        type=envelope.type,
        aggregate_type=envelope.aggregate_type,
        aggregate_id=envelope.aggregate_id,
        sequence=envelope.sequence,
        envelope=msgspec.json.encode(envelope).decode(),
        error=error[:2_000],
        attempts=attempts,
        failed_at=tx.now,
    )


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """An event a consumer could not apply."""

    id: UUID
    tenant_id: UUID
    consumer: str
    event_id: UUID
    type: str
    aggregate_type: str
    aggregate_id: UUID
    error: str
    attempts: int
    failed_at: datetime


DEAD_LETTERS: Final = Query(
    select(
        dead_letters.c.id,
        dead_letters.c.tenant_id,
        dead_letters.c.consumer,
        dead_letters.c.event_id,
        dead_letters.c.type,
        dead_letters.c.aggregate_type,
        dead_letters.c.aggregate_id,
        dead_letters.c.error,
        dead_letters.c.attempts,
        dead_letters.c.failed_at,
    )
    .where(dead_letters.c.resolved_at.is_(None))
    .order_by(dead_letters.c.failed_at)
    .limit(bindparam("limit", type_=Integer())),
    DeadLetter,
    system="operators look across tenants",
)


class BuriedEvent(DeadLetter, frozen=True, kw_only=True):
    """A dead letter with the event itself; `resolution` is "retried" or "discarded"."""

    envelope: Envelope
    resolved_at: datetime | None
    resolution: str | None


def _to_buried(*, envelope: str, **fields: Any) -> BuriedEvent:
    return BuriedEvent(envelope=msgspec.json.decode(envelope, type=Envelope), **fields)


_BURIED_COLUMNS: Final = [dead_letters.c[name] for name in BuriedEvent.__struct_fields__]
_BURIED: Final = Query(
    select(*_BURIED_COLUMNS).where(dead_letters.c.id == bindparam("id", type_=Id())),
    _to_buried,
    system="operators name a dead letter by its id",
)
_OPEN_LETTERS: Final = Query(
    select(*_BURIED_COLUMNS)
    .where(
        dead_letters.c.resolved_at.is_(None),
        or_(
            bindparam("after", type_=Id()).is_(None),
            dead_letters.c.id > bindparam("after", type_=Id()),
        ),
    )
    .order_by(dead_letters.c.id)
    .limit(bindparam("limit", type_=Integer())),
    _to_buried,
    system="operators look across tenants",
)
_COUNT_OPEN: Final = scalar(
    select(func.count()).select_from(dead_letters).where(dead_letters.c.resolved_at.is_(None)),
    int,
    system="doctor and metrics",
)


_COUNT_BY_CONSUMER: Final = count_by(
    dead_letters.c.consumer, dead_letters.c.resolved_at.is_(None), system="metrics"
)


async def count_open_by_consumer(tx: SystemTx) -> dict[str, int]:
    """How many dead letters of each consumer wait for an operator; a consumer without is absent."""
    return {one.value: one.count for one in await tx.all(_COUNT_BY_CONSUMER)}


async def find_buried(tx: SystemTx, letter_id: UUID) -> BuriedEvent | None:
    """A dead letter of any tenant, resolved or not."""
    return await tx.one(_BURIED, id=letter_id)


async def list_open(tx: SystemTx, *, after: UUID | None, limit: int) -> list[BuriedEvent]:
    """Dead letters nobody has resolved, in the order they were buried: per aggregate, its order."""
    return await tx.all(_OPEN_LETTERS, after=after, limit=limit)


async def count_open(tx: SystemTx) -> int:
    """How many dead letters wait for an operator."""
    return await tx.one(_COUNT_OPEN) or 0


_OWN_BURIED: Final = Query(
    select(*_BURIED_COLUMNS).where(
        dead_letters.c.tenant_id == TENANT, dead_letters.c.id == bindparam("id", type_=Id())
    ),
    _to_buried,
)
_OWN_OPEN: Final = Query(
    select(*_BURIED_COLUMNS)
    .where(
        dead_letters.c.tenant_id == TENANT,
        dead_letters.c.resolved_at.is_(None),
        or_(
            bindparam("after", type_=Id()).is_(None),
            dead_letters.c.id > bindparam("after", type_=Id()),
        ),
    )
    .order_by(dead_letters.c.id)
    .limit(bindparam("limit", type_=Integer())),
    _to_buried,
)


async def find_own_buried(tx: ReadTx, letter_id: UUID) -> BuriedEvent | None:
    """A dead letter of the transaction's own tenant, resolved or not."""
    return await tx.one(_OWN_BURIED, id=letter_id)


async def list_own_open(tx: ReadTx, *, after: UUID | None, limit: int) -> list[BuriedEvent]:
    """As `list_open`, of the transaction's own tenant."""
    return await tx.all(_OWN_OPEN, after=after, limit=limit)


_LOCK_OPEN: Final = scalar(
    select(dead_letters.c.id)
    .where(
        dead_letters.c.tenant_id == TENANT,
        dead_letters.c.id == bindparam("id", type_=Id()),
        dead_letters.c.resolved_at.is_(None),
    )
    .with_for_update(),
    UUID,
)


async def lock_open(tx: WriteTx, letter_id: UUID) -> bool:
    """Hold a dead letter until the transaction ends; False when it is resolved already."""
    return await tx.one(_LOCK_OPEN, id=letter_id) is not None


_LOCK_OPEN_OF: Final = scalar(
    select(dead_letters.c.id)
    .where(
        dead_letters.c.tenant_id == TENANT,
        dead_letters.c.consumer == bindparam("consumer", type_=Text()),
        dead_letters.c.event_id == bindparam("event_id", type_=Id()),
        dead_letters.c.resolved_at.is_(None),
    )
    .with_for_update(),
    UUID,
)


async def lock_open_of(tx: WriteTx, consumer: str, event_id: UUID) -> UUID | None:
    """Hold the open dead letter of an event and a consumer; None when there is none."""
    return await tx.one(_LOCK_OPEN_OF, consumer=consumer, event_id=event_id)


async def resolve(tx: WriteTx, letter_id: UUID, resolution: str) -> None:
    """Close a dead letter; it stays as a record."""
    await tx.update(dead_letters, {"id": letter_id}, resolved_at=tx.now, resolution=resolution)


_FAILED_AGAIN: Final = Command(
    update(dead_letters)
    .where(
        dead_letters.c.tenant_id == TENANT,
        dead_letters.c.id == bindparam("letter_id", type_=Id()),
        dead_letters.c.resolved_at.is_(None),
    )
    .values(
        attempts=dead_letters.c.attempts + 1,
        error=bindparam("what", type_=Text()),
        failed_at=bindparam("now", type_=Timestamp()),
    )
)


async def note_failure(tx: WriteTx, letter_id: UUID, *, error: str) -> None:
    """Keep why another attempt failed."""
    await tx.run(_FAILED_AGAIN, letter_id=letter_id, what=error[:2_000], now=tx.now)
