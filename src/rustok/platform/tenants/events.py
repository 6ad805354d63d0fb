"""Facts about tenants."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from rustok.core.events.event import Event, event
from rustok.core.types import CurrencyCode, LocaleTag, ShortText, TenantSlug, Title

Host = Annotated[str, Meta(min_length=1, max_length=253)]
ModuleSlug = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


@event("tenant.created", aggregate="tenant", key="tenant_id")
class TenantCreated(Event, frozen=True, kw_only=True):
    tenant_id: UUID
    slug: TenantSlug
    name: Title
    default_locale: LocaleTag
    default_currency: CurrencyCode


@event("tenant.updated", aggregate="tenant", key="tenant_id")
class TenantUpdated(Event, frozen=True, kw_only=True):
    tenant_id: UUID
    changed: tuple[str, ...]

    def rule_broken(self) -> tuple[str, str] | None:
        return None if self.changed else ("changed", "at least one field must have changed")


@event("tenant.suspended", aggregate="tenant", key="tenant_id")
class TenantSuspended(Event, frozen=True, kw_only=True):
    tenant_id: UUID
    reason: ShortText


@event("tenant.reactivated", aggregate="tenant", key="tenant_id")
class TenantReactivated(Event, frozen=True, kw_only=True):
    tenant_id: UUID


@event("tenant.erased", aggregate="tenant", key="tenant_id")
class TenantErased(Event, frozen=True, kw_only=True):
    """Told in the log of the platform's own tenant: the tenant's is gone with it."""

    tenant_id: UUID
    slug: TenantSlug


@event("tenant.restored", aggregate="tenant", key="tenant_id")
class TenantRestored(Event, frozen=True, kw_only=True):
    """All rows of the tenant are those of a backup; read models are built anew.

    `in_place`: it was there before, and what it did since `taken_at` is gone from its rows.
    """

    tenant_id: UUID
    slug: TenantSlug
    taken_at: datetime
    in_place: bool


@event("tenant.domain_added", aggregate="tenant", key="tenant_id")
class TenantDomainAdded(Event, frozen=True, kw_only=True):
    tenant_id: UUID
    host: Host


@event("tenant.domain_removed", aggregate="tenant", key="tenant_id")
class TenantDomainRemoved(Event, frozen=True, kw_only=True):
    tenant_id: UUID
    host: Host


@event("locale.enabled", aggregate="tenant", key="tenant_id")
class LocaleEnabled(Event, frozen=True, kw_only=True):
    tenant_id: UUID
    locale: LocaleTag


@event("locale.disabled", aggregate="tenant", key="tenant_id")
class LocaleDisabled(Event, frozen=True, kw_only=True):
    tenant_id: UUID
    locale: LocaleTag


@event("module.enabled", aggregate="tenant", key="tenant_id")
class ModuleEnabled(Event, frozen=True, kw_only=True):
    tenant_id: UUID
    module: ModuleSlug


@event("module.disabled", aggregate="tenant", key="tenant_id")
class ModuleDisabled(Event, frozen=True, kw_only=True):
    tenant_id: UUID
    module: ModuleSlug
