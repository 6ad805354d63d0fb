"""The use cases of tenants, one function each; every change carries its event."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from rustok.core.audit.difference import difference, state_of
from rustok.core.audit.entry import AuditFacts
from rustok.core.db import ReadTx, SystemTx, UniqueViolation, WriteTx
from rustok.core.ids import new_id
from rustok.core.locale import parse_locale
from rustok.core.money import parse_currency
from rustok.core.pagination import Page, PageRequest
from rustok.core.parts import ModuleSwitch
from rustok.core.routing import check_version
from rustok.core.security.identifiers import parse_host, parse_slug
from rustok.core.tenancy import PLATFORM_TENANT_ID, TenantProfile
from rustok.platform.tenants import repository
from rustok.platform.tenants.errors import DomainTaken, LocaleInUse, TenantNotFound, TenantSlugTaken
from rustok.platform.tenants.events import (
    LocaleDisabled,
    LocaleEnabled,
    ModuleDisabled,
    ModuleEnabled,
    TenantCreated,
    TenantDomainAdded,
    TenantDomainRemoved,
    TenantErased,
    TenantRestored,
    TenantUpdated,
)
from rustok.platform.tenants.model import (
    ActiveTenant,
    Domain,
    SuspendedTenant,
    Tenant,
    TenantSettings,
)
from rustok.platform.tenants.states import TENANT_LIFECYCLE


async def create(
    tx: SystemTx,
    *,
    slug: str,
    name: str,
    default_locale: str = "en",
    locales: list[str] | None = None,
    currencies: list[str] | None = None,
    modules: frozenset[str],
    tenant_id: UUID | None = None,
) -> ActiveTenant:
    """Create a tenant.

    Args:
        modules: slugs switched on from the start.
        tenant_id: given only for the platform's own tenant.

    Raises:
        InvalidSlug, ReservedSlug, InvalidLocale, InvalidCurrency: a value breaks its rule.
        TenantSlugTaken: the slug is in use.

    Emits: tenant.created
    """
    if tenant_id is None:
        slug = parse_slug(slug, pointer="/slug")
    default = parse_locale(default_locale, pointer="/default_locale")
    all_locales = [parse_locale(one, pointer="/locales") for one in locales or [default]]
    tenant = ActiveTenant(
        id=tenant_id or new_id(),
        slug=slug,
        name=name,
        default_locale=default,
        locales=list(dict.fromkeys([default, *all_locales])),
        currencies=list(
            dict.fromkeys(
                parse_currency(code, pointer="/currencies") for code in currencies or ["EUR"]
            )
        ),
        modules=sorted(modules),
        cors_origins=[],
        settings={},
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
    )
    if await repository.find_by_slug(tx, slug) is not None:
        raise TenantSlugTaken(slug)
    try:
        await repository.add(tx, tenant)
    except UniqueViolation as error:
        raise TenantSlugTaken(slug) from error
    tx.emit_for(
        tenant.id,
        TenantCreated(
            tenant_id=tenant.id,
            slug=slug,
            name=name,
            default_locale=default,
            default_currency=tenant.currencies[0],
        ),
    )
    return tenant


async def get(tx: SystemTx, tenant_id: UUID) -> Tenant:
    """Raises TenantNotFound."""
    return await repository.get(tx, tenant_id)


async def list_tenants(tx: SystemTx, page: PageRequest) -> Page[Tenant]:
    """All tenants by slug."""
    return await repository.list_tenants(tx, page)


async def suspend(
    tx: SystemTx, tenant_id: UUID, *, reason: str, expected_version: int | None = None
) -> SuspendedTenant:
    """Stop serving a tenant.

    Raises:
        TenantNotFound, PreconditionFailed, IllegalTransition, ConcurrentUpdate.

    Emits: tenant.suspended
    """
    tenant = await repository.get(tx, tenant_id)
    check_version(tenant.version, expected_version)
    if not isinstance(tenant, ActiveTenant):
        raise TENANT_LIFECYCLE.refusal(tenant.state, "suspend")
    suspended, event = tenant.suspend(reason=reason, at=tx.now)
    await repository.store_own(
        tx, tenant, status=suspended.state, suspended_at=tx.now, suspended_reason=reason
    )
    tx.emit_for(tenant_id, event, before={"status": tenant.state})
    return msgspec.structs.replace(suspended, version=tenant.version + 1, updated_at=tx.now)


async def reactivate(
    tx: SystemTx, tenant_id: UUID, *, expected_version: int | None = None
) -> ActiveTenant:
    """Serve a suspended tenant again.

    Raises:
        TenantNotFound, PreconditionFailed, IllegalTransition, ConcurrentUpdate.

    Emits: tenant.reactivated
    """
    tenant = await repository.get(tx, tenant_id)
    check_version(tenant.version, expected_version)
    if not isinstance(tenant, SuspendedTenant):
        raise TENANT_LIFECYCLE.refusal(tenant.state, "reactivate")
    active, event = tenant.reactivate()
    await repository.store_own(
        tx, tenant, status=active.state, suspended_at=None, suspended_reason=None
    )
    tx.emit_for(tenant_id, event, before={"status": tenant.state})
    return msgspec.structs.replace(active, version=tenant.version + 1, updated_at=tx.now)


async def require_erasable(tx: SystemTx, tenant_id: UUID) -> SuspendedTenant:
    """The tenant, when it may be erased: suspended, so that nobody works with it.

    Raises:
        TenantNotFound, IllegalTransition.
    """
    tenant = await repository.get(tx, tenant_id)
    if not isinstance(tenant, SuspendedTenant):
        raise TENANT_LIFECYCLE.refusal(tenant.state, "erase")
    return tenant


async def erase(tx: SystemTx, tenant_id: UUID) -> None:
    """Take the tenant itself away, whose rows in other tables are gone already.

    Raises:
        TenantNotFound, IllegalTransition.

    Emits: tenant.erased, for the platform's own tenant
    """
    tenant = await require_erasable(tx, tenant_id)
    await repository.remove(tx, tenant_id)
    tx.emit_for(
        PLATFORM_TENANT_ID,
        TenantErased(tenant_id=tenant.id, slug=tenant.slug),
        before={"slug": tenant.slug, "status": tenant.state},
    )


async def announce_restored(
    tx: SystemTx, tenant_id: UUID, *, taken_at: datetime, former: Tenant | None
) -> Tenant:
    """Say that all rows of a tenant came from a backup, in the transaction that put them there.

    Args:
        former: as it was before, when it was set back.

    Raises:
        TenantNotFound: the backup had no row of it.

    Emits: tenant.restored
    """
    tenant = await repository.get(tx, tenant_id)
    event = TenantRestored(
        tenant_id=tenant_id, slug=tenant.slug, taken_at=taken_at, in_place=former is not None
    )
    was: AuditFacts = {} if former is None else {"slug": former.slug, "version": former.version}
    tx.emit_for(tenant_id, event, before=was)
    return tenant


async def get_own(tx: ReadTx) -> Tenant:
    """The tenant of the request."""
    return await repository.get_own(tx)


async def update(
    tx: WriteTx,
    *,
    expected_version: int | None,
    name: str | None = None,
    default_locale: str | None = None,
    currencies: list[str] | None = None,
    cors_origins: list[str] | None = None,
    settings: TenantSettings | None = None,
) -> Tenant:
    """Change the request's own tenant; None leaves a field as it is. No change, no event.

    Raises:
        PreconditionFailed, InvalidLocale, InvalidCurrency, ConcurrentUpdate.

    Emits: tenant.updated
    """
    tenant = await repository.get_own(tx)
    check_version(tenant.version, expected_version)
    wanted: dict[str, object] = {"name": name, "cors_origins": cors_origins, "settings": settings}
    if default_locale is not None:
        locale = parse_locale(default_locale, pointer="/default_locale")
        wanted |= {
            "default_locale": locale,
            "locales": list(dict.fromkeys([*tenant.locales, locale])),
        }
    if currencies is not None:
        wanted["currencies"] = list(
            dict.fromkeys(parse_currency(code, pointer="/currencies") for code in currencies)
        )
    changed = {k: v for k, v in wanted.items() if v is not None and v != getattr(tenant, k)}
    if not changed:
        return tenant
    await repository.store_own(tx, tenant, **changed)
    told = difference(tenant, changed)
    tx.emit(
        TenantUpdated(tenant_id=tenant.id, changed=tuple(sorted(changed))),
        before=told.before,
        after=told.after,
    )
    return await repository.get_own(tx)


async def list_domains(tx: ReadTx) -> list[Domain]:
    """The tenant's domains, primary first."""
    return await repository.list_domains(tx)


async def add_domain(tx: WriteTx, *, host: str, is_primary: bool = False) -> Domain:
    """Let a host name lead to this tenant.

    Raises:
        InvalidHost: not a host name.
        DomainTaken: some tenant has it.

    Emits: tenant.domain_added
    """
    domain = Domain(
        id=new_id(),
        host=parse_host(host, pointer="/host"),
        is_primary=is_primary,
        created_at=tx.now,
    )
    try:
        await repository.add_domain(tx, domain)
    except UniqueViolation as error:
        raise DomainTaken(domain.host) from error
    tx.emit(TenantDomainAdded(tenant_id=tx.ctx.tenant_id, host=domain.host))
    return domain


async def remove_domain(tx: WriteTx, domain_id: UUID) -> None:
    """Raises DomainNotFound. Emits: tenant.domain_removed"""
    domain = await repository.get_domain(tx, domain_id)
    await repository.remove_domain(tx, domain_id)
    tx.emit(
        TenantDomainRemoved(tenant_id=tx.ctx.tenant_id, host=domain.host),
        before=state_of(domain, "host", "is_primary"),
    )


async def enable_locale(tx: WriteTx, locale: str) -> Tenant:
    """Switch a locale on; on already is no change. Raises InvalidLocale. Emits: locale.enabled"""
    tenant = await repository.get_own(tx)
    tag = parse_locale(locale, pointer="/locale")
    if tag in tenant.locales:
        return tenant
    await repository.store_own(tx, tenant, locales=[*tenant.locales, tag])
    tx.emit(
        LocaleEnabled(tenant_id=tenant.id, locale=tag),
        before={"locales": tenant.locales},
        after={"locales": [*tenant.locales, tag]},
    )
    return await repository.get_own(tx)


async def disable_locale(tx: WriteTx, locale: str) -> Tenant:
    """Switch a locale off; its texts stay. Raises InvalidLocale, LocaleInUse. Emits: locale.disabled"""
    tenant = await repository.get_own(tx)
    tag = parse_locale(locale, pointer="/locale")
    if tag == tenant.default_locale:
        raise LocaleInUse(tag)
    if tag not in tenant.locales:
        return tenant
    left = [one for one in tenant.locales if one != tag]
    await repository.store_own(tx, tenant, locales=left)
    tx.emit(
        LocaleDisabled(tenant_id=tenant.id, locale=tag),
        before={"locales": tenant.locales},
        after={"locales": left},
    )
    return await repository.get_own(tx)


async def enable_module(tx: WriteTx, modules: ModuleSwitch, slug: str) -> Tenant:
    """Switch a module on. Raises ModuleUnknown, ModuleDependency. Emits: module.enabled"""
    tenant = await repository.get_own(tx)
    on = modules.switched_on(slug, frozenset(tenant.modules))
    if slug in tenant.modules:
        return tenant
    await repository.store_own(tx, tenant, modules=sorted(on))
    tx.emit(
        ModuleEnabled(tenant_id=tenant.id, module=slug),
        before={"modules": tenant.modules},
        after={"modules": sorted(on)},
    )
    return await repository.get_own(tx)


async def disable_module(tx: WriteTx, modules: ModuleSwitch, slug: str) -> Tenant:
    """Switch a module off; its data stays. Raises ModuleUnknown, ModuleDependency. Emits: module.disabled"""
    tenant = await repository.get_own(tx)
    left = modules.switched_off(slug, frozenset(tenant.modules))
    if slug not in tenant.modules:
        return tenant
    await repository.store_own(tx, tenant, modules=sorted(left))
    tx.emit(
        ModuleDisabled(tenant_id=tenant.id, module=slug),
        before={"modules": tenant.modules},
        after={"modules": sorted(left)},
    )
    return await repository.get_own(tx)


async def resolve(
    tx: SystemTx, *, tenant_id: UUID | None = None, slug: str | None = None, host: str | None = None
) -> TenantProfile:
    """The profile of the tenant named by exactly one of id, slug or host; with none, the only tenant.

    Raises:
        TenantNotFound: nobody answers to it.
    """
    found: Tenant | None
    if tenant_id is not None:
        found = await repository.get(tx, tenant_id)
    elif slug is not None:
        found = await repository.find_by_slug(tx, slug)
    elif host is not None:
        found = await repository.find_by_host(tx, host)
    else:
        found = await repository.find_only(tx)
    if found is None:
        raise TenantNotFound
    return found.profile()
