"""What the consumers' records need no longer: inbox rows and resolved dead letters, removed by age.

Refuses: an inbox row whose event may still be delivered or retried.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Integer, bindparam, exists, select, tuple_

from rustok.core.db import Command, SystemTx, Timestamp
from rustok.core.dead_letters import dead_letters
from rustok.core.inbox import inbox
from rustok.core.outbox import outbox

_old_applied: Final = (
    select(inbox.c.tenant_id, inbox.c.consumer, inbox.c.event_id)
    .where(
        inbox.c.applied_at < bindparam("before", type_=Timestamp()),
        ~exists(select(outbox.c.position).where(outbox.c.id == inbox.c.event_id)),
        ~exists(
            select(dead_letters.c.id).where(
                dead_letters.c.tenant_id == inbox.c.tenant_id,
                dead_letters.c.consumer == inbox.c.consumer,
                dead_letters.c.event_id == inbox.c.event_id,
                dead_letters.c.resolved_at.is_(None),
            )
        ),
    )
    .limit(bindparam("limit", type_=Integer()))
)
_PURGE_APPLIED: Final = Command(
    inbox.delete().where(
        tuple_(inbox.c.tenant_id, inbox.c.consumer, inbox.c.event_id).in_(_old_applied)
    ),
    system="retention",
)
_PURGE_RESOLVED: Final = Command(
    dead_letters.delete().where(
        tuple_(dead_letters.c.tenant_id, dead_letters.c.id).in_(
            select(dead_letters.c.tenant_id, dead_letters.c.id)
            .where(dead_letters.c.resolved_at < bindparam("before", type_=Timestamp()))
            .limit(bindparam("limit", type_=Integer()))
        )
    ),
    system="retention",
)


async def purge_applied(tx: SystemTx, *, before: datetime, limit: int) -> int:
    """Forget what was applied before `before`, where neither the event nor an open letter is left."""
    return await tx.run(_PURGE_APPLIED, before=before, limit=limit)


async def purge_resolved(tx: SystemTx, *, before: datetime, limit: int) -> int:
    """Remove dead letters resolved before `before`."""
    return await tx.run(_PURGE_RESOLVED, before=before, limit=limit)
