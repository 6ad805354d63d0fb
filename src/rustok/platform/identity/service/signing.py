"""The keys that sign access tokens: made when there is none, replaced by age, shared by all processes.

Refuses: a key in clear. They are stored sealed, outside any tenant. A process reads the ring again
once a minute, and at once (at most every 5 seconds) when a token names a key it does not know.
Source: RFC 8725 section 3.5, docs/decisions on signing keys.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import weakref
from datetime import datetime, timedelta
from typing import Final

from rustok.core.audit.entry import entry
from rustok.core.db import DatabaseUnavailable, SystemTx
from rustok.core.parts import Parts
from rustok.core.security.access_tokens import (
    AccessTokens,
    SigningKey,
    export_signing_key,
    import_signing_key,
    new_signing_key,
)
from rustok.core.security.sealing import SealBroken, Sealer
from rustok.core.tenancy import PLATFORM_TENANT_ID
from rustok.platform.identity.model import SigningKeyState
from rustok.platform.identity.repository import signing_keys as rows

READ_AGAIN: Final = timedelta(seconds=60)
READ_UNKNOWN: Final = timedelta(seconds=5)
_KID_BYTES: Final = 8
_MARGIN: Final = READ_AGAIN + timedelta(seconds=60)
"""How long a process may go on signing with a key after another has retired it, and some."""

_log: Final = logging.getLogger(__name__)


class _Ring:
    """When the ring of one process was read."""

    def __init__(self) -> None:
        self.read_at: datetime | None = None
        self.lock = asyncio.Lock()


_rings: Final[weakref.WeakKeyDictionary[AccessTokens, _Ring]] = weakref.WeakKeyDictionary()


async def ready(parts: Parts, *, is_key_unknown: bool = False) -> bool:
    """Have a ring to sign and verify with; call it outside of any transaction.

    Args:
        is_key_unknown: a token names a key that is not in the ring.

    Returns:
        Whether the ring was read just now.

    Raises:
        DatabaseUnavailable: there is no ring yet, and none can be read. An old ring is kept.
    """
    ring = _rings.get(parts.access_tokens)
    if ring is None:
        ring = _rings[parts.access_tokens] = _Ring()
    if not _is_due(ring, parts.db.now(), is_key_unknown=is_key_unknown):
        return False
    async with ring.lock:
        now = parts.db.now()
        if not _is_due(ring, now, is_key_unknown=is_key_unknown):
            return is_key_unknown
        try:
            await _read(parts)
        except DatabaseUnavailable:
            if ring.read_at is None:
                raise
            _log.warning("signing keys not read again; going on with those known")
        ring.read_at = now
        return True


def _is_due(ring: _Ring, now: datetime, *, is_key_unknown: bool) -> bool:
    if ring.read_at is None:
        return True
    age = now - ring.read_at
    # A clock that was set back must not keep an old ring for ever.
    return age >= (READ_UNKNOWN if is_key_unknown else READ_AGAIN) or age < timedelta(0)


async def _read(parts: Parts) -> None:
    async with parts.db.system("signing keys", write=False) as tx:
        stored = await rows.list_ring(tx)
    opened = _opened(parts.sealer, stored)
    if not any(key.retired_at is None for key, _ in opened):
        async with parts.db.system("signing keys") as write_tx:
            await _add(write_tx, parts.sealer)
            stored = await rows.list_ring(write_tx)
        opened = _opened(parts.sealer, stored)
    active = next(key.kid for key, _ in opened if key.retired_at is None)
    parts.access_tokens.use([key for _, key in opened], active_kid=active)


def _opened(
    sealer: Sealer, stored: list[rows.StoredKey]
) -> list[tuple[rows.StoredKey, SigningKey]]:
    """The keys that can be read; one sealed under a secret that is gone verifies nothing."""
    found = []
    for key in stored:
        try:
            pem = sealer.open(key.sealed_key, belongs_to=_place(key.kid))
        except SealBroken as error:
            _log.warning("signing key left out", extra={"kid": key.kid, "code": error.code})
            continue
        found.append((key, import_signing_key(key.kid, pem)))
    return found


def _place(kid: str) -> str:
    return f"signing_key/{kid}"


async def _add(tx: SystemTx, sealer: Sealer) -> str:
    made = new_signing_key(secrets.token_hex(_KID_BYTES))
    sealed = sealer.seal(export_signing_key(made), belongs_to=_place(made.kid))
    await rows.add(tx, made.kid, sealed_key=sealed)
    _log.info("signing key made", extra={"kid": made.kid})
    return made.kid


async def rotate(parts: Parts, *, keep_old: bool = True) -> str:
    """Make a key that signs from now on. Opens its own transaction.

    Args:
        keep_old: old keys verify until the last token signed with them has expired; without, they
            verify nothing from now on here, and within a minute in other processes.

    Returns:
        The id of the new key.
    """
    async with parts.db.system("rotation of signing keys") as tx:
        life = timedelta(seconds=parts.access_token_ttl_seconds) + _MARGIN
        await rows.retire_all(tx, until=tx.now + life if keep_old else tx.now)
        kid = await _add(tx, parts.sealer)
        made = entry(
            "signing_key.rotated",
            object_type="signing_key",
            object_id=kid,
            after={"are_old_keys_kept": keep_old},
        )
        tx.audit_for(PLATFORM_TENANT_ID, made)
    ring = _rings.get(parts.access_tokens)
    if ring is not None:
        ring.read_at = None
    await ready(parts)
    return kid


async def list_keys(parts: Parts) -> list[SigningKeyState]:
    """The keys that sign or verify, the newest first."""
    async with parts.db.system("signing keys", write=False) as tx:
        stored = await rows.list_ring(tx)
    active = next((key.kid for key in stored if key.retired_at is None), None)
    return [
        SigningKeyState(
            kid=key.kid,
            is_active=key.kid == active,
            created_at=key.created_at,
            verifies_until=key.verifies_until,
        )
        for key in stored
    ]


async def public_keys(parts: Parts) -> list[dict[str, str]]:
    """The public keys as JWKs, for `/.well-known/jwks.json`."""
    await ready(parts)
    return parts.access_tokens.public_keys


async def rotate_by_age(parts: Parts) -> int:
    """Replace a key that has signed for long enough and remove those that verify nothing; the job."""
    async with parts.db.system("rotation of signing keys") as tx:
        removed = await rows.purge(tx)
        stored = await rows.list_ring(tx)
    active = next((key for key in stored if key.retired_at is None), None)
    oldest = parts.db.now() - timedelta(seconds=parts.sign_in.signing_key_seconds)
    if active is not None and active.created_at <= oldest:
        await rotate(parts)
        return removed + 1
    return removed
