"""The keys of the chain: made once from a random source, kept sealed under the platform's master key.

They are apart from the master key so that it can be replaced: records cannot be sealed anew.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from uuid import UUID
from weakref import WeakKeyDictionary

import msgspec

from rustok.core.db import Database, SystemTx
from rustok.core.security.sealing import Sealer
from rustok.platform.audit.model.signing import SEED_BYTES, ChainKey, chain_key
from rustok.platform.audit.repository import sealing as rows


class KeyRing(msgspec.Struct, frozen=True, kw_only=True):
    """All keys of the chain; the newest seals and signs."""

    active: ChainKey
    sealing: Mapping[str, bytes]


_rings: WeakKeyDictionary[Database, KeyRing] = WeakKeyDictionary()


def key_place(kid: str) -> str:
    """What a sealed key belongs to."""
    return f"audit_key/{kid}"


async def key_ring(
    tx: SystemTx, db: Database, sealer: Sealer, *, holding: str | None = None
) -> KeyRing:
    """The keys, made at the first call of a deployment; opened once per process.

    Args:
        holding: the id of a key that must be among them if the database has it: a restored tenant
            brings the key its chain was sealed with.

    Raises:
        SealBroken: the master key they were sealed under is not configured.
    """
    found = _rings.get(db)
    if found is not None and (holding is None or holding in found.sealing):
        return found
    kept = await rows.list_keys(tx)
    if not kept:
        kept = await _make(tx, sealer)
    opened = [chain_key(_open(sealer, one)) for one in kept]
    ring = KeyRing(active=opened[-1], sealing={one.kid: one.sealing for one in opened})
    tx.after_commit(lambda: _rings.__setitem__(db, ring))
    return ring


async def read_ring(tx: SystemTx, sealer: Sealer) -> dict[str, ChainKey]:
    """All keys by id, for checking; none before the first record.

    Raises:
        SealBroken: as above.
    """
    opened = [chain_key(_open(sealer, one)) for one in await rows.list_keys(tx)]
    return {one.kid: one for one in opened}


async def keys_named(tx: SystemTx, kids: set[str]) -> list[rows.SealedKey]:
    """The keys of these ids as they are kept, sealed; for the backup of a chain."""
    return [one for one in await rows.list_keys(tx) if one.kid in kids]


async def adopt_keys(tx: SystemTx, brought: Sequence[rows.SealedKey]) -> int:
    """Keep the keys of a restored chain beside the own ones; returns how many were new."""
    return sum([await rows.add_key(tx, one) for one in brought])


async def has_chain(tx: SystemTx, tenant_id: UUID) -> bool:
    """Whether there is an audit log of the tenant; that of an erased one stays until its retention ends."""
    return await rows.find_head(tx, tenant_id) is not None


async def has_record(tx: SystemTx, tenant_id: UUID, number: int, hash_: str) -> bool:
    """Whether record `number` of the tenant's chain has this hash."""
    return await rows.hash_at(tx, tenant_id, number) == hash_


async def _make(tx: SystemTx, sealer: Sealer) -> list[rows.SealedKey]:
    seed = secrets.token_bytes(SEED_BYTES)
    key = chain_key(seed)
    await rows.add_key(
        tx,
        rows.SealedKey(
            kid=key.kid,
            sealed_seed=sealer.seal(seed, belongs_to=key_place(key.kid)),
            public_key=key.public_key,
            created_at=tx.now,
        ),
    )
    return await rows.list_keys(tx)


def _open(sealer: Sealer, key: rows.SealedKey) -> bytes:
    return sealer.open(key.sealed_seed, belongs_to=key_place(key.kid))
