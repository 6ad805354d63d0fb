"""Queries of those who read the log: by filters, newest first; and in order, for checking."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, Integer, Text, bindparam, select
from sqlalchemy.sql.elements import ColumnElement

from rustok.core.db import TENANT, Id, Query, ReadTx, Timestamp
from rustok.core.db.schema import any_of
from rustok.platform.audit.model.record import Record
from rustok.platform.audit.model.signing import Checkpoint
from rustok.platform.audit.tables import checkpoints, records


class RecordFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which records are asked for; None takes all. `since` is included, `until` is not.

    Attributes:
        action: an action, or `order.*` for all that begin with `order.`.
    """

    action: str | None = None
    object_type: str | None = None
    object_id: str | None = None
    actor_id: UUID | None = None
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None


_CONDITIONS: Final[dict[str, ColumnElement[bool]]] = {
    "action": records.c.action == bindparam("action", type_=Text()),
    "action_like": records.c.action.like(bindparam("action_like", type_=Text()), escape="\\"),
    "object_type": records.c.object_type == bindparam("object_type", type_=Text()),
    "object_id": records.c.object_id == bindparam("object_id", type_=Text()),
    "actor_id": records.c.actor_id == bindparam("actor_id", type_=Id()),
    "outcome": records.c.outcome == bindparam("outcome", type_=Text()),
    "since": records.c.occurred_at >= bindparam("since", type_=Timestamp()),
    "until": records.c.occurred_at < bindparam("until", type_=Timestamp()),
    "before": records.c.number < bindparam("before", type_=BigInteger()),
}


@cache
def _page(filters: frozenset[str]) -> Query[Record]:
    statement = select(*records.c).where(
        records.c.tenant_id == TENANT, *(_CONDITIONS[name] for name in sorted(filters))
    )
    limit = bindparam("limit", type_=Integer())
    return Query(statement.order_by(records.c.number.desc()).limit(limit), Record)


async def list_newest(
    tx: ReadTx, wanted: RecordFilter, *, before: int | None, limit: int, **tenant: UUID
) -> list[Record]:
    """Records, newest first.

    Args:
        before: the number to go back from, exclusive; None begins with the newest.
        tenant: `tenant_id`, on a transaction across tenants.
    """
    given = {
        name: value
        for name in wanted.__struct_fields__
        if (value := getattr(wanted, name)) is not None
    }
    action = given.get("action")
    if isinstance(action, str) and action.endswith(".*"):
        del given["action"]
        given["action_like"] = action[:-1].replace("_", "\\_") + "%"
    if before is not None:
        given["before"] = before
    return await tx.all(_page(frozenset(given)), **given, limit=limit, **tenant)


_NEXT: Final = Query(
    select(*records.c)
    .where(records.c.tenant_id == TENANT, records.c.number > bindparam("after", type_=BigInteger()))
    .order_by(records.c.number)
    .limit(bindparam("limit", type_=Integer())),
    Record,
)
_ONE: Final = Query(
    select(*records.c).where(
        records.c.tenant_id == TENANT, records.c.number == bindparam("number", type_=BigInteger())
    ),
    Record,
)
_CHECKPOINTS: Final = Query(
    select(*(column for column in checkpoints.c if column.name != "id"))
    .where(
        checkpoints.c.tenant_id == TENANT,
        any_of(checkpoints.c.kind, "kinds"),
    )
    .order_by(checkpoints.c.number.desc(), checkpoints.c.id.desc())
    .limit(bindparam("limit", type_=Integer())),
    Checkpoint,
)


async def list_after(tx: ReadTx, *, after: int, limit: int, **tenant: UUID) -> list[Record]:
    """Records in the order of the chain, behind number `after`."""
    return await tx.all(_NEXT, after=after, limit=limit, **tenant)


async def find(tx: ReadTx, number: int, **tenant: UUID) -> Record | None:
    """The record with this number."""
    return await tx.one(_ONE, number=number, **tenant)


async def list_checkpoints(tx: ReadTx, *kinds: str, limit: int, **tenant: UUID) -> list[Checkpoint]:
    """Checkpoints of these kinds, the newest first."""
    return await tx.all(_CHECKPOINTS, kinds=list(kinds), limit=limit, **tenant)
