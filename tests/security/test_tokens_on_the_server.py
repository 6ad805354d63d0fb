"""Forged, stolen and foreign credentials against the server process itself, header by header.

Source: RFC 8725; PayloadsAllTheThings/JSON Web Token. What each claim does, test_authentication_tokens.py asks.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any, Final

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey

from tests.security.live import Live

ME: Final = "/api/v1/auth/me"
STAFF: Final = "/api/v1/admin/tenant"
ALGORITHMS: Final = ("none", "None", "NONE", "nOnE", "", "HS256", "RS256", "ES512", "EdDSA")


def _part(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def _read(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    head, claims, _ = token.split(".")
    return tuple(json.loads(base64.urlsafe_b64decode(one + "==")) for one in (head, claims))


def _refused(live: Live, credential: str) -> None:
    headers = [(b"Authorization", credential.encode("utf-8", "surrogateescape"))]
    with live.client() as client:
        for path in (ME, STAFF):
            try:
                answer = client.get(path, headers=headers)
            except httpx.LocalProtocolError:
                return  # cannot be sent at all
            assert answer.status_code in (400, 401, 431), (credential[:80], answer.text)
            assert live.a.marker not in answer.text


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("signature", ["", "AA", "kept"])
def test_a_token_with_another_algorithm_named_is_refused(
    live: Live, algorithm: str, signature: str
) -> None:
    header, claims = _read(live.a.admin_token)
    kept = live.a.admin_token.rpartition(".")[2]
    ending = kept if signature == "kept" else signature
    _refused(live, f"Bearer {_part({**header, 'alg': algorithm})}.{_part(claims)}.{ending}")


def test_a_token_signed_with_the_published_key_as_a_secret_is_refused(live: Live) -> None:
    header, claims = _read(live.a.admin_token)
    with live.client() as client:
        published = client.get("/.well-known/jwks.json").json()["keys"][0]
    pem = ECKey.import_key(published).as_pem(private=False)
    for secret in (pem, json.dumps(published).encode(), published["x"].encode(), b""):
        signed = f"{_part({**header, 'alg': 'HS256'})}.{_part(claims)}"
        mac = hmac.digest(secret, signed.encode(), hashlib.sha256)
        ending = base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
        _refused(live, f"Bearer {signed}.{ending}")


@pytest.mark.parametrize(
    "kid",
    [
        "../../../../dev/null",
        "/proc/self/environ",
        "https://evil.example/keys.json",
        "' OR 1=1 --",
        "x' UNION SELECT 'AA",
        "| id",
        "\u0000",
        "k" * 4_000,
        ["a"],
        {"a": "b"},
        0,
        None,
    ],
)
def test_a_key_named_by_a_path_a_query_or_nonsense_is_refused(live: Live, kid: object) -> None:
    _, claims = _read(live.a.admin_token)
    own = ECKey.generate_key("P-256", private=True)
    signed = f"{_part({'alg': 'ES256', 'typ': 'at+jwt', 'kid': kid})}.{_part(claims)}"
    compact = jws.serialize_compact({"alg": "ES256"}, b"{}", own, algorithms=["ES256"])
    _refused(live, f"Bearer {signed}.{compact.rpartition('.')[2]}")


def test_a_key_that_comes_with_its_token_is_not_believed(live: Live) -> None:
    header, claims = _read(live.a.admin_token)
    own = ECKey.generate_key("P-256", private=True)
    raw = json.dumps({**claims, "exp": int(time.time()) + 600}).encode()
    for more in (
        {"jwk": own.as_dict(private=False)},
        {"jku": "https://evil.example/keys.json"},
        {"x5u": "https://evil.example/cert.pem"},
        {"crit": ["exp"], "exp": 1},
    ):
        try:
            forged = jws.serialize_compact({**header, **more}, raw, own, algorithms=["ES256"])
        except Exception:  # this library refuses to write it: written by hand
            forged = f"{_part({**header, **more})}.{_part(claims)}.AA"
        _refused(live, f"Bearer {forged}")


def test_claims_changed_under_a_good_signature_are_refused(live: Live) -> None:
    header, claims, ending = live.a.admin_token.split(".")
    known = _read(live.a.admin_token)[1]
    for change in (
        {"aud": str(live.b.profile.id)},
        {"exp": known["exp"] + 86_400},
        {"sub": _read(live.b.admin_token)[1]["sub"]},
        {"roles": ["super_admin"]},
        {"iss": "https://evil.example"},
    ):
        _refused(live, f"Bearer {header}.{_part({**known, **change})}.{ending}")
    _refused(live, f"Bearer {header}.{claims}.{ending[:-4]}AAAA")
    _refused(live, f"Bearer {header}.{claims}.{ending}=")
    _refused(live, f"Bearer {header}..{ending}")


@pytest.mark.parametrize("whose", ["admin_token", "customer_token"])
def test_a_token_of_the_other_tenant_is_refused_here(live: Live, whose: str) -> None:
    _refused(live, f"Bearer {getattr(live.b, whose)}")


def test_a_token_with_a_symmetric_key_of_zero_length_is_refused(live: Live) -> None:
    _, claims = _read(live.a.admin_token)
    raw = json.dumps(claims).encode()
    for secret in (b"\0" * 32, b"secret" * 6, b"your-256-bit-secret-your-256-bit"):
        key = OctKey.import_key(secret)
        forged = jws.serialize_compact({"alg": "HS256"}, raw, key, algorithms=["HS256"])
        _refused(live, f"Bearer {forged}")


@pytest.mark.parametrize(
    "credential",
    [
        "Bearer",
        "Bearer ",
        "Bearer null",
        "Bearer undefined",
        "Bearer .",
        "Bearer ..",
        "Bearer a.b.c",
        "Bearer a.b.c.d.e",
        "Bearer " + "A" * 9_000,
        "Bearer eyJhbGciOiJub25lIn0.e30.",
        "bearer\teyJhbGciOiJub25lIn0.e30.",
        "Basic YWRtaW46YWRtaW4=",
        "Digest username=admin",
        "Negotiate YII=",
        "ApiKey rk_live_nonsense",
        "Bearer rk_00000000000000000000000000000000",
        "Bearer \u202e",
        "Bearer %00",
    ],
)
def test_what_is_no_credential_is_refused(live: Live, credential: str) -> None:
    _refused(live, credential)
