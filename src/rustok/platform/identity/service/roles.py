"""Roles a tenant defines for its staff, beside the built-in ones.

Refuses: redefining a built-in role, and giving a role more than its author holds.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from rustok.core.audit.difference import state_of
from rustok.core.db import ReadTx, WriteTx
from rustok.core.ids import new_id
from rustok.core.permissions import BUILT_IN_ROLES, expand
from rustok.core.routing import check_version
from rustok.core.tenancy import PLATFORM_TENANT_ID
from rustok.platform.identity.errors import (
    BuiltInRole,
    RoleInUse,
    RoleLimitReached,
    RoleNotAllowedHere,
    RoleSlugTaken,
)
from rustok.platform.identity.events import RoleCreated, RoleDeleted, RoleUpdated
from rustok.platform.identity.model import PLATFORM_ROLES, STAFF_ROLES, Role, permissions_held
from rustok.platform.identity.repository import roles as rows
from rustok.platform.identity.repository import users as user_rows
from rustok.platform.identity.service.grants import checked_permissions, require_held
from rustok.platform.identity.service.standing import forget_roles


async def list_roles(tx: ReadTx) -> list[Role]:
    """The roles staff can hold here: the built-in ones, then the tenant's own by slug."""
    built_in = [_built_in(tx, slug) for slug in _built_in_slugs(tx)]
    return built_in + await rows.list_roles(tx)


def _built_in_slugs(tx: ReadTx) -> tuple[str, ...]:
    return PLATFORM_ROLES if tx.ctx.tenant_id == PLATFORM_TENANT_ID else STAFF_ROLES


def _built_in(tx: ReadTx, slug: str) -> Role:
    held = permissions_held(tx.ctx.tenant_id, "staff", [slug], {})
    return Role(slug=slug, name=slug.replace("_", " ").capitalize(), permissions=sorted(held))


async def get(tx: ReadTx, slug: str) -> Role:
    """Raises RoleNotFound."""
    return _built_in(tx, slug) if slug in _built_in_slugs(tx) else await rows.get(tx, slug)


async def create(tx: WriteTx, *, slug: str, name: str, permissions: Sequence[str]) -> Role:
    """Define a role.

    Raises:
        BuiltInRole: the slug is a built-in role's.
        RoleNotAllowedHere: the platform tenant has no roles of its own.
        RoleSlugTaken, RoleLimitReached, InvalidPermission, PrivilegeEscalation.

    Emits: role.created
    """
    if slug in BUILT_IN_ROLES:
        raise BuiltInRole(slug)
    if tx.ctx.tenant_id == PLATFORM_TENANT_ID:
        raise RoleNotAllowedHere(slug)
    role = Role(
        id=(role_id := new_id()),
        slug=slug,
        name=name,
        permissions=checked_permissions(tx, permissions),
        created_at=tx.now,
        updated_at=tx.now,
    )
    if len(await rows.list_roles(tx)) >= rows.MAX_ROLES:
        raise RoleLimitReached(rows.MAX_ROLES)
    if not await rows.add(tx, role):
        raise RoleSlugTaken(slug)
    forget_roles(tx)
    tx.emit(RoleCreated(role_id=role_id, slug=slug, permissions=tuple(role.permissions)))
    return role


async def update(
    tx: WriteTx,
    slug: str,
    *,
    expected_version: int | None,
    name: str | None = None,
    permissions: Sequence[str] | None = None,
) -> Role:
    """Change a role; None leaves a field as it is. No change, no event.

    Raises:
        BuiltInRole, RoleNotFound, PreconditionFailed, ConcurrentUpdate, InvalidPermission.
        PrivilegeEscalation: the actor lacks something the role has or is to have.

    Emits: role.updated
    """
    role = await _lock_own(tx, slug)
    check_version(role.version, expected_version)
    require_held(tx.ctx.actor, expand(role.permissions))
    wanted = role.permissions if permissions is None else checked_permissions(tx, permissions)
    changed = msgspec.structs.replace(role, name=name or role.name, permissions=wanted)
    if changed == role or role.id is None:
        return role
    await rows.store(
        tx, role.id, version=role.version, name=changed.name, permissions=changed.permissions
    )
    forget_roles(tx)
    tx.emit(
        RoleUpdated(
            role_id=role.id,
            slug=slug,
            old_permissions=tuple(role.permissions),
            new_permissions=tuple(wanted),
        ),
        before={"name": role.name, "permissions": role.permissions},
        after={"name": changed.name, "permissions": wanted},
    )
    return msgspec.structs.replace(changed, version=role.version + 1, updated_at=tx.now)


async def delete(tx: WriteTx, slug: str, *, expected_version: int | None) -> None:
    """Remove a role that nobody holds.

    Raises:
        BuiltInRole, RoleNotFound, PreconditionFailed, RoleInUse, PrivilegeEscalation.

    Emits: role.deleted
    """
    role = await _lock_own(tx, slug)
    check_version(role.version, expected_version)
    require_held(tx.ctx.actor, expand(role.permissions))
    if await user_rows.is_role_held(tx, slug):
        raise RoleInUse(slug)
    if role.id is not None:
        await rows.remove(tx, role.id)
        forget_roles(tx)
        tx.emit(
            RoleDeleted(role_id=role.id, slug=slug), before=state_of(role, "name", "permissions")
        )


async def _lock_own(tx: WriteTx, slug: str) -> Role:
    if slug in BUILT_IN_ROLES:
        raise BuiltInRole(slug)
    return await rows.lock(tx, slug)
