"""The inbox: which consumer has applied which event, written with the effect, so an effect happens once."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import Column, Text, bindparam, column, select, text

from rustok.core.db import TENANT, Id, Query, SystemTx, Timestamp, WriteTx, any_of, scalar
from rustok.core.db.schema import ListOf, tenant_table

inbox: Final = tenant_table(
    "inbox",
    Column("consumer", Text, nullable=False),
    Column("event_id", Id(), nullable=False),
    Column("applied_at", Timestamp(), nullable=False),
    primary_key=("consumer", "event_id"),
    with_id=False,
)


async def record(tx: WriteTx, consumer: str, event_ids: list[UUID]) -> None:
    """Note that `consumer` applies these events in this transaction.

    Raises:
        UniqueViolation: another process did so meanwhile; roll back.
    """
    await tx.insert_many(
        inbox,
        [
            {"consumer": consumer, "event_id": event_id, "applied_at": tx.now}
            for event_id in event_ids
        ],
    )


_CLAIM: Final = scalar(
    {
        dialect: text(statement)
        .bindparams(
            bindparam("tenant_id", type_=Id()),
            bindparam("consumer", type_=Text()),
            bindparam("event_ids", type_=ListOf(Id())),
            bindparam("now", type_=Timestamp()),
        )
        .columns(column("event_id", Id()))
        for dialect, statement in {
            "sqlite": "INSERT INTO inbox (tenant_id, consumer, event_id, applied_at) "
            "SELECT :tenant_id, :consumer, value, :now FROM json_each(:event_ids) WHERE true "
            "ON CONFLICT DO NOTHING RETURNING event_id",
            "postgres": "INSERT INTO inbox (tenant_id, consumer, event_id, applied_at) "
            "SELECT :tenant_id, :consumer, unnest(CAST(:event_ids AS uuid[])), :now "
            "ON CONFLICT DO NOTHING RETURNING event_id",
        }.items()
    },
    UUID,
)


async def claim(tx: WriteTx, consumer: str, event_ids: list[UUID]) -> set[UUID]:
    """Note that `consumer` applies these events here; those of them it had not applied before.

    Waits for another process that is applying one of them now.
    """
    return set(await tx.all(_CLAIM, consumer=consumer, event_ids=event_ids, now=tx.now))


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """That a consumer has applied an event, or given it up."""

    consumer: str
    applied_at: datetime


_DELIVERIES: Final = Query(
    select(inbox.c.consumer, inbox.c.applied_at)
    .where(
        inbox.c.tenant_id == TENANT,
        any_of(inbox.c.consumer, "consumers"),
        inbox.c.event_id == bindparam("event_id", type_=Id()),
    )
    .order_by(inbox.c.consumer),
    Delivery,
)


async def list_deliveries(
    tx: SystemTx, tenant_id: UUID, event_id: UUID, *, consumers: list[str]
) -> list[Delivery]:
    """Which of `consumers` have an event of a tenant behind them."""
    return await tx.all(
        _DELIVERIES, tenant_id=tenant_id, event_id=event_id, consumers=sorted(consumers)
    )


async def forget(tx: WriteTx, consumer: str, event_id: UUID) -> None:
    """Undo `record`, so that the event can be applied anew in this transaction."""
    await tx.delete(inbox, consumer=consumer, event_id=event_id)
