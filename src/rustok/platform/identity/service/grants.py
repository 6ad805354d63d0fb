"""The rule against privilege escalation: nobody gives, or acts upon, more than they hold themselves.

Refuses: exceptions by role name; only the platform itself (kind `system`: command line, importers)
is exempt, and even it cannot give platform roles inside a tenant.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rustok.core.db import ReadTx, WriteTx
from rustok.core.permissions import BUILT_IN_ROLES, Permission, expand, parse_permission
from rustok.core.tenancy import PLATFORM_TENANT_ID, Actor
from rustok.platform.identity.errors import PrivilegeEscalation, RoleNotAllowedHere, UnknownRole
from rustok.platform.identity.model import (
    PLATFORM_ONLY,
    PLATFORM_ROLES,
    STAFF_ROLES,
    User,
    permissions_held,
)
from rustok.platform.identity.repository import roles as role_rows


def require_held(actor: Actor, permissions: frozenset[Permission]) -> None:
    """Raises PrivilegeEscalation: `actor` lacks some of `permissions`."""
    if actor.kind == "system":
        return
    missing = permissions - actor.permissions
    if missing:
        raise PrivilegeEscalation(missing)


def checked_permissions(tx: ReadTx, permissions: Iterable[str]) -> list[str]:
    """Permissions that the actor may put into a role or an API key: valid, held, sorted, once each.

    Raises:
        InvalidPermission: one is no permission.
        PrivilegeEscalation: the actor lacks one, or it exists in the platform tenant alone.
    """
    wanted = sorted({parse_permission(one) for one in permissions})
    full = expand(wanted)
    if tx.ctx.tenant_id != PLATFORM_TENANT_ID and full & PLATFORM_ONLY:
        raise PrivilegeEscalation(full & PLATFORM_ONLY)
    require_held(tx.ctx.actor, full)
    return wanted


async def checked_roles(tx: WriteTx, slugs: Sequence[str]) -> list[str]:
    """Staff roles that exist in this tenant and that the actor may give: sorted, once each.

    The tenant's own roles among them cannot be deleted before this transaction ends.

    Raises:
        RoleNotAllowedHere, UnknownRole, PrivilegeEscalation.
    """
    wanted = sorted(set(slugs))
    in_platform = tx.ctx.tenant_id == PLATFORM_TENANT_ID
    allowed = PLATFORM_ROLES if in_platform else STAFF_ROLES
    for slug in wanted:
        if slug not in allowed and (in_platform or slug in BUILT_IN_ROLES):
            raise RoleNotAllowedHere(slug)
    own = [slug for slug in wanted if slug not in allowed]
    existing = await role_rows.lock_existing(tx, own)
    for slug in own:
        if slug not in existing:
            raise UnknownRole(slug)
    require_held(tx.ctx.actor, await _held(tx, wanted))
    return wanted


async def require_covers(tx: ReadTx, user: User) -> None:
    """Raises PrivilegeEscalation: `user` holds something the actor does not."""
    if user.kind == "staff" and user.id != tx.ctx.actor.id:
        require_held(tx.ctx.actor, await _held(tx, user.roles))


async def _held(tx: ReadTx, roles: Sequence[str]) -> frozenset[Permission]:
    defined = {} if set(roles) <= set(BUILT_IN_ROLES) else await role_rows.definitions(tx)
    return permissions_held(tx.ctx.tenant_id, "staff", roles, defined)
