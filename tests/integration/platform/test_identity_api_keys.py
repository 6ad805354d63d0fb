"""API keys and customers: scopes, expiry, revocation, and what staff may do to customers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from rustok.core.pagination import PageRequest
from rustok.core.security.access_tokens import InvalidToken
from rustok.core.tenancy import SYSTEM, Actor, TenantProfile
from rustok.platform.identity import api as identity
from rustok.platform.identity.errors import (
    ApiKeyNotFound,
    InvalidCredentials,
    InvalidExpiry,
    PrivilegeEscalation,
    UserNotFound,
    UserSessionNeeded,
)
from rustok.platform.identity.service import (
    api_keys,
    authentication,
    customers,
    staff,
    users,
)
from tests.integration.platform import people


async def new_key(
    world: Any, tenant: TenantProfile, actor: Actor, *scopes: str, **kw: Any
) -> identity.NewApiKey:
    async with world.write(tenant, actor=actor) as tx:
        return await api_keys.create(tx, name="key", scopes=scopes, **kw)


async def by_key(world: Any, tenant: TenantProfile, made: identity.NewApiKey) -> Actor:
    return await identity.authenticate(world.parts, tenant, authorization=None, api_key=made.secret)


# --- customers --------------------------------------------------------------------------------


async def test_staff_see_and_disable_customers_but_not_as_staff(world: Any) -> None:
    tenant = await world.tenant()
    for number in range(3):
        await people.customer(world, tenant, f"c{number}@example.com")
    await people.staff(world, tenant, "admin")
    async with world.write(tenant, role="support") as tx:
        page = await users.list_users(tx, PageRequest(limit=2), kind="customer")
        rest = await users.list_users(
            tx, PageRequest(limit=2, cursor=page.next_cursor), kind="customer"
        )
        assert [user.email for user in page.items + rest.items] == [
            f"c{number}@example.com" for number in range(3)
        ]
        assert rest.next_cursor is None
        first = page.items[0]
        with pytest.raises(UserNotFound):
            await users.get(tx, first.id, kind="staff")
        await users.disable(tx, first.id, kind="customer", expected_version=1)
        disabled = await users.list_users(tx, PageRequest(), kind="customer", is_disabled=True)
        assert [user.id for user in disabled.items] == [first.id]
        found = await users.list_users(
            tx, PageRequest(), kind="customer", email="C1@example.com", is_disabled=False
        )
        assert [user.email for user in found.items] == ["c1@example.com"]
    with pytest.raises(InvalidCredentials):
        await people.sign_in(world, tenant, "c0@example.com")


async def test_a_customer_changes_and_erases_only_the_own_account(world: Any) -> None:
    tenant = await world.tenant()
    await people.customer(world, tenant, "cus@example.com")
    signed_in = await people.sign_in(world, tenant, "cus@example.com")
    actor = await people.actor_of(world, tenant, signed_in)
    async with world.write(tenant, actor=actor) as tx:
        changed = await users.update_own(
            tx, expected_version=1, display_name="New Name", kind="customer"
        )
        assert changed.display_name == "New Name"
        await customers.delete_own(tx)
    with pytest.raises(InvalidToken):
        await people.actor_of(world, tenant, signed_in)
    async with world.write(tenant) as tx:
        with pytest.raises(UserSessionNeeded):
            await customers.delete_own(tx)


# --- API keys ---------------------------------------------------------------------------------


async def test_an_api_key_may_what_its_scopes_say_and_is_never_stored(world: Any) -> None:
    tenant = await world.tenant()
    _, admin = await people.signed_in_actor(world, tenant, "admin")
    made = await new_key(world, tenant, admin, "orders:read", "inventory:*")
    actor = await by_key(world, tenant, made)
    assert (actor.kind, actor.id) == ("api_key", made.key.id)
    assert actor.may("orders:read")
    assert actor.may("inventory:update")
    assert not actor.may("orders:update")
    assert made.secret.startswith("rk_")
    assert len(made.secret) >= 25
    assert made.secret.startswith(made.key.prefix)
    as_bearer = await identity.authenticate(
        world.parts, tenant, authorization=f"Bearer {made.secret}"
    )
    assert as_bearer == actor
    async with world.read(tenant) as tx:
        (listed,) = (await api_keys.list_keys(tx, PageRequest())).items
    assert made.secret not in repr(listed)
    await authentication.finish_notes()


async def test_an_api_key_of_one_tenant_is_refused_in_another(world: Any) -> None:
    one, other = await world.tenant(), await world.tenant()
    _, admin = await people.signed_in_actor(world, one, "admin")
    made = await new_key(world, one, admin, "orders:read")
    with pytest.raises(InvalidCredentials):
        await by_key(world, other, made)


async def test_scopes_beyond_the_maker_are_refused(world: Any) -> None:
    tenant = await world.tenant()
    _, support = await people.signed_in_actor(world, tenant, "support")
    with pytest.raises(PrivilegeEscalation):
        await new_key(world, tenant, support, "orders:read", "users:manage")
    _, admin = await people.signed_in_actor(world, tenant, "admin")
    with pytest.raises(PrivilegeEscalation):
        await new_key(world, tenant, admin, "tenants:create")


async def test_a_key_shrinks_with_its_owner_and_stops_when_the_owner_is_disabled(
    world: Any,
) -> None:
    tenant = await world.tenant()
    user, admin = await people.signed_in_actor(world, tenant, "admin")
    made = await new_key(world, tenant, admin, "orders:read", "users:read")
    assert (await by_key(world, tenant, made)).permissions == {"orders:read", "users:read"}
    async with world.write(tenant) as tx:
        await staff.change_roles(tx, user.id, roles=["support"], expected_version=None)
    assert (await by_key(world, tenant, made)).permissions == {"orders:read"}
    async with world.write(tenant) as tx:
        await users.disable(tx, user.id, kind="staff")
    with pytest.raises(InvalidCredentials):
        await by_key(world, tenant, made)
    await authentication.finish_notes()


async def test_a_key_cannot_make_keys(world: Any) -> None:
    tenant = await world.tenant()
    _, admin = await people.signed_in_actor(world, tenant, "admin")
    actor = await by_key(world, tenant, await new_key(world, tenant, admin, "users:manage"))
    with pytest.raises(UserSessionNeeded):
        await new_key(world, tenant, actor, "users:manage")
    await authentication.finish_notes()


async def test_a_key_expires_and_its_expiry_is_in_the_future(world: Any) -> None:
    tenant = await world.tenant()
    _, admin = await people.signed_in_actor(world, tenant, "admin")
    now = world.db.now()
    for expires_at in (now - timedelta(seconds=1), now + timedelta(days=5000)):
        with pytest.raises(InvalidExpiry):
            await new_key(world, tenant, admin, "orders:read", expires_at=expires_at)
    made = await new_key(world, tenant, admin, "orders:read", expires_at=now + timedelta(minutes=5))
    await by_key(world, tenant, made)
    await authentication.finish_notes()
    world.db.now = lambda: now + timedelta(minutes=6)
    with pytest.raises(InvalidCredentials):
        await by_key(world, tenant, made)


async def test_a_revoked_key_is_refused_at_once_and_revoking_twice_is_no_change(
    world: Any,
) -> None:
    tenant = await world.tenant()
    _, admin = await people.signed_in_actor(world, tenant, "admin")
    made = await new_key(world, tenant, admin, "orders:read")
    await by_key(world, tenant, made)
    await authentication.finish_notes()
    for _ in range(2):
        async with world.write(tenant) as tx:
            await api_keys.revoke(tx, made.key.id)
    with pytest.raises(InvalidCredentials):
        await by_key(world, tenant, made)
    assert len(await world.events(tenant, "api_key.revoked")) == 1
    async with world.write(await world.tenant()) as tx:
        with pytest.raises(ApiKeyNotFound):
            await api_keys.revoke(tx, made.key.id)


async def test_the_use_of_a_key_is_noted_at_most_once_a_minute(world: Any) -> None:
    tenant = await world.tenant()
    _, admin = await people.signed_in_actor(world, tenant, "admin")
    made = await new_key(world, tenant, admin, "orders:read")
    start = world.db.now()
    noted = []
    for seconds in (0, 20, 59, 61, 70):
        world.db.now = lambda at=start + timedelta(seconds=seconds): at
        await by_key(world, tenant, made)
        await authentication.finish_notes()
        async with world.read(tenant) as tx:
            last = (await api_keys.get(tx, made.key.id)).last_used_at
        assert last is not None
        noted.append(round((last - start).total_seconds()))
    assert noted == [0, 0, 0, 61, 61]


async def test_known_keys_and_sessions_cost_no_statement_for_a_few_seconds(world: Any) -> None:
    tenant = await world.tenant()
    user = await people.staff(world, tenant, "admin")
    signed_in = await people.sign_in(world, tenant, user.email)
    actor = await people.actor_of(world, tenant, signed_in)
    made = await new_key(world, tenant, actor, "orders:read")
    await by_key(world, tenant, made)
    await authentication.finish_notes()
    with world.counting() as count:
        for _ in range(10):
            await people.actor_of(world, tenant, signed_in)
            await by_key(world, tenant, made)
    assert count.total == 0


async def test_a_key_made_by_the_operator_has_no_owner_and_no_platform_rights(world: Any) -> None:
    tenant = await world.tenant()
    made = await new_key(world, tenant, SYSTEM, "orders:*")
    assert made.key.owner_id is None
    assert (await by_key(world, tenant, made)).may("orders:create")
    with pytest.raises(PrivilegeEscalation):
        await new_key(world, tenant, SYSTEM, "*:*")
    await authentication.finish_notes()
