"""Every query on tenants. Those that look for a tenant, or across them, go through the system door."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Integer, Text, bindparam, or_, select, tuple_
from sqlalchemy.sql.elements import ColumnElement

from rustok.core.db import TENANT, Command, Id, Query, ReadTx, SystemTx, WriteTx
from rustok.core.ids import parse_id
from rustok.core.pagination import Page, PageRequest, decode_cursor, encode_cursor
from rustok.platform.tenants.errors import DomainNotFound, TenantNotFound
from rustok.platform.tenants.model import ActiveTenant, Domain, SuspendedTenant, Tenant
from rustok.platform.tenants.tables import tenant_domains, tenants

_COLUMNS: Final = list(tenants.c)


def to_tenant(
    *, status: str, suspended_at: datetime | None, suspended_reason: str | None, **fields: Any
) -> Tenant:
    """A row as the type of its state."""
    if status == "suspended" and suspended_at is not None:
        return SuspendedTenant(
            suspended_at=suspended_at, suspended_reason=suspended_reason or "", **fields
        )
    return ActiveTenant(**fields)


def _where(condition: ColumnElement[bool], reason: str) -> Query[Tenant]:
    return Query(select(*_COLUMNS).where(condition), to_tenant, system=reason)


_OWN: Final = Query(select(*_COLUMNS).where(tenants.c.id == TENANT), to_tenant)
_BY_ID: Final = _where(tenants.c.id == bindparam("id", type_=Id()), "tenant administration")
_BY_SLUG: Final = _where(tenants.c.slug == bindparam("slug", type_=Text()), "resolution")
_BY_HOST: Final = _where(
    tenants.c.id.in_(
        select(tenant_domains.c.tenant_id).where(
            tenant_domains.c.host == bindparam("host", type_=Text())
        )
    ),
    "resolution",
)
_FIRST_TWO: Final = Query(
    select(*_COLUMNS).where(tenants.c.slug != "platform").order_by(tenants.c.id).limit(2),
    to_tenant,
    system="resolution: the only tenant",
)
_PAGE: Final = Query(
    select(*_COLUMNS)
    .where(
        or_(
            bindparam("after_slug", type_=Text()).is_(None),
            tuple_(tenants.c.slug, tenants.c.id)
            > tuple_(bindparam("after_slug", type_=Text()), bindparam("after_id", type_=Id())),
        )
    )
    .order_by(tenants.c.slug, tenants.c.id)
    .limit(bindparam("limit", type_=Integer())),
    to_tenant,
    system="tenant administration",
)


async def get_own(tx: ReadTx) -> Tenant:
    """The tenant of this transaction. Raises TenantNotFound."""
    found = await tx.one(_OWN)
    if found is None:
        raise TenantNotFound
    return found


async def get(tx: SystemTx, tenant_id: UUID) -> Tenant:
    """A tenant by id. Raises TenantNotFound."""
    found = await tx.one(_BY_ID, id=tenant_id)
    if found is None:
        raise TenantNotFound
    return found


async def find_by_slug(tx: SystemTx, slug: str) -> Tenant | None:
    return await tx.one(_BY_SLUG, slug=slug)


async def find_by_host(tx: SystemTx, host: str) -> Tenant | None:
    return await tx.one(_BY_HOST, host=host)


async def find_only(tx: SystemTx) -> Tenant | None:
    """The one tenant of a deployment that has just one (the platform itself does not count)."""
    found = await tx.all(_FIRST_TWO)
    return found[0] if len(found) == 1 else None


async def list_tenants(tx: SystemTx, page: PageRequest) -> Page[Tenant]:
    """Tenants by slug."""
    after_slug, after_id = (None, None)
    if page.cursor is not None:
        after_slug, after_id = decode_cursor(page.cursor, (str, str))
    rows = await tx.all(
        _PAGE,
        after_slug=after_slug,
        after_id=parse_id(str(after_id), pointer="cursor") if after_id else None,
        limit=page.limit + 1,
    )
    more = len(rows) > page.limit
    items = rows[: page.limit]
    cursor = encode_cursor((items[-1].slug, str(items[-1].id))) if more else None
    return Page(items=items, next_cursor=cursor)


async def add(tx: SystemTx, tenant: ActiveTenant) -> None:
    """Insert a new tenant. Raises UniqueViolation (uq_tenants_slug)."""
    await tx.insert(tenants, status=tenant.state, **_fields(tenant))


def _fields(tenant: Tenant) -> dict[str, object]:
    return {name: getattr(tenant, name) for name in tenant.__struct_fields__}


async def store_own(tx: WriteTx, tenant: Tenant, **changed: object) -> None:
    """Write changed columns of the tenant of this transaction at its version. Raises ConcurrentUpdate."""
    await tx.update_version(
        tenants, {"id": tenant.id}, version=tenant.version, updated_at=tx.now, **changed
    )


_DOMAINS: Final = Query(
    select(
        tenant_domains.c.id,
        tenant_domains.c.host,
        tenant_domains.c.is_primary,
        tenant_domains.c.created_at,
    )
    .where(tenant_domains.c.tenant_id == TENANT)
    .order_by(tenant_domains.c.is_primary.desc(), tenant_domains.c.host)
    .limit(bindparam("limit", type_=Integer())),
    Domain,
)


async def list_domains(tx: ReadTx, *, limit: int = 100) -> list[Domain]:
    """The tenant's domains, the primary first; a tenant has at most 100."""
    return await tx.all(_DOMAINS, limit=limit)


async def add_domain(tx: WriteTx, domain: Domain) -> None:
    """Raises UniqueViolation (uq_tenant_domains_host)."""
    await tx.insert(
        tenant_domains,
        id=domain.id,
        host=domain.host,
        is_primary=domain.is_primary,
        created_at=domain.created_at,
    )


_DOMAIN: Final = Query(
    select(
        tenant_domains.c.id,
        tenant_domains.c.host,
        tenant_domains.c.is_primary,
        tenant_domains.c.created_at,
    ).where(
        tenant_domains.c.tenant_id == TENANT, tenant_domains.c.id == bindparam("id", type_=Id())
    ),
    Domain,
)


async def get_domain(tx: ReadTx, domain_id: UUID) -> Domain:
    """Raises DomainNotFound."""
    found = await tx.one(_DOMAIN, id=domain_id)
    if found is None:
        raise DomainNotFound
    return found


async def remove_domain(tx: WriteTx, domain_id: UUID) -> None:
    await tx.delete(tenant_domains, id=domain_id)


_REMOVE: Final = Command(tenants.delete().where(tenants.c.id == TENANT))


async def remove(tx: SystemTx, tenant_id: UUID) -> None:
    """The tenant's own row; what belongs to it goes before."""
    await tx.run(_REMOVE, tenant_id=tenant_id)
