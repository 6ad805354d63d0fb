"""API keys: made with a subset of what their maker holds, shown once, revoked for good.

Refuses: keys that make keys. A key never outgrows its owner (see `model.scopes_held`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from rustok.core.audit.difference import state_of
from rustok.core.db import ReadTx, WriteTx
from rustok.core.ids import new_id
from rustok.core.pagination import Page, PageRequest
from rustok.core.security.tokens import random_token, token_digest
from rustok.platform.identity.errors import InvalidExpiry, UserSessionNeeded
from rustok.platform.identity.events import ApiKeyCreated, ApiKeyRevoked
from rustok.platform.identity.model import ApiKey, NewApiKey
from rustok.platform.identity.repository import api_keys as rows
from rustok.platform.identity.service.grants import checked_permissions
from rustok.platform.identity.service.standing import forget_api_key

API_KEY_PREFIX: Final = "rk_"
_SECRET_BYTES: Final = 24
_SHOWN_CHARACTERS: Final = 8
_LONGEST_LIFE: Final = timedelta(days=3653)


async def create(
    tx: WriteTx, *, name: str, scopes: Sequence[str], expires_at: datetime | None = None
) -> NewApiKey:
    """Make a key for the acting user, or for nobody when the operator makes it.

    Args:
        scopes: permissions `resource:action`, wildcards allowed; all of them held by the actor.
        expires_at: None for a key that lives until it is revoked.

    Raises:
        UserSessionNeeded: an API key asks for another.
        InvalidExpiry, InvalidPermission, PrivilegeEscalation.

    Emits: api_key.created
    """
    actor = tx.ctx.actor
    if actor.kind not in ("staff", "platform", "system"):
        raise UserSessionNeeded
    if expires_at is not None and not tx.now < expires_at <= tx.now + _LONGEST_LIFE:
        raise InvalidExpiry
    secret = API_KEY_PREFIX + random_token(_SECRET_BYTES)
    key = ApiKey(
        id=new_id(),
        name=name,
        prefix=secret[:_SHOWN_CHARACTERS],
        scopes=checked_permissions(tx, scopes),
        owner_id=actor.id,
        expires_at=expires_at and expires_at.astimezone(UTC),
        last_used_at=None,
        revoked_at=None,
        created_at=tx.now,
    )
    digest = token_digest(secret)
    await rows.add(tx, key, digest=digest)
    forget_api_key(tx, digest)
    tx.emit(ApiKeyCreated(api_key_id=key.id, owner_id=key.owner_id, scopes=tuple(key.scopes)))
    return NewApiKey(key=key, secret=secret)


async def get(tx: ReadTx, key_id: UUID) -> ApiKey:
    """Raises ApiKeyNotFound."""
    return await rows.get(tx, key_id)


async def list_keys(tx: ReadTx, page: PageRequest) -> Page[ApiKey]:
    """All keys of the tenant, revoked ones too, the oldest first."""
    return await rows.list_keys(tx, page)


async def revoke(tx: WriteTx, key_id: UUID) -> None:
    """End a key; ended already is no change. Raises ApiKeyNotFound. Emits: api_key.revoked

    Whoever may administer keys may end any of them: taking a key away gives nobody anything.
    """
    key = await rows.lock(tx, key_id)
    if key.revoked_at is not None:
        return
    await rows.revoke(tx, key_id)
    forget_api_key(tx, await rows.digest_of(tx, key_id))
    tx.emit(
        ApiKeyRevoked(api_key_id=key_id, reason="revoked"),
        before=state_of(key, "owner_id", "scopes", "expires_at"),
    )


async def revoke_all_of(tx: WriteTx, owner_id: UUID) -> None:
    """End all keys of a user who is being deleted. Emits: api_key.revoked"""
    for key in await rows.list_live_of(tx, owner_id):
        await rows.revoke(tx, key.id)
        forget_api_key(tx, key.digest)
        tx.emit(
            ApiKeyRevoked(api_key_id=key.id, reason="owner_deleted"),
            before={"owner_id": owner_id},
        )
