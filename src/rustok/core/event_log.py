"""The event log as operators read it: the outbox by filters, page by page, across tenants.

Refuses: writing. What happens to an event is the relay's and the consumers' business.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, Integer, Text, bindparam, func, select
from sqlalchemy.sql.elements import ColumnElement

from rustok.core.db import TENANT, Id, Query, ReadTx, SystemTx, Timestamp, scalar
from rustok.core.events.envelope import Envelope
from rustok.core.outbox import ENVELOPE_COLUMNS, outbox

_REASON: Final = "operators read the log across tenants"


class LoggedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event with what became of it; `published_at` None means it is still to be delivered."""

    position: int
    envelope: Envelope
    published_at: datetime | None
    attempts: int
    last_error: str | None


class EventFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which events are asked for; None takes all. `since` is included, `until` is not."""

    tenant_id: UUID | None = None
    type: str | None = None
    aggregate_type: str | None = None
    aggregate_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


_CONDITIONS: Final[dict[str, ColumnElement[bool]]] = {
    "tenant_id": outbox.c.tenant_id == bindparam("tenant_id", type_=Id()),
    "type": outbox.c.type == bindparam("type", type_=Text()),
    "aggregate_type": outbox.c.aggregate_type == bindparam("aggregate_type", type_=Text()),
    "aggregate_id": outbox.c.aggregate_id == bindparam("aggregate_id", type_=Id()),
    "since": outbox.c.occurred_at >= bindparam("since", type_=Timestamp()),
    "until": outbox.c.occurred_at < bindparam("until", type_=Timestamp()),
}
_COLUMNS: Final = (*ENVELOPE_COLUMNS, outbox.c.published_at, outbox.c.last_error)


def logged_columns() -> tuple[ColumnElement[Any], ...]:
    """What `to_logged` is made of."""
    return _COLUMNS


def to_logged(
    *,
    position: int,
    attempts: int,
    published_at: datetime | None,
    last_error: str | None,
    data: str,
    **fields: Any,
) -> LoggedEvent:
    """A row of the log (`logged_columns`)."""
    return LoggedEvent(
        position=position,
        attempts=attempts,
        published_at=published_at,
        last_error=last_error,
        envelope=Envelope(data=msgspec.Raw(data.encode()), **fields),
    )


@cache
def _page(filters: frozenset[str], *, newest_first: bool, is_first: bool) -> Query[LoggedEvent]:
    position = outbox.c.position
    statement = select(*_COLUMNS).where(*(_CONDITIONS[name] for name in sorted(filters)))
    if not is_first:
        after = bindparam("after", type_=BigInteger())
        statement = statement.where(position < after if newest_first else position > after)
    order = position.desc() if newest_first else position
    limit = bindparam("limit", type_=Integer())
    return Query(statement.order_by(order).limit(limit), to_logged, system=_REASON)


async def list_events(
    tx: SystemTx,
    wanted: EventFilter,
    *,
    after: int | None = None,
    limit: int,
    newest_first: bool = False,
) -> list[LoggedEvent]:
    """Events in the order of the log.

    Args:
        after: the position to go on from, exclusive; None begins at the end that comes first.
        newest_first: from the newest back.
    """
    given = {
        name: value
        for name in wanted.__struct_fields__
        if (value := getattr(wanted, name)) is not None
    }
    query = _page(frozenset(given), newest_first=newest_first, is_first=after is None)
    if after is not None:
        given["after"] = after
    return await tx.all(query, **given, limit=limit)


@cache
def _own_page(filters: frozenset[str], *, is_first: bool) -> Query[LoggedEvent]:
    statement = select(*_COLUMNS).where(
        outbox.c.tenant_id == TENANT, *(_CONDITIONS[name] for name in sorted(filters))
    )
    if not is_first:
        statement = statement.where(outbox.c.position < bindparam("before", type_=BigInteger()))
    limit = bindparam("limit", type_=Integer())
    return Query(statement.order_by(outbox.c.position.desc()).limit(limit), to_logged)


async def list_own_events(
    tx: ReadTx, wanted: EventFilter, *, before: int | None, limit: int
) -> list[LoggedEvent]:
    """Events of the transaction's own tenant, newest first; the filter's tenant does not count.

    Args:
        before: the position to go back from, exclusive; None begins with the newest.
    """
    given = {
        name: value
        for name in wanted.__struct_fields__
        if name != "tenant_id" and (value := getattr(wanted, name)) is not None
    }
    query = _own_page(frozenset(given), is_first=before is None)
    if before is not None:
        given["before"] = before
    return await tx.all(query, **given, limit=limit)


@cache
def _own_following(filters: frozenset[str]) -> Query[LoggedEvent]:
    statement = (
        select(*_COLUMNS)
        .where(
            outbox.c.tenant_id == TENANT,
            outbox.c.position > bindparam("after", type_=BigInteger()),
            *(_CONDITIONS[name] for name in sorted(filters)),
        )
        .order_by(outbox.c.position)
        .limit(bindparam("limit", type_=Integer()))
    )
    return Query(statement, to_logged)


async def follow_own_events(
    tx: ReadTx, wanted: EventFilter, *, after: int, limit: int
) -> list[LoggedEvent]:
    """Events of the transaction's own tenant behind the position `after`, the oldest first."""
    given = {
        name: value
        for name in wanted.__struct_fields__
        if name != "tenant_id" and (value := getattr(wanted, name)) is not None
    }
    return await tx.all(_own_following(frozenset(given)), **given, after=after, limit=limit)


_OWN_BY_ID: Final = Query(
    select(*_COLUMNS).where(
        outbox.c.tenant_id == TENANT, outbox.c.id == bindparam("id", type_=Id())
    ),
    to_logged,
)


async def find_own_event(tx: ReadTx, event_id: UUID) -> LoggedEvent | None:
    """An event of the transaction's own tenant."""
    return await tx.one(_OWN_BY_ID, id=event_id)


_BY_ID: Final = Query(
    select(*_COLUMNS).where(outbox.c.id == bindparam("id", type_=Id())),
    to_logged,
    system=_REASON,
)
_LAST: Final = scalar(select(func.max(outbox.c.position)), int, system=_REASON)


async def find_event(tx: SystemTx, event_id: UUID) -> LoggedEvent | None:
    """An event by its id, of whichever tenant."""
    return await tx.one(_BY_ID, id=event_id)


async def last_position(tx: SystemTx) -> int:
    """The position of the newest event; 0 when there is none."""
    return await tx.one(_LAST) or 0
