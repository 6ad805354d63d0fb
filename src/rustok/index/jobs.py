"""Work on the read models that is due now and then: rebuilds that were asked for.

Refuses: more than a slice at a time; what is left is done in the next round.
"""

from __future__ import annotations

import time
from typing import Final

from rustok.core.errors import NotFound
from rustok.core.parts import Parts
from rustok.core.tenancy import context_for
from rustok.index import repository
from rustok.index.projections import PROJECTIONS
from rustok.index.rebuild import run

SLICE_SECONDS: Final = 5.0
"""Time given to one rebuild before the next one has its turn."""
_AT_ONCE: Final = 20


async def go_on_with_rebuilds(parts: Parts) -> int:
    """Work on the rebuilds that are under way, each for a slice; returns how many there were."""
    async with parts.db.system("rebuilds under way", write=False) as tx:
        waiting = await repository.list_waiting(tx, limit=_AT_ONCE)
    for one in waiting:
        # A rebuild is often due to a change of the tenant: the cached profile may be the old one.
        parts.forget_tenant(one.tenant_id)
        try:
            ctx = context_for(await parts.profile_of(one.tenant_id))
        except NotFound:  # erased meanwhile
            continue
        ends_at = time.monotonic() + SLICE_SECONDS
        await run(
            parts.db,
            ctx,
            PROJECTIONS[one.name],
            one.id,
            until=lambda ends_at=ends_at: time.monotonic() >= ends_at,  # type: ignore[misc]  # bound per round
        )
    return len(waiting)
