"""The edge over HTTP: bad input, preconditions, idempotency, tenants; the same on both databases."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator

import httpx
import pytest

from rustok.core.tenancy import TenantProfile
from rustok.platform.tenants import api as tenants
from tests.conftest import World

OWN = "/api/v1/admin/tenant"
DOMAINS = "/api/v1/admin/tenant/domains"


@pytest.fixture
async def tenant(world: World) -> TenantProfile:
    return await world.tenant(locales=["en", "de"], currencies=["EUR", "USD"])


@pytest.fixture
async def admin(world: World, tenant: TenantProfile) -> AsyncIterator[httpx.AsyncClient]:
    async with world.client(tenant, token=await world.token(tenant)) as client:
        yield client


def problem(response: httpx.Response, status: int, code: str) -> dict[str, object]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, object] = response.json()
    assert body["code"] == code, body
    assert body["status"] == status
    assert body["type"] == f"/problems/{code}"
    assert body["mend"]
    assert body["trace_id"]
    return body


async def test_malformed_json_is_named_as_such(admin: httpx.AsyncClient) -> None:
    response = await admin.post(DOMAINS, content=b"{", headers={"content-type": "application/json"})
    problem(response, 400, "malformed_json")


async def test_a_wrong_type_is_told_with_its_place(admin: httpx.AsyncClient) -> None:
    body = problem(await admin.post(DOMAINS, json={"host": 5}), 400, "invalid_input")
    assert body["errors"] == [
        {"pointer": "/host", "rule": "type", "message": "Expected `str`, got `int`."}
    ]


async def test_a_missing_and_an_unknown_field_are_told_with_their_names(
    admin: httpx.AsyncClient,
) -> None:
    body = problem(await admin.post(DOMAINS, json={}), 400, "invalid_input")
    assert body["errors"][0]["pointer"] == "/host"  # type: ignore[index]
    body = problem(await admin.post(DOMAINS, json={"host": "a.b", "x": 1}), 400, "invalid_input")
    assert body["errors"][0]["rule"] == "unknown_field"  # type: ignore[index]


async def test_an_unknown_query_parameter_is_refused(admin: httpx.AsyncClient) -> None:
    problem(await admin.get(f"{OWN}?colour=red"), 400, "invalid_input")


@pytest.mark.parametrize("raw", ["%00", "%ff", "a=%C3%28"])
async def test_broken_query_encodings_are_refused(admin: httpx.AsyncClient, raw: str) -> None:
    assert (await admin.get(f"{OWN}?x={raw}")).status_code == 400


async def test_nul_characters_in_text_are_refused(admin: httpx.AsyncClient) -> None:
    response = await admin.patch(
        OWN,
        content=b'{"name": "a\\u0000b"}',
        headers={"content-type": "application/json", "if-match": "*"},
    )
    assert response.status_code == 400


async def test_another_media_type_is_415(admin: httpx.AsyncClient) -> None:
    response = await admin.post(DOMAINS, content=b"a=b", headers={"content-type": "text/plain"})
    problem(response, 415, "unsupported_media_type")


async def test_a_body_over_the_limit_is_413_announced_or_not(admin: httpx.AsyncClient) -> None:
    large = b'{"host": "' + b"x" * (2 * 1024 * 1024) + b'"}'
    headers = {"content-type": "application/json"}
    problem(await admin.post(DOMAINS, content=large, headers=headers), 413, "body_too_large")

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(large), 65_536):
            yield large[start : start + 65_536]

    problem(await admin.post(DOMAINS, content=chunks(), headers=headers), 413, "body_too_large")


async def test_a_wrong_method_tells_the_right_ones(admin: httpx.AsyncClient) -> None:
    response = await admin.put(OWN, json={})
    problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "GET, PATCH"


async def test_nothing_at_an_address_is_a_problem_too(admin: httpx.AsyncClient) -> None:
    problem(await admin.get("/api/v1/admin/nothing"), 404, "route_not_found")


async def test_a_path_id_that_is_none_is_told(admin: httpx.AsyncClient) -> None:
    problem(await admin.delete(f"{DOMAINS}/not-an-id"), 400, "invalid_input")


async def test_head_answers_as_get_without_a_body(admin: httpx.AsyncClient) -> None:
    response = await admin.head(OWN)
    assert response.status_code == 200
    assert response.content == b""
    assert response.headers["etag"] == '"1"'


async def test_a_change_needs_the_version_seen(admin: httpx.AsyncClient) -> None:
    problem(await admin.patch(OWN, json={"name": "New"}), 428, "precondition_required")
    response = await admin.patch(OWN, json={"name": "New"}, headers={"if-match": '"7"'})
    body = problem(response, 412, "precondition_failed")
    assert body["version"] == 1
    problem(
        await admin.patch(OWN, json={"name": "New"}, headers={"if-match": "abc"}),
        400,
        "invalid_input",
    )
    etag = (await admin.get(OWN)).headers["etag"]
    response = await admin.patch(OWN, json={"name": "New"}, headers={"if-match": etag})
    assert response.status_code == 200
    assert response.json()["name"] == "New"
    assert response.headers["etag"] == '"2"'


async def test_an_etag_held_already_is_304(admin: httpx.AsyncClient) -> None:
    etag = (await admin.get(OWN)).headers["etag"]
    response = await admin.get(OWN, headers={"if-none-match": f'"x", {etag}'})
    assert response.status_code == 304
    assert response.content == b""


async def test_the_same_key_gives_the_same_answer_and_one_effect(
    world: World, tenant: TenantProfile, admin: httpx.AsyncClient
) -> None:
    headers = {"idempotency-key": "key-12345678"}
    first = await admin.post(DOMAINS, json={"host": "one.example"}, headers=headers)
    again = await admin.post(DOMAINS, json={"host": "one.example"}, headers=headers)
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert len(await world.events(tenant, "tenant.domain_added")) == 1


async def test_the_same_key_at_once_has_one_effect(
    world: World, tenant: TenantProfile, admin: httpx.AsyncClient
) -> None:
    headers = {"idempotency-key": "key-at-once-1"}
    answers = await asyncio.gather(
        *(admin.post(DOMAINS, json={"host": "race.example"}, headers=headers) for _ in range(8))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(await world.events(tenant, "tenant.domain_added")) == 1


async def test_a_key_used_for_another_request_is_refused(admin: httpx.AsyncClient) -> None:
    headers = {"idempotency-key": "key-12345678"}
    await admin.post(DOMAINS, json={"host": "one.example"}, headers=headers)
    response = await admin.post(DOMAINS, json={"host": "two.example"}, headers=headers)
    problem(response, 422, "idempotency_key_reused")


async def test_a_failed_request_does_not_use_up_its_key(admin: httpx.AsyncClient) -> None:
    headers = {"idempotency-key": "key-12345678"}
    problem(
        await admin.post(DOMAINS, json={"host": "10.0.0.1"}, headers=headers), 400, "invalid_host"
    )
    response = await admin.post(DOMAINS, json={"host": "ok.example"}, headers=headers)
    assert response.status_code == 201


async def test_a_malformed_key_is_refused(admin: httpx.AsyncClient) -> None:
    response = await admin.post(
        DOMAINS, json={"host": "a.example"}, headers={"idempotency-key": "short"}
    )
    problem(response, 400, "idempotency_key_invalid")


async def test_nobody_is_let_in_without_a_token(world: World, tenant: TenantProfile) -> None:
    async with world.client(tenant) as anonymous:
        response = await anonymous.get(OWN)
    problem(response, 401, "unauthenticated")
    assert response.headers["www-authenticate"].startswith("Bearer")


async def test_a_missing_permission_is_named(world: World, tenant: TenantProfile) -> None:
    async with world.client(tenant, token=await world.token(tenant, "author")) as author:
        body = problem(
            await author.post(DOMAINS, json={"host": "a.example"}), 403, "missing_permission"
        )
    assert body["required"] == "tenants:update"


async def test_tenants_are_no_business_of_a_tenants_admin(admin: httpx.AsyncClient) -> None:
    response = await admin.get("/api/v1/platform/tenants")
    assert response.status_code in (401, 403)


async def test_a_tenant_is_found_by_slug_id_or_host_and_never_guessed(
    world: World, tenant: TenantProfile
) -> None:
    async with world.write(tenant) as tx:
        await tenants.add_domain(tx, host="shop.example")
    other = await world.tenant()
    token = await world.token(tenant)
    async with world.client(token=token) as client:
        for headers in (
            {"x-tenant": tenant.slug},
            {"x-tenant": str(tenant.id)},
            {"host": "shop.example"},
            {"host": "SHOP.example:8443"},
        ):
            response = await client.get(OWN, headers=headers)
            assert response.json().get("id") == str(tenant.id), response.text
        for headers in ({}, {"host": "nobody.example"}, {"x-tenant": "nobody"}):
            problem(await client.get(OWN, headers=headers), 404, "tenant_not_found")
        problem(await client.get(OWN, headers={"x-tenant": other.slug}), 401, "invalid_token")


async def test_the_only_tenant_needs_no_name(world: World, tenant: TenantProfile) -> None:
    async with world.client(token=await world.token(tenant)) as client:
        assert (await client.get(OWN)).json()["id"] == str(tenant.id)


@pytest.mark.parametrize(
    "hostile",
    [
        "' OR 1=1 --",
        "<script>alert(1)</script>",
        "../../etc/passwd",
        "a" * 300,
        "admin",
        "ＡＣＭＥ",
        "acme%00",
        "..",
        "\u202eacme",
    ],
)
async def test_hostile_tenant_names_are_refused_plainly(
    world: World, tenant: TenantProfile, hostile: str
) -> None:
    async with world.client() as client:
        response = await client.get(OWN, headers={b"x-tenant": hostile.encode()})
    assert response.status_code in (400, 404)
    assert response.headers["content-type"] == "application/problem+json"
    assert "<script>" not in response.text


async def test_a_suspended_tenant_serves_nobody_and_comes_back(
    world: World, tenant: TenantProfile, admin: httpx.AsyncClient
) -> None:
    async with world.db.system("test") as tx:
        await tenants.suspend(tx, tenant.id, reason="Unpaid")
    world.parts.forget_tenant(tenant.id)
    problem(await admin.get(OWN), 403, "tenant_suspended")
    async with world.db.system("test") as tx:
        await tenants.reactivate(tx, tenant.id)
    world.parts.forget_tenant(tenant.id)
    assert (await admin.get(OWN)).status_code == 200


async def test_cors_is_for_the_origins_the_tenant_lists(
    world: World, tenant: TenantProfile, admin: httpx.AsyncClient
) -> None:
    await admin.patch(
        OWN, json={"cors_origins": ["https://app.example"]}, headers={"if-match": "*"}
    )
    for origin, allowed in (
        ("https://app.example", "https://app.example"),
        ("https://evil.example", None),
    ):
        response = await admin.options(OWN, headers={"origin": origin})
        assert response.status_code == 204
        assert response.headers.get("access-control-allow-origin") == allowed


async def test_answers_carry_security_headers_and_the_request_id(admin: httpx.AsyncClient) -> None:
    response = await admin.get(OWN, headers={"x-request-id": "abc-12345"})
    assert response.headers["x-request-id"] == "abc-12345"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert response.headers["cache-control"].startswith("private")


async def test_the_events_of_a_request_name_the_id_that_its_answer_gave(
    world: World, tenant: TenantProfile, admin: httpx.AsyncClient
) -> None:
    named = await admin.post(DOMAINS, json={"host": "a.example"})
    own = await admin.post(
        DOMAINS, json={"host": "b.example"}, headers={"x-request-id": "abc-12345"}
    )
    assert (named.status_code, own.status_code) == (201, 201)
    first, second = [one.correlation_id for one in await world.events(tenant)][-2:]
    assert str(first) == named.headers["x-request-id"]
    assert str(second) not in ("abc-12345", str(first))


async def test_the_callers_trace_goes_on(world: World, admin: httpx.AsyncClient) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    response = await admin.post(
        DOMAINS,
        json={"host": "traced.example"},
        headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"},
    )
    assert trace in response.headers["traceresponse"]
    async with world.db.system("test", write=False) as tx:
        from rustok.core import outbox

        pending = await outbox.list_pending(tx, now=tx.now, limit=100)
    assert any(trace in (event.envelope.traceparent or "") for event in pending)


async def test_large_answers_are_compressed_as_asked(admin: httpx.AsyncClient) -> None:
    for encoding in ("br", "gzip"):
        response = await admin.get("/openapi.json", headers={"accept-encoding": encoding})
        assert response.headers["content-encoding"] == encoding
    plain = await admin.get("/openapi.json", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert len(gzip.compress(plain.content)) < len(plain.content) / 4


async def test_a_currency_the_tenant_does_not_sell_in_is_refused(admin: httpx.AsyncClient) -> None:
    problem(await admin.get(f"{OWN}?currency=JPY"), 400, "currency_not_offered")


async def test_switching_a_module_off_hides_its_routes(admin: httpx.AsyncClient) -> None:
    body = problem(
        await admin.delete("/api/v1/admin/tenant/modules/tenants"), 409, "module_dependency"
    )
    assert body["modules"] == ["platform"]
    problem(await admin.put("/api/v1/admin/tenant/modules/nothing"), 404, "module_unknown")


async def test_health_and_metrics_answer_without_a_tenant(world: World) -> None:
    async with world.client() as client:
        live = (await client.get("/health/live")).json()
        ready = (await client.get("/health/ready")).json()
        metrics = (await client.get("/metrics")).text
    assert live["status"] == ready["status"] == "ok"
    assert "rustok_http_requests_total" in metrics
    assert "rustok_outbox_pending" in metrics
