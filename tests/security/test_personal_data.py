"""Export and erasure of personal data over HTTP: whose it is, who may, and what is left."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest

from rustok.commerce.carts import api as carts
from rustok.core.permissions import BUILT_IN_ROLES
from rustok.core.tenancy import ANONYMOUS, TenantProfile
from rustok.platform.identity import api as identity
from rustok.platform.identity.tables import users
from tests.conftest import World
from tests.integration.platform import people

EXPORT: Final = "/api/v1/admin/personal-data/export"
ERASE: Final = "/api/v1/admin/personal-data/erase"
OWN: Final = "/api/v1/auth/me/export"
EMAIL: Final = "ada@example.com"

only_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture
async def tenant(world: World) -> TenantProfile:
    """With a customer and a cart left by a guest of the same address, and of another one."""
    made = await world.tenant()
    await _shop(world, made)
    return made


async def _shop(world: World, tenant: TenantProfile) -> None:
    await people.customer(world, tenant, EMAIL)
    async with world.write(tenant, actor=ANONYMOUS) as tx:
        await carts.create(tx, email=EMAIL)
        await carts.create(tx, email="other@example.com")


async def _ask(
    world: World, tenant: TenantProfile, path: str, token: str, email: str = EMAIL
) -> tuple[int, dict[str, Any]]:
    async with world.client(tenant, token=token) as client:
        answer = await client.post(path, json=None if path == OWN else {"email": email})
    if answer.status_code == 200:
        assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, answer.json()


async def test_staff_see_and_erase_all_of_one_person_and_nothing_of_another_tenant(
    world: World, tenant: TenantProfile
) -> None:
    other = await world.tenant()
    await _shop(world, other)
    token = await world.token(tenant)
    status, told = await _ask(world, tenant, EXPORT, token)
    assert status == 200
    assert [row["email"] for row in told["tables"]["carts"]] == [EMAIL]
    assert [row["email"] for row in told["tables"]["users"]] == [EMAIL]
    assert {row["tenant_id"] for rows in told["tables"].values() for row in rows} == {
        str(tenant.id)
    }
    assert "password_hash" not in str(told)
    status, done = await _ask(world, tenant, ERASE, token)
    assert (status, done["tables"]["carts"], done["tables"]["users"]) == (200, 1, 1)
    assert (await _ask(world, tenant, EXPORT, token))[1]["code"] == "user_not_found"
    status, again = await _ask(world, tenant, ERASE, token)
    assert (status, set(again["tables"].values())) == (200, {0})
    # The same address in another tenant is another person.
    status, told = await _ask(world, other, EXPORT, await world.token(other))
    assert (status, len(told["tables"]["carts"])) == (200, 1)
    assert (await _ask(world, tenant, EXPORT, token, "other@example.com"))[0] == 200
    await world.seal_audit()
    async with world.client(tenant, token=token) as client:
        found = (await client.get("/api/v1/admin/audit?object_type=user")).json()["items"]
    actions = [one["action"] for one in found]
    assert (actions.count("person.exported"), actions.count("person.erased")) == (2, 2)
    assert EMAIL not in str(found)


@only_sqlite
async def test_export_and_erasure_ask_for_permission_and_a_recent_proof(
    world: World, tenant: TenantProfile
) -> None:
    other = await world.tenant()
    foreign, support = await world.token(other), await world.token(tenant, "editor")
    shopper, admin = await world.token(tenant, "customer"), await world.token(tenant)
    async with world.write(tenant, actor=world.actor("admin", id=None)) as tx:
        key = await identity.create_api_key(tx, name="all", scopes=sorted(BUILT_IN_ROLES["admin"]))
    for path in (EXPORT, ERASE):
        assert (await _ask(world, tenant, path, foreign))[0] == 401
        assert (await _ask(world, tenant, path, support))[1]["code"] == "missing_permission"
        assert (await _ask(world, tenant, path, shopper))[0] == 403
        assert (await _ask(world, tenant, path, key.secret))[1]["code"] == "step_up_required"
    now = world.db.now
    world.db.now = lambda: now() + timedelta(seconds=world.parts.sign_in.step_up_seconds + 1)
    world.parts.access_tokens._leeway_seconds = 60
    for path in (EXPORT, ERASE, OWN):
        assert (await _ask(world, tenant, path, admin))[1]["code"] == "step_up_required"


@only_sqlite
async def test_staff_are_exported_only_by_who_may_export_staff_and_never_erased(
    world: World, tenant: TenantProfile
) -> None:
    colleague = await people.staff(world, tenant, "editor")
    admin = await world.token(tenant)
    assert (await _ask(world, tenant, ERASE, admin, colleague.email))[1]["code"] == "user_not_found"
    assert (await _ask(world, tenant, EXPORT, admin, colleague.email))[0] == 200
    async with world.client(tenant, token=admin) as client:
        role = {"slug": "privacy", "name": "Privacy", "permissions": ["customers:export"]}
        assert (await client.post("/api/v1/admin/roles", json=role)).status_code == 201
    email = "privacy@example.com"
    await identity.add_staff(
        world.parts,
        world.ctx(tenant),
        email=email,
        password=people.PASSWORD,
        display_name="P",
        roles=["privacy"],
    )
    token = (await people.sign_in(world, tenant, email)).access_token
    assert (await _ask(world, tenant, EXPORT, token))[0] == 200
    status, problem = await _ask(world, tenant, EXPORT, token, colleague.email)
    assert (status, problem["required"]) == (403, "users:export")


@only_sqlite
async def test_people_export_themselves_and_guest_orders_only_of_an_address_they_proved(
    world: World, tenant: TenantProfile
) -> None:
    """Whoever registers somebody else's address does not see what its owner did as a guest."""
    token = (await people.sign_in(world, tenant, EMAIL)).access_token
    status, told = await _ask(world, tenant, OWN, token)
    assert (status, told["email"], told["tables"]["carts"]) == (200, None, [])
    assert len(told["tables"]["users"]) == 1
    async with world.write(tenant) as tx:
        await tx.update(users, {"email_normal": EMAIL}, email_verified_at=tx.now)
    status, told = await _ask(world, tenant, OWN, token)
    assert (status, told["email"], len(told["tables"]["carts"])) == (200, EMAIL, 1)
