"""Wire shapes of tenants."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from rustok.core.types import CurrencyCode, LocaleTag, ShortText, TenantSlug, Title
from rustok.platform.tenants.model import Domain, SuspendedTenant, Tenant
from rustok.platform.tenants.states import TENANT_LIFECYCLE

Locales = Annotated[list[LocaleTag], Meta(min_length=1, max_length=50)]
Currencies = Annotated[list[CurrencyCode], Meta(min_length=1, max_length=20)]
Origin = Annotated[
    str,
    Meta(
        pattern=r"^https?://(\[[0-9a-f:]{2,45}\]|[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)(:[0-9]{1,5})?$",
        examples=["https://shop.example.com"],
    ),
]
Settings = Annotated[dict[str, str | int | bool], Meta(max_length=100)]


class CreateTenant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new tenant. The first currency is the default one."""

    slug: TenantSlug
    name: Title
    default_locale: LocaleTag = "en"
    locales: Locales | None = None
    currencies: Currencies | None = None


class UpdateTenant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes; absent fields stay as they are."""

    name: Title | None = None
    default_locale: LocaleTag | None = None
    currencies: Currencies | None = None
    cors_origins: Annotated[list[Origin], Meta(max_length=50)] | None = None
    settings: Settings | None = None


class SuspendTenant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Annotated[ShortText, Meta(min_length=1, examples=["Unpaid invoice"])]


class AddDomain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    host: Annotated[str, Meta(min_length=1, max_length=253, examples=["shop.example.com"])]
    is_primary: bool = False


class DomainView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    host: str
    is_primary: bool
    created_at: datetime


class TenantView(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant as its administrators see it."""

    id: UUID
    slug: str
    name: str
    status: str
    default_locale: str
    locales: list[str]
    currencies: list[str]
    modules: list[str]
    cors_origins: list[str]
    settings: dict[str, str | int | bool]
    suspended_reason: str | None
    allowed_actions: list[str]
    version: int
    created_at: datetime
    updated_at: datetime


def tenant_view(tenant: Tenant) -> TenantView:
    return TenantView(
        id=tenant.id,
        slug=tenant.slug,
        name=tenant.name,
        status=tenant.state,
        default_locale=tenant.default_locale,
        locales=tenant.locales,
        currencies=tenant.currencies,
        modules=tenant.modules,
        cors_origins=tenant.cors_origins,
        settings=tenant.settings,
        suspended_reason=tenant.suspended_reason if isinstance(tenant, SuspendedTenant) else None,
        allowed_actions=list(TENANT_LIFECYCLE.allowed(tenant.state)),
        version=tenant.version,
        created_at=tenant.created_at,
        updated_at=tenant.updated_at,
    )


def domain_view(domain: Domain) -> DomainView:
    return DomainView(
        id=domain.id, host=domain.host, is_primary=domain.is_primary, created_at=domain.created_at
    )
