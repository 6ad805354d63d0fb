"""What a transaction changes for caches: said by itself, by its events, by the read models it wrote.

Refuses: forgetting too little. Where it is not plain, the tenant's public answers are forgotten,
and all its copies at a CDN are purged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from rustok.core.cache import showing
from rustok.core.cache.forgetting import Forgetting
from rustok.core.cache.invalidation import Change
from rustok.core.cache.stamps import raise_stamps
from rustok.core.db import WriteTx
from rustok.core.events.event import EncodedEvent
from rustok.platform.cdn import api as cdn
from rustok.server import ready, resolution

_NOTHING: Final[tuple[str, ...]] = ()
SHOWN_BY_EVENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "category": ("categories", "menus"),
    "collection": _NOTHING,
    "coupon": _NOTHING,
    "index": _NOTHING,
    "login_provider": _NOTHING,
    "media": _NOTHING,
    "menu": ("menus",),
    "node": ("menus",),
    "price": _NOTHING,
    "product": _NOTHING,
    "promotion": _NOTHING,
    "return": _NOTHING,
    "tag": _NOTHING,
    "tenant": (showing.EVERYTHING,),
}
"""Parts that answers show straight from the tables an event of the aggregate tells of. What is shown
from a read model is altered when that is written, not before, and then it says so itself.
Aggregates that are neither here nor quiet alter everything."""


async def stamp(tx: WriteTx) -> None:
    """Collect what `tx` changes and raise the stamps of its tenants. The last step before a commit."""
    changed = ready.tenants_changed(tx)
    changes = dict.fromkeys(one for one in tx.forgotten if one.cache != showing.NAME)
    for event, _ in tx.events:
        if event.aggregate_type == "tenant":
            changes[Change(resolution.NAME, event.tenant_id)] = None
    for tenant_id in changed:
        changes[Change(ready.NAME, tenant_id)] = None
    tx.forgotten = list(changes)
    tenants = {one.tenant_id for one in changes if one.tenant_id is not None}
    if tenants:
        tx.stamps = await raise_stamps(tx, tenants)


async def stamp_and_purge(tx: WriteTx) -> None:
    """As `stamp`; and record, in the same transaction, which copies at the CDN it makes old."""
    for owner, altered in _altered(tx).items():
        await cdn.record(tx, altered, owner=owner)
    await stamp(tx)


def _altered(tx: WriteTx) -> dict[UUID, dict[UUID, set[str]]]:
    """What `tx` alters: by the tenant that keeps the record, by the tenant of the copies."""
    found: dict[UUID, dict[UUID, set[str]]] = {}

    def add(owner: UUID, tenant_id: UUID, parts: Iterable[str]) -> None:
        if named := set(parts):
            found.setdefault(owner, {}).setdefault(tenant_id, set()).update(named)

    for event, _ in tx.events:
        if event.aggregate_type not in ready.QUIET:
            add(event.tenant_id, _whose(event), _parts(event))
    for one in tx.forgotten:
        if one.cache == showing.NAME and one.tenant_id is not None and one.key is not None:
            add(one.tenant_id, one.tenant_id, [one.key])
    if tx.touched:
        add(tx.ctx.tenant_id, tx.ctx.tenant_id, [showing.EVERYTHING])
    return found


def _whose(event: EncodedEvent) -> UUID:
    """The platform's own tenant tells that another one is gone."""
    return event.aggregate_id if event.aggregate_type == "tenant" else event.tenant_id


def _parts(event: EncodedEvent) -> tuple[str, ...]:
    if event.aggregate_type == "media":
        return (showing.thing("media", event.aggregate_id),)
    return SHOWN_BY_EVENTS.get(event.aggregate_type, (showing.EVERYTHING,))


def connect(
    forgetting: Forgetting, resolver: resolution.Resolver, kept: ready.ReadyAnswers
) -> None:
    """Let the server's own caches hear of changes."""
    forgetting.on(resolution.NAME, lambda tenant, _key: resolver.forget(tenant))
    forgetting.on(ready.NAME, lambda tenant, _key: kept.forget(tenant))
