"""Queries on what lives for minutes: challenges between two steps, and the tokens of mailed links."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec
from sqlalchemy import Integer, Table, Text, bindparam, delete, select, tuple_, update

from rustok.core.db import TENANT, Command, Id, Query, ReadTx, SystemTx, Timestamp, WriteTx
from rustok.core.ids import new_id
from rustok.platform.identity.tables import (
    account_tokens,
    external_sign_ins,
    known_devices,
    sign_in_challenges,
)

Purpose = Literal["sign_in", "enrol", "step_up"]
LinkPurpose = Literal["reset_password", "verify_email"]

_REASON: Final = "removal of what expired long ago"
_NOW: Final = bindparam("now", type_=Timestamp())


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    """A first step that was done. `nonce` is the WebAuthn challenge, base64url."""

    id: UUID
    user_id: UUID
    nonce: str
    attempts: int
    device_label: str
    expires_at: datetime
    used_at: datetime | None


class LinkToken(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    user_id: UUID
    email_normal: str
    expires_at: datetime
    used_at: datetime | None


_C: Final = sign_in_challenges.c
_BY_DIGEST: Final = Query(
    select(*[_C[name] for name in Challenge.__struct_fields__])
    .where(
        _C.tenant_id == TENANT,
        _C.digest == bindparam("digest", type_=Text()),
        _C.purpose == bindparam("purpose", type_=Text()),
    )
    .with_for_update(),
    Challenge,
)
_SEEN: Final = Query(
    select(*[_C[name] for name in Challenge.__struct_fields__]).where(
        _C.tenant_id == TENANT,
        _C.digest == bindparam("digest", type_=Text()),
        _C.purpose == bindparam("purpose", type_=Text()),
    ),
    Challenge,
)
_T: Final = account_tokens.c
_LINK: Final = Query(
    select(*[_T[name] for name in LinkToken.__struct_fields__])
    .where(
        _T.tenant_id == TENANT,
        _T.digest == bindparam("digest", type_=Text()),
        _T.purpose == bindparam("purpose", type_=Text()),
    )
    .with_for_update(),
    LinkToken,
)
_USE_LINK: Final = Command(
    update(account_tokens)
    .where(_T.tenant_id == TENANT, _T.id == bindparam("link_id", type_=Id()), _T.used_at.is_(None))
    .values(used_at=_NOW)
)


def _purge(table: Table) -> Command:
    columns = table.c
    return Command(
        delete(table).where(
            tuple_(columns.tenant_id, columns.id).in_(
                select(columns.tenant_id, columns.id)
                .where(columns.expires_at < bindparam("before", type_=Timestamp()))
                .limit(bindparam("limit", type_=Integer()))
            )
        ),
        system=_REASON,
    )


_PURGES: Final = tuple(
    _purge(one) for one in (sign_in_challenges, account_tokens, known_devices, external_sign_ins)
)


async def add(
    tx: WriteTx,
    *,
    user_id: UUID,
    purpose: Purpose,
    digest: str,
    nonce: str,
    expires_at: datetime,
    device_label: str = "",
) -> None:
    await tx.insert(
        sign_in_challenges,
        id=new_id(),
        user_id=user_id,
        purpose=purpose,
        digest=digest,
        nonce=nonce,
        attempts=0,
        device_label=device_label,
        created_at=tx.now,
        expires_at=expires_at,
        used_at=None,
    )


async def find(tx: ReadTx, digest: str, *, purpose: Purpose) -> Challenge | None:
    return await tx.one(_SEEN, digest=digest, purpose=purpose)


async def lock(tx: WriteTx, digest: str, *, purpose: Purpose) -> Challenge | None:
    """A challenge, held until the transaction ends, so that attempts at it come one after the other."""
    return await tx.one(_BY_DIGEST, digest=digest, purpose=purpose)


async def note_attempt(tx: WriteTx, challenge: Challenge) -> None:
    await tx.update(sign_in_challenges, {"id": challenge.id}, attempts=challenge.attempts + 1)


async def use(tx: WriteTx, challenge: Challenge) -> None:
    await tx.update(sign_in_challenges, {"id": challenge.id}, used_at=tx.now)


async def add_link(
    tx: WriteTx,
    *,
    user_id: UUID,
    purpose: LinkPurpose,
    digest: str,
    email_normal: str,
    expires_at: datetime,
) -> None:
    """A new link; older ones of the same user and purpose are worth nothing any more."""
    await tx.delete(account_tokens, user_id=user_id, purpose=purpose)
    await tx.insert(
        account_tokens,
        id=new_id(),
        user_id=user_id,
        purpose=purpose,
        digest=digest,
        email_normal=email_normal,
        created_at=tx.now,
        expires_at=expires_at,
        used_at=None,
    )


async def lock_link(tx: WriteTx, digest: str, *, purpose: LinkPurpose) -> LinkToken | None:
    return await tx.one(_LINK, digest=digest, purpose=purpose)


async def use_link(tx: WriteTx, link: LinkToken) -> bool:
    """Use up a link; False when another request was first."""
    return await tx.run(_USE_LINK, link_id=link.id, now=tx.now) == 1


async def remove_all_of(tx: WriteTx, user_id: UUID) -> None:
    """Remove challenges and links of a user."""
    await tx.delete(account_tokens, user_id=user_id)
    await tx.delete(sign_in_challenges, user_id=user_id)


async def purge_expired(tx: SystemTx, *, before: datetime, limit: int) -> int:
    """Remove challenges, links and devices of all tenants that expired before a time; how many."""
    removed = 0
    for purge in _PURGES:
        removed += await tx.run(purge, before=before, limit=limit)
    return removed
