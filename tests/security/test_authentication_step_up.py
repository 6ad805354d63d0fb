"""Dangerous actions ask who acts, again; sessions can be seen and ended."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, Final

import httpx
import pytest

from rustok.core.permissions import BUILT_IN_ROLES
from rustok.core.routing import PUBLIC, SIGNED_IN
from rustok.core.tenancy import PLATFORM_TENANT_ID, TenantProfile
from rustok.platform.identity import api as identity
from rustok.server.modules import all_modules
from tests.conftest import World
from tests.integration.platform import people

STEP_UP: Final = [route for route in all_modules().routes if route.step_up]
DANGEROUS: Final = frozenset(
    {
        "admin_create_user",
        "admin_change_user_roles",
        "admin_reset_user_password",
        "admin_create_role",
        "admin_update_role",
        "admin_delete_role",
        "admin_create_api_key",
        "admin_rotate_webhook_secret",
        "admin_set_payment_account",
        "admin_remove_payment_account",
        "admin_export_personal_data",
        "admin_erase_personal_data",
        "auth_export_me",
        "auth_revoke_other_sessions",
        "auth_revoke_session",
        "platform_suspend_tenant",
    }
)
"""What must never run on an old proof; more may."""

only_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
"""What does not depend on the database is shown once."""

LOGIN: Final = "/api/v1/auth/login"
REFRESH: Final = "/api/v1/auth/refresh"


@pytest.fixture
async def tenant(world: World) -> TenantProfile:
    return await world.tenant()


class Later:
    """Moves the clock of the world."""

    def __init__(self, world: World) -> None:
        now = world.db.now
        self.ahead = timedelta()
        world.db.now = lambda: now() + self.ahead


async def sign_in(
    client: httpx.AsyncClient, email: str, password: str = people.PASSWORD, **more: str
) -> dict[str, Any]:
    answer = await client.post(LOGIN, json={"email": email, "password": password, **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_dangerous_routes_declare_step_up() -> None:
    assert {route.operation_id for route in STEP_UP} >= DANGEROUS
    assert not [r for r in STEP_UP if r.permission == PUBLIC or r.method == "GET"]


@only_sqlite
async def test_every_dangerous_route_refuses_a_proof_that_is_too_old(world: World) -> None:
    """Also the platform's: walked from the route table."""
    tenant = await world.tenant()
    platform = await world.platform.resolver.profile_of(PLATFORM_TENANT_ID)
    tokens = {
        "platform": await world.token(platform, "super_admin"),
        "admin": await world.token(tenant),
        "auth": await world.token(tenant),
        "storefront": await world.token(tenant, "customer"),
    }
    clock = Later(world)
    clock.ahead = timedelta(seconds=world.parts.sign_in.step_up_seconds - 30)
    fresh = await _codes(world, tenant, tokens)
    assert "step_up_required" not in fresh.values()
    clock.ahead = timedelta(seconds=world.parts.sign_in.step_up_seconds + 1)
    world.parts.access_tokens._leeway_seconds = 30  # the token itself still counts
    old = await _codes(world, tenant, tokens)
    assert set(old.values()) == {"step_up_required"}, old


async def _codes(world: World, tenant: TenantProfile, tokens: dict[str, str]) -> dict[str, str]:
    found = {}
    for route in STEP_UP:
        path = route.full_path
        for name in route.path_params:
            path = path.replace("{" + name + "}", str(PLATFORM_TENANT_ID))
        own = None if route.surface == "platform" else tenant
        async with world.client(own, token=tokens[route.surface]) as client:
            answer = await client.request(route.method, path)
        found[route.operation_id] = str(
            answer.json().get("code", "none") if answer.content else "none"
        )
    return found


@only_sqlite
async def test_an_api_key_cannot_do_what_needs_a_proof_whatever_it_may(
    world: World, tenant: TenantProfile
) -> None:
    async with world.write(tenant, actor=world.actor("admin", id=None)) as tx:
        made = await identity.create_api_key(tx, name="all", scopes=sorted(BUILT_IN_ROLES["admin"]))
    async with world.client(tenant, token=made.secret) as client:
        assert (await client.get("/api/v1/admin/users")).status_code == 200
        for route in STEP_UP:
            if route.surface != "admin" or route.permission == SIGNED_IN:
                continue
            path = route.full_path
            for name in route.path_params:
                path = path.replace("{" + name + "}", str(PLATFORM_TENANT_ID))
            answer = await client.request(route.method, path)
            assert answer.json()["code"] == "step_up_required", route.operation_id


@only_sqlite
async def test_step_up_says_how_to_mend_it_and_the_new_token_opens_the_action(
    world: World, tenant: TenantProfile
) -> None:
    user = await people.staff(world, tenant, "admin")
    clock = Later(world)
    role = {"slug": "clerk", "name": "Clerk", "permissions": ["orders:read"]}
    async with world.client(tenant) as client:
        signed_in = await sign_in(client, user.email)
        clock.ahead = timedelta(hours=2)
        refreshed = await client.post(REFRESH, json={"refresh_token": signed_in["refresh_token"]})
        client.headers["authorization"] = f"Bearer {refreshed.json()['access_token']}"
        refused = await client.post("/api/v1/admin/roles", json=role)
        assert refused.status_code == 401
        problem = refused.json()
        assert (problem["code"], problem["max_age"]) == ("step_up_required", 900)
        assert "/auth/step-up" in problem["mend"]
        assert 'error="insufficient_user_authentication"' in refused.headers["www-authenticate"]
        wrong = await client.post("/api/v1/auth/step-up", json={"password": "wrong wrong wrong"})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "wrong_proof")
        proved = await client.post("/api/v1/auth/step-up", json={"password": people.PASSWORD})
        assert proved.status_code == 200
        assert proved.headers["cache-control"] == "no-store"
        # The old token stays what it was.
        assert (await client.post("/api/v1/admin/roles", json=role)).status_code == 401
        client.headers["authorization"] = f"Bearer {proved.json()['access_token']}"
        assert (await client.post("/api/v1/admin/roles", json=role)).status_code == 201
    assert [e.type for e in await world.events(tenant, "user.stepped_up")] == ["user.stepped_up"]


@only_sqlite
async def test_refreshing_does_not_renew_the_proof(world: World, tenant: TenantProfile) -> None:
    user = await people.staff(world, tenant, "admin")
    clock = Later(world)
    async with world.client(tenant) as client:
        signed_in = await sign_in(client, user.email)
        for hours in (1, 2, 3):
            clock.ahead = timedelta(hours=hours)
            answer = await client.post(REFRESH, json={"refresh_token": signed_in["refresh_token"]})
            signed_in = answer.json()
        client.headers["authorization"] = f"Bearer {signed_in['access_token']}"
        assert (await client.get("/api/v1/admin/users")).status_code == 200
        answer = await client.post(
            "/api/v1/admin/api-keys", json={"name": "k", "scopes": ["orders:read"]}
        )
        assert answer.json()["code"] == "step_up_required"


@only_sqlite
async def test_another_address_of_a_colleague_needs_a_recent_proof_and_another_name_does_not(
    world: World, tenant: TenantProfile
) -> None:
    """Who has the address has the password: a reset is mailed there."""
    colleague = await people.staff(world, tenant, "editor")
    token = await world.token(tenant)
    clock = Later(world)
    clock.ahead = timedelta(seconds=world.parts.sign_in.step_up_seconds + 1)
    world.parts.access_tokens._leeway_seconds = 30
    path, headers = f"/api/v1/admin/users/{colleague.id}", {"If-Match": '"1"'}
    async with world.client(tenant, token=token) as client:
        refused = await client.patch(path, json={"email": "new@example.com"}, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (401, "step_up_required")
        assert "max_age" in refused.headers["www-authenticate"]
        renamed = await client.patch(path, json={"display_name": "Ada"}, headers=headers)
        assert (renamed.status_code, renamed.json()["email"]) == (200, colleague.email)
        clock.ahead = timedelta()
        moved = await client.patch(
            path, json={"email": "new@example.com"}, headers={"If-Match": '"2"'}
        )
        assert (moved.status_code, moved.json()["email"]) == (200, "new@example.com")


@only_sqlite
async def test_signing_out_tells_a_browser_to_forget(world: World, tenant: TenantProfile) -> None:
    async with world.client(tenant, token=await world.token(tenant)) as client:
        answer = await client.post("/api/v1/auth/logout")
    assert answer.status_code == 204
    assert answer.headers["clear-site-data"] == '"cache", "cookies", "storage"'


@only_sqlite
async def test_what_shows_people_is_not_stored_even_where_it_has_a_version(
    world: World, tenant: TenantProfile
) -> None:
    colleague = await people.staff(world, tenant, "editor")
    token = await world.token(tenant)
    async with world.client(tenant, token=token) as client:
        for path in ("/api/v1/auth/me", f"/api/v1/admin/users/{colleague.id}"):
            answer = await client.get(path)
            assert answer.headers["etag"], path
            assert answer.headers["cache-control"] == "no-store", path
        own = await client.get("/api/v1/admin/tenant")
        assert own.headers["cache-control"] == "private, no-cache"


@only_sqlite
async def test_the_document_says_which_actions_need_a_proof(world: World) -> None:
    async with world.client() as client:
        document = (await client.get("/openapi.json")).json()
    operation = document["paths"]["/api/v1/admin/api-keys"]["post"]
    assert operation["x-step-up"] is True
    assert "step_up_required" in operation["responses"]["401"]["description"]
    assert "x-step-up" not in document["paths"]["/api/v1/admin/api-keys"]["get"]


async def test_sessions_are_listed_with_device_address_and_method_and_only_the_own(
    world: World, tenant: TenantProfile
) -> None:
    user, other = await people.staff(world, tenant, "admin"), await people.staff(world, tenant)
    async with world.client(tenant, **{"User-Agent": "Lynx/2.9"}) as client:
        first = await sign_in(client, user.email, device_label="Laptop")
        await sign_in(client, user.email, device_label="Phone")
        await sign_in(client, other.email, device_label="Foreign")
        client.headers["authorization"] = f"Bearer {first['access_token']}"
        listed = (await client.get("/api/v1/auth/sessions")).json()
    assert [(s["device_label"], s["is_current"]) for s in listed] == [
        ("Phone", False),
        ("Laptop", True),
    ]
    assert {(s["user_agent"], s["address"], tuple(s["methods"])) for s in listed} == {
        ("Lynx/2.9", "127.0.0.1", ("pwd",))
    }


@only_sqlite
async def test_ending_all_other_sessions_spares_this_one(
    world: World, tenant: TenantProfile
) -> None:
    user = await people.staff(world, tenant, "admin")
    async with world.client(tenant) as client:
        tokens = [(await sign_in(client, user.email))["access_token"] for _ in range(3)]
        client.headers["authorization"] = f"Bearer {tokens[0]}"
        assert (await client.delete("/api/v1/auth/sessions")).status_code == 204
        statuses = []
        for token in tokens:
            client.headers["authorization"] = f"Bearer {token}"
            statuses.append((await client.get("/api/v1/auth/me")).status_code)
    assert statuses == [200, 401, 401]
    assert len(await world.events(tenant, "user.session_revoked")) == 2


@only_sqlite
async def test_somebody_elses_session_cannot_be_ended_by_its_id(
    world: World, tenant: TenantProfile
) -> None:
    user, other = await people.staff(world, tenant, "admin"), await people.staff(world, tenant)
    async with world.client(tenant) as client:
        mine, theirs = await sign_in(client, user.email), await sign_in(client, other.email)
        client.headers["authorization"] = f"Bearer {mine['access_token']}"
        answer = await client.delete(f"/api/v1/auth/sessions/{theirs['session_id']}")
        assert (answer.status_code, answer.json()["code"]) == (404, "session_not_found")
        client.headers["authorization"] = f"Bearer {theirs['access_token']}"
        assert (await client.get("/api/v1/auth/me")).status_code == 200


async def test_an_admin_ends_all_sessions_of_a_staff_member_and_of_a_customer(
    world: World, tenant: TenantProfile
) -> None:
    user = await people.staff(world, tenant, "editor")
    await people.customer(world, tenant, "cus@example.com")
    async with world.client(tenant) as client:
        for email, kind, place in (
            (user.email, "users", user.id),
            ("cus@example.com", "customers", None),
        ):
            theirs = await sign_in(client, email)
            place = place or theirs["user_id"]
            async with world.client(tenant, token=await world.token(tenant)) as admin:
                path = f"/api/v1/admin/{kind}/{place}/sessions"
                assert (await admin.delete(path)).status_code == 204
            client.headers["authorization"] = f"Bearer {theirs['access_token']}"
            assert (await client.get("/api/v1/auth/me")).status_code == 401
            again = await client.post(REFRESH, json={"refresh_token": theirs["refresh_token"]})
            assert again.json()["code"] == "invalid_refresh_token"
    reasons = {
        e.data["reason"] for e in map(_read, await world.events(tenant, "user.session_revoked"))
    }
    assert reasons == {"revoked_by_staff"}


def _read(envelope: Any) -> Any:
    import json

    class Told:
        data = json.loads(bytes(envelope.data))

    return Told


async def test_of_two_refreshes_of_one_token_at_once_one_wins_and_the_family_ends(
    world: World, tenant: TenantProfile
) -> None:
    user = await people.staff(world, tenant, "admin")
    async with world.client(tenant) as client:
        for _ in range(5):
            signed_in = await sign_in(client, user.email)
            body = {"refresh_token": signed_in["refresh_token"]}
            answers = await asyncio.gather(*(client.post(REFRESH, json=body) for _ in range(8)))
            won = [answer.json() for answer in answers if answer.status_code == 200]
            assert len(won) == 1
            assert {a.status_code for a in answers} == {200, 401}
            # The thief and the owner cannot be told apart: what was won is worth nothing.
            after = await client.post(REFRESH, json={"refresh_token": won[0]["refresh_token"]})
            assert after.json()["code"] == "invalid_refresh_token"
            headers = {"authorization": f"Bearer {won[0]['access_token']}"}
            assert (await client.get("/api/v1/auth/me", headers=headers)).status_code == 401
    revoked = await world.events(tenant, "user.session_revoked")
    assert len(revoked) == 5


@only_sqlite
async def test_a_session_that_is_not_refreshed_ends_and_so_does_one_that_always_is(
    world: World, tenant: TenantProfile
) -> None:
    user = await people.staff(world, tenant, "admin")
    clock = Later(world)
    async with world.client(tenant) as client:
        idle = await sign_in(client, user.email)
        clock.ahead = timedelta(seconds=world.parts.refresh_token_ttl_seconds + 1)
        answer = await client.post(REFRESH, json={"refresh_token": idle["refresh_token"]})
        assert answer.status_code == 401
        busy = await sign_in(client, user.email)
        start = clock.ahead
        longest = timedelta(seconds=world.parts.sign_in.longest_session_seconds)
        refreshes = 0
        while clock.ahead - start < longest + timedelta(days=1):
            answer = await client.post(REFRESH, json={"refresh_token": busy["refresh_token"]})
            if answer.status_code != 200:
                break
            busy, refreshes = answer.json(), refreshes + 1
            clock.ahead += timedelta(days=20)
        assert refreshes == 9
        assert answer.json()["code"] == "invalid_refresh_token"
