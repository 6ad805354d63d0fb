"""Builds an index anew while it goes on serving: batch by batch, resumable, each batch a transaction.

Documents are replaced where they differ, so readers see the old one or the new one and never a gap;
what has no source any more is removed on the way. Refuses: knowing what is indexed (a `Projection`
says) and holding a transaction longer than one batch.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Protocol
from uuid import UUID

import msgspec

from rustok.core.db import Database, ReadTx, WriteTx
from rustok.core.ids import new_id
from rustok.core.tenancy import RequestContext
from rustok.index import repository
from rustok.index.events import IndexName, IndexReindexRequested, IndexUpdated, Reason
from rustok.index.repository import Rebuild
from rustok.index.shelves import Shelf
from rustok.index.storing import subjects_between

BATCH: Final = 50
"""Subjects per transaction: short enough for other writers to get in between."""
_ORPHANS: Final = 500
_COUNT_STEP: Final = 1_000

Progress = Callable[[Rebuild], None]


class ListIds(Protocol):
    """Ids of all there is to index, ascending, those beyond `after`."""

    async def __call__(
        self, tx: ReadTx, *, after: UUID | None = None, limit: int = ...
    ) -> list[UUID]: ...


class Projection(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed to build an index.

    Attributes:
        project: makes the documents of these subjects anew; returns how many changed. The caller
            holds the index (`repository.hold` or `mark`).
    """

    name: IndexName
    shelf: Shelf
    list_ids: ListIds
    project: Callable[[WriteTx, list[UUID]], Awaitable[int]]


async def request(tx: WriteTx, projection: Projection, *, reason: Reason) -> Rebuild:
    """Ask for a rebuild; one that is under way begins anew, since what it did may be outdated.

    A transaction that also applies events of this index holds the index before it asks.

    Emits: index.reindex_requested
    """
    fresh = Rebuild(
        id=new_id(),
        name=projection.name,
        reason=reason,
        position=None,
        done=0,
        total=await _count(tx, projection.list_ids),
        changed=0,
        requested_at=tx.now,
        updated_at=tx.now,
        finished_at=None,
    )
    running = await repository.lock_running(tx, projection.name)
    if running is None and not await repository.add_rebuild(tx, fresh):
        running = await repository.lock_running(tx, projection.name)
    if running is not None:
        fresh = msgspec.structs.replace(fresh, id=running.id)
        await repository.store_rebuild(tx, fresh)
    tx.emit(IndexReindexRequested(rebuild_id=fresh.id, index=projection.name, reason=reason))
    return fresh


async def resume_or_request(tx: WriteTx, projection: Projection) -> Rebuild:
    """The rebuild that is under way, to go on with it, or else a new one.

    Emits: index.reindex_requested with a new one
    """
    running = await repository.lock_running(tx, projection.name)
    return running or await request(tx, projection, reason="requested")


async def _count(tx: ReadTx, list_ids: ListIds) -> int:
    total = 0
    after: UUID | None = None
    while ids := await list_ids(tx, after=after, limit=_COUNT_STEP):
        total += len(ids)
        after = ids[-1]
        if len(ids) < _COUNT_STEP:
            break
    return total


async def step(tx: WriteTx, projection: Projection, rebuild_id: UUID) -> Rebuild | None:
    """Do the next batch; None when there is no such rebuild, `finished_at` is set after the last.

    Emits: index.updated with the last batch
    """
    await repository.hold(tx, projection.name)
    rebuild = await repository.lock_rebuild(tx, rebuild_id)
    if rebuild is None or rebuild.finished_at is not None:
        return rebuild
    ids = await projection.list_ids(tx, after=rebuild.position, limit=BATCH)
    is_last = len(ids) < BATCH
    # A subject that has documents and no source: its deletion was never heard of.
    held = await subjects_between(
        tx,
        projection.shelf,
        after=rebuild.position,
        last=None if is_last else ids[-1],
        limit=_ORPHANS,
    )
    known = set(ids)
    orphans = [one for one in held if one not in known]
    changed = await projection.project(tx, [*ids, *orphans])
    if len(held) == _ORPHANS:
        position: UUID | None = held[-1]
        finished = False
    else:
        position = rebuild.position if is_last else ids[-1]
        finished = is_last
    done = rebuild.done + len(ids)
    rebuild = msgspec.structs.replace(
        rebuild,
        position=position,
        done=done,
        total=max(rebuild.total, done),
        changed=rebuild.changed + changed,
        updated_at=tx.now,
        finished_at=tx.now if finished else None,
    )
    await repository.store_rebuild(tx, rebuild)
    if finished:
        tx.emit(IndexUpdated(rebuild_id=rebuild.id, index=projection.name, changed=rebuild.changed))
    return rebuild


async def run(
    db: Database,
    ctx: RequestContext,
    projection: Projection,
    rebuild_id: UUID,
    *,
    progress: Progress | None = None,
    until: Callable[[], bool] = lambda: False,
) -> Rebuild | None:
    """Do batches until the rebuild is complete or `until` says to stop; it goes on from there later.

    Args:
        progress: called after every batch, outside its transaction.

    Returns: the rebuild as it stands; None when there is none of this id.
    """
    while True:
        async with db.write(ctx) as tx:
            rebuild = await step(tx, projection, rebuild_id)
        if rebuild is None:
            return None
        if progress is not None:
            progress(rebuild)
        if rebuild.finished_at is not None or until():
            return rebuild
