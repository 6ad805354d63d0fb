"""Makes secrets and signed access tokens; refuses every algorithm, key and claim it did not choose.

Random tokens (API keys, reset links) are stored as their digest only. Access tokens are JWTs signed
with HMAC-SHA-256 that live for minutes; whether the session still stands is asked elsewhere.
Source: RFC 7519, RFC 8725 (pinned algorithm, explicit type, bounded input), RFC 9068 section 2.1.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, OctKey
from msgspec import Meta

from rustok.core.errors import Unauthenticated
from rustok.core.ids import new_id

ALGORITHM: Final = "HS256"
TOKEN_TYPE: Final = "at+jwt"  # noqa: S105 - the media type of RFC 9068, not a secret
MIN_TOKEN_BYTES: Final = 16
MIN_SECRET_BYTES: Final = 32
MAX_LEEWAY_SECONDS: Final = 30
MAX_ACCESS_TOKEN_LENGTH: Final = 4_096

ActorKind = Literal["staff", "customer", "platform"]
RoleName = Annotated[str, Meta(min_length=1, max_length=64)]


class InvalidToken(Unauthenticated):
    """One answer for every flaw, so that a forger learns nothing from it."""

    code = "invalid_token"
    title = "The access token is not valid"
    mend = "Sign in again to get a new access token."

    def __init__(self) -> None:
        super().__init__("The access token is malformed, not ours or not for this; sign in again.")


class ExpiredToken(Unauthenticated):
    code = "expired_token"
    title = "The access token has expired"
    mend = "Use the refresh token, or sign in again."

    def __init__(self) -> None:
        super().__init__("The access token has expired; refresh it or sign in again.")


class AccessGrant(msgspec.Struct, frozen=True, kw_only=True):
    """Who may act, where and as what: the part of the claims the issuer decides.

    Attributes:
        sub: id of the user.
        tid: id of the tenant.
        sid: id of the session the token comes from.
    """

    sub: UUID
    tid: UUID
    sid: UUID
    roles: Annotated[list[RoleName], Meta(max_length=50)]
    kind: ActorKind


class AccessClaims(AccessGrant, frozen=True, kw_only=True):
    """All claims of an access token; `iat` and `exp` are seconds since 1970 UTC (NumericDate)."""

    iss: str
    iat: int
    exp: int
    jti: UUID


def random_token(nbytes: int = 32) -> str:
    """A secret of `nbytes` random bytes as URL-safe text.

    Raises:
        ValueError: fewer than 16 bytes, which could be guessed.
    """
    if nbytes < MIN_TOKEN_BYTES:
        raise ValueError(f"a token has at least {MIN_TOKEN_BYTES} random bytes, not {nbytes}")
    return secrets.token_urlsafe(nbytes)


def token_digest(token: str) -> str:
    """SHA-256 of a random token in hex, to be stored in its place.

    No salt or stretching: the token is random, not chosen by a person. Passwords need more.
    """
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def constant_time_equal(left: str, right: str) -> bool:
    """Compare two secrets in a time that does not tell where they differ (their length it may)."""
    return hmac.compare_digest(
        left.encode("utf-8", "surrogatepass"), right.encode("utf-8", "surrogatepass")
    )


def digest_matches(token: str, digest: str) -> bool:
    """Whether `digest` is the stored digest of `token`, compared in constant time."""
    return constant_time_equal(token_digest(token), digest)


class AccessTokens:
    """Issues and verifies the access tokens of one issuer.

    Args:
        issuer: the `iss` claim, both written and required.
        keys: key id -> secret of at least 32 bytes. Old keys stay here until their last token has
            expired; a removed key ends all its tokens at once.
        active_kid: the key that signs new tokens.
        leeway_seconds: 0 to 30; how far the clocks of issuer and verifier may differ.

    Raises:
        ValueError: a short secret, an unknown active key, no issuer or a leeway out of range.
    """

    def __init__(
        self,
        *,
        issuer: str,
        keys: Mapping[str, str | bytes],
        active_kid: str,
        leeway_seconds: int = 0,
    ) -> None:
        if not issuer:
            raise ValueError("access tokens need an issuer")
        if active_kid not in keys:
            raise ValueError(f"the active key {active_kid!r} is not among the keys")
        if not 0 <= leeway_seconds <= MAX_LEEWAY_SECONDS:
            raise ValueError(f"the leeway is 0 to {MAX_LEEWAY_SECONDS} seconds")
        self._issuer = issuer
        self._leeway_seconds = leeway_seconds
        self._keys = {kid: _key(kid, secret) for kid, secret in keys.items()}
        self._active = self._keys[active_kid]
        self._header = {"alg": ALGORITHM, "typ": TOKEN_TYPE, "kid": active_kid}
        self._decoder = msgspec.json.Decoder(AccessClaims)

    def issue(self, grant: AccessGrant, *, ttl_seconds: int, now: datetime) -> str:
        """Sign a token that is valid from `now` for `ttl_seconds`.

        Raises:
            ValueError: the time to live is below 1 second, or `now` is naive.
        """
        if ttl_seconds < 1:
            raise ValueError(f"a token lives for at least 1 second, not {ttl_seconds}")
        issued_at = _seconds(now)
        claims = AccessClaims(
            sub=grant.sub,
            tid=grant.tid,
            sid=grant.sid,
            roles=grant.roles,
            kind=grant.kind,
            iss=self._issuer,
            iat=issued_at,
            exp=issued_at + ttl_seconds,
            jti=new_id(),
        )
        payload = msgspec.json.encode(claims)
        return jws.serialize_compact(self._header, payload, self._active, algorithms=[ALGORITHM])

    def verify(self, token: str, *, now: datetime) -> AccessClaims:
        """Check signature, type, issuer and times, and give the claims.

        Raises:
            InvalidToken: too long, malformed, another algorithm or type, an unknown key, a wrong
                signature, a missing or malformed claim, another issuer, or issued in the future.
            ExpiredToken: all is well but the time.
        """
        if len(token) > MAX_ACCESS_TOKEN_LENGTH or not token.isascii():
            raise InvalidToken
        try:
            signed = jws.deserialize_compact(token, self._key_for, algorithms=[ALGORITHM])
            claims = self._decoder.decode(signed.payload)
        except (JoseError, msgspec.DecodeError, ValueError, TypeError, KeyError, RecursionError):
            raise InvalidToken from None
        if signed.headers().get("typ") != TOKEN_TYPE or claims.iss != self._issuer:
            raise InvalidToken
        moment = _seconds(now)
        if claims.iat > moment + self._leeway_seconds or claims.exp <= claims.iat:
            raise InvalidToken
        if claims.exp <= moment - self._leeway_seconds:
            raise ExpiredToken
        return claims

    def _key_for(self, token: GuestProtocol) -> OctKey:
        kid = token.headers().get("kid")
        key = self._keys.get(kid) if isinstance(kid, str) else None
        if key is None:
            raise InvalidToken
        return key


def _key(kid: str, secret: str | bytes) -> OctKey:
    raw = secret.encode("utf-8") if isinstance(secret, str) else secret
    if len(raw) < MIN_SECRET_BYTES:
        raise ValueError(f"the secret of key {kid!r} is shorter than {MIN_SECRET_BYTES} bytes")
    return OctKey.import_key(raw)


def _seconds(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise ValueError("times of tokens are aware datetimes")
    return int(moment.timestamp())
