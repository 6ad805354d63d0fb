"""Access tokens: signed with the ring's key alone, and refused for every flaw.

Source of the attacks: RFC 8725; "Critical vulnerabilities in JSON Web Token libraries" (2015).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, RSAKey

from rustok.core.errors import Unavailable
from rustok.core.ids import new_id
from rustok.core.security.access_tokens import (
    AccessGrant,
    AccessTokens,
    ExpiredToken,
    InvalidToken,
    SigningKey,
    UnknownSigningKey,
    export_signing_key,
    import_signing_key,
    new_signing_key,
    public_jwk,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TENANT = UUID("01a21a95-a298-71e0-bdf0-c72ae0b253d5")
OTHER_TENANT = UUID("01a21a95-a298-71e0-bdf0-c72dd9c0dab5")
GRANT = AccessGrant(
    sub=new_id(),
    tid=TENANT,
    sid=new_id(),
    roles=["editor"],
    kind="staff",
    auth_time=int(NOW.timestamp()),
)
K1 = new_signing_key("k1")
K2 = new_signing_key("k2")


def tokens_with(
    *keys: SigningKey, active: str = "k1", leeway_seconds: int = 0, remembered: int = 100
) -> AccessTokens:
    made = AccessTokens(issuer="rustok", leeway_seconds=leeway_seconds, remembered=remembered)
    made.use(keys or (K1,), active_kid=active)
    return made


TOKENS = tokens_with()


def segment(document: object) -> str:
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def payload_of(claims: dict[str, object] | None = None, *, drop: str = "") -> dict[str, object]:
    payload: dict[str, object] = {
        **msgspec.to_builtins(GRANT),
        "iss": "rustok",
        "iat": int(NOW.timestamp()),
        "nbf": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 60,
        "jti": str(new_id()),
        **(claims or {}),
    }
    payload.pop(drop, None)
    return payload


def signed_by_hand(
    claims: dict[str, object] | None = None,
    *,
    drop: str = "",
    key: ECKey = K1.key,
    more: dict[str, object] | None = None,
) -> str:
    """A token with the right signature, so that only what the test changes is wrong with it."""
    header = {"alg": "ES256", "typ": "at+jwt", "kid": "k1", **(more or {})}
    raw = json.dumps(payload_of(claims, drop=drop)).encode()
    return jws.serialize_compact(header, raw, key, algorithms=["ES256"])


def with_header(**changed: object) -> str:
    """A good token whose header was exchanged; a verifier that trusts the header would fall for it."""
    header = {"alg": "ES256", "typ": "at+jwt", "kid": "k1", **changed}
    payload, signature = signed_by_hand().split(".")[1:]
    return f"{segment({k: v for k, v in header.items() if v is not None})}.{payload}.{signature}"


def verify(token: str, tokens: AccessTokens = TOKENS, *, now: datetime = NOW) -> object:
    return tokens.verify(token, audience=TENANT, now=now)


def test_a_token_comes_back_with_its_claims() -> None:
    claims = TOKENS.verify(TOKENS.issue(GRANT, ttl_seconds=60, now=NOW), audience=TENANT, now=NOW)
    assert (claims.sub, claims.tid, claims.sid) == (GRANT.sub, GRANT.tid, GRANT.sid)
    assert (claims.roles, claims.kind, claims.iss) == (["editor"], "staff", "rustok")
    assert (claims.exp - claims.iat, claims.nbf, claims.auth_time) == (60, claims.iat, claims.iat)


def test_the_audience_is_the_tenant_on_the_wire() -> None:
    payload = TOKENS.issue(GRANT, ttl_seconds=60, now=NOW).split(".")[1]
    told = json.loads(base64.urlsafe_b64decode(payload + "=="))
    assert told["aud"] == str(TENANT)
    assert "tid" not in told


def test_a_token_signed_by_hand_in_the_same_way_is_accepted() -> None:
    verify(signed_by_hand())


def test_a_token_of_another_tenant_is_refused_though_it_was_verified_before() -> None:
    token = signed_by_hand()
    verify(token)
    with pytest.raises(InvalidToken):
        TOKENS.verify(token, audience=new_id(), now=NOW)


def test_a_token_expires_to_the_second_also_when_it_is_remembered() -> None:
    token = TOKENS.issue(GRANT, ttl_seconds=60, now=NOW)
    verify(token, now=NOW + timedelta(seconds=59))
    with pytest.raises(ExpiredToken):
        verify(token, now=NOW + timedelta(seconds=60))


def test_the_leeway_is_given_on_both_ends() -> None:
    lenient = tokens_with(leeway_seconds=30)
    token = lenient.issue(GRANT, ttl_seconds=60, now=NOW)
    verify(token, lenient, now=NOW + timedelta(seconds=89))
    verify(token, lenient, now=NOW - timedelta(seconds=30))
    with pytest.raises(ExpiredToken):
        verify(token, lenient, now=NOW + timedelta(seconds=90))
    with pytest.raises(InvalidToken):
        verify(token, lenient, now=NOW - timedelta(seconds=31))


def test_a_token_of_a_retired_key_is_verified_until_the_key_leaves_the_ring() -> None:
    tokens = tokens_with()
    old = tokens.issue(GRANT, ttl_seconds=60, now=NOW)
    tokens.use([K1, K2], active_kid="k2")
    verify(old, tokens)
    tokens.use([K2], active_kid="k2")
    with pytest.raises(UnknownSigningKey):
        verify(old, tokens)


def test_a_token_of_a_key_made_later_says_that_the_key_is_unknown() -> None:
    newer = tokens_with(K1, K2, active="k2").issue(GRANT, ttl_seconds=60, now=NOW)
    with pytest.raises(UnknownSigningKey) as refused:
        verify(newer)
    assert (refused.value.code, refused.value.status) == ("invalid_token", 401)


def test_what_is_remembered_is_bounded() -> None:
    tokens = tokens_with(remembered=3)
    for _ in range(10):
        verify(tokens.issue(GRANT, ttl_seconds=60, now=NOW), tokens)
    assert len(tokens._remembered) == 3


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "None"},
        {"alg": "HS256"},
        {"alg": "HS512"},
        {"alg": "RS256"},
        {"alg": "ES384"},
        {"alg": "EdDSA"},
        {"alg": ["ES256"]},
        {"alg": None},
        {"typ": "JWT"},
        {"typ": None},
        {"kid": "k2"},
        {"kid": None},
        {"kid": ["k1"]},
        {"kid": {"k1": 1}},
        {"kid": "../../../../dev/null"},
        {"kid": "k1' OR '1'='1"},
        {"kid": "http://127.0.0.1/key"},
        {"kid": ""},
        {"crit": ["exp"], "exp": 1},
        {"b64": False, "crit": ["b64"]},
    ],
    ids=str,
)
def test_a_header_we_did_not_write_is_refused(header: dict[str, object]) -> None:
    with pytest.raises(InvalidToken):
        verify(with_header(**header))


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c", "x5t"])
def test_a_key_or_its_address_in_the_header_is_refused_even_when_well_signed(name: str) -> None:
    own = ECKey.generate_key("P-256", private=True)
    values: dict[str, object] = {
        "jwk": own.as_dict(private=False),
        "jku": "https://evil.example.com/jwks.json",
        "x5u": "https://evil.example.com/cert.pem",
        "x5c": ["MIIB"],
        "x5t": "AAAA",
    }
    for key in (own, K1.key):
        with pytest.raises(InvalidToken):
            verify(signed_by_hand(None, key=key, more={name: values[name]}))


def test_the_public_key_is_no_shared_secret() -> None:
    """RS/ES to HS: whoever knows the public key cannot sign with it."""
    header = segment({"alg": "HS256", "typ": "at+jwt", "kid": "k1"})
    signed = f"{header}.{segment(payload_of())}"
    for secret in (K1.key.as_pem(private=False), json.dumps(public_jwk(K1)).encode()):
        signature = hmac.digest(secret, signed.encode(), hashlib.sha256)
        with pytest.raises(InvalidToken):
            verify(f"{signed}.{segment(signature)}")


def test_another_kind_of_key_cannot_sign_in_the_name_of_a_known_one() -> None:
    for algorithm, key in (
        ("RS256", RSAKey.generate_key(2048)),
        ("HS256", OctKey.generate_key(256)),
        ("ES256", K2.key),
    ):
        header = {"alg": algorithm, "typ": "at+jwt", "kid": "k1"}
        raw = json.dumps(payload_of()).encode()
        token = jws.serialize_compact(header, raw, key, algorithms=[algorithm])
        with pytest.raises(InvalidToken):
            verify(token)


def test_an_empty_signature_of_zeros_is_refused() -> None:
    """CVE-2022-21449: r = s = 0 verifies everything with a broken library."""
    with pytest.raises(InvalidToken):
        verify(signed_by_hand().rpartition(".")[0] + "." + segment(b"\0" * 64))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "other"},
        {"sub": "1"},
        {"aud": None},
        {"aud": "rustok"},
        {"aud": [str(TENANT)]},
        {"aud": str(OTHER_TENANT)},
        {"roles": "admin"},
        {"roles": [1]},
        {"roles": ["r"] * 51},
        {"kind": "root"},
        {"kind": "system"},
        {"iat": "now"},
        {"iat": int(NOW.timestamp()) + 1},
        {"nbf": int(NOW.timestamp()) + 1},
        {"nbf": None},
        {"exp": int(NOW.timestamp()) + 60.5},
        {"exp": 0},
        {"exp": True},
        {"exp": 10**40},
        {"jti": 1},
        {"auth_time": int(NOW.timestamp()) + 1_000},
        {"auth_time": "now"},
    ],
    ids=str,
)
def test_a_malformed_claim_is_refused(claims: dict[str, object]) -> None:
    with pytest.raises(InvalidToken):
        verify(signed_by_hand(claims))


@pytest.mark.parametrize(
    "claim",
    ["iss", "sub", "aud", "sid", "roles", "kind", "iat", "nbf", "exp", "jti", "auth_time"],
)
def test_a_missing_claim_is_refused(claim: str) -> None:
    with pytest.raises(InvalidToken):
        verify(signed_by_hand(drop=claim))


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "a.b.c.d.e",
        "é.é.é",
        "\x00",
        f"{segment(b'[' * 2900)}.e30.",
        f"{segment(b'[]')}.e30.",
        f"{segment(b'1')}.e30.AA",
        f"{segment(b'null')}.e30.AA",
        f"{segment({'alg': 'none'})}.{segment({})}.",
        "a" * 10_000_000,
        signed_by_hand().rpartition(".")[0],
        signed_by_hand().rpartition(".")[0] + ".",
        signed_by_hand() + "\n",
        " " + signed_by_hand(),
    ],
    ids=lambda token: ascii(token)[:24],
)
def test_what_is_no_token_of_ours_is_refused(token: str) -> None:
    with pytest.raises(InvalidToken) as refused:
        verify(token)
    assert refused.value.status == 401
    assert refused.value.code == "invalid_token"


@pytest.mark.parametrize(
    "settings", [{"issuer": ""}, {"leeway_seconds": 31}, {"leeway_seconds": -1}], ids=str
)
def test_unsafe_settings_are_refused(settings: dict[str, object]) -> None:
    complete = {"issuer": "rustok", **settings}
    with pytest.raises(ValueError, match=r"issuer|leeway"):
        AccessTokens(**complete)  # type: ignore[arg-type]  # settings are mixed on purpose


def test_an_active_key_outside_the_ring_is_refused() -> None:
    with pytest.raises(ValueError, match="active"):
        tokens_with(K1, active="k2")


def test_without_a_key_nothing_is_signed() -> None:
    with pytest.raises(Unavailable):
        AccessTokens(issuer="rustok").issue(GRANT, ttl_seconds=60, now=NOW)


def test_a_token_without_a_life_is_not_issued() -> None:
    with pytest.raises(ValueError, match="0"):
        TOKENS.issue(GRANT, ttl_seconds=0, now=NOW)
    with pytest.raises(ValueError, match="aware"):
        TOKENS.issue(GRANT, ttl_seconds=1, now=NOW.replace(tzinfo=None))


def test_a_key_comes_back_from_its_pem_and_tells_only_its_public_half() -> None:
    again = import_signing_key("k1", export_signing_key(K1))
    verify(tokens_with(again).issue(GRANT, ttl_seconds=60, now=NOW))
    assert public_jwk(again) == public_jwk(K1)
    assert set(public_jwk(K1)) == {"kty", "crv", "x", "y", "kid", "alg", "use"}


def test_a_key_of_another_curve_is_refused() -> None:
    other = ECKey.generate_key("P-384", private=True)
    with pytest.raises(ValueError, match="P-256"):
        import_signing_key("k1", other.as_pem(private=True))
