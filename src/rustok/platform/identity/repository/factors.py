"""Queries on second factors and recovery codes."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, Text, bindparam, func, or_, select, update

from rustok.core.db import TENANT, Command, Id, Query, ReadTx, Timestamp, WriteTx, scalar
from rustok.core.ids import new_id
from rustok.platform.identity.model import SecondFactor
from rustok.platform.identity.tables import recovery_codes, second_factors

FactorKind = Literal["totp", "webauthn"]


class FactorSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A second factor as checking it needs; stays between repository and service."""

    id: UUID
    kind: FactorKind
    name: str
    sealed_secret: str | None
    site_id: str | None
    credential_ref: str | None
    public_key: str | None
    sign_count: int
    last_step: int
    confirmed_at: datetime | None


_F: Final = second_factors.c
_OWN: Final = (_F.tenant_id == TENANT, _F.user_id == bindparam("user_id", type_=Id()))
_NOW: Final = bindparam("now", type_=Timestamp())
_LIST: Final = Query(
    select(*[_F[name] for name in SecondFactor.__struct_fields__])
    .where(*_OWN, _F.confirmed_at.is_not(None))
    .order_by(_F.id),
    SecondFactor,
)
_SECRETS: Final = Query(
    select(*[_F[name] for name in FactorSecret.__struct_fields__]).where(*_OWN).order_by(_F.id),
    FactorSecret,
)
_TAKE_STEP: Final = Command(
    update(second_factors)
    .where(
        _F.tenant_id == TENANT,
        _F.id == bindparam("factor_id", type_=Id()),
        _F.last_step < bindparam("step", type_=BigInteger()),
    )
    .values(last_step=bindparam("step", type_=BigInteger()), last_used_at=_NOW)
)
_TAKE_COUNT: Final = Command(
    update(second_factors)
    .where(
        _F.tenant_id == TENANT,
        _F.id == bindparam("factor_id", type_=Id()),
        or_(
            _F.sign_count < bindparam("sign_count", type_=BigInteger()),
            bindparam("sign_count", type_=BigInteger()) == 0,
        ),
    )
    .values(sign_count=bindparam("sign_count", type_=BigInteger()), last_used_at=_NOW)
)
_C: Final = recovery_codes.c
_USE_CODE: Final = Command(
    update(recovery_codes)
    .where(
        _C.tenant_id == TENANT,
        _C.user_id == bindparam("owner_id", type_=Id()),
        _C.digest == bindparam("code_digest", type_=Text()),
        _C.used_at.is_(None),
    )
    .values(used_at=_NOW)
)
_UNUSED: Final = scalar(
    select(func.count())
    .select_from(recovery_codes)
    .where(
        _C.tenant_id == TENANT,
        _C.user_id == bindparam("user_id", type_=Id()),
        _C.used_at.is_(None),
    ),
    int,
)


async def list_confirmed(tx: ReadTx, user_id: UUID) -> list[SecondFactor]:  # bounded: ten a user
    return await tx.all(_LIST, user_id=user_id)


async def secrets_of(tx: ReadTx, user_id: UUID) -> list[FactorSecret]:
    """All factors of a user, unconfirmed ones too."""
    return await tx.all(_SECRETS, user_id=user_id)


async def add(
    tx: WriteTx,
    *,
    factor_id: UUID,
    user_id: UUID,
    kind: FactorKind,
    name: str,
    sealed_secret: str | None = None,
    site_id: str | None = None,
    credential_ref: str | None = None,
    public_key: str | None = None,
    sign_count: int = 0,
    confirmed_at: datetime | None = None,
) -> bool:
    """Insert a factor; False when the credential is registered already."""
    return await tx.insert_if_absent(
        second_factors,
        id=factor_id,
        user_id=user_id,
        kind=kind,
        name=name,
        sealed_secret=sealed_secret,
        site_id=site_id,
        credential_ref=credential_ref,
        public_key=public_key,
        sign_count=sign_count,
        last_step=-1,
        confirmed_at=confirmed_at,
        created_at=tx.now,
        last_used_at=None,
    )


async def confirm(tx: WriteTx, factor_id: UUID) -> None:
    await tx.update(second_factors, {"id": factor_id}, confirmed_at=tx.now)


async def take_step(tx: WriteTx, factor_id: UUID, step: int) -> bool:
    """Use up a TOTP step and all before it; False when it was used."""
    return await tx.run(_TAKE_STEP, factor_id=factor_id, step=step, now=tx.now) == 1


async def take_count(tx: WriteTx, factor_id: UUID, sign_count: int) -> bool:
    """Note a key's counter; False when another request noted it first."""
    return await tx.run(_TAKE_COUNT, factor_id=factor_id, sign_count=sign_count, now=tx.now) == 1


async def remove(tx: WriteTx, factor_id: UUID, *, user_id: UUID) -> bool:
    return await tx.delete(second_factors, id=factor_id, user_id=user_id) == 1


async def replace_codes(tx: WriteTx, user_id: UUID, digests: list[str]) -> None:
    await tx.delete(recovery_codes, user_id=user_id)
    await tx.insert_many(
        recovery_codes,
        [
            {
                "id": new_id(),
                "user_id": user_id,
                "digest": digest,
                "created_at": tx.now,
                "used_at": None,
            }
            for digest in digests
        ],
    )


async def use_code(tx: WriteTx, user_id: UUID, digest: str) -> bool:
    """Use up a recovery code; False for one that is unknown or was used."""
    return await tx.run(_USE_CODE, owner_id=user_id, code_digest=digest, now=tx.now) == 1


async def count_codes(tx: ReadTx, user_id: UUID) -> int:
    """How many recovery codes are left."""
    return await tx.one(_UNUSED, user_id=user_id) or 0


async def remove_all_of(tx: WriteTx, user_id: UUID) -> None:
    """Remove factors and codes of a user."""
    await tx.delete(recovery_codes, user_id=user_id)
    await tx.delete(second_factors, user_id=user_id)
