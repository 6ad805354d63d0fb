"""Queries on counters of sign-in attempts and on devices that are known."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import msgspec
from sqlalchemy import Integer, Text, bindparam, case, delete, func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from rustok.core.db import TENANT, Command, Id, Query, ReadTx, SystemTx, Timestamp, WriteTx, scalar
from rustok.core.ids import new_id
from rustok.platform.identity.tables import known_devices, sign_in_attempts

Scope = Literal["pair", "account", "address", "factor", "mail"]


class Attempts(msgspec.Struct, frozen=True, kw_only=True):
    """How many attempts were made that did not succeed, and when the last one was admitted."""

    count: int
    last_at: datetime


_A: Final = sign_in_attempts.c
_KEY: Final = (
    _A.tenant_id == TENANT,
    _A.scope == bindparam("scope", type_=Text()),
    _A.subject_digest == bindparam("subject", type_=Text()),
)
_GIVE_BACK: Final = Command(
    update(sign_in_attempts).where(*_KEY).values(count=case((_A.count > 0, _A.count - 1), else_=0))
)


_NOTE: Final = Command(
    update(sign_in_attempts)
    .where(*_KEY)
    .values(
        count=bindparam("new_count", type_=Integer()), last_at=bindparam("now", type_=Timestamp())
    )
)


def _hold(dialect_insert: Any) -> Any:
    """The counter, made when there is none, and locked: attempts at once come one after the other."""
    statement = dialect_insert(sign_in_attempts).values(
        tenant_id=bindparam("tenant_id", type_=Id()),
        scope=bindparam("scope", type_=Text()),
        subject_digest=bindparam("subject", type_=Text()),
        count=0,
        last_at=bindparam("now", type_=Timestamp()),
    )
    return statement.on_conflict_do_update(
        index_elements=["tenant_id", "scope", "subject_digest"], set_={"count": _A.count}
    ).returning(_A.count, _A.last_at)


_HOLD: Final = Query(
    {"sqlite": _hold(sqlite.insert), "postgres": _hold(postgresql.insert)}, Attempts
)
_D: Final = known_devices.c
_KNOWN: Final = scalar(
    select(func.count())
    .select_from(known_devices)
    .where(
        _D.tenant_id == TENANT,
        _D.user_id == bindparam("user_id", type_=Id()),
        _D.digest == bindparam("digest", type_=Text()),
        _D.expires_at > bindparam("now", type_=Timestamp()),
    ),
    int,
)
_PURGE: Final = Command(
    delete(sign_in_attempts).where(
        tuple_(_A.tenant_id, _A.scope, _A.subject_digest).in_(
            select(_A.tenant_id, _A.scope, _A.subject_digest)
            .where(_A.last_at < bindparam("before", type_=Timestamp()))
            .limit(bindparam("limit", type_=Integer()))
        )
    ),
    system="removal of counters that say nothing any more",
)


async def hold(tx: WriteTx, scope: Scope, subject: str) -> Attempts:
    """The counter, held until the transaction ends; a new one counts nothing."""
    found = await tx.one(_HOLD, scope=scope, subject=subject, now=tx.now)
    return found or Attempts(count=0, last_at=tx.now)


async def note(tx: WriteTx, scope: Scope, subject: str, *, count: int) -> None:
    await tx.run(_NOTE, scope=scope, subject=subject, new_count=count, now=tx.now)


async def give_back(tx: WriteTx, scope: Scope, subject: str) -> None:
    """Take back the attempt that turned out well."""
    await tx.run(_GIVE_BACK, scope=scope, subject=subject)


async def forget(tx: WriteTx, scope: Scope, subject: str) -> None:
    await tx.delete(sign_in_attempts, scope=scope, subject_digest=subject)


async def is_device_known(tx: ReadTx, user_id: UUID, digest: str) -> bool:
    return (await tx.one(_KNOWN, user_id=user_id, digest=digest, now=tx.now) or 0) > 0


async def add_device(tx: WriteTx, user_id: UUID, digest: str, *, expires_at: datetime) -> None:
    await tx.insert_if_absent(
        known_devices,
        id=new_id(),
        user_id=user_id,
        digest=digest,
        created_at=tx.now,
        expires_at=expires_at,
    )


async def remove_devices_of(tx: WriteTx, user_id: UUID) -> None:
    await tx.delete(known_devices, user_id=user_id)


async def purge(tx: SystemTx, *, before: datetime, limit: int) -> int:
    """Remove counters of all tenants whose last attempt was before a time; returns how many."""
    return await tx.run(_PURGE, before=before, limit=limit)
