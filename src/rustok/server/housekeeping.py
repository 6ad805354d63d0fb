"""Jobs of the platform itself: what is kept for a time goes when the time is over.

Refuses: touching what is still needed. Pending events stay for ever, an inbox row stays as long as
its event is in the log or a dead letter of it is open, and dead letters nobody resolved stay.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from rustok.core import idempotency, inbox_retention, outbox
from rustok.core.modules import Job
from rustok.core.parts import Parts
from rustok.server.settings import Settings

EVERY_SECONDS: Final = 3600.0
PORTION: Final = 5_000
"""Rows per transaction, so that retention never holds up others for long."""


def housekeeping_jobs(settings: Settings) -> tuple[Job, ...]:
    """The jobs, with the times of `settings`."""
    kept_events = timedelta(days=settings.events.retention_days)
    kept_answers = timedelta(hours=settings.http.idempotency_hours)

    async def purge_events(parts: Parts) -> int:
        gone = 0
        # The log first: an inbox row may go only when its event has gone.
        for purge in (
            outbox.purge_published,
            inbox_retention.purge_applied,
            inbox_retention.purge_resolved,
        ):
            portion = PORTION
            while portion >= PORTION:
                async with parts.db.system("retention of events") as tx:
                    portion = await purge(tx, before=tx.now - kept_events, limit=PORTION)
                gone += portion
        return gone

    async def purge_answers(parts: Parts) -> int:
        async with parts.db.system("retention of idempotency keys") as tx:
            return await idempotency.purge(tx, before=tx.now - kept_answers)

    return (
        Job(name="events.retention", every_seconds=EVERY_SECONDS, run=purge_events),
        Job(name="idempotency.retention", every_seconds=EVERY_SECONDS, run=purge_answers),
    )
