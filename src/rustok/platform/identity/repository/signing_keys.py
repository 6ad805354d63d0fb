"""Queries on the keys that sign access tokens; they belong to the platform, so only a SystemTx sees them."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import Integer, bindparam, delete, or_, select, update

from rustok.core.db import Command, Query, SystemTx, Timestamp
from rustok.platform.identity.tables import signing_keys

_REASON: Final = "signing keys belong to the platform"
_MAX_KEYS: Final = 50
_NOW: Final = bindparam("now", type_=Timestamp())


class StoredKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as stored: sealed. The one that signs has no `retired_at`; when several have none, the newest."""

    kid: str
    sealed_key: str
    created_at: datetime
    retired_at: datetime | None
    verifies_until: datetime | None


_GOOD: Final = or_(signing_keys.c.verifies_until.is_(None), signing_keys.c.verifies_until > _NOW)
_RING: Final = Query(
    select(*[signing_keys.c[name] for name in StoredKey.__struct_fields__])
    .where(_GOOD)
    .order_by(signing_keys.c.created_at.desc(), signing_keys.c.kid)
    .limit(bindparam("limit", type_=Integer())),
    StoredKey,
    system=_REASON,
)
_RETIRE: Final = Command(
    update(signing_keys)
    .where(
        or_(
            signing_keys.c.verifies_until.is_(None),
            signing_keys.c.verifies_until > bindparam("until", type_=Timestamp()),
        )
    )
    .values(retired_at=_NOW, verifies_until=bindparam("until", type_=Timestamp())),
    system=_REASON,
)
_PURGE: Final = Command(
    delete(signing_keys).where(signing_keys.c.verifies_until <= _NOW), system=_REASON
)


async def list_ring(tx: SystemTx, *, limit: int = _MAX_KEYS) -> list[StoredKey]:
    """The keys that still verify, the newest first."""
    return await tx.all(_RING, now=tx.now, limit=limit)


async def add(tx: SystemTx, kid: str, *, sealed_key: str) -> None:
    await tx.insert(
        signing_keys,
        kid=kid,
        sealed_key=sealed_key,
        created_at=tx.now,
        retired_at=None,
        verifies_until=None,
    )


async def retire_all(tx: SystemTx, *, until: datetime) -> int:
    """Let the keys there are sign nothing more and verify no longer than `until`; returns how many."""
    return await tx.run(_RETIRE, now=tx.now, until=until)


async def purge(tx: SystemTx) -> int:
    """Remove keys that verify nothing any more; returns how many."""
    return await tx.run(_PURGE, now=tx.now)
