"""What the log, the inbox and the dead letters know of one aggregate and of all it set going.

Refuses: writing, and looking further than `MAX_EVENTS` and a span of the log behind each event.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, Integer, bindparam, select

from rustok.core.db import TENANT, Id, Query, ReadTx, any_of
from rustok.core.dead_letters import dead_letters
from rustok.core.event_log import LoggedEvent, logged_columns, to_logged
from rustok.core.events.event import aggregate_types
from rustok.core.inbox import inbox
from rustok.core.outbox import outbox

MAX_EVENTS: Final = 500
BEFORE: Final = 50
BEHIND: Final = 5_000
"""Positions of the tenant's log that are looked at around an event for what belongs to it."""

_OF_AGGREGATE: Final = Query(
    select(*logged_columns())
    .where(
        outbox.c.tenant_id == TENANT,
        # Every kind by name: the key of the log begins with it.
        any_of(outbox.c.aggregate_type, "kinds"),
        outbox.c.aggregate_id == bindparam("aggregate_id", type_=Id()),
    )
    .order_by(outbox.c.position)
    .limit(bindparam("limit", type_=Integer())),
    to_logged,
)
_RELATED: Final = Query(
    select(*logged_columns())
    .where(
        outbox.c.tenant_id == TENANT,
        outbox.c.position >= bindparam("first", type_=BigInteger()),
        outbox.c.position <= bindparam("last", type_=BigInteger()),
        any_of(outbox.c.correlation_id, "correlations"),
    )
    .order_by(outbox.c.position)
    .limit(bindparam("limit", type_=Integer())),
    to_logged,
)


async def list_events_around(tx: ReadTx, aggregate_id: UUID) -> list[LoggedEvent]:
    """The events of an aggregate and those the same requests caused elsewhere, in their order."""
    own = await tx.all(
        _OF_AGGREGATE, kinds=sorted(aggregate_types()), aggregate_id=aggregate_id, limit=MAX_EVENTS
    )
    found = {event.position: event for event in own}
    for correlation in dict.fromkeys(event.envelope.correlation_id for event in own):
        places = [e.position for e in own if e.envelope.correlation_id == correlation]
        related = await tx.all(
            _RELATED,
            first=max(0, min(places) - BEFORE),
            last=max(places) + BEHIND,
            correlations=[correlation],
            limit=MAX_EVENTS,
        )
        found |= {event.position: event for event in related}
        if len(found) >= MAX_EVENTS:
            break
    return [found[position] for position in sorted(found)][:MAX_EVENTS]


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """That a consumer has an event behind it."""

    event_id: UUID
    consumer: str
    applied_at: datetime


class GivenUp(msgspec.Struct, frozen=True, kw_only=True):
    """That a consumer gave an event up; `resolution` None means it still waits for a person."""

    event_id: UUID
    consumer: str
    failed_at: datetime
    attempts: int
    resolution: str | None


_APPLIED: Final = Query(
    select(inbox.c.event_id, inbox.c.consumer, inbox.c.applied_at).where(
        inbox.c.tenant_id == TENANT,
        any_of(inbox.c.consumer, "consumers"),
        any_of(inbox.c.event_id, "event_ids"),
    ),
    Applied,
)
_GIVEN_UP: Final = Query(
    select(
        dead_letters.c.event_id,
        dead_letters.c.consumer,
        dead_letters.c.failed_at,
        dead_letters.c.attempts,
        dead_letters.c.resolution,
    ).where(
        dead_letters.c.tenant_id == TENANT,
        any_of(dead_letters.c.consumer, "consumers"),
        any_of(dead_letters.c.event_id, "event_ids"),
    ),
    GivenUp,
)


async def list_applied(
    tx: ReadTx, event_ids: Sequence[UUID], *, consumers: Sequence[str]
) -> list[Applied]:
    """Which of `consumers` have which of these events behind them."""
    return await tx.all(_APPLIED, consumers=sorted(consumers), event_ids=list(event_ids))


async def list_given_up(
    tx: ReadTx, event_ids: Sequence[UUID], *, consumers: Sequence[str]
) -> list[GivenUp]:
    """Which of `consumers` gave which of these events up."""
    return await tx.all(_GIVEN_UP, consumers=sorted(consumers), event_ids=list(event_ids))
