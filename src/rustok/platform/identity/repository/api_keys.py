"""Queries on API keys."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import Integer, Text, and_, bindparam, or_, select, update

from rustok.core.db import TENANT, Command, Id, Query, ReadTx, Timestamp, WriteTx
from rustok.core.ids import parse_id
from rustok.core.pagination import Page, PageRequest, cut_page, decode_cursor
from rustok.platform.identity.errors import ApiKeyNotFound
from rustok.platform.identity.events import UserKind
from rustok.platform.identity.model import ApiKey
from rustok.platform.identity.tables import api_keys, users


class KeyStanding(msgspec.Struct, frozen=True, kw_only=True):
    """An API key as authentication needs it, with what its owner is today."""

    id: UUID
    digest: str
    scopes: list[str]
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    owner_id: UUID | None
    owner_kind: UserKind | None
    owner_roles: list[str] | None
    owner_is_disabled: bool | None
    owner_deleted_at: datetime | None


class OwnedKey(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    digest: str


_COLUMNS: Final = [api_keys.c[name] for name in ApiKey.__struct_fields__]
_OWN: Final = api_keys.c.tenant_id == TENANT

_BY_DIGEST: Final = Query(
    select(
        api_keys.c.id,
        api_keys.c.digest,
        api_keys.c.scopes,
        api_keys.c.expires_at,
        api_keys.c.last_used_at,
        api_keys.c.revoked_at,
        api_keys.c.owner_id,
        users.c.kind.label("owner_kind"),
        users.c.roles.label("owner_roles"),
        users.c.is_disabled.label("owner_is_disabled"),
        users.c.deleted_at.label("owner_deleted_at"),
    )
    .join_from(
        api_keys,
        users,
        and_(users.c.tenant_id == api_keys.c.tenant_id, users.c.id == api_keys.c.owner_id),
        isouter=True,
    )
    .where(_OWN, api_keys.c.digest == bindparam("digest", type_=Text())),
    KeyStanding,
)
_LOCKED: Final = Query(
    select(*_COLUMNS).where(_OWN, api_keys.c.id == bindparam("id", type_=Id())).with_for_update(),
    ApiKey,
)
_BY_ID: Final = Query(
    select(*_COLUMNS).where(_OWN, api_keys.c.id == bindparam("id", type_=Id())), ApiKey
)
_DIGEST_BY_ID: Final = Query(
    select(api_keys.c.id, api_keys.c.digest).where(
        _OWN, api_keys.c.id == bindparam("id", type_=Id())
    ),
    OwnedKey,
)
_PAGE: Final = Query(
    select(*_COLUMNS)
    .where(
        _OWN,
        or_(
            bindparam("after", type_=Id()).is_(None),
            api_keys.c.id > bindparam("after", type_=Id()),
        ),
    )
    .order_by(api_keys.c.id)
    .limit(bindparam("limit", type_=Integer())),
    ApiKey,
)
_LIVE_OF_OWNER: Final = Query(
    select(api_keys.c.id, api_keys.c.digest).where(
        _OWN,
        api_keys.c.owner_id == bindparam("owner_id", type_=Id()),
        api_keys.c.revoked_at.is_(None),
    ),
    OwnedKey,
)
_TOUCH: Final = Command(
    update(api_keys)
    .where(
        _OWN,
        api_keys.c.id == bindparam("key_id", type_=Id()),
        or_(
            api_keys.c.last_used_at.is_(None),
            api_keys.c.last_used_at < bindparam("before", type_=Timestamp()),
        ),
    )
    .values(last_used_at=bindparam("now", type_=Timestamp()))
)


async def find_standing(tx: ReadTx, digest: str) -> KeyStanding | None:
    return await tx.one(_BY_DIGEST, digest=digest)


async def get(tx: ReadTx, key_id: UUID) -> ApiKey:
    """Raises ApiKeyNotFound."""
    found = await tx.one(_BY_ID, id=key_id)
    if found is None:
        raise ApiKeyNotFound
    return found


async def lock(tx: WriteTx, key_id: UUID) -> ApiKey:
    """As `get`, holding the row until the transaction ends."""
    found = await tx.one(_LOCKED, id=key_id)
    if found is None:
        raise ApiKeyNotFound
    return found


async def digest_of(tx: ReadTx, key_id: UUID) -> str:
    """Raises ApiKeyNotFound."""
    found = await tx.one(_DIGEST_BY_ID, id=key_id)
    if found is None:
        raise ApiKeyNotFound
    return found.digest


async def list_keys(tx: ReadTx, page: PageRequest) -> Page[ApiKey]:
    """All keys, revoked ones too, the oldest first."""
    after: UUID | None = None
    if page.cursor is not None:
        (text,) = decode_cursor(page.cursor, (str,))
        after = parse_id(str(text), pointer="cursor")
    rows = await tx.all(_PAGE, after=after, limit=page.limit + 1)
    return cut_page(rows, limit=page.limit, key_of=lambda key: (str(key.id),))


async def list_live_of(tx: ReadTx, owner_id: UUID) -> list[OwnedKey]:
    return await tx.all(_LIVE_OF_OWNER, owner_id=owner_id)


async def add(tx: WriteTx, key: ApiKey, *, digest: str) -> None:
    row = {name: getattr(key, name) for name in ApiKey.__struct_fields__}
    await tx.insert(api_keys, **row, digest=digest)


async def revoke(tx: WriteTx, key_id: UUID) -> None:
    await tx.update(api_keys, {"id": key_id}, revoked_at=tx.now)


async def touch(tx: WriteTx, key_id: UUID, *, before: datetime) -> None:
    """Note the use of a key, unless one later than `before` is noted already."""
    await tx.run(_TOUCH, key_id=key_id, before=before, now=tx.now)
