"""Queries of the keys that wait, across tenants: one CDN keeps the copies of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import Integer, bindparam, delete, func, select

from rustok.core.clock import SystemClock
from rustok.core.db import Command, Query, SystemTx, Timestamp, WriteTx, any_of
from rustok.core.ids import new_id
from rustok.platform.cdn.tables import cdn_purges

_clock: Final = SystemClock()
_REASON: Final = "a CDN is purged for all tenants"


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """The keys of one transaction."""

    id: UUID
    keys: list[str]
    created_at: datetime


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows wait, and since when the oldest does."""

    waiting: int
    oldest_at: datetime | None


_DUE: Final = Query(
    select(cdn_purges.c.id, cdn_purges.c["keys"], cdn_purges.c.created_at)
    .where(cdn_purges.c.created_at <= bindparam("until", type_=Timestamp()))
    .order_by(cdn_purges.c.created_at)
    .limit(bindparam("limit", type_=Integer())),
    Waiting,
    system=_REASON,
)
_REMOVE: Final = Command(delete(cdn_purges).where(any_of(cdn_purges.c.id, "ids")), system=_REASON)
_BACKLOG: Final = Query(
    select(
        func.count().label("waiting"),
        func.min(cdn_purges.c.created_at, type_=Timestamp()).label("oldest_at"),
    ).select_from(cdn_purges),
    Backlog,
    system=_REASON,
)


async def add(tx: WriteTx, tenant_id: UUID, keys: Sequence[str]) -> None:
    """Let `keys` be purged once this is committed; a tenant's transaction writes its own row only."""
    # The transaction may have begun long ago; the others begin to forget when it ends.
    now = max(tx.now, _clock.now())
    await tx.insert(cdn_purges, tenant_id=tenant_id, id=new_id(), keys=list(keys), created_at=now)


async def list_due(tx: SystemTx, *, until: datetime, limit: int) -> list[Waiting]:
    """What waits since `until` or longer, the oldest first."""
    return await tx.all(_DUE, until=until, limit=limit)


async def remove(tx: SystemTx, ids: Sequence[UUID]) -> int:
    """Take rows away that are done; returns how many were still there."""
    return await tx.run(_REMOVE, ids=list(ids))


async def backlog(tx: SystemTx) -> Backlog:
    """What waits now."""
    found = await tx.one(_BACKLOG)
    return found or Backlog(waiting=0, oldest_at=None)
