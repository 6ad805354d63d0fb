"""Queries on sign-in providers, who signs in with them, and sign-ins under way."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import Integer, Text, bindparam, delete, select

from rustok.core.db import TENANT, Id, Query, ReadTx, Timestamp, WriteTx
from rustok.core.ids import new_id
from rustok.platform.identity.errors import ProviderNotFound
from rustok.platform.identity.model import LoginProvider
from rustok.platform.identity.tables import (
    external_identities,
    external_sign_ins,
    login_providers,
)

MAX_PROVIDERS: Final = 20


class ProviderSecret(msgspec.Struct, frozen=True, kw_only=True):
    sealed_secret: str | None


class ExternalIdentity(msgspec.Struct, frozen=True, kw_only=True):
    user_id: UUID
    is_provisioned: bool


class UnderWay(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in that was begun."""

    id: UUID
    provider_id: UUID
    browser_digest: str
    sealed_verifier: str
    nonce: str
    redirect_uri: str
    expires_at: datetime


_P: Final = login_providers.c
_COLUMNS: Final = [_P[name] for name in LoginProvider.__struct_fields__]
_OWN: Final = _P.tenant_id == TENANT
_ALL: Final = Query(
    select(*_COLUMNS).where(_OWN).order_by(_P.slug).limit(bindparam("limit", type_=Integer())),
    LoginProvider,
)
_SLUG: Final = _P.slug == bindparam("slug", type_=Text())
_BY_SLUG: Final = Query(select(*_COLUMNS).where(_OWN, _SLUG), LoginProvider)
_LOCKED: Final = Query(select(*_COLUMNS).where(_OWN, _SLUG).with_for_update(), LoginProvider)
_SECRET: Final = Query(
    select(_P.sealed_secret).where(_OWN, _P.id == bindparam("id", type_=Id())), ProviderSecret
)
_E: Final = external_identities.c
_IDENTITY: Final = Query(
    select(_E.user_id, _E.is_provisioned).where(
        _E.tenant_id == TENANT,
        _E.provider_id == bindparam("provider_id", type_=Id()),
        _E.subject == bindparam("subject", type_=Text()),
    ),
    ExternalIdentity,
)
_S: Final = external_sign_ins.c
_TAKE: Final = Query(
    delete(external_sign_ins)
    .where(
        _S.tenant_id == TENANT,
        _S.digest == bindparam("state_digest", type_=Text()),
        _S.expires_at > bindparam("now", type_=Timestamp()),
    )
    .returning(*[_S[name] for name in UnderWay.__struct_fields__]),
    UnderWay,
)


async def list_providers(tx: ReadTx, *, limit: int = MAX_PROVIDERS) -> list[LoginProvider]:
    return await tx.all(_ALL, limit=limit)


async def find(tx: ReadTx, slug: str) -> LoginProvider | None:
    return await tx.one(_BY_SLUG, slug=slug)


async def get(tx: ReadTx, slug: str) -> LoginProvider:
    """Raises ProviderNotFound."""
    found = await find(tx, slug)
    if found is None:
        raise ProviderNotFound
    return found


async def lock(tx: WriteTx, slug: str) -> LoginProvider:
    """As `get`, holding the row until the transaction ends."""
    found = await tx.one(_LOCKED, slug=slug)
    if found is None:
        raise ProviderNotFound
    return found


async def sealed_secret_of(tx: ReadTx, provider_id: UUID) -> str | None:
    found = await tx.one(_SECRET, id=provider_id)
    return None if found is None else found.sealed_secret


async def add(tx: WriteTx, provider: LoginProvider, *, sealed_secret: str | None) -> bool:
    row = {name: getattr(provider, name) for name in LoginProvider.__struct_fields__}
    return await tx.insert_if_absent(login_providers, **row, sealed_secret=sealed_secret)


async def store(tx: WriteTx, provider: LoginProvider, **changed: object) -> None:
    """Write changed columns at the provider's version. Raises ConcurrentUpdate."""
    await tx.update_version(
        login_providers,
        {"id": provider.id},
        version=provider.version,
        updated_at=tx.now,
        **changed,
    )


async def remove(tx: WriteTx, provider_id: UUID) -> None:
    await tx.delete(login_providers, id=provider_id)


async def find_identity(tx: ReadTx, provider_id: UUID, subject: str) -> ExternalIdentity | None:
    return await tx.one(_IDENTITY, provider_id=provider_id, subject=subject)


async def add_identity(
    tx: WriteTx, *, user_id: UUID, provider_id: UUID, subject: str, is_provisioned: bool
) -> None:
    await tx.insert(
        external_identities,
        id=new_id(),
        user_id=user_id,
        provider_id=provider_id,
        subject=subject,
        is_provisioned=is_provisioned,
        created_at=tx.now,
    )


async def remove_identities_of(tx: WriteTx, user_id: UUID) -> None:
    await tx.delete(external_identities, user_id=user_id)


async def begin(
    tx: WriteTx,
    *,
    sign_in_id: UUID,
    provider_id: UUID,
    digest: str,
    browser_digest: str,
    sealed_verifier: str,
    nonce: str,
    redirect_uri: str,
    expires_at: datetime,
) -> None:
    await tx.insert(
        external_sign_ins,
        id=sign_in_id,
        provider_id=provider_id,
        digest=digest,
        browser_digest=browser_digest,
        sealed_verifier=sealed_verifier,
        nonce=nonce,
        redirect_uri=redirect_uri,
        created_at=tx.now,
        expires_at=expires_at,
    )


async def take(tx: WriteTx, digest: str) -> UnderWay | None:
    """End the waiting of a sign-in; of two at once one gets it."""
    return await tx.one(_TAKE, state_digest=digest, now=tx.now)
