"""Signing in with an OpenID provider: end to end against a real one, and every way to cheat."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import OctKey, RSAKey

from rustok.core.tenancy import TenantProfile
from tests.conftest import World
from tests.integration.platform import people
from tests.security.openid_provider import (
    ADMIN,
    AUTH,
    BACK,
    CLIENT,
    approve,
    begin,
    finish,
    running_provider,
    set_up,
    sign_in,
    trust,
)
from tests.security.test_authentication_second_factor import Person

pytestmark = [
    pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True),
    pytest.mark.filterwarnings("ignore"),  # of the provider's libraries, in its thread
]


@pytest.fixture
async def tenant(world: World) -> TenantProfile:
    return await world.tenant()


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with running_provider() as issuer:
        yield issuer


async def test_somebody_new_gets_a_user_with_the_roles_of_their_groups(
    world: World, tenant: TenantProfile, provider: str
) -> None:
    made = await set_up(world, tenant, provider, is_auto_provisioning=True)
    assert made.status_code == 201, made.text
    assert "hush" not in made.text
    async with world.client(tenant) as client:
        listed = (await client.get("/api/v1/auth/providers")).json()
        assert listed == [{"slug": "acme", "name": "Acme"}]
        signed_in = await sign_in(client, "ada")
        assert signed_in.status_code == 200, signed_in.text
        client.headers["authorization"] = f"Bearer {signed_in.json()['access_token']}"
        me = (await client.get("/api/v1/auth/me")).json()
        assert (me["email"], me["display_name"], me["roles"]) == (
            "ada@acme.example",
            "Ada Lovelace",
            ["editor"],
        )
        assert me["email_verified_at"] is not None
        (session,) = (await client.get("/api/v1/auth/sessions")).json()
        assert session["methods"] == ["fed"]
        again = await sign_in(client, "ada")
        assert again.json()["user_id"] == signed_in.json()["user_id"]
    assert len(await world.events(tenant, "user.identity_linked")) == 1


async def test_nobody_unknown_gets_in_where_users_are_not_made(
    world: World, tenant: TenantProfile, provider: str
) -> None:
    await set_up(world, tenant, provider)
    async with world.client(tenant) as client:
        refused = await sign_in(client, "ada")
    assert (refused.status_code, refused.json()["code"]) == (401, "provider_sign_in_refused")


async def test_an_account_is_linked_by_a_verified_address_and_only_where_the_tenant_says_so(
    world: World, tenant: TenantProfile, provider: str
) -> None:
    for email in ("ada@acme.example", "eve@acme.example"):
        await people.staff(world, tenant, "editor", email=email)
    await set_up(world, tenant, provider, is_auto_provisioning=True)
    async with world.client(tenant) as client:
        refused = await sign_in(client, "ada")
        assert refused.status_code == 401, refused.text
        async with world.client(tenant, token=await world.token(tenant)) as admin:
            changed = await admin.patch(
                f"{ADMIN}/acme", json={"is_linking_accounts": True}, headers={"If-Match": "*"}
            )
            assert changed.status_code == 200, changed.text
        linked = await sign_in(client, "ada")
        assert linked.status_code == 200
        unverified = await sign_in(client, "eve")
        assert unverified.status_code == 401, "the address is not verified"
    assert linked.json()["user_id"] in {str(e.aggregate_id) for e in await world.events(tenant)}


async def test_a_customer_is_not_linked_to_a_provider_of_staff(
    world: World, tenant: TenantProfile, provider: str
) -> None:
    await people.customer(world, tenant, "ada@acme.example")
    await set_up(world, tenant, provider, is_linking_accounts=True, is_auto_provisioning=True)
    async with world.client(tenant) as client:
        assert (await sign_in(client, "ada")).status_code == 401


async def test_other_domains_than_the_allowed_are_refused(
    world: World, tenant: TenantProfile, provider: str
) -> None:
    await set_up(
        world, tenant, provider, is_auto_provisioning=True, allowed_domains=["other.example"]
    )
    async with world.client(tenant) as client:
        assert (await sign_in(client, "ada")).json()["code"] == "provider_sign_in_refused"


async def test_a_state_is_good_once_in_the_browser_that_began_and_for_ten_minutes(
    world: World, tenant: TenantProfile, provider: str
) -> None:
    await set_up(world, tenant, provider, is_auto_provisioning=True)
    async with world.client(tenant) as client:
        begun, victim = await begin(client), await begin(client)
        came = await approve(begun, "bob")
        # Login CSRF: the attacker's answer in the victim's browser.
        assert (await finish(client, victim, **came)).status_code == 401
        assert (await finish(client, begun, **came)).status_code == 401, "the state was used up"
        begun = await begin(client)
        came = await approve(begun, "bob")
        answers = await asyncio.gather(*(finish(client, begun, **came) for _ in range(3)))
        assert sorted(a.status_code for a in answers) == [200, 401, 401]
        unknown = await finish(client, begun, code=came["code"], state="x" * 43)
        assert unknown.status_code == 401
        begun = await begin(client)
        came = await approve(begun, "bob")
        async with world.client(await world.tenant()) as elsewhere:
            assert (await finish(elsewhere, begun, **came)).status_code == 404


async def test_a_code_of_somebody_elses_sign_in_is_refused_by_pkce(
    world: World, tenant: TenantProfile, provider: str
) -> None:
    await set_up(world, tenant, provider, is_auto_provisioning=True)
    async with world.client(tenant) as client:
        stolen = await approve(await begin(client), "bob")
        mine = await begin(client)
        own = await approve(mine, "ada")
        injected = await finish(client, mine, code=stolen["code"], state=own["state"])
    assert injected.status_code == 401


async def test_a_foreign_address_to_come_back_to_is_refused(
    world: World, tenant: TenantProfile, provider: str
) -> None:
    await set_up(world, tenant, provider)
    async with world.client(tenant) as client:
        for uri in (f"{BACK}/", f"{BACK}?x=1", "https://evil.example.com/signed-in"):
            answer = await client.post(f"{AUTH}/begin", json={"redirect_uri": uri})
            assert answer.json()["code"] == "redirect_not_allowed", uri


async def test_a_provider_that_is_switched_off_opens_nothing(
    world: World, tenant: TenantProfile, provider: str
) -> None:
    await set_up(world, tenant, provider, is_auto_provisioning=True)
    async with world.client(tenant) as client:
        begun = await begin(client)
        came = await approve(begun, "ada")
        async with world.client(tenant, token=await world.token(tenant)) as admin:
            await admin.patch(
                f"{ADMIN}/acme", json={"is_enabled": False}, headers={"If-Match": "*"}
            )
        assert (await finish(client, begun, **came)).status_code == 401
        assert (await client.post(f"{AUTH}/begin", json={"redirect_uri": BACK})).status_code == 404
        assert (await client.get("/api/v1/auth/providers")).json() == []


async def test_a_provider_does_not_get_around_the_second_factor_of_the_platform(
    world: World, tenant: TenantProfile, provider: str
) -> None:
    user = await people.staff(world, tenant, "editor", email="ada@acme.example")
    await Person(world, tenant, user.email).enrol()
    await set_up(world, tenant, provider, is_linking_accounts=True)
    async with world.client(tenant) as client:
        answer = await sign_in(client, "ada")
    assert (answer.status_code, answer.json()["code"]) == (401, "second_factor_needed")


async def test_only_a_full_administrator_sets_a_provider_up(
    world: World, tenant: TenantProfile, provider: str
) -> None:
    trust(world, provider)
    async with world.client(tenant, token=await world.token(tenant)) as admin:
        role = {"slug": "people", "name": "People", "permissions": ["users:manage"]}
        assert (await admin.post("/api/v1/admin/roles", json=role)).status_code == 201
    async with world.client(tenant, token=await world.token(tenant, "people")) as client:
        body = {
            "slug": "mine",
            "name": "Mine",
            "issuer": provider,
            "client_id": CLIENT,
            "redirect_uris": [BACK],
            "is_linking_accounts": True,
        }
        answer = await client.post(ADMIN, json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "privilege_escalation")


async def test_an_issuer_inside_the_network_is_refused_unless_the_operator_lists_it(
    world: World, tenant: TenantProfile, provider: str
) -> None:
    async with world.client(tenant, token=await world.token(tenant)) as admin:
        for issuer in (
            provider,
            "http://login.example.com",
            "https://127.0.0.1:8443",
            "https://169.254.169.254",
            "https://[::1]",
            "https://login.internal",
        ):
            body = {
                "slug": "inner",
                "name": "Inner",
                "issuer": issuer,
                "client_id": CLIENT,
                "redirect_uris": [BACK],
            }
            answer = await admin.post(ADMIN, json=body)
            assert answer.json()["code"] == "unsafe_url", issuer


class Liar:
    """A provider that answers what the test wants."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, parameters={"kid": "k"})
        self.claims: dict[str, Any] = {}
        self.header: dict[str, Any] = {"alg": "RS256", "kid": "k"}
        self.sign_with: Any = self.key
        self.status = 200
        self.calls = 0
        liar = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                liar.calls += 1
                if self.path == "/keys":
                    self._say({"keys": [liar.key.as_dict(private=False)]})
                else:
                    self._say(
                        {
                            "issuer": liar.issuer,
                            "authorization_endpoint": f"{liar.issuer}/authorize",
                            "token_endpoint": f"{liar.issuer}/token",
                            "jwks_uri": f"{liar.issuer}/keys",
                        }
                    )

            def do_POST(self) -> None:
                raw = json.dumps(liar.claims).encode()
                algorithm = liar.header["alg"]
                token = (
                    jws.serialize_compact(liar.header, raw, liar.sign_with, algorithms=[algorithm])
                    if algorithm != "none"
                    else "eyJhbGciOiJub25lIn0.e30."
                )
                self._say({"id_token": token}, liar.status)

            def _say(self, document: object, status: int = 200) -> None:
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def liar() -> Iterator[Liar]:
    made = Liar()
    yield made
    made.close()


async def lie(client: httpx.AsyncClient, liar: Liar, **claims: Any) -> httpx.Response:
    begun = await begin(client)
    query = parse_qs(urlsplit(begun["authorization_url"]).query)
    now = int(time.time())
    liar.claims = {
        "iss": liar.issuer,
        "sub": "ada",
        "aud": CLIENT,
        "iat": now,
        "exp": now + 300,
        "nonce": query["nonce"][0],
        "email": "ada@acme.example",
        "email_verified": True,
        **claims,
    }
    return await finish(client, begun, code="c", state=query["state"][0])


async def test_an_id_token_that_breaks_any_rule_is_refused(
    world: World, tenant: TenantProfile, liar: Liar
) -> None:
    await set_up(world, tenant, liar.issuer, is_auto_provisioning=True)
    now = int(time.time())
    async with world.client(tenant) as client:
        assert (await lie(client, liar)).status_code == 200
        for wrong in (
            {"iss": "https://accounts.example.com"},
            {"aud": "another-client"},
            {"aud": [CLIENT, "another"]},
            {"aud": [CLIENT, "another"], "azp": "another"},
            {"azp": "another"},
            {"nonce": "of another sign-in"},
            {"exp": now - 3_600},
            {"iat": now - 86_400},
            {"iat": now + 3_600},
            {"sub": ""},
            {"sub": "s" * 256},
            {"exp": None},
            {"nonce": None},
        ):
            answer = await lie(client, liar, **wrong)
            assert (answer.status_code, answer.json()["code"]) == (401, "id_token_refused"), wrong


async def test_an_id_token_with_another_signature_is_refused(
    world: World, tenant: TenantProfile, liar: Liar
) -> None:
    await set_up(world, tenant, liar.issuer, is_auto_provisioning=True)
    published = json.dumps(liar.key.as_dict(private=False))
    async with world.client(tenant) as client:
        for header, key in (
            ({"alg": "none"}, None),
            ({"alg": "HS256", "kid": "k"}, OctKey.import_key(published)),
            ({"alg": "RS256", "kid": "k"}, RSAKey.generate_key(2048)),
            ({"alg": "RS256", "kid": "unknown"}, liar.key),
            ({"alg": "RS256", "kid": "k", "jku": "https://evil.example.com"}, liar.key),
        ):
            liar.header, liar.sign_with = header, key
            answer = await lie(client, liar)
            assert answer.json()["code"] == "id_token_refused", header


async def test_a_provider_that_fails_is_a_503_and_rests_behind_a_breaker(
    world: World, tenant: TenantProfile, liar: Liar
) -> None:
    await set_up(world, tenant, liar.issuer, is_auto_provisioning=True)
    async with world.client(tenant) as client:
        assert (await lie(client, liar)).status_code == 200
        liar.status = 500
        codes = []
        for _ in range(7):
            begun = await client.post(f"{AUTH}/begin", json={"redirect_uri": BACK})
            answer = begun if begun.status_code == 503 else await lie(client, liar)
            assert answer.status_code == 503, answer.text
            assert "retry-after" in answer.headers
            codes.append(answer.json()["code"])
    assert codes[:5] == ["outbound_failed"] * 5
    assert codes[-1] not in ("outbound_failed", "internal_error"), codes


async def test_the_client_secret_is_stored_sealed(
    world: World, tenant: TenantProfile, provider: str
) -> None:
    from tests.seeding import dump

    await set_up(world, tenant, provider, client_secret="very-hush-hush")
    assert "very-hush-hush" not in str(await dump(world, tenant.id))
