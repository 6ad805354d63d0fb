"""Tokens: unguessable, digested, signed, and refused for every flaw."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from rustok.core.ids import new_id
from rustok.core.security.tokens import (
    AccessGrant,
    AccessTokens,
    ExpiredToken,
    InvalidToken,
    constant_time_equal,
    digest_matches,
    random_token,
    token_digest,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = b"s" * 32
OTHER_SECRET = b"o" * 32
GRANT = AccessGrant(sub=new_id(), tid=new_id(), sid=new_id(), roles=["editor"], kind="staff")
TOKENS = AccessTokens(issuer="rustok", keys={"k1": SECRET}, active_kid="k1")


def segment(document: object) -> str:
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forged(
    header: dict[str, object] | None = None,
    claims: dict[str, object] | None = None,
    *,
    drop: str = "",
    secret: bytes = SECRET,
) -> str:
    """A token signed by hand, so that only what the test changes is wrong with it."""
    payload: dict[str, object] = {
        **msgspec.to_builtins(GRANT),
        "iss": "rustok",
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 60,
        "jti": str(new_id()),
        **(claims or {}),
    }
    payload.pop(drop, None)
    protected = {"alg": "HS256", "typ": "at+jwt", "kid": "k1", **(header or {})}
    signed = f"{segment(protected)}.{segment(payload)}"
    signature = hmac.digest(secret, signed.encode(), hashlib.sha256)
    return f"{signed}.{segment(signature)}"


def test_a_token_comes_back_with_its_claims() -> None:
    claims = TOKENS.verify(TOKENS.issue(GRANT, ttl_seconds=60, now=NOW), now=NOW)
    assert (claims.sub, claims.tid, claims.sid) == (GRANT.sub, GRANT.tid, GRANT.sid)
    assert (claims.roles, claims.kind, claims.iss) == (["editor"], "staff", "rustok")
    assert claims.exp - claims.iat == 60


def test_a_token_signed_by_hand_in_the_same_way_is_accepted() -> None:
    assert TOKENS.verify(forged(), now=NOW).sub == GRANT.sub


def test_a_token_expires_to_the_second() -> None:
    token = TOKENS.issue(GRANT, ttl_seconds=60, now=NOW)
    TOKENS.verify(token, now=NOW + timedelta(seconds=59))
    with pytest.raises(ExpiredToken):
        TOKENS.verify(token, now=NOW + timedelta(seconds=60))


def test_the_leeway_is_given_on_both_ends() -> None:
    lenient = AccessTokens(issuer="rustok", keys={"k1": SECRET}, active_kid="k1", leeway_seconds=30)
    token = lenient.issue(GRANT, ttl_seconds=60, now=NOW)
    lenient.verify(token, now=NOW + timedelta(seconds=89))
    lenient.verify(token, now=NOW - timedelta(seconds=30))
    with pytest.raises(ExpiredToken):
        lenient.verify(token, now=NOW + timedelta(seconds=90))
    with pytest.raises(InvalidToken):
        lenient.verify(token, now=NOW - timedelta(seconds=31))


def test_a_token_of_a_retired_key_is_still_verified() -> None:
    old = TOKENS.issue(GRANT, ttl_seconds=60, now=NOW)
    rotated = AccessTokens(
        issuer="rustok", keys={"k1": SECRET, "k2": OTHER_SECRET}, active_kid="k2"
    )
    assert rotated.verify(old, now=NOW).sub == GRANT.sub
    with pytest.raises(InvalidToken):
        TOKENS.verify(rotated.issue(GRANT, ttl_seconds=60, now=NOW), now=NOW)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "HS512"},
        {"alg": "RS256"},
        {"alg": ["HS256"]},
        {"alg": None},
        {"typ": "JWT"},
        {"typ": None},
        {"kid": "k2"},
        {"kid": None},
        {"kid": ["k1"]},
        {"kid": {"k1": 1}},
        {"crit": ["exp"], "exp": 1},
        {"b64": False, "crit": ["b64"]},
    ],
    ids=str,
)
def test_a_header_we_did_not_write_is_refused(header: dict[str, object]) -> None:
    with pytest.raises(InvalidToken):
        TOKENS.verify(forged(header), now=NOW)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "other"},
        {"sub": "1"},
        {"tid": None},
        {"roles": "admin"},
        {"roles": [1]},
        {"roles": ["r"] * 51},
        {"kind": "root"},
        {"iat": "now"},
        {"iat": int(NOW.timestamp()) + 1},
        {"exp": int(NOW.timestamp()) + 60.5},
        {"exp": 0},
        {"exp": True},
        {"jti": 1},
    ],
    ids=str,
)
def test_a_malformed_claim_is_refused(claims: dict[str, object]) -> None:
    with pytest.raises(InvalidToken):
        TOKENS.verify(forged(claims=claims), now=NOW)


@pytest.mark.parametrize(
    "claim", ["iss", "sub", "tid", "sid", "roles", "kind", "iat", "exp", "jti"]
)
def test_a_missing_claim_is_refused(claim: str) -> None:
    with pytest.raises(InvalidToken):
        TOKENS.verify(forged(drop=claim), now=NOW)


def test_another_signature_is_refused() -> None:
    with pytest.raises(InvalidToken):
        TOKENS.verify(forged(secret=OTHER_SECRET), now=NOW)


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
        forged().rpartition(".")[0],
        forged().rpartition(".")[0] + ".",
        forged() + "\n",
        " " + forged(),
    ],
    ids=lambda token: ascii(token)[:24],
)
def test_what_is_no_token_of_ours_is_refused(token: str) -> None:
    with pytest.raises(InvalidToken) as refused:
        TOKENS.verify(token, now=NOW)
    assert refused.value.status == 401
    assert refused.value.code == "invalid_token"


@pytest.mark.parametrize(
    "settings",
    [
        {"keys": {"k1": b"short"}},
        {"active_kid": "k2"},
        {"issuer": ""},
        {"leeway_seconds": 31},
        {"leeway_seconds": -1},
    ],
    ids=str,
)
def test_unsafe_settings_are_refused(settings: dict[str, object]) -> None:
    complete = {"issuer": "rustok", "keys": {"k1": SECRET}, "active_kid": "k1", **settings}
    with pytest.raises(ValueError, match=r"secret|key|issuer|leeway"):
        AccessTokens(**complete)  # type: ignore[arg-type]  # settings are mixed on purpose


def test_a_token_without_a_life_is_not_issued() -> None:
    with pytest.raises(ValueError, match="0"):
        TOKENS.issue(GRANT, ttl_seconds=0, now=NOW)
    with pytest.raises(ValueError, match="aware"):
        TOKENS.issue(GRANT, ttl_seconds=1, now=NOW.replace(tzinfo=None))


def test_random_tokens_differ_and_fit_into_an_address() -> None:
    made = {random_token() for _ in range(100)}
    assert len(made) == 100
    assert all(
        len(token) == 43 and token.replace("-", "").replace("_", "").isalnum() for token in made
    )


def test_a_guessable_random_token_is_refused() -> None:
    with pytest.raises(ValueError, match="15"):
        random_token(15)


def test_a_digest_is_sha256_in_hex() -> None:
    assert token_digest("abc") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
    assert digest_matches("abc", token_digest("abc"))
    assert not digest_matches("abd", token_digest("abc"))


def test_secrets_compare_whatever_letters_they_have() -> None:
    assert constant_time_equal("é\ud800", "é\ud800")
    assert not constant_time_equal("é", "e")
