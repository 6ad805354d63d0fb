"""Queries of the sealing, across tenants: what waits, the head under its lock, the chain's new end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, Integer, bindparam, func, select

from rustok.core.db import TENANT, Command, Query, SystemTx, Timestamp, any_of, scalar
from rustok.platform.audit.model.checking import Head
from rustok.platform.audit.model.record import Record
from rustok.platform.audit.model.signing import Checkpoint
from rustok.platform.audit.tables import audit_pending, checkpoints, heads, keys, records

_REASON: Final = "the chains of all tenants are sealed by one hand"


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """A row written by a transaction, waiting for its numbers."""

    position: int
    id: UUID
    kid: str
    tag: str
    body: str
    written_at: datetime


class SealedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key of the chain as it is kept."""

    kid: str
    sealed_seed: str
    public_key: str
    created_at: datetime


_TENANTS: Final = scalar(
    select(audit_pending.c.tenant_id)
    .group_by(audit_pending.c.tenant_id)
    .limit(bindparam("limit", type_=Integer())),
    UUID,
    system=_REASON,
)
_PENDING: Final = Query(
    select(
        audit_pending.c.position,
        audit_pending.c.id,
        audit_pending.c.kid,
        audit_pending.c.tag,
        audit_pending.c.body,
        audit_pending.c.written_at,
    )
    .where(audit_pending.c.tenant_id == TENANT)
    .order_by(audit_pending.c.position)
    .limit(bindparam("limit", type_=Integer())),
    Pending,
)
_TAKEN: Final = Command(
    audit_pending.delete().where(any_of(audit_pending.c.position, "positions")), system=_REASON
)
_COUNT: Final = scalar(select(func.count()).select_from(audit_pending), int, system=_REASON)
_head: Final = select(heads.c.number, heads.c.hash, heads.c.kid, heads.c.seal).where(
    heads.c.tenant_id == TENANT
)
_HEAD: Final = Query(_head, Head)
_LOCKED_HEAD: Final = Query(_head.with_for_update(), Head)
_LAST: Final = scalar(select(func.max(records.c.number)).where(records.c.tenant_id == TENANT), int)
_KEYS: Final = Query(
    select(*keys.c).order_by(keys.c.created_at, keys.c.kid), SealedKey, system=_REASON
)
_PAST: Final = Command(
    records.delete().where(
        records.c.tenant_id == TENANT, records.c.number <= bindparam("through", type_=BigInteger())
    )
)
_KEPT_HASH: Final = scalar(
    select(records.c.hash).where(
        records.c.tenant_id == TENANT, records.c.number == bindparam("number", type_=BigInteger())
    ),
    str,
)
_oldest: Final = (
    select(records.c.number, records.c.occurred_at)
    .where(records.c.tenant_id == TENANT)
    .order_by(records.c.number)
    .limit(bindparam("limit", type_=Integer()))
    .subquery()
)
_OLD: Final = scalar(
    select(func.max(_oldest.c.number)).where(
        _oldest.c.occurred_at < bindparam("before", type_=Timestamp())
    ),
    int,
)
_TENANTS_WITH_HEADS: Final = scalar(
    select(heads.c.tenant_id).order_by(heads.c.tenant_id), UUID, system=_REASON
)


async def list_tenants_waiting(tx: SystemTx, *, limit: int) -> list[UUID]:
    """Tenants with entries that are not in their chain yet."""
    return await tx.all(_TENANTS, limit=limit)


async def list_pending(tx: SystemTx, tenant_id: UUID, *, limit: int) -> list[Pending]:
    """What waits, in the order it was written."""
    return await tx.all(_PENDING, tenant_id=tenant_id, limit=limit)


async def take_pending(tx: SystemTx, positions: Sequence[int]) -> None:
    """Remove what is in the chain now; the database refuses to remove anything else."""
    await tx.run(_TAKEN, positions=list(positions))


async def count_pending(tx: SystemTx) -> int:
    """How many rows wait."""
    return await tx.one(_COUNT) or 0


async def find_head(tx: SystemTx, tenant_id: UUID) -> Head | None:
    """The end of the tenant's chain."""
    return await tx.one(_HEAD, tenant_id=tenant_id)


async def lock_head(tx: SystemTx, tenant_id: UUID, empty: Head) -> tuple[Head, bool]:
    """The head, locked until the end of the transaction, and whether it was made just now."""
    fresh = await tx.insert_if_absent(
        heads,
        tenant_id=tenant_id,
        number=empty.number,
        hash=empty.hash,
        kid=empty.kid,
        seal=empty.seal,
        sealed_at=tx.now,
    )
    found = await tx.one(_LOCKED_HEAD, tenant_id=tenant_id)
    return found or empty, fresh


async def last_number(tx: SystemTx, tenant_id: UUID) -> int:
    """The number of the newest record; 0 when there is none."""
    return await tx.one(_LAST, tenant_id=tenant_id) or 0


async def hash_at(tx: SystemTx, tenant_id: UUID, number: int) -> str | None:
    """The hash of a record; None when it is not there."""
    return await tx.one(_KEPT_HASH, tenant_id=tenant_id, number=number)


async def append(tx: SystemTx, chained: Sequence[Record]) -> None:
    """Insert records at the end of the chain."""
    await tx.insert_many(records, [msgspec.structs.asdict(one) for one in chained])


async def move_head(tx: SystemTx, tenant_id: UUID, head: Head) -> None:
    """Let the chain end at `head`."""
    await tx.update(
        heads,
        {"tenant_id": tenant_id},
        number=head.number,
        hash=head.hash,
        kid=head.kid,
        seal=head.seal,
        sealed_at=tx.now,
    )


async def add_checkpoint(tx: SystemTx, checkpoint_id: UUID, made: Checkpoint) -> None:
    """Keep a checkpoint."""
    values: dict[str, Any] = msgspec.structs.asdict(made)
    del values["format"]
    await tx.insert(checkpoints, id=checkpoint_id, **values)


async def list_keys(tx: SystemTx) -> list[SealedKey]:  # bounded: one, or a few after incidents
    """The keys of the chain, the oldest first."""
    return await tx.all(_KEYS)


async def add_key(tx: SystemTx, key: SealedKey) -> bool:
    """Keep a key; False when another process was first."""
    return await tx.insert_if_absent(keys, **msgspec.structs.asdict(key))


async def last_before(tx: SystemTx, tenant_id: UUID, before: datetime, *, limit: int) -> int:
    """The number of the last record older than `before` among the oldest `limit`; 0 when none is."""
    return await tx.one(_OLD, tenant_id=tenant_id, before=before, limit=limit) or 0


async def remove_through(tx: SystemTx, tenant_id: UUID, number: int) -> int:
    """Remove records up to `number`; the database asks for a retention checkpoint that far."""
    return await tx.run(_PAST, tenant_id=tenant_id, through=number)


async def list_chains(tx: SystemTx) -> list[UUID]:  # bounded: one row a tenant
    """Tenants that have a chain."""
    return await tx.all(_TENANTS_WITH_HEADS)
