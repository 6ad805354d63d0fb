"""Signing in: password, then a second factor where the user has one.

Refuses: telling who exists. An unknown address costs the same counters, the same argon2id work and
the same write as a wrong password, and gets the same answer. The second step is offered only to
who did the first.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from rustok.core.db import WriteTx
from rustok.core.ids import NIL
from rustok.core.parts import Parts
from rustok.core.security.identifiers import parse_email
from rustok.core.security.passkeys import Site, from_base64url
from rustok.core.security.passwords import hash_password_async, verify_password_async
from rustok.core.security.tokens import token_digest
from rustok.core.tenancy import Actor, RequestContext
from rustok.platform.identity.errors import (
    InvalidCredentials,
    SecondFactorNeeded,
    SecondFactorRefused,
)
from rustok.platform.identity.events import UserLoginFailed
from rustok.platform.identity.model import (
    Pending,
    Proof,
    SignedIn,
    email_digest,
    signed_in_kind,
    unknown_subject,
)
from rustok.platform.identity.repository import challenges
from rustok.platform.identity.repository import users as user_rows
from rustok.platform.identity.repository.users import Credentials
from rustok.platform.identity.service import proving, signing, throttling
from rustok.platform.identity.service.second_factors import (
    CHALLENGE_LIFE,
    new_challenge,
    passkey_options,
)
from rustok.platform.identity.service.sessions import Device, open_session
from rustok.telemetry.metrics import AUTH_FAILURES

MAX_ATTEMPTS = 5
"""How many codes are looked at for one challenge."""

Reason = Literal["unknown_user", "wrong_password", "disabled", "wrong_second_factor"]


async def login(
    parts: Parts,
    ctx: RequestContext,
    *,
    email: str,
    password: str,
    device_label: str = "",
    user_agent: str = "",
    address: str = "",
    device_token: str | None = None,
) -> SignedIn:
    """Open a session for a user of the tenant. Opens its own transactions.

    Args:
        device_label, user_agent, address: shown to the user in the list of their sessions.
        device_token: from an earlier sign-in on this device.

    Raises:
        InvalidEmail: no address at all; says nothing about anybody.
        TooManySignIns: see `throttling`.
        InvalidCredentials: unknown address, wrong password or disabled user, all alike.
        SecondFactorNeeded: the password is right, and the user has a second factor.
        Unavailable: too many sign-ins are waiting.

    Emits: user.logged_in, or user.login_failed (also for an unknown address)
    """
    normal = parse_email(email, pointer="/email")
    await signing.ready(parts)
    async with parts.db.write(ctx) as tx:
        known = await user_rows.find_credentials(tx, email_normal=normal)
        attempt = await throttling.admit(
            tx,
            email_normal=normal,
            user_id=known.id if known else None,
            address=address,
            device_token=device_token,
        )
    verified = await verify_password_async(known.password_hash if known else None, password)
    rehashed = (
        await hash_password_async(password) if verified.ok and verified.needs_rehash else None
    )
    device = Device(label=device_label, user_agent=user_agent, address=address, token=device_token)
    outcome: SignedIn | str | None = None
    as_user = _as_user(ctx, known) if known is not None and verified.ok else ctx
    async with parts.db.write(as_user) as tx:
        # Read again under a lock: the password may have changed, or the user been disabled, meanwhile.
        # For an unknown address nobody is looked for, to do the same work.
        now_known = await user_rows.lock_credentials(tx, known.id if known else NIL)
        reason = _why_refused(known, now_known, is_right=verified.ok)
        if reason is None and now_known is not None:
            if rehashed is not None:
                await user_rows.store_rehash(tx, now_known.id, rehashed)
            if now_known.has_second_factor:
                outcome = await new_challenge(
                    tx, now_known.id, purpose="sign_in", device_label=device_label
                )
            else:
                await throttling.succeeded(tx, attempt)
                outcome = await open_session(parts, tx, now_known, device, methods=["pwd"])
        else:
            _tell_failure(tx, normal, now_known, reason or "unknown_user")
    if outcome is None:
        AUTH_FAILURES.labels(method="password", reason=reason or "unknown_user").inc()
        raise InvalidCredentials
    if isinstance(outcome, str):
        raise SecondFactorNeeded(outcome, int(CHALLENGE_LIFE.total_seconds()))
    return outcome


async def second_factor_options(
    parts: Parts, ctx: RequestContext, *, challenge: str, site: Site
) -> Pending:
    """What a browser is asked for, to answer `challenge` with a security key.

    Opens its own transaction.

    Raises:
        SecondFactorRefused: the challenge is not good, or the user has no key of this site.
    """
    async with parts.db.write(ctx) as tx:
        held = await challenges.find(tx, token_digest(challenge), purpose="sign_in")
        if held is None or held.used_at is not None or held.expires_at <= tx.now:
            raise SecondFactorRefused
        options = await passkey_options(
            tx, held.user_id, nonce=from_base64url(held.nonce), site=site
        )
        if options is None:
            raise SecondFactorRefused
        left = int((held.expires_at - tx.now).total_seconds())
        return Pending(challenge=challenge, expires_in_seconds=left, options=options)


async def finish_login(
    parts: Parts,
    ctx: RequestContext,
    *,
    challenge: str,
    proof: Proof,
    site: Site | None,
    user_agent: str = "",
    address: str = "",
    device_token: str | None = None,
) -> SignedIn:
    """Open the session whose first step gave `challenge`. Opens its own transaction.

    Raises:
        SecondFactorRefused, TooManySignIns.

    Emits: user.logged_in or user.login_failed, user.recovery_code_used
    """
    await signing.ready(parts)
    signed_in: SignedIn | None = None
    # The refusal is raised after the commit: raised inside, it would roll the counting back.
    async with parts.db.write(ctx) as tx:
        held = await challenges.lock(tx, token_digest(challenge), purpose="sign_in")
        user = None if held is None else await user_rows.lock_credentials(tx, held.user_id)
        if (
            held is not None
            and user is not None
            and held.used_at is None
            and held.expires_at > tx.now
            and held.attempts < MAX_ATTEMPTS
        ):
            attempt = await throttling.admit_factor(tx, user.id)
            await challenges.note_attempt(tx, held)
            method = await proving.check(parts, tx, user.id, proof, site=site, nonce=held.nonce)
            whole = await user_rows.get(tx, user.id)
            normal = parse_email(whole.email, pointer="/email")
            if method is not None and not user.is_disabled:
                await challenges.use(tx, held)
                await throttling.succeeded(tx, attempt)
                await throttling.succeeded_at(tx, email_normal=normal, address=address)
                device = Device(
                    label=held.device_label,
                    user_agent=user_agent,
                    address=address,
                    token=device_token,
                )
                tx.ctx = _as_user(ctx, user)
                signed_in = await open_session(parts, tx, user, device, methods=[method, "pwd"])
            else:
                _tell_failure(tx, normal, user, "wrong_second_factor")
    if signed_in is None:
        AUTH_FAILURES.labels(method="second_factor", reason="refused").inc()
        raise SecondFactorRefused
    return signed_in


def _tell_failure(tx: WriteTx, normal: str, user: Credentials | None, reason: Reason) -> None:
    """Emits: user.login_failed"""
    digest = email_digest(tx.ctx.tenant_id, normal)
    user_id = user.id if user else None
    tx.emit(
        UserLoginFailed(
            subject_id=user_id or unknown_subject(tx.ctx.tenant_id, digest),
            user_id=user_id,
            email_digest=digest,
            reason=reason,
        )
    )


def _as_user(ctx: RequestContext, user: Credentials) -> RequestContext:
    """The same request once it is known who asks, so that the event names its actor."""
    kind = signed_in_kind(ctx.tenant_id, user.kind)
    return msgspec.structs.replace(ctx, actor=Actor(kind=kind, id=user.id, roles=tuple(user.roles)))


def _why_refused(
    before: Credentials | None, now: Credentials | None, *, is_right: bool
) -> Reason | None:
    if before is None or now is None:
        return "unknown_user"
    if not is_right or now.password_hash != before.password_hash:
        return "wrong_password"
    return "disabled" if now.is_disabled else None
