"""A number per tenant that every change of what is cached raises, in the transaction of the change.

It is the safety net below the bus: whoever has not heard of a change sees it here, seconds later.
A row per tenant, written last in a transaction, so that nobody waits for it long.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, Column, Index, Integer, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from rustok.core.db import TENANT, Query, SystemTx, Timestamp, WriteTx, scalar, tenant_table

cache_stamps: Final = tenant_table(
    "cache_stamps",
    Column("stamp", BigInteger(), nullable=False),
    Column("moved_at", Timestamp(), nullable=False),
    Index("ix_cache_stamps_moved_at", "moved_at"),
    primary_key=(),
    with_id=False,
)


def _upsert(dialect_insert: Any) -> Any:
    moved_at = bindparam("moved_at", type_=Timestamp())
    return (
        dialect_insert(cache_stamps)
        .values(tenant_id=TENANT, stamp=1, moved_at=moved_at)
        .on_conflict_do_update(
            index_elements=["tenant_id"],
            set_={"stamp": cache_stamps.c.stamp + 1, "moved_at": moved_at},
        )
        .returning(cache_stamps.c.stamp)
    )


_RAISE: Final = scalar(
    {"sqlite": _upsert(sqlite.insert), "postgres": _upsert(postgresql.insert)}, int
)


async def raise_stamps(tx: WriteTx, tenant_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Raise the stamps of tenants by one; the new ones. The last thing a transaction does.

    In the order of the ids, so that two transactions never wait for each other.
    """
    raised: dict[UUID, int] = {}
    for tenant_id in sorted(tenant_ids):
        # A tenant's transaction binds its own tenant, whatever is given here.
        found = await tx.one(_RAISE, tenant_id=tenant_id, moved_at=tx.now)
        raised[tenant_id] = found or 0
    return raised


class Stamp(msgspec.Struct, frozen=True, kw_only=True):
    """How often a tenant has changed, and when last."""

    tenant_id: UUID
    stamp: int
    moved_at: datetime


_MOVED: Final = Query(
    select(*[cache_stamps.c[name] for name in Stamp.__struct_fields__])
    .where(cache_stamps.c.moved_at >= bindparam("since", type_=Timestamp()))
    .order_by(cache_stamps.c.moved_at.desc())
    .limit(bindparam("limit", type_=Integer())),
    Stamp,
    system="every process looks which tenants have changed",
)


async def list_moved(tx: SystemTx, *, since: datetime, limit: int) -> list[Stamp]:
    """The tenants changed since a moment, the latest first."""
    return await tx.all(_MOVED, since=since, limit=limit)
