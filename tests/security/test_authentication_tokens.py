"""Access tokens over HTTP: what a forger, a thief or another tenant's user can send, and what they get."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any, Final

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, KeySet

from rustok.core.errors import Unavailable
from rustok.core.security.access_tokens import new_signing_key
from rustok.core.tenancy import TenantProfile
from rustok.platform.identity import api as identity
from tests.conftest import World

ME: Final = "/api/v1/auth/me"

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture
async def tenant(world: World) -> TenantProfile:
    return await world.tenant()


def part(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def read(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, payload, _ = token.split(".")
    return (
        json.loads(base64.urlsafe_b64decode(header + "==")),
        json.loads(base64.urlsafe_b64decode(payload + "==")),
    )


async def status(world: World, tenant: TenantProfile, token: str, path: str = ME) -> int:
    async with world.client(tenant, token=token) as client:
        answer = await client.get(path)
    if answer.status_code == 401:
        assert answer.json()["code"] in ("invalid_token", "expired_token", "invalid_credentials")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    return answer.status_code


def resigned(world: World, token: str, **claims: object) -> str:
    """The token with other claims, signed with the platform's own key: only the claims are wrong."""
    header, payload = read(token)
    active = world.parts.access_tokens._active
    assert active is not None
    raw = json.dumps({**payload, **claims}).encode()
    return jws.serialize_compact(header, raw, active.key, algorithms=["ES256"])


async def test_a_good_token_is_let_in_and_one_signed_the_same_way_too(
    world: World, tenant: TenantProfile
) -> None:
    token = await world.token(tenant)
    assert await status(world, tenant, token) == 200
    assert await status(world, tenant, resigned(world, token)) == 200


async def test_a_token_without_a_signature_is_refused(world: World, tenant: TenantProfile) -> None:
    header, payload = read(await world.token(tenant))
    for algorithm in ("none", "None", "NONE", "nOnE", ""):
        for signature in ("", "AA"):
            forged = f"{part({**header, 'alg': algorithm})}.{part(payload)}.{signature}"
            assert await status(world, tenant, forged) == 401


async def test_the_published_key_used_as_a_shared_secret_is_refused(
    world: World, tenant: TenantProfile
) -> None:
    header, payload = read(await world.token(tenant))
    async with world.client(tenant) as client:
        published = (await client.get("/.well-known/jwks.json")).json()["keys"][0]
    pem = ECKey.import_key(published).as_pem(private=False)
    for algorithm, digest in (("HS256", hashlib.sha256), ("HS384", hashlib.sha384)):
        for secret in (pem, pem.strip(), json.dumps(published).encode()):
            signed = f"{part({**header, 'alg': algorithm})}.{part(payload)}"
            mac = base64.urlsafe_b64encode(hmac.digest(secret, signed.encode(), digest))
            forged = f"{signed}.{mac.rstrip(b'=').decode()}"
            assert await status(world, tenant, forged) == 401


KEY_IDS: Final = (
    "../../../../../../dev/null",
    "/etc/passwd",
    "file:///dev/null",
    "https://evil.example.com/jwks.json",
    "' UNION SELECT 'secret' -- ",
    "1; DROP TABLE signing_keys",
    "\u0000",
    "",
    "k" * 2_000,
)


async def test_a_key_id_is_looked_up_in_the_ring_and_nowhere_else(
    world: World, tenant: TenantProfile
) -> None:
    header, payload = read(await world.token(tenant))
    own = ECKey.generate_key("P-256", private=True)
    raw = json.dumps(payload).encode()
    for kid in KEY_IDS:
        forged = jws.serialize_compact({**header, "kid": kid}, raw, own, algorithms=["ES256"])
        assert await status(world, tenant, forged) == 401, kid


async def test_a_key_sent_along_in_the_header_is_not_used(
    world: World, tenant: TenantProfile
) -> None:
    header, payload = read(await world.token(tenant))
    own = ECKey.generate_key("P-256", private=True)
    raw = json.dumps(payload).encode()
    for more in (
        {"jwk": own.as_dict(private=False)},
        {"jku": "https://evil.example.com/jwks.json"},
        {"x5u": "https://evil.example.com/cert.pem"},
        {"x5c": ["MIIB"]},
    ):
        forged = jws.serialize_compact({**header, **more}, raw, own, algorithms=["ES256"])
        assert await status(world, tenant, forged) == 401, more


async def test_an_expired_token_is_refused(
    world: World, tenant: TenantProfile, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await world.token(tenant)
    ahead = timedelta(seconds=world.parts.access_token_ttl_seconds + 10)
    now = world.db.now
    monkeypatch.setattr(world.db, "now", lambda: now() + ahead)
    async with world.client(tenant, token=token) as client:
        answer = await client.get(ME)
    assert (answer.status_code, answer.json()["code"]) == (401, "expired_token")


async def test_a_token_of_one_tenant_opens_nothing_at_another(
    world: World, tenant: TenantProfile
) -> None:
    token = await world.token(tenant)
    assert await status(world, tenant, token) == 200  # and is remembered as verified
    assert await status(world, await world.tenant(), token) == 401


async def test_a_token_rewritten_for_another_tenant_finds_no_session_there(
    world: World, tenant: TenantProfile
) -> None:
    other = await world.tenant()
    token = resigned(world, await world.token(tenant), aud=str(other.id))
    assert await status(world, other, token) == 401


async def test_a_token_of_a_tenant_says_nobody_on_the_platform(
    world: World, tenant: TenantProfile
) -> None:
    token = await world.token(tenant)
    assert await status(world, tenant, token, "/api/v1/platform/tenants") == 401
    raised = resigned(world, token, kind="platform", roles=["super_admin"])
    assert await status(world, tenant, raised, "/api/v1/platform/tenants") == 401
    assert await status(world, tenant, raised) == 401


async def test_roles_written_into_a_token_give_nothing(world: World, tenant: TenantProfile) -> None:
    token = resigned(world, await world.token(tenant, "author"), roles=["admin", "super_admin"])
    assert await status(world, tenant, token) == 200
    assert await status(world, tenant, token, "/api/v1/admin/users") == 403


WRONG_CLAIMS: Final[tuple[dict[str, object], ...]] = (
    {"iss": "https://evil.example.com"},
    {"iss": None},
    {"aud": "rustok"},
    {"aud": None},
    {"exp": 99_999_999_999_999_999_999},
    {"exp": -1},
    {"exp": "9999999999"},
    {"nbf": 9_999_999_999},
    {"iat": 9_999_999_999},
    {"auth_time": 9_999_999_999},
    {"sub": "' OR 1=1 --"},
    {"sub": "00000000-0000-7000-8000-000000000001"},
    {"sid": "00000000-0000-7000-8000-000000000001"},
    {"kind": "system"},
    {"kind": "customer"},
)


async def test_a_wrong_claim_is_refused_even_when_well_signed(
    world: World, tenant: TenantProfile
) -> None:
    token = await world.token(tenant)
    for claims in WRONG_CLAIMS:
        assert await status(world, tenant, resigned(world, token, **claims)) == 401, claims


async def test_a_token_of_another_type_is_no_access_token(
    world: World, tenant: TenantProfile
) -> None:
    header, payload = read(await world.token(tenant))
    active = world.parts.access_tokens._active
    assert active is not None
    raw = json.dumps(payload).encode()
    for kind in ("JWT", "jwt", "id_token+jwt", "application/at+jwt", ""):
        other = jws.serialize_compact(
            {**header, "typ": kind}, raw, active.key, algorithms=["ES256"]
        )
        assert await status(world, tenant, other) == 401, kind


async def test_an_oversized_token_is_refused_before_it_is_read(
    world: World, tenant: TenantProfile
) -> None:
    token = resigned(world, await world.token(tenant), roles=["r" * 60] * 50, padding="x" * 4_000)
    assert await status(world, tenant, token) == 401
    assert await status(world, tenant, "a" * 60_000) == 401


async def test_a_refresh_token_is_no_access_token(world: World, tenant: TenantProfile) -> None:
    async with world.client(tenant) as client:
        await world.token(tenant, email="ada@example.com")
        signed_in = await client.post(
            "/api/v1/auth/login",
            json={"email": "ada@example.com", "password": "correct horse battery staple"},
        )
    assert await status(world, tenant, signed_in.json()["refresh_token"]) == 401


async def test_two_credentials_at_once_are_refused(world: World, tenant: TenantProfile) -> None:
    token = await world.token(tenant)
    async with world.client(tenant, token=token, **{"X-Api-Key": "rk_" + "x" * 32}) as client:
        assert (await client.get(ME)).status_code == 401


async def test_the_published_keys_verify_tokens_and_hold_nothing_private(
    world: World, tenant: TenantProfile
) -> None:
    token = await world.token(tenant)
    async with world.client() as client:
        answer = await client.get("/.well-known/jwks.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/jwk-set+json"
    (key,) = answer.json()["keys"]
    assert "d" not in key
    assert (key["alg"], key["use"], key["crv"]) == ("ES256", "sig", "P-256")
    verified = jws.deserialize_compact(
        token, KeySet.import_key_set(answer.json()), algorithms=["ES256"]
    )
    assert json.loads(verified.payload)["aud"] == str(tenant.id)


async def test_after_a_rotation_new_tokens_name_a_new_key_and_old_ones_still_count(
    world: World, tenant: TenantProfile
) -> None:
    old = await world.token(tenant)
    kid = await identity.rotate_signing_keys(world.parts)
    new = await world.token(tenant)
    assert (read(new)[0]["kid"], read(old)[0]["kid"] == kid) == (kid, False)
    assert await status(world, tenant, old) == 200
    assert await status(world, tenant, new) == 200
    async with world.client() as client:
        assert len((await client.get("/.well-known/jwks.json")).json()["keys"]) == 2


async def test_a_retired_key_verifies_nothing_once_its_tokens_have_expired(
    world: World, tenant: TenantProfile, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await world.token(tenant)
    await identity.rotate_signing_keys(world.parts)
    now, ahead = world.db.now, timedelta(seconds=world.parts.access_token_ttl_seconds + 180)
    monkeypatch.setattr(world.db, "now", lambda: now() + ahead)
    late = int((now() + ahead).timestamp())
    forged = resigned(world, old, exp=late + 600)  # signed with the new key, named by the old
    assert await status(world, tenant, forged) == 401
    async with world.client() as client:
        assert len((await client.get("/.well-known/jwks.json")).json()["keys"]) == 1


async def test_ending_old_keys_ends_their_tokens_at_once(
    world: World, tenant: TenantProfile
) -> None:
    old = await world.token(tenant)
    assert await status(world, tenant, old) == 200
    await identity.rotate_signing_keys(world.parts, keep_old=False)
    assert await status(world, tenant, old) == 401
    assert await status(world, tenant, await world.token(tenant)) == 200


async def test_a_key_made_by_another_process_is_found_when_a_token_names_it(
    world: World, tenant: TenantProfile
) -> None:
    await world.token(tenant)  # the ring of this process is read
    known = world.parts.access_tokens
    kid = await identity.rotate_signing_keys(world.parts)
    token = await world.token(tenant)
    older = [key for name, key in known._keys.items() if name != kid]
    known.use(older, active_kid=older[0].kid)  # as if this process had not heard of it
    later = world.db.now() + timedelta(seconds=6)
    world.db.now = lambda: later
    assert await status(world, tenant, token) == 200


async def test_tokens_that_name_unknown_keys_do_not_hammer_the_database(
    world: World, tenant: TenantProfile
) -> None:
    header, payload = read(await world.token(tenant))
    stranger = new_signing_key("stranger")
    raw = json.dumps(payload).encode()
    forged = jws.serialize_compact(
        {**header, "kid": "stranger"}, raw, stranger.key, algorithms=["ES256"]
    )
    await status(world, tenant, forged)
    still = world.db.now()
    world.db.now = lambda: still
    with world.counting() as count:
        for _ in range(20):
            assert await status(world, tenant, forged) == 401
    assert [sql for sql in count.sql if "signing_keys" in sql] == []


async def test_a_signed_in_request_costs_no_statement_beyond_its_own_work(
    world: World, tenant: TenantProfile
) -> None:
    token = await world.token(tenant)
    async with world.client(tenant, token=token) as client:
        await client.get(ME)
        with world.counting() as count:
            assert (await client.get(ME)).status_code == 200
    assert count.total == 1, count.sql  # the user; token, session and roles are remembered


async def test_a_revoked_session_ends_a_token_that_was_verified_before(
    world: World, tenant: TenantProfile
) -> None:
    token = await world.token(tenant)
    async with world.client(tenant, token=token) as client:
        assert (await client.get(ME)).status_code == 200
        assert (await client.post("/api/v1/auth/logout")).status_code == 204
        assert (await client.get(ME)).status_code == 401


async def test_the_stored_keys_are_sealed(world: World, tenant: TenantProfile) -> None:
    from sqlalchemy import text

    from rustok.core.db import Query

    await world.token(tenant)
    query = Query(
        text("SELECT sealed_key FROM signing_keys").columns(), lambda **row: row, system="test"
    )
    async with world.db.system("test", write=False) as tx:
        rows = await tx._connection.fetch(query.compiled(tx.dialect).sql, [])
    assert [row[0][:3] for row in rows] == ["s2."]
    assert "PRIVATE KEY" not in str([tuple(row) for row in rows])


async def test_without_any_ring_a_sign_in_says_try_again(world: World) -> None:
    world.parts.access_tokens.use([], active_kid=None)
    tenant = await world.tenant()
    token = await world.token(tenant)  # reads the ring first
    assert await status(world, tenant, token) == 200
    world.parts.access_tokens.use([], active_kid=None)
    with pytest.raises(Unavailable):
        await world.token(tenant)
