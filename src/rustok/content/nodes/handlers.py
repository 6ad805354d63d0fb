"""What time sets going: scheduled nodes are published when they are due."""

from __future__ import annotations

from typing import Final

from rustok.content.nodes.errors import NodeNotFound
from rustok.content.nodes.service.scheduling import due_nodes
from rustok.content.nodes.service.steps import release
from rustok.core.errors import ConcurrentUpdate, NotFound
from rustok.core.parts import Parts
from rustok.core.tenancy import SYSTEM, context_for
from rustok.telemetry.logs import get_logger

_BATCH: Final = 200
_log = get_logger("rustok.content.nodes")


async def publish_due(parts: Parts) -> int:
    """Publish what is due in all tenants; safe to run twice, also at once. Returns how many.

    Each node has its own transaction, so one that cannot be published keeps none of the others;
    suspended tenants wait until they are active again.
    """
    published = 0
    after = None
    while True:
        async with parts.db.system("scheduled nodes that are due", write=False) as look:
            batch = await due_nodes(look, after=after, limit=_BATCH)
        for due in batch:
            try:
                tenant = await parts.profile_of(due.tenant_id)
                if tenant.status != "active":
                    continue
                async with parts.db.write(context_for(tenant, actor=SYSTEM)) as tx:
                    published += await release(tx, due.id)
            except (NodeNotFound, ConcurrentUpdate):
                continue  # deleted or changed meanwhile: the next round sees what is left
            except NotFound:
                _log.warning("tenant_of_due_node_missing", node_id=str(due.id))
        if len(batch) < _BATCH:
            return published
        after = batch[-1]
