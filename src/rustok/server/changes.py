"""What a transaction changes for caches: said by itself, by its events, by the read models it wrote.

Refuses: forgetting too little. Where it is not plain, the tenant's public answers are forgotten.
"""

from __future__ import annotations

from rustok.core.cache.forgetting import Forgetting
from rustok.core.cache.invalidation import Change
from rustok.core.cache.stamps import raise_stamps
from rustok.core.db import WriteTx
from rustok.server import ready, resolution


async def stamp(tx: WriteTx) -> None:
    """Collect what `tx` changes and raise the stamps of its tenants. The last step before a commit."""
    changes = dict.fromkeys(tx.forgotten)
    for event, _ in tx.events:
        if event.aggregate_type == "tenant":
            changes[Change(resolution.NAME, event.tenant_id)] = None
    for tenant_id in ready.tenants_changed(tx):
        changes[Change(ready.NAME, tenant_id)] = None
    tx.forgotten = list(changes)
    tenants = {one.tenant_id for one in changes if one.tenant_id is not None}
    if tenants:
        tx.stamps = await raise_stamps(tx, tenants)


def connect(
    forgetting: Forgetting, resolver: resolution.Resolver, kept: ready.ReadyAnswers
) -> None:
    """Let the server's own caches hear of changes."""
    forgetting.on(resolution.NAME, lambda tenant, _key: resolver.forget(tenant))
    forgetting.on(ready.NAME, lambda tenant, _key: kept.forget(tenant))
