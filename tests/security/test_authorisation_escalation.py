"""Nobody becomes more than they are: through roles, API keys, other people's accounts or extra fields."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import httpx
import msgspec
import pytest

from rustok.core.permissions import BUILT_IN_ROLES
from rustok.core.routing import PUBLIC, RawBody
from rustok.core.tenancy import PLATFORM_TENANT_ID, TenantProfile
from rustok.platform.identity import api as identity
from rustok.server.modules import all_modules
from tests.conftest import World
from tests.integration.platform import people
from tests.seeding import seed_everything

USERS: Final = "/api/v1/admin/users"
ROLES: Final = "/api/v1/admin/roles"
KEYS: Final = "/api/v1/admin/api-keys"
ANY: Final = {"If-Match": "*"}
EXTRA: Final[dict[str, object]] = {
    "tenant_id": str(PLATFORM_TENANT_ID),
    "is_admin": True,
    "permissions_override": ["*:*"],
    "version": 99,
    "created_at": "2020-01-01T00:00:00Z",
    "password_hash": "x",
    "owner_id": str(PLATFORM_TENANT_ID),
    "__class__": "User",
    "__proto__": {"role": "admin"},
}

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture
async def tenant(world: World) -> TenantProfile:
    return await world.tenant()


async def define(world: World, tenant: TenantProfile, slug: str, *permissions: str) -> None:
    async with world.client(tenant, token=await world.token(tenant)) as admin:
        body = {"slug": slug, "name": slug.title(), "permissions": list(permissions)}
        made = await admin.post(ROLES, json=body)
        assert made.status_code == 201, made.text


async def as_people_manager(world: World, tenant: TenantProfile) -> httpx.AsyncClient:
    """Somebody who may do everything with users and nothing else."""
    await define(world, tenant, "people", "users:manage")
    return world.client(tenant, token=await world.token(tenant, "people"))


def code(answer: httpx.Response) -> str:
    return str(answer.json()["code"])


async def test_nobody_gives_a_role_that_holds_more_than_they_do(
    world: World, tenant: TenantProfile
) -> None:
    user = await people.staff(world, tenant)
    async with await as_people_manager(world, tenant) as client:
        for role in ("admin", "manager", "editor", "support"):
            path = f"{USERS}/{user.id}/roles"
            answer = await client.put(path, json={"roles": [role]}, headers=ANY)
            assert (answer.status_code, code(answer)) == (403, "privilege_escalation"), role
            body = {
                "email": f"{role}@example.com",
                "password": people.PASSWORD,
                "display_name": "New",
                "roles": [role],
            }
            assert code(await client.post(USERS, json=body)) == "privilege_escalation"
        answer = await client.put(
            f"{USERS}/{user.id}/roles", json={"roles": ["people"]}, headers=ANY
        )
        assert answer.status_code == 200, answer.text


async def test_nobody_defines_a_role_with_more_than_they_hold(
    world: World, tenant: TenantProfile
) -> None:
    async with await as_people_manager(world, tenant) as client:
        for permissions in (["orders:read"], ["*:*"], ["users:manage", "settings:update"]):
            body = {"slug": "more", "name": "More", "permissions": permissions}
            assert code(await client.post(ROLES, json=body)) == "privilege_escalation", permissions


async def test_nobody_widens_the_role_they_hold(world: World, tenant: TenantProfile) -> None:
    async with await as_people_manager(world, tenant) as client:
        body = {"permissions": ["users:manage", "orders:manage"]}
        answer = await client.patch(f"{ROLES}/people", json=body, headers=ANY)
        assert code(answer) == "privilege_escalation"


async def test_nobody_changes_their_own_roles(world: World, tenant: TenantProfile) -> None:
    user = await people.staff(world, tenant, "admin")
    signed_in = await people.sign_in(world, tenant, user.email)
    async with world.client(tenant, token=signed_in.access_token) as client:
        answer = await client.put(
            f"{USERS}/{user.id}/roles", json={"roles": ["admin", "editor"]}, headers=ANY
        )
    assert (answer.status_code, code(answer)) == (409, "own_account")


async def test_nobody_acts_upon_a_superior(world: World, tenant: TenantProfile) -> None:
    chief = await people.staff(world, tenant, "admin")
    async with await as_people_manager(world, tenant) as client:
        path = f"{USERS}/{chief.id}"
        password = {"new_password": "seven purple lanterns"}
        answers = {
            "password": await client.post(f"{path}/password", json=password),
            "email": await client.patch(path, json={"email": "mine@example.com"}, headers=ANY),
            "disable": await client.post(f"{path}/disable"),
            "delete": await client.delete(path, headers=ANY),
            "roles": await client.put(f"{path}/roles", json={"roles": []}, headers=ANY),
            "sessions": await client.delete(f"{path}/sessions"),
            "factors": await client.delete(f"{path}/second-factors"),
        }
    assert {name: code(one) for name, one in answers.items()} == dict.fromkeys(
        answers, "privilege_escalation"
    )
    await people.sign_in(world, tenant, chief.email)


async def test_a_role_of_the_platform_cannot_be_given_or_imitated_in_a_tenant(
    world: World, tenant: TenantProfile
) -> None:
    user = await people.staff(world, tenant)
    async with world.client(tenant, token=await world.token(tenant)) as admin:
        path = f"{USERS}/{user.id}/roles"
        given = await admin.put(path, json={"roles": ["super_admin"]}, headers=ANY)
        assert code(given) == "role_not_allowed_here"
        for permissions in (["tenants:manage"], ["tenants:create"], ["*:*"], ["tenants:*"]):
            body = {"slug": "root", "name": "Root", "permissions": permissions}
            assert code(await admin.post(ROLES, json=body)) == "privilege_escalation", permissions
        for slug in ("super_admin", "admin", "customer", "anonymous"):
            body = {"slug": slug, "name": "Own", "permissions": []}
            assert (await admin.post(ROLES, json=body)).status_code in (400, 409), slug


async def test_the_platforms_staff_are_nobody_inside_a_tenant_and_the_other_way_round(
    world: World, tenant: TenantProfile
) -> None:
    platform = await world.platform.resolver.profile_of(PLATFORM_TENANT_ID)
    theirs = await world.token(platform, "super_admin")
    async with world.client(tenant, token=theirs) as client:
        assert (await client.get(USERS)).status_code == 401
    async with world.client(tenant, token=await world.token(tenant)) as client:
        for path in ("/api/v1/platform/tenants", f"/api/v1/platform/tenants/{tenant.id}"):
            assert (await client.get(path)).status_code == 401
    async with world.client(token=theirs) as client:
        assert (await client.get("/api/v1/platform/tenants")).status_code == 200


async def test_a_permission_taken_from_a_role_counts_for_who_is_signed_in(
    world: World, tenant: TenantProfile
) -> None:
    await define(world, tenant, "clerk", "orders:list", "orders:read")
    async with (
        world.client(tenant, token=await world.token(tenant, "clerk")) as clerk,
        world.client(tenant, token=await world.token(tenant)) as admin,
    ):
        assert (await clerk.get("/api/v1/admin/orders")).status_code == 200
        changed = await admin.patch(
            f"{ROLES}/clerk", json={"permissions": ["orders:read"]}, headers=ANY
        )
        assert changed.status_code == 200
        assert code(await clerk.get("/api/v1/admin/orders")) == "missing_permission"


async def test_a_user_who_is_disabled_or_deleted_is_out_at_once(
    world: World, tenant: TenantProfile
) -> None:
    async with world.client(tenant, token=await world.token(tenant)) as admin:
        for step in ("disable", "delete"):
            user = await people.staff(world, tenant, "admin")
            signed_in = await people.sign_in(world, tenant, user.email)
            async with world.client(tenant, token=signed_in.access_token) as client:
                body = {"name": "Mine", "scopes": ["orders:read", "orders:list"]}
                key = (await client.post(KEYS, json=body)).json()["secret"]
                path = f"{USERS}/{user.id}"
                done = (
                    await admin.post(f"{path}/disable")
                    if step == "disable"
                    else await admin.delete(path, headers=ANY)
                )
                assert done.status_code in (200, 204)
                assert (await client.get("/api/v1/auth/me")).status_code == 401, step
                client.headers["authorization"] = f"Bearer {key}"
                assert (await client.get("/api/v1/admin/orders")).status_code == 401, step
                refreshed = await client.post(
                    "/api/v1/auth/refresh",
                    json={"refresh_token": signed_in.refresh_token},
                    headers={"authorization": ""},
                )
                assert refreshed.status_code == 401, step


async def test_an_api_key_holds_no_more_than_its_maker_when_made(
    world: World, tenant: TenantProfile
) -> None:
    await define(world, tenant, "keys", "users:manage", "orders:read")
    async with world.client(tenant, token=await world.token(tenant, "keys")) as client:
        for scopes in (["orders:update"], ["orders:*"], ["*:*"], ["orders:read", "nodes:read"]):
            answer = await client.post(KEYS, json={"name": "More", "scopes": scopes})
            assert code(answer) == "privilege_escalation", scopes
        made = await client.post(KEYS, json={"name": "Same", "scopes": ["orders:read"]})
        assert made.status_code == 201


async def test_an_api_key_loses_what_its_owner_loses(world: World, tenant: TenantProfile) -> None:
    owner = await people.staff(world, tenant, "admin")
    signed_in = await people.sign_in(world, tenant, owner.email)
    async with world.client(tenant, token=signed_in.access_token) as client:
        body = {"name": "Wide", "scopes": ["orders:list", "nodes:list"]}
        secret = (await client.post(KEYS, json=body)).json()["secret"]
    async with (
        world.client(tenant, token=await world.token(tenant)) as admin,
        world.client(tenant, token=secret) as key,
    ):
        assert (await key.get("/api/v1/admin/orders")).status_code == 200
        changed = await admin.put(
            f"{USERS}/{owner.id}/roles", json={"roles": ["editor"]}, headers=ANY
        )
        assert changed.status_code == 200
        assert code(await key.get("/api/v1/admin/orders")) == "missing_permission"
        assert (await key.get("/api/v1/admin/nodes")).status_code == 200, "editors still have it"


async def test_an_api_key_is_no_person(world: World, tenant: TenantProfile) -> None:
    async with world.write(tenant, actor=world.actor("admin", id=None)) as tx:
        made = await identity.create_api_key(tx, name="all", scopes=sorted(BUILT_IN_ROLES["admin"]))
    async with world.client(tenant, token=made.secret) as client:
        for method, path in (
            ("GET", "/api/v1/auth/me"),
            ("GET", "/api/v1/auth/sessions"),
            ("GET", "/api/v1/auth/second-factors"),
            ("POST", "/api/v1/auth/logout"),
            ("POST", "/api/v1/auth/email-verification"),
            ("GET", "/api/v1/storefront/customers/me"),
        ):
            answer = await client.request(method, path)
            assert code(answer) == "user_session_needed", path
        stepped = await client.post("/api/v1/auth/step-up", json={"password": people.PASSWORD})
        assert stepped.status_code == 403


async def test_an_api_key_ends_when_it_expires_or_is_revoked_and_is_shown_by_prefix_only(
    world: World, tenant: TenantProfile
) -> None:
    async with world.client(tenant, token=await world.token(tenant)) as admin:
        until = (world.db.now() + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
        body = {"name": "Short", "scopes": ["orders:list"]}
        short = (await admin.post(KEYS, json={**body, "expires_at": until})).json()
        gone = (await admin.post(KEYS, json=body)).json()
        listed = (await admin.get(KEYS)).text
        assert short["secret"] not in listed
        assert short["prefix"] in listed
        assert len(short["prefix"]) == 8
        async with world.client(tenant) as client:
            client.headers["authorization"] = f"Bearer {gone['secret']}"
            assert (await client.get("/api/v1/admin/orders")).status_code == 200
            assert (await admin.delete(f"{KEYS}/{gone['id']}")).status_code == 204
            assert (await client.get("/api/v1/admin/orders")).status_code == 401
            client.headers["authorization"] = f"Bearer {short['secret']}"
            assert (await client.get("/api/v1/admin/orders")).status_code == 200
            later = world.db.now() + timedelta(hours=1, seconds=1)
            world.db.now = lambda: later
            assert (await client.get("/api/v1/admin/orders")).status_code == 401


async def test_no_body_takes_a_field_it_does_not_name(world: World, tenant: TenantProfile) -> None:
    """Mass assignment: the example of every command, with fields an attacker would like to set."""
    platform = await world.platform.resolver.profile_of(PLATFORM_TENANT_ID)
    tokens = {
        "platform": await world.token(platform, "super_admin"),
        "admin": await world.token(tenant),
        "auth": await world.token(tenant),
        "storefront": await world.token(tenant, "customer"),
    }
    taken = []
    for route in all_modules().routes:
        if route.body in (None, RawBody) or route.example is None:
            continue
        path = route.full_path
        for name in route.path_params:
            path = path.replace("{" + name + "}", str(PLATFORM_TENANT_ID))
        token = None if route.permission == PUBLIC else tokens[route.surface]
        own = None if route.surface == "platform" else tenant
        example: dict[str, Any] = msgspec.to_builtins(route.example)
        async with world.client(own, token=token, **ANY) as client:
            for name, value in EXTRA.items():
                if name in route.body.__struct_encode_fields__:
                    continue
                answer = await client.request(
                    route.method, path, json={**example, name: value}, headers=ANY
                )
                if answer.status_code != 400 or code(answer) != "invalid_input":
                    taken.append(f"{route.operation_id} {name}: {answer.status_code}")
    assert taken == []


async def test_signing_up_makes_a_customer_whatever_is_sent_along(
    world: World, tenant: TenantProfile
) -> None:
    body = {"email": "ada@example.com", "password": people.PASSWORD, "display_name": "Ada"}
    async with world.client(tenant) as client:
        for extra in ({"kind": "staff"}, {"roles": ["admin"]}, {"email_verified_at": "2020"}):
            answer = await client.post(
                "/api/v1/storefront/customers/register", json={**body, **extra}
            )
            assert answer.status_code == 400, extra
        await client.post("/api/v1/storefront/customers/register", json=body)
        signed_in = await client.post(
            "/api/v1/auth/login", json={"email": body["email"], "password": people.PASSWORD}
        )
        client.headers["authorization"] = f"Bearer {signed_in.json()['access_token']}"
        me = (await client.get("/api/v1/auth/me")).json()
        assert (me["kind"], me["roles"], me["email_verified_at"]) == (
            "customer",
            ["customer"],
            None,
        )
        allowed = (await client.get("/api/v1/auth/me/permissions")).json()
        assert allowed["permissions"] == []


async def test_importing_products_is_no_way_to_write_content_or_people(
    world: World, tenant: TenantProfile
) -> None:
    await define(world, tenant, "importer", "products:import")
    async with world.client(tenant, token=await world.token(tenant, "importer")) as client:
        found = {}
        for route in all_modules().routes:
            if "/imports" in route.full_path and route.method == "POST" and not route.path_params:
                answer = await client.post(route.full_path, content=b"")
                found[route.permission] = answer.status_code == 403
        assert found == {"products:import": False, "nodes:import": True}
        assert (await client.get(USERS)).status_code == 403


async def test_authors_reach_their_own_nodes_only_and_publish_none_past_the_review(
    world: World,
) -> None:
    tenant = await world.tenant(settings={"review_required": True})
    nodes = "/api/v1/admin/nodes"
    page = {"kind": "page", "translations": {"en": {"title": "Mine"}}}
    async with (
        world.client(tenant, token=await world.token(tenant, "author")) as one,
        world.client(tenant, token=await world.token(tenant, "author")) as other,
    ):
        made = await one.post(nodes, json=page)
        path = made.headers["location"]
        assert (await one.get(path)).status_code == 200
        assert (await other.get(path)).status_code in (403, 404)
        put = await other.put(f"{path}/translations/en", json={"title": "Taken over"}, headers=ANY)
        assert put.status_code in (403, 404)
        assert (await other.get(nodes)).json()["items"] == []
        assert code(await one.post(f"{path}/publish")) == "review_required"
        named = await one.post(nodes, json={**page, "author_id": str(PLATFORM_TENANT_ID)})
        assert named.status_code >= 400


async def test_customers_see_their_own_orders_and_carts_only(
    world: World,
) -> None:
    tenant = await world.tenant(locales=["en", "de"], currencies=["EUR", "USD"])
    seeded = await seed_everything(world, tenant, "mine")
    async with world.client(seeded.profile, token=seeded.customer_token) as owner:
        (order, *_) = (await owner.get("/api/v1/storefront/orders")).json()["items"]
        assert (await owner.get(f"/api/v1/storefront/orders/{order['id']}")).status_code == 200
    stranger = await world.token(seeded.profile, "customer")
    async with world.client(seeded.profile, token=stranger) as client:
        assert (await client.get("/api/v1/storefront/orders")).json()["items"] == []
        for query in ("", "?token=", f"?token={'x' * 43}", f"?token={seeded.order_token}"):
            answer = await client.get(f"/api/v1/storefront/orders/{order['id']}{query}")
            assert answer.status_code in (400, 401, 403, 404), query
    async with world.client(seeded.profile) as nobody:
        assert (await nobody.get(f"/api/v1/storefront/orders/{order['id']}")).status_code >= 400


async def test_no_answer_about_a_user_or_key_holds_a_secret(
    world: World, tenant: TenantProfile
) -> None:
    user = await people.staff(world, tenant, "admin")
    signed_in = await people.sign_in(world, tenant, user.email)
    async with world.client(tenant, token=signed_in.access_token) as client:
        for path in (USERS, f"{USERS}/{user.id}", KEYS, "/api/v1/auth/me", "/api/v1/auth/sessions"):
            text = (await client.get(path)).text
            for word in ("password", "argon2", "digest", "secret", "rt_", "kd_"):
                assert word not in text, (path, word)
