"""Queries on sessions and their refresh tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import Integer, Text, and_, bindparam, delete, select, tuple_, update

from rustok.core.db import TENANT, Command, Id, Query, ReadTx, SystemTx, Timestamp, WriteTx, scalar
from rustok.platform.identity.events import UserKind
from rustok.platform.identity.model import Session
from rustok.platform.identity.tables import refresh_tokens, sessions, users


class TokenOwner(msgspec.Struct, frozen=True, kw_only=True):
    """A refresh token with its session and user, as needed to rotate it."""

    id: UUID
    session_id: UUID
    rotated_at: datetime | None
    expires_at: datetime
    session_created_at: datetime
    session_revoked_at: datetime | None
    session_methods: list[str]
    session_authenticated_at: datetime | None
    user_id: UUID
    kind: UserKind
    roles: list[str]
    is_disabled: bool
    deleted_at: datetime | None


class SessionStanding(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a session stands, and who is behind it today."""

    user_id: UUID
    kind: UserKind
    roles: list[str]
    is_disabled: bool
    revoked_at: datetime | None
    expires_at: datetime
    methods: list[str]


_SESSION_COLUMNS: Final = [sessions.c[name] for name in Session.__struct_fields__]
_OWN_LIVE: Final = (
    sessions.c.tenant_id == TENANT,
    sessions.c.user_id == bindparam("user_id", type_=Id()),
    sessions.c.revoked_at.is_(None),
    sessions.c.expires_at > bindparam("now", type_=Timestamp()),
)
_USER_OF_SESSION: Final = and_(
    users.c.tenant_id == sessions.c.tenant_id, users.c.id == sessions.c.user_id
)

_STANDING: Final = Query(
    select(
        sessions.c.user_id,
        users.c.kind,
        users.c.roles,
        users.c.is_disabled,
        sessions.c.revoked_at,
        sessions.c.expires_at,
        sessions.c.methods,
    )
    .join_from(sessions, users, _USER_OF_SESSION)
    .where(
        sessions.c.tenant_id == TENANT,
        sessions.c.id == bindparam("id", type_=Id()),
        users.c.deleted_at.is_(None),
    ),
    SessionStanding,
)
_BY_DIGEST: Final = Query(
    select(
        refresh_tokens.c.id,
        refresh_tokens.c.session_id,
        refresh_tokens.c.rotated_at,
        refresh_tokens.c.expires_at,
        sessions.c.created_at.label("session_created_at"),
        sessions.c.revoked_at.label("session_revoked_at"),
        sessions.c.methods.label("session_methods"),
        sessions.c.authenticated_at.label("session_authenticated_at"),
        sessions.c.user_id,
        users.c.kind,
        users.c.roles,
        users.c.is_disabled,
        users.c.deleted_at,
    )
    .join_from(
        refresh_tokens,
        sessions,
        and_(
            sessions.c.tenant_id == refresh_tokens.c.tenant_id,
            sessions.c.id == refresh_tokens.c.session_id,
        ),
    )
    .join(users, _USER_OF_SESSION)
    .where(
        refresh_tokens.c.tenant_id == TENANT,
        refresh_tokens.c.digest == bindparam("digest", type_=Text()),
    ),
    TokenOwner,
)
_MARK_ROTATED: Final = Command(
    update(refresh_tokens)
    .where(
        refresh_tokens.c.tenant_id == TENANT,
        refresh_tokens.c.id == bindparam("token_id", type_=Id()),
        refresh_tokens.c.rotated_at.is_(None),
    )
    .values(rotated_at=bindparam("now", type_=Timestamp()))
)
_OWN: Final = Query(
    select(*_SESSION_COLUMNS)
    .where(*_OWN_LIVE)
    .order_by(sessions.c.id.desc())
    .limit(bindparam("limit", type_=Integer())),
    Session,
)
_LIVE_IDS: Final = scalar(select(sessions.c.id).where(*_OWN_LIVE), UUID)
_REVOKE_ONE: Final = Command(
    update(sessions)
    .where(
        sessions.c.tenant_id == TENANT,
        sessions.c.id == bindparam("session_id", type_=Id()),
        sessions.c.user_id == bindparam("owner_id", type_=Id()),
        sessions.c.revoked_at.is_(None),
    )
    .values(
        revoked_at=bindparam("now", type_=Timestamp()),
        revoked_reason=bindparam("reason", type_=Text()),
    )
)
_REVOKE_ALL: Final = Command(
    update(sessions)
    .where(
        sessions.c.tenant_id == TENANT,
        sessions.c.user_id == bindparam("owner_id", type_=Id()),
        sessions.c.id != bindparam("but", type_=Id()),
        sessions.c.revoked_at.is_(None),
    )
    .values(
        revoked_at=bindparam("now", type_=Timestamp()),
        revoked_reason=bindparam("reason", type_=Text()),
    )
)
_PURGE_REASON: Final = "removal of tokens and sessions that ended long ago"
_PURGE_TOKENS: Final = Command(
    delete(refresh_tokens).where(
        tuple_(refresh_tokens.c.tenant_id, refresh_tokens.c.id).in_(
            select(refresh_tokens.c.tenant_id, refresh_tokens.c.id)
            .where(refresh_tokens.c.expires_at < bindparam("before", type_=Timestamp()))
            .limit(bindparam("limit", type_=Integer()))
        )
    ),
    system=_PURGE_REASON,
)
_PURGE_SESSIONS: Final = Command(
    delete(sessions).where(
        tuple_(sessions.c.tenant_id, sessions.c.id).in_(
            select(sessions.c.tenant_id, sessions.c.id)
            .where(sessions.c.expires_at < bindparam("before", type_=Timestamp()))
            .limit(bindparam("limit", type_=Integer()))
        )
    ),
    system=_PURGE_REASON,
)


async def find_standing(tx: ReadTx, session_id: UUID) -> SessionStanding | None:
    """None: no such session, or its user was deleted."""
    return await tx.one(_STANDING, id=session_id)


async def find_token(tx: ReadTx, digest: str) -> TokenOwner | None:
    return await tx.one(_BY_DIGEST, digest=digest)


async def open_session(
    tx: WriteTx, session: Session, *, user_id: UUID, token_id: UUID, digest: str
) -> None:
    """Insert a session with its first refresh token."""
    row = {name: getattr(session, name) for name in Session.__struct_fields__}
    await tx.insert(sessions, **row, user_id=user_id)
    await _add_token(
        tx, session.id, token_id=token_id, digest=digest, expires_at=session.expires_at
    )


async def rotate_token(
    tx: WriteTx, token: TokenOwner, *, new_id: UUID, digest: str, expires_at: datetime, address: str
) -> bool:
    """Replace a refresh token that was not used yet; False when another request was first.

    The condition stands in the UPDATE itself: of two at once one changes the row, the other waits
    for it and finds nothing to change.
    """
    if await tx.run(_MARK_ROTATED, token_id=token.id, now=tx.now) != 1:
        return False
    await _add_token(tx, token.session_id, token_id=new_id, digest=digest, expires_at=expires_at)
    await tx.update(
        sessions,
        {"id": token.session_id},
        last_used_at=tx.now,
        expires_at=expires_at,
        address=address,
    )
    return True


async def _add_token(
    tx: WriteTx, session_id: UUID, *, token_id: UUID, digest: str, expires_at: datetime
) -> None:
    await tx.insert(
        refresh_tokens,
        id=token_id,
        session_id=session_id,
        digest=digest,
        created_at=tx.now,
        expires_at=expires_at,
    )


async def list_live(tx: ReadTx, user_id: UUID, *, limit: int = 100) -> list[Session]:
    """A user's live sessions, the newest first."""
    return await tx.all(_OWN, user_id=user_id, now=tx.now, limit=limit)


async def store_proof(tx: WriteTx, session_id: UUID, *, methods: list[str]) -> None:
    """Note that the user of a session has just proved who they are."""
    await tx.update(sessions, {"id": session_id}, methods=methods, authenticated_at=tx.now)


async def list_live_ids(tx: ReadTx, user_id: UUID) -> list[UUID]:
    return await tx.all(_LIVE_IDS, user_id=user_id, now=tx.now)


async def revoke(tx: WriteTx, session_id: UUID, *, user_id: UUID, reason: str) -> bool:
    """End one session of a user; False when there is none that stands."""
    changed = await tx.run(
        _REVOKE_ONE, session_id=session_id, owner_id=user_id, now=tx.now, reason=reason
    )
    return changed == 1


async def revoke_all(tx: WriteTx, user_id: UUID, *, but: UUID, reason: str) -> int:
    """End all sessions of a user except `but` (the nil UUID: none is spared); returns how many."""
    return await tx.run(_REVOKE_ALL, owner_id=user_id, but=but, now=tx.now, reason=reason)


async def remove_all_of(tx: WriteTx, user_id: UUID) -> None:
    """Remove all sessions of a user with their tokens: devices and browsers are personal data."""
    await tx.delete(sessions, user_id=user_id)


async def purge_ended(tx: SystemTx, *, before: datetime, limit: int) -> int:
    """Remove tokens and sessions of all tenants that expired before a time; returns how many."""
    tokens = await tx.run(_PURGE_TOKENS, before=before, limit=limit)
    return tokens + await tx.run(_PURGE_SESSIONS, before=before, limit=limit)
