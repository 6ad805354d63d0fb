"""Queries of the worker across tenants: claiming what is due for a while, removing what is old."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import Integer, and_, bindparam, func, literal_column, or_, select, tuple_, update
from sqlalchemy.sql.elements import ColumnClause

from rustok.core.db import Command, Id, Query, SystemTx, Timestamp, any_of
from rustok.platform.mail.tables import mails

_REASON: Final = "mail is sent for all tenants"
_NOW: Final = bindparam("now", type_=Timestamp())
# A bound value could not be proved to fit the partial index.
_QUEUED: Final[ColumnClause[str]] = literal_column("'queued'")


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A mail that may be sent now."""

    tenant_id: UUID
    id: UUID


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """A mail this process may send until its lease ends."""

    tenant_id: UUID
    id: UUID
    template: str
    locale: str
    recipient: str
    sealed_secret: str | None
    reference_id: UUID | None
    expires_at: datetime | None
    created_at: datetime
    correlation_id: UUID
    traceparent: str | None
    claimed_by: UUID


_turns = (
    select(
        mails.c.tenant_id,
        mails.c.id,
        mails.c.next_attempt_at,
        func.row_number()
        .over(partition_by=mails.c.tenant_id, order_by=(mails.c.next_attempt_at, mails.c.id))
        .label("turn"),
    )
    .where(
        mails.c.status == _QUEUED,
        mails.c.next_attempt_at <= _NOW,
        or_(mails.c.claimed_until.is_(None), mails.c.claimed_until <= _NOW),
    )
    .subquery("turns")
)
_DUE: Final = Query(
    select(_turns.c.tenant_id, _turns.c.id)
    .order_by(_turns.c.turn, _turns.c.next_attempt_at, _turns.c.id)
    .limit(bindparam("limit", type_=Integer())),
    Due,
    system=_REASON,
)


async def list_due(tx: SystemTx, *, limit: int) -> list[Due]:
    """What may be sent, one of each tenant, then a second of each: a long queue delays nobody else."""
    return await tx.all(_DUE, now=tx.now, limit=limit)


_one = mails.alias("one")
_CLAIM: Final = Query(
    update(mails)
    .where(
        any_of(mails.c.tenant_id, "tenants"),
        mails.c.id.in_(
            select(_one.c.id)
            .where(
                any_of(_one.c.tenant_id, "tenants"),
                any_of(_one.c.id, "ids"),
                _one.c.status == _QUEUED,
                _one.c.next_attempt_at <= _NOW,
                or_(_one.c.claimed_until.is_(None), _one.c.claimed_until <= _NOW),
            )
            .with_for_update(skip_locked=True)
        ),
    )
    .values(
        claimed_by=bindparam("claim", type_=Id()),
        claimed_until=bindparam("until", type_=Timestamp()),
    )
    .returning(*[mails.c[name] for name in Claimed.__struct_fields__]),
    Claimed,
    system=_REASON,
)


async def claim(tx: SystemTx, due: list[Due], *, claim_id: UUID, until: datetime) -> list[Claimed]:
    """Take these mails until `until`; those another process has, or is taking, are left out."""
    return await tx.all(
        _CLAIM,
        tenants=list({one.tenant_id for one in due}),
        ids=[one.id for one in due],
        claim=claim_id,
        until=until,
        now=tx.now,
    )


_POSTPONE: Final = Command(
    update(mails)
    .where(
        mails.c.tenant_id == bindparam("whose", type_=Id()),
        mails.c.id == bindparam("mail", type_=Id()),
        mails.c.claimed_by == bindparam("claim", type_=Id()),
        mails.c.status == _QUEUED,
    )
    .values(
        claimed_by=None, claimed_until=None, next_attempt_at=bindparam("at", type_=Timestamp())
    ),
    system=_REASON,
)


async def postpone(tx: SystemTx, claimed: Claimed, *, at: datetime) -> None:
    """Give a claim back unused; no attempt is counted."""
    await tx.run(
        _POSTPONE, whose=claimed.tenant_id, mail=claimed.id, claim=claimed.claimed_by, at=at
    )


_old = mails.alias("old")
_PURGE: Final = Command(
    mails.delete().where(
        and_(
            tuple_(mails.c.tenant_id, mails.c.id).in_(
                select(_old.c.tenant_id, _old.c.id)
                .where(
                    _old.c.created_at < bindparam("before", type_=Timestamp()),
                    or_(_old.c.claimed_until.is_(None), _old.c.claimed_until <= _NOW),
                )
                .order_by(_old.c.created_at)
                .limit(bindparam("limit", type_=Integer()))
            )
        )
    ),
    system="retention",
)


async def purge(tx: SystemTx, *, before: datetime, limit: int) -> int:
    """Remove mails made before `before` with their log, waiting ones too; at most `limit`."""
    return await tx.run(_PURGE, before=before, now=tx.now, limit=limit)
