"""Tenants over HTTP: administration by the platform, and a tenant's own settings."""

from __future__ import annotations

from uuid import UUID

from rustok.core.errors import IllegalTransition
from rustok.core.pagination import Page, PageRequest
from rustok.core.routing import ReadCall, Reply, Routes, SystemCall, WriteCall
from rustok.platform.tenants import service
from rustok.platform.tenants.errors import (
    DomainNotFound,
    DomainTaken,
    LocaleInUse,
    TenantNotFound,
    TenantSlugTaken,
)
from rustok.platform.tenants.schemas import (
    AddDomain,
    CreateTenant,
    DomainView,
    SuspendTenant,
    TenantView,
    UpdateTenant,
    domain_view,
    tenant_view,
)

platform = Routes("tenants", surface="platform", tag="Tenants", essential=True)
admin = Routes("tenants", surface="admin", tag="Tenant settings")


@platform.post(
    "/tenants",
    permission="tenants:create",
    status=201,
    summary="Create a tenant",
    errors=[TenantSlugTaken],
    example=CreateTenant(
        slug="nordlicht", name="Nordlicht", locales=["en", "de"], currencies=["EUR", "USD"]
    ),
)
async def create_tenant(call: SystemCall, data: CreateTenant) -> Reply[TenantView]:
    tenant = await service.create(
        call.tx,
        slug=data.slug,
        name=data.name,
        default_locale=data.default_locale,
        locales=data.locales,
        currencies=data.currencies,
        modules=call.parts.modules.default_on,
    )
    return Reply(body=tenant_view(tenant), location=f"/api/v1/platform/tenants/{tenant.id}")


@platform.get("/tenants", permission="tenants:list", summary="List tenants by slug")
async def list_tenants(call: SystemCall, query: PageRequest) -> Page[TenantView]:
    page = await service.list_tenants(call.tx, query)
    return Page(items=[tenant_view(one) for one in page.items], next_cursor=page.next_cursor)


@platform.get(
    "/tenants/{tenant_id}",
    permission="tenants:read",
    summary="Show a tenant",
    errors=[TenantNotFound],
)
async def get_tenant(call: SystemCall, tenant_id: UUID) -> TenantView:
    return tenant_view(await service.get(call.tx, tenant_id))


@platform.post(
    "/tenants/{tenant_id}/suspend",
    permission="tenants:manage",
    step_up=True,
    summary="Suspend a tenant",
    errors=[TenantNotFound, IllegalTransition],
    example=SuspendTenant(reason="Unpaid invoice"),
)
async def suspend_tenant(call: SystemCall, tenant_id: UUID, data: SuspendTenant) -> TenantView:
    suspended = await service.suspend(
        call.tx, tenant_id, reason=data.reason, expected_version=call.expected_version
    )
    return tenant_view(suspended)


@platform.post(
    "/tenants/{tenant_id}/reactivate",
    permission="tenants:manage",
    summary="Reactivate a suspended tenant",
    errors=[TenantNotFound, IllegalTransition],
)
async def reactivate_tenant(call: SystemCall, tenant_id: UUID) -> TenantView:
    active = await service.reactivate(call.tx, tenant_id, expected_version=call.expected_version)
    return tenant_view(active)


@admin.get("/tenant", permission="tenants:read", summary="Show the own tenant")
async def get_own_tenant(call: ReadCall) -> TenantView:
    return tenant_view(await service.get_own(call.tx))


@admin.patch(
    "/tenant",
    permission="tenants:update",
    summary="Change the own tenant's settings",
    example=UpdateTenant(name="Nordlicht Outdoor", currencies=["EUR", "USD"]),
)
async def update_own_tenant(call: WriteCall, data: UpdateTenant) -> TenantView:
    tenant = await service.update(
        call.tx,
        expected_version=call.expected_version,
        name=data.name,
        default_locale=data.default_locale,
        currencies=data.currencies,
        cors_origins=data.cors_origins,
        settings=data.settings,
    )
    return tenant_view(tenant)


@admin.get("/tenant/domains", permission="tenants:read", summary="List the own domains")
async def list_domains(call: ReadCall) -> list[DomainView]:
    return [domain_view(domain) for domain in await service.list_domains(call.tx)]


@admin.post(
    "/tenant/domains",
    permission="tenants:update",
    status=201,
    summary="Add a domain",
    errors=[DomainTaken],
    example=AddDomain(host="shop.example.com", is_primary=True),
)
async def add_domain(call: WriteCall, data: AddDomain) -> DomainView:
    domain = await service.add_domain(call.tx, host=data.host, is_primary=data.is_primary)
    return domain_view(domain)


@admin.delete(
    "/tenant/domains/{domain_id}",
    permission="tenants:update",
    precondition="none",
    summary="Remove a domain",
    errors=[DomainNotFound],
)
async def remove_domain(call: WriteCall, domain_id: UUID) -> None:
    await service.remove_domain(call.tx, domain_id)


@admin.put(
    "/tenant/locales/{locale}",
    permission="settings:update",
    precondition="none",
    summary="Switch a locale on",
)
async def enable_locale(call: WriteCall, locale: str) -> TenantView:
    tenant = await service.enable_locale(call.tx, locale)
    return tenant_view(tenant)


@admin.delete(
    "/tenant/locales/{locale}",
    permission="settings:update",
    precondition="none",
    summary="Switch a locale off",
    errors=[LocaleInUse],
)
async def disable_locale(call: WriteCall, locale: str) -> None:
    await service.disable_locale(call.tx, locale)


@admin.put(
    "/tenant/modules/{module}",
    permission="modules:update",
    precondition="none",
    summary="Switch a module on",
)
async def enable_module(call: WriteCall, module: str) -> TenantView:
    tenant = await service.enable_module(call.tx, call.parts.modules, module)
    return tenant_view(tenant)


@admin.delete(
    "/tenant/modules/{module}",
    permission="modules:update",
    precondition="none",
    summary="Switch a module off",
)
async def disable_module(call: WriteCall, module: str) -> None:
    await service.disable_module(call.tx, call.parts.modules, module)
