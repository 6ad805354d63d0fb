"""Signing in with a provider: authorisation code, PKCE, nonce, and a state bound to the browser.

Refuses: an answer that another browser began, an address the provider has not verified, and linking
where the tenant has not asked for it. The provider is asked outside of any transaction, behind a
breaker of its own. Source: OpenID Connect Core 1.0, RFC 9700.
"""

from __future__ import annotations

import logging
import secrets
import weakref
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from rustok.core.cache.cache import Cache
from rustok.core.cache.settings import CacheSettings
from rustok.core.db import Database, WriteTx
from rustok.core.ids import new_id
from rustok.core.parts import Parts
from rustok.core.resilience.breaker_registry import BreakerRegistry
from rustok.core.resilience.breaker_settings import BreakerSettings
from rustok.core.resilience.circuit_breaker import CircuitBreaker
from rustok.core.security.identifiers import InvalidEmail, parse_email
from rustok.core.security.openid import (
    Identity,
    IdTokenRefused,
    ProviderMetadata,
    authorization_url,
    discover,
    exchange_code,
    fetch_keys,
    verify_id_token,
)
from rustok.core.security.ssrf import AddressRefused, HostUnresolved, UnsafeUrl
from rustok.core.security.tokens import digest_matches, random_token, token_digest
from rustok.core.tenancy import Actor, RequestContext
from rustok.platform.identity.errors import (
    ProviderNotFound,
    ProviderSignInRefused,
    RedirectNotAllowed,
    SecondFactorNeeded,
)
from rustok.platform.identity.events import UserIdentityLinked, UserRoleChanged
from rustok.platform.identity.model import (
    CUSTOMER_ROLES,
    BegunSignIn,
    LoginProvider,
    SignedIn,
    User,
    signed_in_kind,
)
from rustok.platform.identity.repository import providers as rows
from rustok.platform.identity.repository import users as user_rows
from rustok.platform.identity.service import signing
from rustok.platform.identity.service.providers import secret_place
from rustok.platform.identity.service.second_factors import CHALLENGE_LIFE, new_challenge
from rustok.platform.identity.service.sessions import Device, open_session
from rustok.platform.identity.service.standing import forget_user
from rustok.platform.identity.service.users import add_user
from rustok.telemetry.metrics import AUTH_FAILURES

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

SIGN_IN_LIFE: Final = timedelta(minutes=10)
_KEPT: Final = CacheSettings(
    capacity=500, ttl_seconds=600, negative_ttl_seconds=5, stale_seconds=0.0
)
_BREAKER: Final = BreakerSettings(consecutive_failures=5, open_seconds=15.0)
_log: Final = logging.getLogger(__name__)


class Known(msgspec.Struct, frozen=True):
    """What a provider told of itself, kept for ten minutes."""

    metadata: ProviderMetadata
    keys: KeySet


_caches: Final[weakref.WeakKeyDictionary[Database, Cache[str, Known]]] = weakref.WeakKeyDictionary()


def _cache(parts: Parts) -> Cache[str, Known]:
    """What is known of the providers of one database in this process."""
    found = _caches.get(parts.db)
    if found is None:
        # Weak by the database: its value must hold neither it nor `parts`.
        breakers, private_issuers = parts.breakers, parts.sign_in.private_issuers

        async def load(issuer: str) -> Known:
            async def ask() -> Known:
                metadata = await discover(issuer, private_issuers)
                return Known(metadata, await fetch_keys(metadata, private_issuers))

            return await _breaker(breakers, issuer).call(ask)

        found = _caches[parts.db] = Cache("identity.providers", load, _KEPT)
    return found


def _breaker(breakers: BreakerRegistry, issuer: str) -> CircuitBreaker:
    return breakers.family("login_providers", _BREAKER).of(issuer)


async def _known(parts: Parts, issuer: str) -> Known:
    """Raises ProviderSignInRefused, OutboundFailed, CircuitOpen."""
    try:
        return await _cache(parts).get(issuer)
    except (UnsafeUrl, AddressRefused, HostUnresolved) as error:
        _log.warning("sign-in provider refused", extra={"code": error.code})
        raise ProviderSignInRefused from None


async def begin(parts: Parts, ctx: RequestContext, slug: str, *, redirect_uri: str) -> BegunSignIn:
    """Begin a sign-in with a provider. Opens its own transactions.

    Args:
        redirect_uri: where the browser comes back to; one of the provider's.

    Raises:
        ProviderNotFound, RedirectNotAllowed.
        ProviderSignInRefused: the guard refuses the provider's address.
        OutboundFailed: the provider does not answer.
    """
    async with parts.db.read(ctx) as tx:
        provider = await rows.get(tx, slug)
    if not provider.is_enabled:
        raise ProviderNotFound
    if redirect_uri not in provider.redirect_uris:
        raise RedirectNotAllowed
    known = await _known(parts, provider.issuer)
    state, browser, nonce = random_token(), random_token(), random_token()
    verifier = secrets.token_urlsafe(64)
    sign_in_id = new_id()
    async with parts.db.write(ctx) as write_tx:
        await rows.begin(
            write_tx,
            sign_in_id=sign_in_id,
            provider_id=provider.id,
            digest=token_digest(state),
            browser_digest=token_digest(browser),
            sealed_verifier=parts.sealer.seal(
                verifier.encode(), belongs_to=f"external_sign_in/{sign_in_id}"
            ),
            nonce=nonce,
            redirect_uri=redirect_uri,
            expires_at=write_tx.now + SIGN_IN_LIFE,
        )
    return BegunSignIn(
        authorization_url=authorization_url(
            known.metadata,
            client_id=provider.client_id,
            redirect_uri=redirect_uri,
            state=state,
            nonce=nonce,
            verifier=verifier,
        ),
        browser_token=browser,
        expires_in_seconds=int(SIGN_IN_LIFE.total_seconds()),
    )


async def finish(
    parts: Parts,
    ctx: RequestContext,
    slug: str,
    *,
    code: str,
    state: str,
    browser_token: str,
    device: Device,
) -> SignedIn:
    """Open a session for whom the provider names. Opens its own transactions.

    Raises:
        ProviderNotFound, ProviderSignInRefused, IdTokenRefused, OutboundFailed.
        SecondFactorNeeded: the user has a second factor here, and the provider asked for none.

    Emits: user.logged_in, user.identity_linked, user.registered, user.role_changed
    """
    await signing.ready(parts)
    # Taken before anything is asked: a state is good for one attempt, whatever comes of it.
    async with parts.db.write(ctx) as tx:
        provider = await rows.get(tx, slug)
        under_way = await rows.take(tx, token_digest(state))
        sealed_secret = await rows.sealed_secret_of(tx, provider.id)
    if (
        not provider.is_enabled
        or under_way is None
        or under_way.provider_id != provider.id
        or not digest_matches(browser_token, under_way.browser_digest)
    ):
        raise _refused("state")
    identity = await _identify(parts, provider, under_way, sealed_secret, code)
    if not provider.allows(identity.email):
        raise _refused("domain")
    outcome: SignedIn | str | None = None
    async with parts.db.write(ctx) as tx:
        user = await _user_of(tx, provider, identity)
        credentials = None if user is None else await user_rows.lock_credentials(tx, user.id)
        if credentials is not None and not credentials.is_disabled:
            if credentials.has_second_factor and not identity.is_strong:
                outcome = await new_challenge(
                    tx, credentials.id, purpose="sign_in", device_label=device.label
                )
            else:
                kind = signed_in_kind(ctx.tenant_id, credentials.kind)
                actor = Actor(kind=kind, id=credentials.id, roles=tuple(credentials.roles))
                tx.ctx = msgspec.structs.replace(ctx, actor=actor)
                methods = ["fed", "mfa"] if identity.is_strong else ["fed"]
                outcome = await open_session(parts, tx, credentials, device, methods=methods)
    if outcome is None:
        raise _refused("unknown_user")
    if isinstance(outcome, str):
        raise SecondFactorNeeded(outcome, int(CHALLENGE_LIFE.total_seconds()))
    return outcome


def _refused(reason: str) -> ProviderSignInRefused:
    AUTH_FAILURES.labels(method="provider", reason=reason).inc()
    return ProviderSignInRefused()


async def _identify(
    parts: Parts,
    provider: LoginProvider,
    under_way: rows.UnderWay,
    sealed_secret: str | None,
    code: str,
) -> Identity:
    verifier = parts.sealer.open(
        under_way.sealed_verifier, belongs_to=f"external_sign_in/{under_way.id}"
    ).decode()
    secret = (
        None
        if sealed_secret is None
        else parts.sealer.open(sealed_secret, belongs_to=secret_place(provider.id)).decode()
    )
    known = await _known(parts, provider.issuer)
    try:
        token = await _breaker(parts.breakers, provider.issuer).call(
            lambda: exchange_code(
                known.metadata,
                parts.sign_in.private_issuers,
                client_id=provider.client_id,
                client_secret=secret,
                code=code,
                redirect_uri=under_way.redirect_uri,
                verifier=verifier,
            )
        )
        return verify_id_token(
            token,
            known.keys,
            issuer=provider.issuer,
            client_id=provider.client_id,
            nonce=under_way.nonce,
            groups_claim=provider.groups_claim,
            now=parts.db.now(),
        )
    except IdTokenRefused as error:
        # The provider may have new keys; the next attempt reads them.
        _cache(parts).invalidate(provider.issuer)
        _log.warning("ID token refused", extra={"why": error.why})
        AUTH_FAILURES.labels(method="provider", reason=error.code).inc()
        raise
    except (UnsafeUrl, AddressRefused, HostUnresolved):
        raise _refused("address") from None


async def _user_of(tx: WriteTx, provider: LoginProvider, identity: Identity) -> User | None:
    """Who this is here: known, linked by a verified address, or made; None for nobody.

    Emits: user.identity_linked, user.registered, user.role_changed
    """
    found = await rows.find_identity(tx, provider.id, identity.subject)
    if found is not None:
        user = await user_rows.find(tx, found.user_id)
        if user is not None and found.is_provisioned:
            await _follow_roles(tx, provider, identity, user)
        return user
    normal = _normal(identity.email)
    if normal is None or identity.email is None:
        return None
    user_id = await user_rows.find_id_by_email(tx, normal)
    user = None if user_id is None else await user_rows.find(tx, user_id)
    if user is not None:
        if not provider.is_linking_accounts or user.kind != provider.kind:
            return None
    elif provider.is_auto_provisioning:
        user = await add_user(
            tx,
            kind=provider.kind,
            email=identity.email,
            password_hash=None,
            display_name=identity.name or identity.email.partition("@")[0],
            roles=_roles(provider, identity),
            locale=None,
        )
    if user is None:
        return None
    await rows.add_identity(
        tx,
        user_id=user.id,
        provider_id=provider.id,
        subject=identity.subject,
        is_provisioned=user_id is None,
    )
    await user_rows.set_verified(tx, user.id)
    tx.emit(
        UserIdentityLinked(user_id=user.id, provider_id=provider.id, is_provisioned=user_id is None)
    )
    return user


def _roles(provider: LoginProvider, identity: Identity) -> list[str]:
    if provider.kind == "customer":
        return list(CUSTOMER_ROLES)
    return provider.roles_of(identity.groups)


async def _follow_roles(
    tx: WriteTx, provider: LoginProvider, identity: Identity, user: User
) -> None:
    """Let the roles of somebody the provider has brought be what it says today."""
    wanted = _roles(provider, identity)
    if provider.groups_claim is None or wanted == sorted(user.roles):
        return
    await forget_user(tx, user.id)
    await user_rows.store(tx, user, roles=wanted)
    tx.emit(
        UserRoleChanged(user_id=user.id, old_roles=tuple(user.roles), new_roles=tuple(wanted)),
        before={"roles": user.roles},
        after={"roles": wanted},
    )


def _normal(email: str | None) -> str | None:
    try:
        return None if email is None else parse_email(email, pointer="email")
    except InvalidEmail:
        return None
