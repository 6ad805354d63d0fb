"""Sign-in providers of a tenant: set up, changed, removed.

Refuses: anybody who is less than an administrator. Who decides which provider is believed can be
anybody the provider names, so it takes all that an administrator holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal
from uuid import UUID

import msgspec

from rustok.core.audit.difference import difference, state_of
from rustok.core.db import ReadTx, WriteTx
from rustok.core.ids import new_id
from rustok.core.parts import Parts
from rustok.core.permissions import BUILT_IN_ROLES
from rustok.core.routing import check_version
from rustok.core.security.identifiers import parse_host
from rustok.core.security.openid import policy_for
from rustok.core.security.ssrf import parse_url
from rustok.core.tenancy import PLATFORM_TENANT_ID
from rustok.platform.identity.errors import ProviderSlugTaken
from rustok.platform.identity.events import (
    LoginProviderCreated,
    LoginProviderDeleted,
    LoginProviderUpdated,
)
from rustok.platform.identity.model import LoginProvider
from rustok.platform.identity.repository import providers as rows
from rustok.platform.identity.service.grants import checked_roles, require_held


def secret_place(provider_id: UUID) -> str:
    """What a sealed client secret is bound to."""
    return f"login_provider/{provider_id}"


async def list_providers(tx: ReadTx) -> list[LoginProvider]:
    """All providers of the tenant by slug; at most 20."""
    return await rows.list_providers(tx)


async def list_enabled(tx: ReadTx) -> list[LoginProvider]:
    """The providers one can sign in with."""
    return [one for one in await rows.list_providers(tx) if one.is_enabled]


async def get(tx: ReadTx, slug: str) -> LoginProvider:
    """Raises ProviderNotFound."""
    return await rows.get(tx, slug)


async def create(
    parts: Parts,
    tx: WriteTx,
    *,
    slug: str,
    name: str,
    issuer: str,
    client_id: str,
    client_secret: str | None,
    kind: Literal["staff", "customer"],
    allowed_domains: Sequence[str],
    redirect_uris: Sequence[str],
    groups_claim: str | None,
    role_mapping: Mapping[str, str],
    default_roles: Sequence[str],
    is_auto_provisioning: bool,
    is_linking_accounts: bool,
) -> LoginProvider:
    """Set a provider up; it is enabled at once.

    Raises:
        PrivilegeEscalation: the actor is less than an administrator.
        UnsafeUrl: the issuer is not https and public, nor listed by the operator.
        UnknownRole, RoleNotAllowedHere, InvalidHost, ProviderSlugTaken.

    Emits: login_provider.created
    """
    _require_administrator(tx)
    parse_url(issuer, policy_for(issuer, parts.sign_in.private_issuers), pointer="/issuer")
    await checked_roles(tx, [*role_mapping.values(), *default_roles])
    provider = LoginProvider(
        id=new_id(),
        slug=slug,
        name=name,
        issuer=issuer,
        client_id=client_id,
        kind=kind,
        allowed_domains=[parse_host(one, pointer="/allowed_domains") for one in allowed_domains],
        redirect_uris=list(redirect_uris),
        groups_claim=groups_claim,
        role_mapping=dict(role_mapping),
        default_roles=list(default_roles),
        is_auto_provisioning=is_auto_provisioning,
        is_linking_accounts=is_linking_accounts,
        is_enabled=True,
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
    )
    sealed = _sealed(parts, provider.id, client_secret)
    if not await rows.add(tx, provider, sealed_secret=sealed):
        raise ProviderSlugTaken(slug)
    tx.emit(
        LoginProviderCreated(provider_id=provider.id, slug=slug, kind=kind),
        after=state_of(provider, *_TOLD),
    )
    return provider


async def update(
    parts: Parts,
    tx: WriteTx,
    slug: str,
    *,
    expected_version: int | None,
    client_secret: str | None = None,
    is_enabled: bool | None = None,
    **changes: object,
) -> LoginProvider:
    """Change a provider; None leaves a field as it is, the secret too.

    Raises:
        PrivilegeEscalation, ProviderNotFound, PreconditionFailed, ConcurrentUpdate.
        UnknownRole, RoleNotAllowedHere, InvalidHost.

    Emits: login_provider.updated, when something changed
    """
    _require_administrator(tx)
    provider = await rows.lock(tx, slug)
    check_version(provider.version, expected_version)
    wanted = {**changes, "is_enabled": is_enabled}
    changed = {
        name: value
        for name, value in wanted.items()
        if value is not None and value != getattr(provider, name)
    }
    merged = msgspec.structs.replace(provider, **changed)
    await checked_roles(tx, [*merged.role_mapping.values(), *merged.default_roles])
    if "allowed_domains" in changed:
        changed["allowed_domains"] = [
            parse_host(one, pointer="/allowed_domains") for one in merged.allowed_domains
        ]
    stored: dict[str, object] = dict(changed)
    if client_secret is not None:
        stored["sealed_secret"] = _sealed(parts, provider.id, client_secret)
    if not stored:
        return provider
    await rows.store(tx, provider, **stored)
    names = sorted("client_secret" if one == "sealed_secret" else one for one in stored)
    told = difference(provider, changed)
    replaced = {"client_secret": "replaced"} if client_secret is not None else {}
    tx.emit(
        LoginProviderUpdated(provider_id=provider.id, changed=tuple(names)),
        before={**told.before, **dict.fromkeys(replaced, "set")},
        after={**told.after, **replaced},
    )
    return await rows.get(tx, slug)


async def delete(tx: WriteTx, slug: str, *, expected_version: int | None) -> None:
    """Remove a provider; its people keep their users and lose this way in.

    Raises:
        PrivilegeEscalation, ProviderNotFound, PreconditionFailed.

    Emits: login_provider.deleted
    """
    _require_administrator(tx)
    provider = await rows.lock(tx, slug)
    check_version(provider.version, expected_version)
    await rows.remove(tx, provider.id)
    tx.emit(
        LoginProviderDeleted(provider_id=provider.id, slug=slug),
        before=state_of(provider, *_TOLD),
    )


_TOLD: Final = (
    "issuer",
    "client_id",
    "allowed_domains",
    "redirect_uris",
    "role_mapping",
    "default_roles",
    "is_auto_provisioning",
    "is_linking_accounts",
    "is_enabled",
)
"""What decides who gets in; told of a provider that comes or goes."""


def _require_administrator(tx: ReadTx) -> None:
    """Raises PrivilegeEscalation."""
    role = "super_admin" if tx.ctx.tenant_id == PLATFORM_TENANT_ID else "admin"
    require_held(tx.ctx.actor, BUILT_IN_ROLES[role])


def _sealed(parts: Parts, provider_id: UUID, secret: str | None) -> str | None:
    if secret is None:
        return None
    return parts.sealer.seal(secret.encode(), belongs_to=secret_place(provider_id))
