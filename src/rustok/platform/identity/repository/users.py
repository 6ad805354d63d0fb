"""Queries on users. Deleted users are invisible to all of them."""

from __future__ import annotations

from functools import cache
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Boolean, Integer, Text, bindparam, cast, exists, or_, select

from rustok.core.db import TENANT, Id, Query, ReadTx, WriteTx, scalar
from rustok.core.ids import parse_id
from rustok.core.pagination import Page, PageRequest, cut_page, decode_cursor
from rustok.platform.identity.errors import UserNotFound
from rustok.platform.identity.events import UserKind
from rustok.platform.identity.model import User, anonymous_email
from rustok.platform.identity.tables import second_factors, users


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What a sign-in is checked against; stays between repository and service."""

    id: UUID
    kind: UserKind
    roles: list[str]
    is_disabled: bool
    password_hash: str | None
    has_second_factor: bool


_COLUMNS: Final = [users.c[name] for name in User.__struct_fields__]
_LIVE: Final = (users.c.tenant_id == TENANT, users.c.deleted_at.is_(None))
_ID: Final = users.c.id == bindparam("id", type_=Id())
_KIND: Final = users.c.kind == bindparam("kind", type_=Text())
_EMAIL: Final = users.c.email_normal == bindparam("email_normal", type_=Text())
_CREDENTIALS: Final = [
    *[users.c[name] for name in Credentials.__struct_fields__ if name != "has_second_factor"],
    exists()
    .where(
        second_factors.c.tenant_id == users.c.tenant_id,
        second_factors.c.user_id == users.c.id,
        second_factors.c.confirmed_at.is_not(None),
    )
    .label("has_second_factor"),
]

_BY_ID: Final = Query(select(*_COLUMNS).where(*_LIVE, _ID), User)
_LOCKED: Final = Query(select(*_COLUMNS).where(*_LIVE, _ID).with_for_update(), User)
_CREDENTIALS_BY_EMAIL: Final = Query(select(*_CREDENTIALS).where(*_LIVE, _EMAIL), Credentials)
_CREDENTIALS_BY_ID: Final = Query(select(*_CREDENTIALS).where(*_LIVE, _ID), Credentials)
_CREDENTIALS_LOCKED: Final = Query(
    select(*_CREDENTIALS).where(*_LIVE, _ID).with_for_update(), Credentials
)
_ID_BY_EMAIL: Final = scalar(select(users.c.id).where(*_LIVE, _EMAIL), UUID)
_HOLDING_ROLE: Final = scalar(
    select(users.c.id)
    # Only staff hold roles of the tenant, and staff are few: the index on kind bounds the scan.
    .where(
        *_LIVE,
        users.c.kind == "staff",
        cast(users.c.roles, Text).like(bindparam("needle", type_=Text())),
    )
    .limit(1),
    UUID,
)


@cache
def _page(*, by_email: bool, by_disabled: bool) -> Query[User]:
    statement = select(*_COLUMNS).where(
        *_LIVE,
        _KIND,
        or_(
            bindparam("after", type_=Id()).is_(None),
            users.c.id > bindparam("after", type_=Id()),
        ),
    )
    if by_email:
        statement = statement.where(_EMAIL)
    if by_disabled:
        statement = statement.where(
            users.c.is_disabled == bindparam("is_disabled", type_=Boolean())
        )
    return Query(statement.order_by(users.c.id).limit(bindparam("limit", type_=Integer())), User)


async def find(tx: ReadTx, user_id: UUID) -> User | None:
    return await tx.one(_BY_ID, id=user_id)


async def get(tx: ReadTx, user_id: UUID, *, kind: UserKind | None = None) -> User:
    """Raises UserNotFound: also when the user is of another kind."""
    found = await find(tx, user_id)
    if found is None or (kind is not None and found.kind != kind):
        raise UserNotFound
    return found


async def lock(tx: WriteTx, user_id: UUID, *, kind: UserKind | None = None) -> User:
    """As `get`, holding the row until the transaction ends."""
    found = await tx.one(_LOCKED, id=user_id)
    if found is None or (kind is not None and found.kind != kind):
        raise UserNotFound
    return found


async def find_credentials(tx: ReadTx, *, email_normal: str) -> Credentials | None:
    return await tx.one(_CREDENTIALS_BY_EMAIL, email_normal=email_normal)


async def get_credentials(tx: ReadTx, user_id: UUID) -> Credentials:
    """Raises UserNotFound."""
    found = await tx.one(_CREDENTIALS_BY_ID, id=user_id)
    if found is None:
        raise UserNotFound
    return found


async def lock_credentials(tx: WriteTx, user_id: UUID) -> Credentials | None:
    """The credentials as they are now, held until the transaction ends."""
    return await tx.one(_CREDENTIALS_LOCKED, id=user_id)


async def find_id_by_email(tx: ReadTx, email_normal: str) -> UUID | None:
    return await tx.one(_ID_BY_EMAIL, email_normal=email_normal)


async def is_role_held(tx: ReadTx, slug: str) -> bool:
    """Whether some staff member holds the tenant's role `slug` (letters, digits and hyphens: no wildcard)."""
    return await tx.one(_HOLDING_ROLE, needle=f'%"{slug}"%') is not None


async def list_users(
    tx: ReadTx,
    page: PageRequest,
    *,
    kind: UserKind,
    email_normal: str | None = None,
    is_disabled: bool | None = None,
) -> Page[User]:
    """Users of a kind, the oldest first."""
    after: UUID | None = None
    if page.cursor is not None:
        (text,) = decode_cursor(page.cursor, (str,))
        after = parse_id(str(text), pointer="cursor")
    params: dict[str, Any] = {"kind": kind, "after": after, "limit": page.limit + 1}
    if email_normal is not None:
        params["email_normal"] = email_normal
    if is_disabled is not None:
        params["is_disabled"] = is_disabled
    query = _page(by_email=email_normal is not None, by_disabled=is_disabled is not None)
    rows = await tx.all(query, **params)
    return cut_page(rows, limit=page.limit, key_of=lambda user: (str(user.id),))


async def add(tx: WriteTx, user: User, *, email_normal: str, password_hash: str | None) -> bool:
    """Insert a user unless the address is taken; True when inserted."""
    row = {name: getattr(user, name) for name in User.__struct_fields__}
    return await tx.insert_if_absent(
        users, **row, email_normal=email_normal, password_hash=password_hash
    )


async def store(tx: WriteTx, user: User, **changed: object) -> None:
    """Write changed columns at the user's version. Raises ConcurrentUpdate."""
    await tx.update_version(
        users, {"id": user.id}, version=user.version, updated_at=tx.now, **changed
    )


async def set_verified(tx: WriteTx, user_id: UUID) -> None:
    """Note that the user reads the mails of their address."""
    await tx.update(users, {"id": user_id}, email_verified_at=tx.now)


async def store_rehash(tx: WriteTx, user_id: UUID, password_hash: str) -> None:
    """Replace a hash by one of the same password with today's cost; no change anybody can see."""
    await tx.update(users, {"id": user_id}, password_hash=password_hash)


async def anonymise(tx: WriteTx, user: User) -> None:
    """Overwrite the personal data; the row stays so that what refers to it still does."""
    nobody = anonymous_email(user.id)
    await store(
        tx,
        user,
        email=nobody,
        email_normal=nobody,
        display_name="",
        roles=[],
        password_hash=None,
        is_disabled=True,
        email_verified_at=None,
        deleted_at=tx.now,
    )
