"""Every query on the state of the read models."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Integer, Text, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite

from rustok.core.db import TENANT, Command, Id, Query, ReadTx, SystemTx, Timestamp, WriteTx, scalar
from rustok.core.outbox import outbox
from rustok.index.shelves import Shelf
from rustok.index.tables import index_marks, index_rebuilds


def _upsert(dialect_insert: Any, *changed: str) -> Any:
    binds = {
        name: bindparam(name, type_=index_marks.c[name].type)
        for name in ("tenant_id", "name", "last_event_at", "applied_at")
    }
    return (
        dialect_insert(index_marks)
        .values(binds)
        .on_conflict_do_update(
            index_elements=["tenant_id", "name"], set_={name: binds[name] for name in changed}
        )
    )


def _on_both(*changed: str) -> Command:
    return Command(
        {
            "sqlite": _upsert(sqlite.insert, *changed),
            "postgres": _upsert(postgresql.insert, *changed),
        }
    )


_MARK: Final = _on_both("last_event_at", "applied_at")
_HOLD: Final = _on_both("applied_at")


async def hold(tx: WriteTx, name: str) -> None:
    """Keep every other projection of this index from writing until the commit.

    Whoever holds an index reads the sources anew, so an older document never replaces a newer one.
    Taken before a rebuild is locked, never after.
    """
    await tx.run(_HOLD, name=name, last_event_at=tx.now, applied_at=tx.now)


async def mark(tx: WriteTx, name: str, *, event_at: datetime) -> None:
    """As `hold`, and note when the event happened that is applied now."""
    await tx.run(_MARK, name=name, last_event_at=event_at, applied_at=tx.now)


def mark_last(tx: WriteTx, name: str, *, event_at: datetime) -> None:
    """As `mark` where the index is held already, with the end of the transaction."""
    tx.run_last(_MARK, [{"name": name, "last_event_at": event_at, "applied_at": tx.now}])


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """The last event an index has applied."""

    name: str
    last_event_at: datetime
    applied_at: datetime


_MARKS: Final = Query(
    select(index_marks.c.name, index_marks.c.last_event_at, index_marks.c.applied_at)
    .where(index_marks.c.tenant_id == TENANT)
    .order_by(index_marks.c.name),
    Mark,
)


async def list_marks(tx: ReadTx) -> list[Mark]:  # bounded: one per index
    """The marks of the tenant's indexes, by name."""
    return await tx.all(_MARKS)


class Rebuild(msgspec.Struct, frozen=True, kw_only=True):
    """One rebuild of one index of one tenant.

    Attributes:
        position: the last subject dealt with.
        done, total: subjects dealt with, and how many there were at the start.
        changed: subjects whose documents differed.
    """

    id: UUID
    name: str
    reason: str
    position: UUID | None
    done: int
    total: int
    changed: int
    requested_at: datetime
    updated_at: datetime
    finished_at: datetime | None


_COLUMNS: Final = [index_rebuilds.c[name] for name in Rebuild.__struct_fields__]
_RUNNING: Final = Query(
    select(*_COLUMNS)
    .where(
        index_rebuilds.c.tenant_id == TENANT,
        index_rebuilds.c.name == bindparam("name", type_=Text()),
        index_rebuilds.c.finished_at.is_(None),
    )
    .with_for_update(),
    Rebuild,
)
_LOCK: Final = Query(
    select(*_COLUMNS)
    .where(index_rebuilds.c.tenant_id == TENANT, index_rebuilds.c.id == bindparam("id", type_=Id()))
    .with_for_update(),
    Rebuild,
)
_LATEST: Final = Query(
    select(*_COLUMNS)
    .where(
        index_rebuilds.c.tenant_id == TENANT,
        index_rebuilds.c.name == bindparam("name", type_=Text()),
    )
    .order_by(index_rebuilds.c.requested_at.desc(), index_rebuilds.c.id.desc())
    .limit(1),
    Rebuild,
)


async def lock_running(tx: WriteTx, name: str) -> Rebuild | None:
    """The rebuild of an index that is under way, held until the commit."""
    return await tx.one(_RUNNING, name=name)


async def lock_rebuild(tx: WriteTx, rebuild_id: UUID) -> Rebuild | None:
    return await tx.one(_LOCK, id=rebuild_id)


async def find_latest(tx: ReadTx, name: str) -> Rebuild | None:
    """The rebuild of an index asked for last."""
    return await tx.one(_LATEST, name=name)


async def add_rebuild(tx: WriteTx, rebuild: Rebuild) -> bool:
    """Insert it; False when another one of this index is under way by now."""
    return await tx.insert_if_absent(index_rebuilds, **msgspec.structs.asdict(rebuild))


async def store_rebuild(tx: WriteTx, rebuild: Rebuild) -> None:
    values = msgspec.structs.asdict(rebuild)
    await tx.update(index_rebuilds, {"id": values.pop("id")}, **values)


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A rebuild that is under way, of any tenant."""

    tenant_id: UUID
    id: UUID
    name: str


_WAITING: Final = Query(
    select(index_rebuilds.c.tenant_id, index_rebuilds.c.id, index_rebuilds.c.name)
    .where(index_rebuilds.c.finished_at.is_(None))
    .order_by(index_rebuilds.c.updated_at)
    .limit(bindparam("limit", type_=Integer())),
    Waiting,
    system="the rebuild job looks across tenants",
)


async def list_waiting(tx: SystemTx, *, limit: int) -> list[Waiting]:
    """Rebuilds under way, those untouched for longest first."""
    return await tx.all(_WAITING, limit=limit)


_OLDEST_PENDING: Final = scalar(
    select(func.min(outbox.c.occurred_at, type_=Timestamp()).label("oldest")).where(
        outbox.c.tenant_id == TENANT, outbox.c.published_at.is_(None)
    ),
    datetime,
)


async def oldest_pending_at(tx: ReadTx) -> datetime | None:
    """When the oldest event of the tenant that waits for delivery happened; None when none waits."""
    return await tx.one(_OLDEST_PENDING)


def count_documents(shelf: Shelf) -> Query[int]:
    """The statement that counts the tenant's documents on a shelf."""
    documents = shelf.documents
    return scalar(
        select(func.count().label("count"))
        .select_from(documents)
        .where(documents.c.tenant_id == TENANT),
        int,
    )
