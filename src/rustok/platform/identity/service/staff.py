"""The staff of a tenant, in the platform tenant the platform's own: made, changed, given roles.

Refuses: roles the actor does not hold in full, and changing one's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from rustok.core.db import WriteTx
from rustok.core.parts import Parts
from rustok.core.routing import check_version
from rustok.core.tenancy import PLATFORM_TENANT_ID, RequestContext, TenantProfile, context_for
from rustok.platform.identity.errors import EmailTaken
from rustok.platform.identity.events import UserRoleChanged
from rustok.platform.identity.model import PLATFORM_ROLES, User
from rustok.platform.identity.repository import users as rows
from rustok.platform.identity.service.grants import checked_roles, require_covers
from rustok.platform.identity.service.passwords import hash_new_password, store_words
from rustok.platform.identity.service.standing import forget_user
from rustok.platform.identity.service.users import add_user, change_profile, not_oneself


async def create_staff(
    tx: WriteTx,
    *,
    email: str,
    password_hash: str,
    display_name: str,
    roles: Sequence[str] = (),
    locale: str | None = None,
) -> User:
    """Make a staff member, in the platform tenant one of the platform's staff.

    Args:
        password_hash: from `hash_new_password`, which is too slow for a transaction.
        roles: slugs; each must be held by the actor in full.
        locale: None takes the tenant's.

    Raises:
        InvalidEmail, InvalidLocale, EmailTaken.
        RoleNotAllowedHere, UnknownRole, PrivilegeEscalation.

    Emits: user.registered
    """
    user = await add_user(
        tx,
        kind="staff",
        email=email,
        password_hash=password_hash,
        display_name=display_name,
        roles=await checked_roles(tx, roles),
        locale=locale,
    )
    if user is None:
        raise EmailTaken
    return user


async def add_staff(
    parts: Parts,
    ctx: RequestContext,
    *,
    email: str,
    password: str,
    display_name: str,
    roles: Sequence[str] = (),
    locale: str | None = None,
) -> User:
    """As `create_staff`, from a password; opens its own transaction. Raises WeakPassword too."""
    password_hash = await hash_new_password(password, words=store_words(ctx, email))
    async with parts.db.write(ctx) as tx:
        return await create_staff(
            tx,
            email=email,
            password_hash=password_hash,
            display_name=display_name,
            roles=roles,
            locale=locale,
        )


async def create_first_admin(
    parts: Parts,
    tenant: TenantProfile,
    *,
    email: str,
    password: str,
    display_name: str,
    roles: Sequence[str] | None = None,
) -> User:
    """Make a user who can administer `tenant`, for the command line; opens its own transaction.

    Args:
        roles: None gives `admin`, in the platform tenant `super_admin`.

    Raises:
        WeakPassword, InvalidEmail, EmailTaken, RoleNotAllowedHere, UnknownRole.

    Emits: user.registered
    """
    default = PLATFORM_ROLES if tenant.id == PLATFORM_TENANT_ID else ("admin",)
    return await add_staff(
        parts,
        context_for(tenant),
        email=email,
        password=password,
        display_name=display_name,
        roles=default if roles is None else roles,
    )


async def update(
    tx: WriteTx,
    user_id: UUID,
    *,
    expected_version: int | None,
    display_name: str | None = None,
    email: str | None = None,
    locale: str | None = None,
) -> User:
    """Change a staff member; None leaves a field as it is.

    Raises:
        UserNotFound, PrivilegeEscalation, PreconditionFailed, ConcurrentUpdate.
        InvalidEmail, InvalidLocale, EmailTaken.

    Emits: user.updated, when something changed
    """
    user = await rows.lock(tx, user_id, kind="staff")
    await require_covers(tx, user)
    return await change_profile(
        tx, user, expected_version, display_name=display_name, email=email, locale=locale
    )


async def change_roles(
    tx: WriteTx, user_id: UUID, *, roles: Sequence[str], expected_version: int | None
) -> User:
    """Replace the roles of a staff member.

    Raises:
        UserNotFound, PreconditionFailed, ConcurrentUpdate.
        OwnAccount: nobody changes their own roles.
        RoleNotAllowedHere, UnknownRole.
        PrivilegeEscalation: the actor lacks something the user has or is to have.

    Emits: user.role_changed, when something changed
    """
    user = await rows.lock(tx, user_id, kind="staff")
    check_version(user.version, expected_version)
    not_oneself(tx, user)
    await require_covers(tx, user)
    wanted = await checked_roles(tx, roles)
    if wanted == sorted(user.roles):
        return user
    await forget_user(tx, user.id)
    await rows.store(tx, user, roles=wanted)
    tx.emit(
        UserRoleChanged(user_id=user.id, old_roles=tuple(user.roles), new_roles=tuple(wanted)),
        before={"roles": user.roles},
        after={"roles": wanted},
    )
    return await rows.get(tx, user.id)
