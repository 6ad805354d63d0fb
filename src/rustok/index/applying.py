"""What handlers of all read models share: each event marks the index, each subject is made once.

Refuses: knowing events.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID
from weakref import WeakKeyDictionary

from rustok.core.db import WriteTx
from rustok.core.events.envelope import Envelope
from rustok.index import repository
from rustok.index.events import Reason
from rustok.index.rebuild import Projection, request
from rustok.index.storing import subjects_of_ref
from rustok.telemetry import tracing
from rustok.telemetry.metrics import INDEX_LAG

MANY: Final = 200
"""Above so many subjects an event asks for a rebuild, which works in batches, instead of doing them all."""

_made: Final[WeakKeyDictionary[WriteTx, set[tuple[str, UUID | None]]]] = WeakKeyDictionary()
"""What each transaction has made; None: it holds the index."""


async def apply(tx: WriteTx, projection: Projection, envelope: Envelope, *ids: UUID) -> None:
    """Make the documents of subjects anew because of an event.

    Several events of one batch are applied in one transaction, which began after all of them were
    committed: a subject made once in it is up to date for all of them.
    """
    done = _made.setdefault(tx, set())
    if (projection.name, None) in done:
        repository.mark_last(tx, projection.name, event_at=envelope.occurred_at)
    else:
        await repository.mark(tx, projection.name, event_at=envelope.occurred_at)
        done.add((projection.name, None))
    fresh = [one for one in dict.fromkeys(ids) if (projection.name, one) not in done]
    if fresh:
        with tracing.span(f"project {projection.name}") as span:
            span.set("rustok.subjects", len(fresh))
            await projection.project(tx, fresh)
        done.update((projection.name, one) for one in fresh)
    age = (tx.now - envelope.occurred_at).total_seconds()
    INDEX_LAG.labels(projection=projection.name).set(max(0.0, age))


async def apply_to_ref(
    tx: WriteTx, projection: Projection, envelope: Envelope, ref_id: UUID, *, reason: Reason
) -> None:
    """As `apply`, for all subjects that stand in a category, a collection or the like.

    Emits: index.reindex_requested when there are too many for one transaction
    """
    ids = await subjects_of_ref(tx, projection.shelf, ref_id, limit=MANY + 1)
    if len(ids) <= MANY:
        await apply(tx, projection, envelope, *ids)
        return
    await apply(tx, projection, envelope)
    await request(tx, projection, reason=reason)
