"""Queries of the worker across tenants: what is due, claiming it for a while, removing what is old."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import (
    Integer,
    and_,
    bindparam,
    exists,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.sql.elements import ColumnClause

from rustok.core.db import Command, Id, Query, SystemTx, Timestamp, any_of
from rustok.platform.webhooks.model.endpoint import Mode
from rustok.platform.webhooks.tables import deliveries, endpoints

_REASON: Final = "webhooks are sent for all tenants"
_NOW: Final = bindparam("now", type_=Timestamp())
# A bound value could not be proved to fit the partial indexes.
_PENDING: Final[ColumnClause[str]] = literal_column("'pending'")


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """The next delivery of an endpoint that may take one."""

    tenant_id: UUID
    endpoint_id: UUID
    delivery_id: UUID


_one = deliveries.alias("one")
_earlier = deliveries.alias("earlier")
_running = deliveries.alias("running")

_next_of_endpoint = (
    select(_one.c.id)
    .where(
        _one.c.tenant_id == endpoints.c.tenant_id,
        _one.c.endpoint_id == endpoints.c.id,
        _one.c.status == _PENDING,
        _one.c.next_attempt_at <= _NOW,
        or_(_one.c.claimed_until.is_(None), _one.c.claimed_until <= _NOW),
        # In order: nothing overtakes an earlier fact of its aggregate that still waits.
        or_(
            endpoints.c.is_ordered == false(),
            ~exists(
                select(_earlier.c.id).where(
                    _earlier.c.tenant_id == _one.c.tenant_id,
                    _earlier.c.endpoint_id == _one.c.endpoint_id,
                    _earlier.c.aggregate_id == _one.c.aggregate_id,
                    _earlier.c.status == _PENDING,
                    _earlier.c.sequence < _one.c.sequence,
                )
            ),
        ),
    )
    .order_by(_one.c.next_attempt_at, _one.c.id)
    .limit(1)
    .correlate(endpoints)
    .scalar_subquery()
)
_running_at_endpoint = (
    select(func.count())
    .select_from(_running)
    .where(
        _running.c.tenant_id == endpoints.c.tenant_id,
        _running.c.endpoint_id == endpoints.c.id,
        _running.c.claimed_until > _NOW,
    )
    .correlate(endpoints)
    .scalar_subquery()
)
_candidates = (
    select(
        endpoints.c.tenant_id.label("tenant_id"),
        endpoints.c.id.label("endpoint_id"),
        _next_of_endpoint.label("delivery_id"),
    )
    .where(
        endpoints.c.status == "active",
        or_(
            bindparam("after", type_=Id()).is_(None),
            endpoints.c.id > bindparam("after", type_=Id()),
        ),
        not_(any_of(endpoints.c.id, "resting")),
        _running_at_endpoint < bindparam("at_once", type_=Integer()),
    )
    .subquery("candidates")
)
_DUE: Final = Query(
    select(_candidates.c.tenant_id, _candidates.c.endpoint_id, _candidates.c.delivery_id)
    .where(_candidates.c.delivery_id.is_not(None))
    .order_by(_candidates.c.endpoint_id)
    .limit(bindparam("limit", type_=Integer())),
    Due,
    system=_REASON,
)


async def list_due(
    tx: SystemTx,
    *,
    after: UUID | None,
    resting: Sequence[UUID],
    at_once: int,
    limit: int,
) -> list[Due]:
    """One due delivery per endpoint, endpoints in turn: a long queue of one delays no other.

    Args:
        after: the endpoint the round before ended at; None begins anew.
        resting: endpoints to leave alone (their circuit is open).
        at_once: deliveries that may run at an endpoint at the same time.
    """
    return await tx.all(
        _DUE, now=tx.now, after=after, resting=list(resting), at_once=at_once, limit=limit
    )


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery this process may send until its lease ends."""

    tenant_id: UUID
    id: UUID
    endpoint_id: UUID
    event_id: UUID
    event_type: str
    mode: Mode
    payload: str
    correlation_id: UUID
    traceparent: str | None
    claimed_by: UUID


_free = or_(deliveries.c.claimed_until.is_(None), deliveries.c.claimed_until <= _NOW)
_CLAIM: Final = Query(
    update(deliveries)
    .where(
        any_of(deliveries.c.tenant_id, "tenants"),
        any_of(deliveries.c.id, "ids"),
        deliveries.c.status == _PENDING,
        deliveries.c.next_attempt_at <= _NOW,
        _free,
    )
    .values(
        claimed_by=bindparam("claim", type_=Id()),
        claimed_until=bindparam("until", type_=Timestamp()),
    )
    .returning(*[deliveries.c[name] for name in Claimed.__struct_fields__]),
    Claimed,
    system=_REASON,
)


async def claim(
    tx: SystemTx, due: Sequence[Due], *, claim_id: UUID, until: datetime
) -> list[Claimed]:
    """Take these deliveries until `until`; those somebody else has taken are left out."""
    return await tx.all(
        _CLAIM,
        tenants=list({one.tenant_id for one in due}),
        ids=[one.delivery_id for one in due],
        claim=claim_id,
        until=until,
        now=tx.now,
    )


_POSTPONE: Final = Command(
    update(deliveries)
    .where(
        deliveries.c.tenant_id == bindparam("whose", type_=Id()),
        deliveries.c.id == bindparam("delivery", type_=Id()),
        deliveries.c.claimed_by == bindparam("claim", type_=Id()),
        deliveries.c.status == _PENDING,
    )
    .values(
        claimed_by=None,
        claimed_until=None,
        next_attempt_at=bindparam("at", type_=Timestamp()),
    ),
    system=_REASON,
)


async def postpone(tx: SystemTx, claimed: Claimed, *, at: datetime) -> None:
    """Give a claim back unused; no attempt is counted."""
    await tx.run(
        _POSTPONE,
        whose=claimed.tenant_id,
        delivery=claimed.id,
        claim=claimed.claimed_by,
        at=at,
    )


_old = deliveries.alias("old")
_PURGE: Final = Command(
    deliveries.delete().where(
        and_(
            tuple_(deliveries.c.tenant_id, deliveries.c.id).in_(
                select(_old.c.tenant_id, _old.c.id)
                .where(
                    _old.c.created_at < bindparam("before", type_=Timestamp()),
                    or_(
                        _old.c.claimed_until.is_(None),
                        _old.c.claimed_until <= bindparam("now", type_=Timestamp()),
                    ),
                )
                .order_by(_old.c.created_at)
                .limit(bindparam("limit", type_=Integer()))
            )
        )
    ),
    system="retention",
)


async def purge(tx: SystemTx, *, before: datetime, limit: int) -> int:
    """Remove deliveries made before `before` with their log, waiting ones too; at most `limit`."""
    return await tx.run(_PURGE, before=before, now=tx.now, limit=limit)
