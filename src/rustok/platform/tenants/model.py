"""A tenant as types, one per state; steps return the new state with its events."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from rustok.core.tenancy import TenantProfile
from rustok.platform.tenants.events import TenantReactivated, TenantSuspended

TenantSettings = dict[str, str | int | bool]


class TenantData(msgspec.Struct, frozen=True, kw_only=True):
    """What every tenant has, whatever its state. `locales` holds the default locale too."""

    state: ClassVar[Literal["active", "suspended"]]

    id: UUID
    slug: str
    name: str
    default_locale: str
    locales: list[str]
    currencies: list[str]
    modules: list[str]
    cors_origins: list[str]
    settings: TenantSettings
    version: int
    created_at: datetime
    updated_at: datetime

    def profile(self) -> TenantProfile:
        """What requests need to know of this tenant."""
        return TenantProfile(
            id=self.id,
            slug=self.slug,
            name=self.name,
            status=self.state,
            default_locale=self.default_locale,
            locales=tuple(self.locales),
            default_currency=self.currencies[0],
            currencies=tuple(self.currencies),
            modules=frozenset(self.modules),
            cors_origins=tuple(self.cors_origins),
            settings=self.settings,
            version=self.version,
        )


class ActiveTenant(TenantData, frozen=True, kw_only=True):
    state: ClassVar[Literal["active", "suspended"]] = "active"

    def suspend(self, *, reason: str, at: datetime) -> tuple[SuspendedTenant, TenantSuspended]:
        """Stop serving this tenant; its data stays."""
        fields = {name: getattr(self, name) for name in TenantData.__struct_fields__}
        return (
            SuspendedTenant(**fields, suspended_at=at, suspended_reason=reason),
            TenantSuspended(tenant_id=self.id, reason=reason),
        )


class SuspendedTenant(TenantData, frozen=True, kw_only=True):
    state: ClassVar[Literal["active", "suspended"]] = "suspended"

    suspended_at: datetime
    suspended_reason: str

    def reactivate(self) -> tuple[ActiveTenant, TenantReactivated]:
        """Serve this tenant again."""
        fields = {name: getattr(self, name) for name in TenantData.__struct_fields__}
        return ActiveTenant(**fields), TenantReactivated(tenant_id=self.id)


Tenant = ActiveTenant | SuspendedTenant


class Domain(msgspec.Struct, frozen=True, kw_only=True):
    """A host name that leads to a tenant."""

    id: UUID
    host: str
    is_primary: bool
    created_at: datetime
