"""OpenID Connect as a relying party: discovery, authorisation code with PKCE, the ID token.

Refuses: every algorithm but the asymmetric ones named here, a token for another client or another
sign-in, and a provider that calls itself by another name than the configured one.
Source: OpenID Connect Core 1.0 section 3.1.3.7, RFC 7636, RFC 8725, RFC 9700.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from rustok.core.errors import RustokError
from rustok.core.security.outbound_http import OutboundAnswer, OutboundFailed, fetch
from rustok.core.security.ssrf import OutboundPolicy
from rustok.core.security.tokens import constant_time_equal

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

ALGORITHMS: Final = (
    "ES256",
    "RS256",
    "PS256",
    "ES384",
    "RS384",
    "PS384",
    "ES512",
    "RS512",
    "PS512",
)
T = TypeVar("T", bound=msgspec.Struct)

MAX_ID_TOKEN_LENGTH: Final = 16_384
LEEWAY_SECONDS: Final = 60
MAX_AGE_SECONDS: Final = 600
STRONG: Final = frozenset({"mfa", "otp", "hwk", "fpt", "face", "iris", "sc", "swk"})


class ProviderMetadata(msgspec.Struct, frozen=True):
    """What discovery tells (OpenID Connect Discovery 1.0 section 3), as far as it is used."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str


class _Claims(msgspec.Struct, frozen=True):
    iss: str
    sub: str
    aud: str | list[str]
    exp: int
    iat: int
    nonce: str
    azp: str | None = None
    email: str | None = None
    email_verified: bool = False
    name: str | None = None
    amr: list[str] = []


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who the provider says it is.

    Attributes:
        email: only when the provider says it is verified.
        is_strong: the provider asked for a second factor.
        groups: the values of the claim that was asked for.
    """

    subject: str
    email: str | None
    name: str
    is_strong: bool
    groups: tuple[str, ...]


class IdTokenRefused(RustokError):
    """The ID token does not prove who signs in; which rule it breaks is for the log."""

    code = "id_token_refused"
    title = "The provider's answer was not accepted"
    status = 401
    mend = "Begin the sign-in again; if it goes on, ask an administrator of the tenant."

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__("The sign-in provider's answer is not valid for this sign-in.")


def policy_for(url: str, private_issuers: Sequence[str]) -> OutboundPolicy:
    """Public https only; an issuer the operator has listed may be inside the own network."""
    origin = _origin(url)
    listed = any(origin == _origin(one) for one in private_issuers)
    return OutboundPolicy(allow_http=listed, allow_private=listed)


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme.lower(), parts.netloc.lower()


def challenge_of(verifier: str) -> str:
    """The S256 code challenge (RFC 7636 section 4.2)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def authorization_url(
    metadata: ProviderMetadata,
    *,
    client_id: str,
    redirect_uri: str,
    state: str,
    nonce: str,
    verifier: str,
) -> str:
    """Where the browser is sent."""
    query = urlencode(
        {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid email profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
        }
    )
    joint = "&" if "?" in metadata.authorization_endpoint else "?"
    return f"{metadata.authorization_endpoint}{joint}{query}"


async def discover(issuer: str, private_issuers: Sequence[str]) -> ProviderMetadata:
    """Ask the provider for its addresses.

    Raises:
        OutboundFailed: no usable answer, or it names another issuer.
        UnsafeUrl, AddressRefused, HostUnresolved.
    """
    url = issuer.rstrip("/") + "/.well-known/openid-configuration"
    answer = await fetch("GET", url, policy_for(url, private_issuers))
    metadata = _decoded(answer, ProviderMetadata)
    if metadata.issuer != issuer:
        raise OutboundFailed("it calls itself by another name than the configured issuer")
    return metadata


async def fetch_keys(metadata: ProviderMetadata, private_issuers: Sequence[str]) -> KeySet:
    """The provider's public keys. Raises as `discover`."""
    from joserfc.errors import JoseError  # late: 20 ms and 3 MB, for those who sign in elsewhere
    from joserfc.jwk import KeySet  # late: as above

    policy = policy_for(metadata.jwks_uri, private_issuers)
    answer = await fetch("GET", metadata.jwks_uri, policy)
    try:
        return KeySet.import_key_set(msgspec.json.decode(answer.content))
    except (msgspec.DecodeError, JoseError, ValueError, TypeError, KeyError):
        raise OutboundFailed("its keys cannot be read") from None


async def exchange_code(
    metadata: ProviderMetadata,
    private_issuers: Sequence[str],
    *,
    client_id: str,
    client_secret: str | None,
    code: str,
    redirect_uri: str,
    verifier: str,
) -> str:
    """Exchange the code for the ID token.

    Raises:
        IdTokenRefused: the provider refuses the code.
        OutboundFailed, UnsafeUrl, AddressRefused, HostUnresolved.
    """
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "client_id": client_id,
        "code_verifier": verifier,
    }
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
    if client_secret is not None:
        del form["client_id"]
        pair = f"{quote(client_id, safe='')}:{quote(client_secret, safe='')}".encode()
        headers["authorization"] = f"Basic {base64.b64encode(pair).decode('ascii')}"
    policy = policy_for(metadata.token_endpoint, private_issuers)
    body = urlencode(form).encode("ascii")
    answer = await fetch("POST", metadata.token_endpoint, policy, headers=headers, body=body)
    if 400 <= answer.status < 500:
        raise IdTokenRefused("the provider refused the code")
    return _decoded(answer, _Tokens).id_token


def _decoded(answer: OutboundAnswer, kind: type[T]) -> T:
    if answer.status != 200:
        raise OutboundFailed(f"it answered {answer.status}")
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise OutboundFailed("its answer cannot be read") from None


def verify_id_token(
    token: str,
    keys: KeySet,
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    groups_claim: str | None,
    now: datetime,
) -> Identity:
    """Check an ID token and tell who it is of. Raises IdTokenRefused."""
    from joserfc import jws  # late: as above
    from joserfc.errors import JoseError  # late: as above

    if len(token) > MAX_ID_TOKEN_LENGTH or not token.isascii():
        raise IdTokenRefused("it is too long")
    try:
        signed = jws.deserialize_compact(token, keys, algorithms=list(ALGORITHMS))
        claims = msgspec.json.decode(signed.payload, type=_Claims)
        everything = msgspec.json.decode(signed.payload, type=dict[str, object])
    except (JoseError, msgspec.DecodeError, ValueError, TypeError, KeyError, RecursionError):
        raise IdTokenRefused("it is malformed or its signature is wrong") from None
    if signed.headers().keys() & {"jwk", "jku", "x5u", "x5c", "crit"}:
        raise IdTokenRefused("its header brings a key along")
    _check(claims, issuer=issuer, client_id=client_id, nonce=nonce, moment=int(now.timestamp()))
    return Identity(
        subject=claims.sub,
        email=claims.email if claims.email_verified else None,
        name=(claims.name or "")[:200],
        is_strong=not STRONG.isdisjoint(claims.amr),
        groups=_groups(everything.get(groups_claim)) if groups_claim else (),
    )


def _check(claims: _Claims, *, issuer: str, client_id: str, nonce: str, moment: int) -> None:
    audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    if claims.iss != issuer:
        raise IdTokenRefused("it is of another issuer")
    if client_id not in audiences:
        raise IdTokenRefused("it is for another client")
    if (len(audiences) > 1 and claims.azp is None) or claims.azp not in (None, client_id):
        raise IdTokenRefused("another client asked for it")
    if not constant_time_equal(claims.nonce, nonce):
        raise IdTokenRefused("it is of another sign-in")
    if claims.exp <= moment - LEEWAY_SECONDS:
        raise IdTokenRefused("it has expired")
    if not moment - MAX_AGE_SECONDS <= claims.iat <= moment + LEEWAY_SECONDS:
        raise IdTokenRefused("it was not issued just now")
    if not 1 <= len(claims.sub) <= 255:
        raise IdTokenRefused("it names nobody")


def _groups(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list):
        return tuple(one for one in value[:200] if isinstance(one, str))
    return ()
