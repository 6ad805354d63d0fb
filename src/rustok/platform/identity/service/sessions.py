"""Sessions: opened, refreshed, listed, ended. How somebody gets one: `signing_in`.

Refuses: a refresh token that comes back; it ends the whole session.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

import msgspec

from rustok.core.db import ReadTx, WriteTx
from rustok.core.errors import Unauthenticated
from rustok.core.ids import NIL, new_id
from rustok.core.parts import Parts
from rustok.core.security.access_tokens import AccessGrant
from rustok.core.security.tokens import random_token, token_digest
from rustok.core.tenancy import RequestContext
from rustok.platform.identity.errors import (
    InvalidRefreshToken,
    SessionNotFound,
    UserSessionNeeded,
)
from rustok.platform.identity.events import (
    UserKind,
    UserLoggedIn,
    UserSessionRevoked,
)
from rustok.platform.identity.model import (
    Session,
    SignedIn,
    signed_in_kind,
)
from rustok.platform.identity.repository import sessions as rows
from rustok.platform.identity.repository import users as user_rows
from rustok.platform.identity.repository.users import Credentials
from rustok.platform.identity.service import signing
from rustok.platform.identity.service.grants import require_covers
from rustok.platform.identity.service.standing import forget_session
from rustok.platform.identity.service.throttling import remember_device
from rustok.telemetry.metrics import AUTH_FAILURES

KEPT_AFTER_END: Final = timedelta(days=7)
_PURGE_BATCH: Final = 1_000
_REFRESH_PREFIX: Final = "rt_"
_MAX_REFRESH_LENGTH: Final = 200


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """Where a sign-in comes from, as shown to the user in the list of their sessions.

    Attributes:
        token: shows that this user has signed in here before; from an earlier sign-in.
    """

    label: str = ""
    user_agent: str = ""
    address: str = ""
    token: str | None = None


EndReason = Literal["logout", "revoked", "revoked_by_staff"]


async def open_session(
    parts: Parts, tx: WriteTx, user: Credentials, device: Device, *, methods: list[str]
) -> SignedIn:
    """A session of somebody who has proved who they are. Emits: user.logged_in"""
    secret = _REFRESH_PREFIX + random_token()
    session = Session(
        id=new_id(),
        device_label=device.label,
        user_agent=device.user_agent,
        address=device.address,
        methods=methods,
        authenticated_at=tx.now,
        created_at=tx.now,
        last_used_at=tx.now,
        expires_at=_expiry(parts, now=tx.now, opened_at=tx.now),
    )
    await rows.open_session(
        tx, session, user_id=user.id, token_id=new_id(), digest=token_digest(secret)
    )
    tx.emit(UserLoggedIn(user_id=user.id, session_id=session.id))
    return _signed_in(
        parts,
        tx,
        user_id=user.id,
        kind=user.kind,
        roles=user.roles,
        session_id=session.id,
        authenticated_at=tx.now,
        refresh_token=secret,
        refresh_expires_at=session.expires_at,
        device_token=await remember_device(tx, user.id) if device.token is None else None,
    )


def _expiry(parts: Parts, *, now: datetime, opened_at: datetime) -> datetime:
    return min(
        now + timedelta(seconds=parts.refresh_token_ttl_seconds),
        opened_at + timedelta(seconds=parts.sign_in.longest_session_seconds),
    )


def _signed_in(
    parts: Parts,
    tx: ReadTx,
    *,
    user_id: UUID,
    kind: UserKind,
    roles: list[str],
    session_id: UUID,
    authenticated_at: datetime,
    refresh_token: str,
    refresh_expires_at: datetime,
    device_token: str | None = None,
) -> SignedIn:
    return SignedIn(
        user_id=user_id,
        session_id=session_id,
        access_token=access_token(
            parts,
            tx,
            user_id=user_id,
            kind=kind,
            roles=roles,
            session_id=session_id,
            authenticated_at=authenticated_at,
        ),
        expires_in_seconds=parts.access_token_ttl_seconds,
        refresh_token=refresh_token,
        refresh_expires_at=refresh_expires_at,
        device_token=device_token,
    )


def access_token(
    parts: Parts,
    tx: ReadTx,
    *,
    user_id: UUID,
    kind: UserKind,
    roles: list[str],
    session_id: UUID,
    authenticated_at: datetime,
) -> str:
    """Sign an access token of a session. Raises Unavailable: there is no key to sign with."""
    tenant_id = tx.ctx.tenant_id
    grant = AccessGrant(
        sub=user_id,
        tid=tenant_id,
        sid=session_id,
        roles=roles,
        kind=signed_in_kind(tenant_id, kind),
        auth_time=int(authenticated_at.timestamp()),
    )
    ttl_seconds = parts.access_token_ttl_seconds
    return parts.access_tokens.issue(grant, ttl_seconds=ttl_seconds, now=tx.now)


async def refresh(
    parts: Parts, ctx: RequestContext, *, refresh_token: str, address: str = ""
) -> SignedIn:
    """Give new tokens for a refresh token, which is good for one use. Opens its own transaction.

    A token that was used before is taken for stolen, and its whole session ends; there is no grace
    period, so of two requests at once with one token one gets an answer and the session is over.

    Raises:
        InvalidRefreshToken: unknown, used, expired, or the session or user is not good any more.

    Emits: user.session_revoked (token_reuse) when a used token comes back

    Source: RFC 9700 section 4.14.2.
    """
    if len(refresh_token) > _MAX_REFRESH_LENGTH or not refresh_token.isascii():
        raise _refused("malformed")
    await signing.ready(parts)
    # The refusal is raised after the commit: raised inside, it would roll the revocation back.
    async with parts.db.write(ctx) as tx:
        outcome = await _rotate(parts, tx, token_digest(refresh_token), address)
    if isinstance(outcome, SignedIn):
        return outcome
    raise _refused(outcome)


def _refused(reason: str) -> Unauthenticated:
    AUTH_FAILURES.labels(method="refresh_token", reason=reason).inc()
    return InvalidRefreshToken()


async def _rotate(parts: Parts, tx: WriteTx, digest: str, address: str) -> SignedIn | str:
    token = await rows.find_token(tx, digest)
    if token is None:
        return "unknown"
    if token.rotated_at is not None:
        return await _end_family(tx, token)
    if (
        token.session_revoked_at is not None
        or token.expires_at <= tx.now
        or token.is_disabled
        or token.deleted_at is not None
    ):
        return "ended"
    secret = _REFRESH_PREFIX + random_token()
    expires_at = _expiry(parts, now=tx.now, opened_at=token.session_created_at)
    if not await rows.rotate_token(
        tx,
        token,
        new_id=new_id(),
        digest=token_digest(secret),
        expires_at=expires_at,
        address=address,
    ):
        return await _end_family(tx, token)
    # The session lives longer now; what is remembered of it would end too early.
    forget_session(tx, token.session_id)
    return _signed_in(
        parts,
        tx,
        user_id=token.user_id,
        kind=token.kind,
        roles=token.roles,
        session_id=token.session_id,
        authenticated_at=token.session_authenticated_at or token.session_created_at,
        refresh_token=secret,
        refresh_expires_at=expires_at,
    )


async def _end_family(tx: WriteTx, token: rows.TokenOwner) -> str:
    if await rows.revoke(tx, token.session_id, user_id=token.user_id, reason="token_reuse"):
        forget_session(tx, token.session_id)
        tx.emit(
            UserSessionRevoked(
                user_id=token.user_id, session_id=token.session_id, reason="token_reuse"
            )
        )
    return "reused"


def acting_user(tx: ReadTx) -> UUID:
    """The user who asks. Raises UserSessionNeeded: an API key or nobody does."""
    actor = tx.ctx.actor
    if actor.kind not in ("staff", "customer", "platform") or actor.id is None:
        raise UserSessionNeeded
    return actor.id


async def logout(tx: WriteTx) -> None:
    """End the session of this request. Raises UserSessionNeeded. Emits: user.session_revoked"""
    user_id = acting_user(tx)
    session_id = tx.ctx.actor.session_id
    if session_id is None:
        raise UserSessionNeeded
    await _revoke(tx, user_id, session_id, reason="logout")


async def list_own(tx: ReadTx) -> list[Session]:
    """The acting user's live sessions, the newest first, at most 100. Raises UserSessionNeeded."""
    return await rows.list_live(tx, acting_user(tx))


async def revoke_own(tx: WriteTx, session_id: UUID) -> None:
    """End one of the acting user's sessions.

    Raises:
        UserSessionNeeded.
        SessionNotFound: the user has no such session that stands.

    Emits: user.session_revoked
    """
    if not await _revoke(tx, acting_user(tx), session_id, reason="revoked"):
        raise SessionNotFound


async def revoke_others(tx: WriteTx) -> int:
    """End the acting user's sessions but this one; returns how many. Raises UserSessionNeeded.

    Emits: user.session_revoked, for each
    """
    return await _revoke_each(tx, acting_user(tx), but=tx.ctx.actor.session_id, reason="revoked")


async def list_of(tx: ReadTx, user_id: UUID, *, kind: UserKind) -> list[Session]:
    """A user's live sessions, the newest first, at most 100. Raises UserNotFound."""
    return await rows.list_live(tx, (await user_rows.get(tx, user_id, kind=kind)).id)


async def revoke_all_of(tx: WriteTx, user_id: UUID, *, kind: UserKind) -> int:
    """End all sessions of somebody; returns how many.

    Raises:
        UserNotFound.
        PrivilegeEscalation: the user holds something the actor does not.

    Emits: user.session_revoked, for each
    """
    user = await user_rows.lock(tx, user_id, kind=kind)
    await require_covers(tx, user)
    return await _revoke_each(tx, user.id, but=None, reason="revoked_by_staff")


async def _revoke_each(tx: WriteTx, user_id: UUID, *, but: UUID | None, reason: EndReason) -> int:
    ended = 0
    for session_id in await rows.list_live_ids(tx, user_id):
        if session_id != but:
            ended += await _revoke(tx, user_id, session_id, reason=reason)
    return ended


async def _revoke(tx: WriteTx, user_id: UUID, session_id: UUID, *, reason: EndReason) -> bool:
    if not await rows.revoke(tx, session_id, user_id=user_id, reason=reason):
        return False
    forget_session(tx, session_id)
    tx.emit(UserSessionRevoked(user_id=user_id, session_id=session_id, reason=reason))
    return True


async def revoke_all(tx: WriteTx, user_id: UUID, *, reason: str, but: UUID | None = None) -> int:
    """End all sessions of a user but one, as part of a change that has its own event; returns how many."""
    for session_id in await rows.list_live_ids(tx, user_id):
        forget_session(tx, session_id)
    return await rows.revoke_all(tx, user_id, but=but or NIL, reason=reason)


async def purge_ended(parts: Parts) -> int:
    """Remove sessions and tokens of all tenants that expired a week ago; returns how many.

    They can open nothing any more, so no event is written.
    """
    removed = 0
    while True:
        async with parts.db.system("removal of ended sessions") as tx:
            count = await rows.purge_ended(tx, before=tx.now - KEPT_AFTER_END, limit=_PURGE_BATCH)
        removed += count
        if count < _PURGE_BATCH:
            return removed
