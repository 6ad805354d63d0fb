"""Who sends this request: a bearer token or an API key turned into an Actor, or a refusal.

Refuses: permissions of routes (server) and ownership (services). Deny by default: anything that is
sent and not understood is refused, only a request that sends nothing is anonymous.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from rustok.core.errors import RustokError, Unauthenticated
from rustok.core.parts import Parts
from rustok.core.security.access_tokens import AccessClaims, InvalidToken, UnknownSigningKey
from rustok.core.security.tokens import digest_matches, token_digest
from rustok.core.tenancy import ANONYMOUS, Actor, TenantProfile
from rustok.platform.identity.errors import InvalidCredentials
from rustok.platform.identity.model import (
    STRONG_METHODS,
    needs_second_factor,
    permissions_held,
    scopes_held,
    signed_in_kind,
)
from rustok.platform.identity.service import signing
from rustok.platform.identity.service.api_keys import API_KEY_PREFIX
from rustok.platform.identity.service.standing import Standing, standing_of
from rustok.telemetry.metrics import AUTH_FAILURES

_MAX_API_KEY_LENGTH: Final = 200
_log = logging.getLogger(__name__)
_running: Final[set[asyncio.Task[None]]] = set()


async def authenticate(
    parts: Parts,
    tenant: TenantProfile,
    *,
    authorization: str | None,
    api_key: str | None = None,
) -> Actor:
    """The actor behind a request to `tenant`; call it outside of any transaction.

    A session that was revoked, a user who was disabled and roles that were changed count at once in
    this process and a moment later in others; where a message was lost, within 5 seconds. Permissions
    follow the roles of today, not those in the token.

    Args:
        authorization: the Authorization header: `Bearer <access token>` or `Bearer rk_...`.
        api_key: the X-Api-Key header.

    Returns:
        ANONYMOUS when both are absent.

    Raises:
        InvalidCredentials: another scheme, both headers at once, or an API key that is unknown,
            expired, revoked, of another tenant or whose owner is gone.
        InvalidToken: an access token that is malformed, forged, of another tenant or of a session
            that has ended.
        ExpiredToken: an access token past its time.
        DatabaseUnavailable: it cannot be checked now.

    Source: RFC 6750 section 2.1.
    """
    if authorization is None and api_key is None:
        return ANONYMOUS
    method = "header"
    try:
        credential = _credential(authorization, api_key)
        if credential.startswith(API_KEY_PREFIX):
            method = "api_key"
            return await _by_api_key(parts, tenant.id, credential)
        method = "access_token"
        return await _by_access_token(parts, tenant, credential)
    except Unauthenticated as error:
        AUTH_FAILURES.labels(method=method, reason=error.code).inc()
        raise


def _credential(authorization: str | None, api_key: str | None) -> str:
    if authorization is None:
        if api_key is None or not api_key.startswith(API_KEY_PREFIX):
            raise InvalidCredentials
        return api_key
    scheme, _, credential = authorization.strip().partition(" ")
    # Two credentials may name two actors; guessing which is meant is how confused deputies happen.
    if api_key is not None or scheme.lower() != "bearer" or not credential.strip():
        raise InvalidCredentials
    return credential.strip()


async def _by_access_token(parts: Parts, tenant: TenantProfile, token: str) -> Actor:
    tenant_id = tenant.id
    now = parts.db.now()
    claims = await _verified(parts, token, tenant_id, now)
    standing = standing_of(parts)
    session = await standing.sessions.get((tenant_id, claims.sid))
    if (
        session is None
        or session.revoked_at is not None
        or session.is_disabled
        or session.user_id != claims.sub
        or session.expires_at <= now
        or claims.kind != signed_in_kind(tenant_id, session.kind)
    ):
        raise InvalidToken
    defined = await standing.roles.get(tenant_id) if session.kind == "staff" else {}
    is_restricted = needs_second_factor(
        tenant.settings, session.kind, session.roles
    ) and STRONG_METHODS.isdisjoint(session.methods)
    return Actor(
        kind=claims.kind,
        id=claims.sub,
        roles=tuple(session.roles),
        permissions=(
            frozenset()
            if is_restricted
            else permissions_held(tenant_id, session.kind, session.roles, defined)
        ),
        needs_second_factor=is_restricted,
        session_id=claims.sid,
        authenticated_at=datetime.fromtimestamp(claims.auth_time, UTC),
    )


async def _verified(parts: Parts, token: str, tenant_id: UUID, now: datetime) -> AccessClaims:
    """Raises InvalidToken, ExpiredToken, DatabaseUnavailable."""
    await signing.ready(parts)
    try:
        return parts.access_tokens.verify(token, audience=tenant_id, now=now)
    except UnknownSigningKey:
        # Another process may have made the key a moment ago.
        if not await signing.ready(parts, is_key_unknown=True):
            raise
    return parts.access_tokens.verify(token, audience=tenant_id, now=now)


async def _by_api_key(parts: Parts, tenant_id: UUID, secret: str) -> Actor:
    if len(secret) > _MAX_API_KEY_LENGTH or not secret.isascii():
        raise InvalidCredentials
    now = parts.db.now()
    standing = standing_of(parts)
    key = await standing.api_keys.get((tenant_id, token_digest(secret)))
    if (
        key is None
        or not digest_matches(secret, key.digest)
        or key.revoked_at is not None
        or (key.expires_at is not None and key.expires_at <= now)
    ):
        raise InvalidCredentials
    owner_holds = None
    if key.owner_id is not None:
        if key.owner_is_disabled or key.owner_deleted_at is not None or key.owner_kind != "staff":
            raise InvalidCredentials
        defined = await standing.roles.get(tenant_id)
        owner_holds = permissions_held(tenant_id, "staff", key.owner_roles or [], defined)
    if standing.is_touch_due(key, now):
        _in_background(standing, tenant_id, key.id)
    return Actor(
        kind="api_key",
        id=key.id,
        permissions=scopes_held(tenant_id, key.scopes, owner_holds),
    )


def _in_background(standing: Standing, tenant_id: UUID, key_id: UUID) -> None:
    """Note the use of a key beside the request; a failure costs nothing but the note."""

    async def note() -> None:
        try:
            await standing.touch(tenant_id, key_id)
        except RustokError as error:
            _log.warning("use of an API key not noted", extra={"code": error.code})

    task = asyncio.create_task(note(), name="note use of an API key", context=contextvars.Context())
    _running.add(task)
    task.add_done_callback(_running.discard)


async def finish_notes() -> None:
    """Wait for the notes of API keys under way; for a shutdown that loses none."""
    await asyncio.gather(*_running)
