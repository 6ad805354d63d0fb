"""Records, in the transaction of a change, which copies it makes old."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from rustok.core.cache.showing import EVERYTHING
from rustok.core.db import WriteTx
from rustok.platform.cdn import repository
from rustok.platform.cdn.model.keys import key_of


async def record(tx: WriteTx, altered: Mapping[UUID, Iterable[str]], *, owner: UUID) -> None:
    """Let the copies of `altered` parts be purged, when and only when `tx` is committed.

    Args:
        altered: parts by tenant.
        owner: the tenant of the row; the keys may be of a tenant that goes with this transaction.
    """
    keys: list[str] = []
    for tenant_id, parts in altered.items():
        named = set(parts)
        # The whole covers its parts.
        shown = [EVERYTHING] if EVERYTHING in named else sorted(named)
        keys += [key_of(tenant_id, part) for part in shown]
    if keys:
        await repository.add(tx, owner, keys)
