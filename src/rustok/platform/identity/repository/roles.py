"""Queries on the roles a tenant has defined."""

from __future__ import annotations

from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Integer, Text, bindparam, select

from rustok.core.db import TENANT, Query, ReadTx, WriteTx, any_of, scalar
from rustok.core.permissions import expand
from rustok.platform.identity.errors import RoleNotFound
from rustok.platform.identity.model import DefinedRoles, Role
from rustok.platform.identity.tables import roles

MAX_ROLES: Final = 100
"""How many roles a tenant can define; all of them fit one read."""


class _Definition(NamedTuple):
    slug: str
    permissions: list[str]


_COLUMNS: Final = [roles.c[name] for name in Role.__struct_fields__]
_OWN: Final = roles.c.tenant_id == TENANT
_SLUG: Final = roles.c.slug == bindparam("slug", type_=Text())
_LIMIT: Final = bindparam("limit", type_=Integer())

_ALL: Final = Query(select(*_COLUMNS).where(_OWN).order_by(roles.c.slug).limit(_LIMIT), Role)
_DEFINITIONS: Final = Query(
    select(roles.c.slug, roles.c.permissions).where(_OWN).limit(_LIMIT), _Definition
)
_BY_SLUG: Final = Query(select(*_COLUMNS).where(_OWN, _SLUG), Role)
_LOCKED: Final = Query(select(*_COLUMNS).where(_OWN, _SLUG).with_for_update(), Role)
_LOCKED_SLUGS: Final = scalar(
    select(roles.c.slug)
    .where(_OWN, any_of(roles.c.slug, "slugs"))
    .order_by(roles.c.slug)
    .with_for_update(),
    str,
)


async def list_roles(tx: ReadTx) -> list[Role]:
    """The tenant's own roles by slug; there are at most MAX_ROLES."""
    return await tx.all(_ALL, limit=MAX_ROLES)


async def definitions(tx: ReadTx) -> DefinedRoles:
    """What the tenant's own roles allow."""
    rows = await tx.all(_DEFINITIONS, limit=MAX_ROLES)
    return {row.slug: expand(row.permissions) for row in rows}


async def find(tx: ReadTx, slug: str) -> Role | None:
    return await tx.one(_BY_SLUG, slug=slug)


async def get(tx: ReadTx, slug: str) -> Role:
    """Raises RoleNotFound."""
    found = await find(tx, slug)
    if found is None:
        raise RoleNotFound
    return found


async def lock(tx: WriteTx, slug: str) -> Role:
    """As `get`, holding the row until the transaction ends."""
    found = await tx.one(_LOCKED, slug=slug)
    if found is None:
        raise RoleNotFound
    return found


async def lock_existing(tx: WriteTx, slugs: list[str]) -> set[str]:
    """Which of `slugs` exist; they cannot be deleted until the transaction ends."""
    return set(await tx.all(_LOCKED_SLUGS, slugs=slugs)) if slugs else set()


async def add(tx: WriteTx, role: Role) -> bool:
    """Insert a role unless the slug is taken; True when inserted."""
    row = {name: getattr(role, name) for name in Role.__struct_fields__}
    return await tx.insert_if_absent(roles, **row)


async def store(
    tx: WriteTx, role_id: UUID, *, version: int, name: str, permissions: list[str]
) -> None:
    """Raises ConcurrentUpdate."""
    await tx.update_version(
        roles,
        {"id": role_id},
        version=version,
        updated_at=tx.now,
        name=name,
        permissions=permissions,
    )


async def remove(tx: WriteTx, role_id: UUID) -> None:
    await tx.delete(roles, id=role_id)
