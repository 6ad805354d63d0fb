"""Identity over HTTP: statuses, headers and the deny-by-default of its routes."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from rustok.core.tenancy import PLATFORM_TENANT_ID
from rustok.platform.identity.module import MODULE
from tests.integration.platform import people

API = "/api/v1"


async def tokens(client: Any, email: str, password: str = people.PASSWORD) -> dict[str, Any]:
    answer = await client.post(f"{API}/auth/login", json={"email": email, "password": password})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def bearer(signed_in: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {signed_in['access_token']}"}


async def test_a_sign_in_refresh_and_sign_out(world: Any) -> None:
    tenant = await world.tenant()
    user = await people.staff(world, tenant, "admin")
    async with world.client(tenant) as client:
        answer = await client.post(
            f"{API}/auth/login",
            json={"email": user.email, "password": people.PASSWORD, "device_label": "Laptop"},
            headers={"User-Agent": "Test\x07Agent"},
        )
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        first = answer.json()
        me = await client.get(f"{API}/auth/me", headers=bearer(first))
        assert me.json()["email"] == user.email
        may = (await client.get(f"{API}/auth/me/permissions", headers=bearer(first))).json()
        assert (may["kind"], may["roles"]) == ("staff", ["admin"])
        assert "users:manage" in may["permissions"]
        second = (
            await client.post(f"{API}/auth/refresh", json={"refresh_token": first["refresh_token"]})
        ).json()
        (session,) = (await client.get(f"{API}/auth/sessions", headers=bearer(second))).json()
        assert (session["device_label"], session["is_current"]) == ("Laptop", True)
        assert session["user_agent"].isprintable()
        out = await client.post(f"{API}/auth/logout", headers=bearer(second))
        assert out.status_code == 204
        after = await client.get(f"{API}/auth/me", headers=bearer(second))
        assert (after.status_code, after.json()["code"]) == (401, "invalid_token")


async def test_a_wrong_password_and_an_unknown_address_get_the_same_problem(world: Any) -> None:
    tenant = await world.tenant()
    user = await people.staff(world, tenant, "admin")
    problems = []
    async with world.client(tenant) as client:
        for email in (user.email, "nobody@example.com"):
            answer = await client.post(
                f"{API}/auth/login", json={"email": email, "password": "wrong wrong wrong"}
            )
            assert answer.status_code == 401
            problem = answer.json()
            problem.pop("trace_id", None)
            problems.append(problem)
    assert problems[0] == problems[1]
    assert problems[0]["code"] == "invalid_credentials"


async def test_a_used_refresh_token_gets_401_and_ends_the_session(world: Any) -> None:
    tenant = await world.tenant()
    user = await people.staff(world, tenant, "admin")
    async with world.client(tenant) as client:
        first = await tokens(client, user.email)
        body = {"refresh_token": first["refresh_token"]}
        assert (await client.post(f"{API}/auth/refresh", json=body)).status_code == 200
        again = await client.post(f"{API}/auth/refresh", json=body)
        assert (again.status_code, again.json()["code"]) == (401, "invalid_refresh_token")
        assert (await client.get(f"{API}/auth/me", headers=bearer(first))).status_code == 401


async def test_a_customer_registers_signs_in_and_stays_out_of_the_administration(
    world: Any,
) -> None:
    tenant = await world.tenant()
    async with world.client(tenant) as client:
        body = {
            "email": "cus@example.com",
            "password": people.PASSWORD,
            "display_name": "Cus Tomer",
        }
        answers = [
            await client.post(f"{API}/storefront/customers/register", json=body) for _ in range(2)
        ]
        assert [answer.status_code for answer in answers] == [202, 202]
        assert answers[0].json() == answers[1].json()
        signed_in = await tokens(client, "cus@example.com")
        me = await client.get(f"{API}/storefront/customers/me", headers=bearer(signed_in))
        assert me.json()["kind"] == "customer"
        changed = await client.patch(
            f"{API}/storefront/customers/me",
            json={"display_name": "New"},
            headers={**bearer(signed_in), "If-Match": me.headers["etag"]},
        )
        assert changed.json()["display_name"] == "New"
        assert (
            await client.get(f"{API}/admin/users", headers=bearer(signed_in))
        ).status_code == 403
        gone = await client.delete(f"{API}/storefront/customers/me", headers=bearer(signed_in))
        assert gone.status_code == 204


async def test_staff_are_administered_over_http(world: Any) -> None:
    tenant = await world.tenant()
    admin = await people.staff(world, tenant, "admin")
    async with world.client(tenant) as client:
        client.headers.update(bearer(await tokens(client, admin.email)))
        made = await client.post(
            f"{API}/admin/users",
            json={
                "email": "grace@example.com",
                "password": people.PASSWORD,
                "display_name": "Grace",
                "roles": ["editor"],
            },
        )
        assert made.status_code == 201
        path = made.headers["location"]
        etag = (await client.get(path)).headers["etag"]
        assert (await client.patch(path, json={"display_name": "G"})).status_code == 428
        patched = await client.patch(path, json={"display_name": "G"}, headers={"If-Match": etag})
        assert patched.json()["version"] == 2
        stale = await client.patch(path, json={"display_name": "H"}, headers={"If-Match": etag})
        assert stale.status_code == 412
        raised = await client.put(
            f"{path}/roles", json={"roles": ["super_admin"]}, headers={"If-Match": "*"}
        )
        assert (raised.status_code, raised.json()["code"]) == (422, "role_not_allowed_here")
        assert (await client.post(f"{path}/disable")).json()["is_disabled"] is True
        assert (await client.post(f"{path}/enable")).json()["is_disabled"] is False
        listed = (await client.get(f"{API}/admin/users", params={"limit": 1})).json()
        assert listed["next_cursor"] is not None
        bad = await client.get(f"{API}/admin/users", params={"cursor": "abc"})
        assert bad.status_code == 400
        gone = await client.delete(path, headers={"If-Match": "*"})
        assert gone.status_code == 204
        assert (await client.get(path)).status_code == 404


async def test_roles_and_api_keys_are_administered_over_http(world: Any) -> None:
    tenant = await world.tenant()
    admin = await people.staff(world, tenant, "admin")
    async with world.client(tenant) as client:
        signed_in = bearer(await tokens(client, admin.email))
        role = {"slug": "packer", "name": "Packer", "permissions": ["orders:read"]}
        made = await client.post(f"{API}/admin/roles", json=role, headers=signed_in)
        assert made.status_code == 201
        slugs = [
            one["slug"]
            for one in (await client.get(f"{API}/admin/roles", headers=signed_in)).json()
        ]
        assert slugs == ["admin", "manager", "editor", "author", "support", "packer"]
        patched = await client.patch(
            made.headers["location"],
            json={"permissions": ["orders:read", "orders:list"]},
            headers={**signed_in, "If-Match": made.headers["etag"]},
        )
        assert patched.json()["permissions"] == ["orders:list", "orders:read"]
        key = await client.post(
            f"{API}/admin/api-keys",
            json={"name": "Sync", "scopes": ["users:list"]},
            headers=signed_in,
        )
        assert key.status_code == 201
        assert key.headers["cache-control"] == "no-store"
        secret = {"X-Api-Key": key.json()["secret"]}
        assert (await client.get(f"{API}/admin/users", headers=secret)).status_code == 200
        assert (await client.get(f"{API}/admin/api-keys", headers=secret)).status_code == 403
        assert (await client.get(f"{API}/auth/me", headers=secret)).status_code == 403
        may = await client.get(f"{API}/auth/me/permissions", headers=secret)
        assert may.json()["permissions"] == ["users:list"]
        listed = (await client.get(f"{API}/admin/api-keys", headers=signed_in)).json()["items"]
        assert "secret" not in listed[0]
        revoked = await client.delete(key.headers["location"], headers=signed_in)
        assert revoked.status_code == 204
        refused = await client.get(f"{API}/admin/users", headers=secret)
        assert (refused.status_code, refused.json()["code"]) == (401, "invalid_credentials")


async def test_the_own_password_is_changed_over_http(world: Any) -> None:
    tenant = await world.tenant()
    user = await people.staff(world, tenant, "editor")
    async with world.client(tenant) as client:
        signed_in = await tokens(client, user.email)
        wrong = await client.post(
            f"{API}/auth/password",
            json={"current_password": "no", "new_password": "seven purple lanterns"},
            headers=bearer(signed_in),
        )
        assert (wrong.status_code, wrong.json()["code"]) == (422, "wrong_password")
        right = await client.post(
            f"{API}/auth/password",
            json={"current_password": people.PASSWORD, "new_password": "seven purple lanterns"},
            headers=bearer(signed_in),
        )
        assert right.json() == {"sessions_ended": 0}
        await tokens(client, user.email, "seven purple lanterns")


async def test_lists_cost_the_same_number_of_statements_for_any_number_of_rows(world: Any) -> None:
    tenant = await world.tenant()
    admin = await people.staff(world, tenant, "admin")
    async with world.client(tenant) as client:
        client.headers.update(bearer(await tokens(client, admin.email)))
        counts = []
        for _ in range(2):
            # What new staff made the caches forget is read again before the count.
            await client.get(f"{API}/auth/me")
            with world.counting() as count:
                assert (await client.get(f"{API}/admin/users")).status_code == 200
            counts.append(count.total)
            for _ in range(3):
                await people.staff(world, tenant, "editor")
    assert counts[0] == counts[1] == 1


async def test_a_note_written_for_an_earlier_request_counts_for_no_later_one(world: Any) -> None:
    tenant = await world.tenant()
    admin = await people.staff(world, tenant, "admin")
    async with world.client(tenant) as client:
        client.headers.update(bearer(await tokens(client, admin.email)))
        assert (await client.get(f"{API}/admin/users")).status_code == 200
        with world.counting() as count:
            await world.parts.audit.finish()
    assert count.sql == []
    assert await world.seal_audit() > 0


ADMIN_ROUTES = [
    (route.method, route.full_path)
    for routes in MODULE.routes
    for route in routes.routes
    if route.surface == "admin"
]


@pytest.mark.parametrize(("method", "path"), ADMIN_ROUTES)
async def test_an_administration_route_refuses_strangers_customers_and_powerless_staff(
    world: Any, method: str, path: str
) -> None:
    tenant = await world.tenant()
    other = await world.tenant()
    nobody = await people.staff(world, tenant)
    foreign = await people.staff(world, other, "admin")
    await people.customer(world, tenant, "cus@example.com")
    url = path.format(user_id=uuid4(), customer_id=uuid4(), key_id=uuid4(), slug="packer")
    async with world.client(tenant) as client, world.client(other) as elsewhere:
        foreign_token = await tokens(elsewhere, foreign.email)
        answers = [
            await client.request(method, url, headers={"If-Match": "*"}),
            await client.request(method, url, headers={"If-Match": "*", **bearer(foreign_token)}),
        ]
        for email in ("cus@example.com", nobody.email):
            headers = bearer(await tokens(client, email))
            answers.append(await client.request(method, url, headers={"If-Match": "*", **headers}))
    assert [answer.status_code for answer in answers] == [401, 401, 403, 403]


async def test_platform_staff_use_the_platform_surface_and_tenant_admins_do_not(
    world: Any,
) -> None:
    platform = await world.parts.profile_of(PLATFORM_TENANT_ID)
    operator = await people.sign_in(
        world, platform, (await people.staff(world, platform, "super_admin")).email
    )
    tenant = await world.tenant()
    admin = await people.sign_in(world, tenant, (await people.staff(world, tenant, "admin")).email)
    async with world.client() as client:
        answer = await client.get(
            f"{API}/platform/tenants",
            headers={"Authorization": f"Bearer {operator.access_token}"},
        )
        assert answer.status_code == 200
        refused = await client.get(
            f"{API}/platform/tenants", headers={"Authorization": f"Bearer {admin.access_token}"}
        )
        assert refused.status_code == 401
