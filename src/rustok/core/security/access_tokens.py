"""Signs and verifies access tokens; refuses every algorithm, key and claim it did not choose.

Access tokens are JWTs signed with ECDSA on P-256 that live for minutes; whether the session still
stands is asked elsewhere. Whoever holds the public keys (`/.well-known/jwks.json`) can verify them.
Source: RFC 7519, RFC 8725 (pinned algorithm, explicit type, bounded input), RFC 9068 section 2.1.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from rustok.core.errors import Unauthenticated, Unavailable
from rustok.core.ids import new_id

if TYPE_CHECKING:
    from joserfc.jwk import ECKey, GuestProtocol

ALGORITHM: Final = "ES256"
TOKEN_TYPE: Final = "at+jwt"  # noqa: S105 - the media type of RFC 9068, not a secret
MAX_LEEWAY_SECONDS: Final = 30
MAX_ACCESS_TOKEN_LENGTH: Final = 4_096
MAX_LIFE_SECONDS: Final = 86_400
REMEMBERED_TOKENS: Final = 4_096

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


class UnknownSigningKey(InvalidToken):  # the same code and words: a forger learns nothing
    """The token names a key that is not in the ring; it may have been made since the ring was read."""


class AccessGrant(msgspec.Struct, frozen=True, kw_only=True):
    """Who may act, where and as what: the part of the claims the issuer decides.

    Attributes:
        sub: id of the user.
        tid: id of the tenant; the audience (`aud`) of the token.
        sid: id of the session the token comes from.
        auth_time: when the user last proved who they are; seconds since 1970 UTC.
    """

    sub: UUID
    tid: UUID = msgspec.field(name="aud")
    sid: UUID
    roles: Annotated[list[RoleName], Meta(max_length=50)]
    kind: ActorKind
    auth_time: int


class AccessClaims(AccessGrant, frozen=True, kw_only=True):
    """All claims of an access token; `iat`, `nbf` and `exp` are seconds since 1970 UTC (NumericDate)."""

    iss: str
    iat: int
    nbf: int
    exp: int
    jti: UUID


class SigningKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key of the ring; `key` holds its private half."""

    kid: str
    key: ECKey


def new_signing_key(kid: str) -> SigningKey:
    """A fresh key on P-256."""
    from joserfc.jwk import ECKey  # late: 20 ms and 3 MB, for those who are signed in

    return SigningKey(kid=kid, key=ECKey.generate_key("P-256", private=True))


def export_signing_key(key: SigningKey) -> bytes:
    """The private key as PKCS #8 PEM: to be sealed, never stored as it is."""
    return key.key.as_pem(private=True)


def import_signing_key(kid: str, pem: bytes) -> SigningKey:
    """Raises ValueError: the PEM holds no private key on P-256."""
    from joserfc.jwk import ECKey  # late: as above

    key = ECKey.import_key(pem)
    if not key.is_private or key.curve_name != "P-256":
        raise ValueError("a signing key is a private key on P-256")
    return SigningKey(kid=kid, key=key)


def public_jwk(key: SigningKey) -> dict[str, str]:
    """The public half as a JWK (RFC 7517): what anybody may know."""
    public = key.key.as_dict(private=False)
    point = {name: str(public[name]) for name in ("kty", "crv", "x", "y")}
    return {**point, "kid": key.kid, "alg": ALGORITHM, "use": "sig"}


class AccessTokens:
    """Issues and verifies access tokens with the keys it was last given.

    Args:
        issuer: the `iss` claim.
        leeway_seconds: 0 to 30; how far the clocks of issuer and verifier may differ.
        remembered: how many verified tokens are known by digest, so that a signature is checked
            once (about 0.2 ms) and not at every request. Time and key are checked each time.

    Raises:
        ValueError: no issuer or a leeway out of range.
    """

    def __init__(
        self, *, issuer: str, leeway_seconds: int = 0, remembered: int = REMEMBERED_TOKENS
    ) -> None:
        if not issuer:
            raise ValueError("access tokens need an issuer")
        if not 0 <= leeway_seconds <= MAX_LEEWAY_SECONDS:
            raise ValueError(f"the leeway is 0 to {MAX_LEEWAY_SECONDS} seconds")
        self._issuer = issuer
        self._leeway_seconds = leeway_seconds
        self._keys: dict[str, SigningKey] = {}
        self._active: SigningKey | None = None
        self._decoder = msgspec.json.Decoder(AccessClaims)
        self._remembered: OrderedDict[bytes, AccessClaims] = OrderedDict()
        self._capacity = remembered

    def use(self, keys: Iterable[SigningKey], *, active_kid: str | None) -> None:
        """Replace the ring; tokens of keys that are no longer in it end at once.

        Raises:
            ValueError: the active key is not among the keys.
        """
        ring = {one.kid: one for one in keys}
        if active_kid is not None and active_kid not in ring:
            raise ValueError("the active key is not among the keys")
        if ring.keys() != self._keys.keys():
            self._remembered.clear()
        self._keys = ring
        self._active = None if active_kid is None else ring[active_kid]

    @property
    def public_keys(self) -> list[dict[str, str]]:
        """The public halves of the ring as JWKs."""
        return [public_jwk(one) for one in self._keys.values()]

    def issue(self, grant: AccessGrant, *, ttl_seconds: int, now: datetime) -> str:
        """Sign a token that is valid from `now` for `ttl_seconds`.

        Raises:
            ValueError: the time to live is below a second or beyond a day, or `now` is naive.
            Unavailable: there is no key to sign with yet.
        """
        if not 1 <= ttl_seconds <= MAX_LIFE_SECONDS:
            raise ValueError(
                f"a token lives for 1 to {MAX_LIFE_SECONDS} seconds, not {ttl_seconds}"
            )
        if self._active is None:
            raise Unavailable("There is no key to sign tokens with yet; try again in a moment.")
        issued_at = _seconds(now)
        claims = AccessClaims(
            sub=grant.sub,
            tid=grant.tid,
            sid=grant.sid,
            roles=grant.roles,
            kind=grant.kind,
            auth_time=grant.auth_time,
            iss=self._issuer,
            iat=issued_at,
            nbf=issued_at,
            exp=issued_at + ttl_seconds,
            jti=new_id(),
        )
        from joserfc import jws  # late: as above

        header = {"alg": ALGORITHM, "typ": TOKEN_TYPE, "kid": self._active.kid}
        payload = msgspec.json.encode(claims)
        return jws.serialize_compact(header, payload, self._active.key, algorithms=[ALGORITHM])

    def verify(self, token: str, *, audience: UUID, now: datetime) -> AccessClaims:
        """Check signature, type, issuer, audience and times, and give the claims.

        Args:
            audience: the tenant the token is shown to.

        Raises:
            InvalidToken: too long, malformed, another algorithm or type, a wrong signature, a
                missing or malformed claim, another issuer or tenant, or issued in the future.
            UnknownSigningKey: an InvalidToken whose key is not in the ring.
            ExpiredToken: all is well but the time.
        """
        if len(token) > MAX_ACCESS_TOKEN_LENGTH or not token.isascii():
            raise InvalidToken
        digest = hashlib.sha256(token.encode("ascii")).digest()
        claims = self._remembered.get(digest)
        if claims is None:
            claims = self._checked(token)
            self._remember(digest, claims)
        moment = _seconds(now)
        latest = moment + self._leeway_seconds
        if claims.tid != audience or claims.iat > latest or claims.nbf > latest:
            raise InvalidToken
        if claims.exp <= moment - self._leeway_seconds:
            raise ExpiredToken
        return claims

    def _checked(self, token: str) -> AccessClaims:
        """What does not depend on the time. Raises InvalidToken, UnknownSigningKey."""
        from joserfc import jws  # late: as above
        from joserfc.errors import JoseError  # late: as above

        try:
            signed = jws.deserialize_compact(token, self._key_for, algorithms=[ALGORITHM])
            claims = self._decoder.decode(signed.payload)
        except (JoseError, msgspec.DecodeError, ValueError, TypeError, KeyError, RecursionError):
            raise InvalidToken from None
        # Exactly the header we write: no jwk, jku, x5u or crit to talk us into another key.
        if signed.headers().keys() != {"alg", "typ", "kid"}:
            raise InvalidToken
        if signed.headers()["typ"] != TOKEN_TYPE or claims.iss != self._issuer:
            raise InvalidToken
        if not 0 < claims.exp - claims.iat <= MAX_LIFE_SECONDS or claims.nbf > claims.exp:
            raise InvalidToken
        if claims.auth_time > claims.iat + self._leeway_seconds:
            raise InvalidToken
        return claims

    def _key_for(self, token: GuestProtocol) -> ECKey:
        kid = token.headers().get("kid")
        if not isinstance(kid, str):
            raise InvalidToken
        found = self._keys.get(kid)
        if found is None:
            raise UnknownSigningKey
        return found.key

    def _remember(self, digest: bytes, claims: AccessClaims) -> None:
        if len(self._remembered) >= self._capacity:
            self._remembered.popitem(last=False)
        self._remembered[digest] = claims


def _seconds(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise ValueError("times of tokens are aware datetimes")
    return int(moment.timestamp())
