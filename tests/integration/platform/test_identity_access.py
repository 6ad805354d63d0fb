"""Roles and staff: nobody gives, or acts upon, more than they hold."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from rustok.core.errors import ConcurrentUpdate, PreconditionFailed
from rustok.core.pagination import PageRequest
from rustok.core.permissions import BUILT_IN_ROLES, InvalidPermission
from rustok.core.security.access_tokens import InvalidToken
from rustok.core.tenancy import PLATFORM_TENANT_ID, SYSTEM, Actor, TenantProfile, context_for
from rustok.platform.identity import api as identity
from rustok.platform.identity.errors import (
    BuiltInRole,
    EmailTaken,
    InvalidCredentials,
    OwnAccount,
    PrivilegeEscalation,
    RoleInUse,
    RoleNotAllowedHere,
    RoleNotFound,
    RoleSlugTaken,
    UnknownRole,
    UserNotFound,
)
from rustok.platform.identity.service import (
    api_keys,
    passwords,
    roles,
    sessions,
    staff,
    users,
)
from tests.integration.platform import people


async def define(
    world: Any, tenant: TenantProfile, slug: str, permissions: Sequence[str], **kw: Any
) -> identity.Role:
    async with world.write(tenant, **kw) as tx:
        return await roles.create(tx, slug=slug, name=slug, permissions=permissions)


async def new_key(
    world: Any, tenant: TenantProfile, actor: Actor, *scopes: str, **kw: Any
) -> identity.NewApiKey:
    async with world.write(tenant, actor=actor) as tx:
        return await api_keys.create(tx, name="key", scopes=scopes, **kw)


async def by_key(world: Any, tenant: TenantProfile, made: identity.NewApiKey) -> Actor:
    return await identity.authenticate(world.parts, tenant, authorization=None, api_key=made.secret)


# --- roles ------------------------------------------------------------------------------------


async def test_a_role_of_the_tenant_gives_its_permissions_and_a_change_counts_at_once(
    world: Any,
) -> None:
    tenant = await world.tenant()
    await define(world, tenant, "stock-keeper", ["inventory:*", "products:read"])
    user = await people.staff(world, tenant, "stock-keeper")
    signed_in = await people.sign_in(world, tenant, user.email)
    actor = await people.actor_of(world, tenant, signed_in)
    assert actor.may("inventory:update")
    assert actor.may("products:read")
    assert not actor.may("products:update")
    async with world.write(tenant) as tx:
        await roles.update(tx, "stock-keeper", expected_version=1, permissions=["products:read"])
    actor = await people.actor_of(world, tenant, signed_in)
    assert actor.permissions == {"products:read"}
    types = [e.type for e in await world.events(tenant, "role.created", "role.updated")]
    assert types == ["role.created", "role.updated"]


async def test_a_role_of_one_tenant_means_nothing_in_another(world: Any) -> None:
    one, other = await world.tenant(), await world.tenant()
    await define(world, one, "stock-keeper", ["inventory:*"])
    with pytest.raises(UnknownRole):
        await people.staff(world, other, "stock-keeper")


@pytest.mark.parametrize("slug", sorted(BUILT_IN_ROLES))
async def test_built_in_roles_cannot_be_redefined(world: Any, slug: str) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        with pytest.raises(BuiltInRole):
            await roles.create(tx, slug=slug, name="Mine", permissions=[])
        with pytest.raises(BuiltInRole):
            await roles.update(tx, slug, expected_version=None, name="Mine")
        with pytest.raises(BuiltInRole):
            await roles.delete(tx, slug, expected_version=None)


@pytest.mark.parametrize(
    "permissions", [["tenants:create"], ["tenants:manage"], ["tenants:*"], ["*:*"]]
)
@pytest.mark.parametrize("maker", ["admin", "system"])
async def test_no_tenant_role_can_hold_what_belongs_to_the_platform(
    world: Any, permissions: list[str], maker: str
) -> None:
    tenant = await world.tenant()
    actor = SYSTEM if maker == "system" else world.actor("admin")
    with pytest.raises(PrivilegeEscalation):
        await define(world, tenant, "landlord", permissions, actor=actor)


async def test_a_role_holds_only_what_its_author_holds(world: Any) -> None:
    tenant = await world.tenant()
    actor = people.actor_with(["users:manage", "orders:read"])
    with pytest.raises(PrivilegeEscalation) as caught:
        await define(world, tenant, "more", ["orders:read", "orders:update"], actor=actor)
    assert caught.value.missing == ("orders:update",)
    await define(world, tenant, "same", ["orders:read"], actor=actor)
    async with world.write(tenant, actor=actor) as tx:
        with pytest.raises(PrivilegeEscalation):
            await roles.update(tx, "same", expected_version=None, permissions=["orders:*"])


async def test_a_role_above_the_actor_can_be_neither_emptied_nor_deleted(world: Any) -> None:
    tenant = await world.tenant()
    await define(world, tenant, "strong", ["orders:manage"])
    actor = people.actor_with(["users:manage"])
    async with world.write(tenant, actor=actor) as tx:
        with pytest.raises(PrivilegeEscalation):
            await roles.update(tx, "strong", expected_version=None, permissions=[])
        with pytest.raises(PrivilegeEscalation):
            await roles.delete(tx, "strong", expected_version=None)


@pytest.mark.parametrize("text", ["orders:fly", "boats:read", "orders", "*:read", "orders:read "])
async def test_what_is_no_permission_is_refused(world: Any, text: str) -> None:
    tenant = await world.tenant()
    with pytest.raises(InvalidPermission):
        await define(world, tenant, "odd", [text])


async def test_a_role_slug_is_taken_once_and_versions_are_held(world: Any) -> None:
    tenant = await world.tenant()
    await define(world, tenant, "packer", ["orders:read"])
    with pytest.raises(RoleSlugTaken):
        await define(world, tenant, "packer", ["orders:read"])
    async with world.write(tenant) as tx:
        with pytest.raises(PreconditionFailed):
            await roles.update(tx, "packer", expected_version=7, name="Packer")


async def test_a_role_in_use_is_not_deleted(world: Any) -> None:
    tenant = await world.tenant()
    await define(world, tenant, "packer", ["orders:read"])
    await define(world, tenant, "pack", ["orders:read"])
    user = await people.staff(world, tenant, "packer")
    async with world.write(tenant) as tx:
        with pytest.raises(RoleInUse):
            await roles.delete(tx, "packer", expected_version=1)
        await roles.delete(tx, "pack", expected_version=1)
        await staff.change_roles(tx, user.id, roles=["editor"], expected_version=None)
    async with world.write(tenant) as tx:
        await roles.delete(tx, "packer", expected_version=1)
        with pytest.raises(RoleNotFound):
            await roles.get(tx, "packer")


# --- staff ------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["super_admin", "customer", "anonymous"])
async def test_roles_that_are_not_for_staff_are_refused(world: Any, role: str) -> None:
    tenant = await world.tenant()
    with pytest.raises(RoleNotAllowedHere):
        await people.staff(world, tenant, role)


async def test_the_platform_knows_super_admin_only(world: Any) -> None:
    platform = await world.parts.profile_of(PLATFORM_TENANT_ID)
    with pytest.raises(RoleNotAllowedHere):
        await people.staff(world, platform, "admin")
    with pytest.raises(RoleNotAllowedHere):
        await define(world, platform, "helper", ["tenants:read"], role="super_admin")


async def test_nobody_makes_a_user_with_more_than_they_hold(world: Any) -> None:
    tenant = await world.tenant()
    _, manager = await people.signed_in_actor(world, tenant, "manager")
    with pytest.raises(PrivilegeEscalation):
        await identity.add_staff(
            world.parts,
            context_for(tenant, actor=manager),
            email=people.address(),
            password=people.PASSWORD,
            display_name="Puppet",
            roles=["admin"],
        )
    assert len(await world.events(tenant, "user.registered")) == 1


async def test_nobody_raises_a_user_above_themselves(world: Any) -> None:
    tenant = await world.tenant()
    user = await people.staff(world, tenant)
    actor = people.actor_with([*BUILT_IN_ROLES["editor"], "users:manage"])
    async with world.write(tenant, actor=actor) as tx:
        with pytest.raises(PrivilegeEscalation):
            await staff.change_roles(tx, user.id, roles=["admin"], expected_version=None)
        changed = await staff.change_roles(tx, user.id, roles=["author"], expected_version=None)
    assert changed.roles == ["author"]


async def test_nobody_acts_upon_a_user_who_holds_more(world: Any) -> None:
    tenant = await world.tenant()
    admin = await people.staff(world, tenant, "admin")
    actor = people.actor_with(["users:manage", "users:update", "users:delete"])
    ctx = context_for(tenant, actor=actor)
    async with world.write(tenant, actor=actor) as tx:
        with pytest.raises(PrivilegeEscalation):
            await users.disable(tx, admin.id, kind="staff")
        with pytest.raises(PrivilegeEscalation):
            await users.delete(tx, admin.id, kind="staff", expected_version=None)
        with pytest.raises(PrivilegeEscalation):
            await staff.change_roles(tx, admin.id, roles=[], expected_version=None)
        with pytest.raises(PrivilegeEscalation):
            await staff.update(tx, admin.id, expected_version=None, email="thief@example.com")
    with pytest.raises(PrivilegeEscalation):
        await passwords.reset(world.parts, ctx, admin.id, new_password="seven purple lanterns")


async def test_nobody_locks_themselves_out_or_changes_their_own_roles(world: Any) -> None:
    tenant = await world.tenant()
    user, actor = await people.signed_in_actor(world, tenant, "admin")
    async with world.write(tenant, actor=actor) as tx:
        with pytest.raises(OwnAccount):
            await users.disable(tx, user.id, kind="staff")
        with pytest.raises(OwnAccount):
            await users.delete(tx, user.id, kind="staff", expected_version=None)
        with pytest.raises(OwnAccount):
            await staff.change_roles(tx, user.id, roles=[], expected_version=None)


async def test_roles_taken_from_a_user_count_at_once(world: Any) -> None:
    tenant = await world.tenant()
    user = await people.staff(world, tenant, "admin")
    signed_in = await people.sign_in(world, tenant, user.email)
    assert (await people.actor_of(world, tenant, signed_in)).may("users:manage")
    async with world.write(tenant) as tx:
        await staff.change_roles(tx, user.id, roles=["support"], expected_version=1)
    actor = await people.actor_of(world, tenant, signed_in)
    assert actor.roles == ("support",)
    assert not actor.may("users:manage")


async def test_a_reset_password_ends_all_sessions_of_the_user(world: Any) -> None:
    tenant = await world.tenant()
    user = await people.staff(world, tenant, "editor")
    signed_in = await people.sign_in(world, tenant, user.email)
    await people.actor_of(world, tenant, signed_in)
    await passwords.reset(
        world.parts, world.ctx(tenant), user.id, new_password="seven purple lanterns"
    )
    with pytest.raises(InvalidToken):
        await people.actor_of(world, tenant, signed_in)
    await identity.login(
        world.parts,
        people.anonymous(tenant),
        email=user.email,
        password="seven purple lanterns",
    )


async def test_an_address_is_taken_once_in_a_tenant_however_it_is_spelt(world: Any) -> None:
    tenant = await world.tenant()
    await people.staff(world, tenant, "admin", email="ada@example.com")
    other = await people.staff(world, tenant, "editor")
    with pytest.raises(EmailTaken):
        await people.staff(world, tenant, "editor", email="ADA@EXAMPLE.COM")
    with pytest.raises(EmailTaken):
        async with world.write(tenant) as tx:
            await staff.update(tx, other.id, expected_version=None, email="Ada@example.com")
    async with world.write(tenant) as tx:
        changed = await staff.update(tx, other.id, expected_version=1, email="Bob@example.com")
    assert (changed.email, changed.version) == ("Bob@example.com", 2)
    await people.sign_in(world, tenant, "bob@example.com")


async def test_deleting_a_user_leaves_no_personal_data_and_frees_the_address(world: Any) -> None:
    tenant = await world.tenant()
    user, actor = await people.signed_in_actor(world, tenant, "editor")
    made = await new_key(world, tenant, actor, "nodes:read")
    async with world.write(tenant) as tx:
        await users.delete(tx, user.id, kind="staff", expected_version=None)
    async with world.read(tenant, actor=actor) as tx:
        assert await sessions.list_own(tx) == []
    with pytest.raises(InvalidCredentials):
        await people.sign_in(world, tenant, user.email)
    with pytest.raises(InvalidCredentials):
        await by_key(world, tenant, made)
    async with world.read(tenant) as tx:
        with pytest.raises(UserNotFound):
            await users.get(tx, user.id, kind="staff")
        assert (await users.list_users(tx, PageRequest(), kind="staff")).items == []
    again = await people.staff(world, tenant, "editor", email=user.email)
    assert again.id != user.id
    types = [e.type for e in await world.events(tenant, "user.deleted", "api_key.revoked")]
    assert sorted(types) == ["api_key.revoked", "user.deleted"]
    for event in await world.events(tenant):
        assert user.email.encode() not in bytes(event.data)


async def test_a_change_by_two_at_once_is_made_once(world: Any) -> None:
    tenant = await world.tenant()
    user = await people.staff(world, tenant, "editor")

    async def rename(name: str) -> None:
        async with world.write(tenant) as tx:
            await staff.update(tx, user.id, expected_version=1, display_name=name)

    answers = await asyncio.gather(rename("A"), rename("B"), return_exceptions=True)
    assert sum(answer is None for answer in answers) == 1
    assert sum(isinstance(a, (PreconditionFailed, ConcurrentUpdate)) for a in answers) == 1
