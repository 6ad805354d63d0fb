"""A signed-in user proves again who they are, before something dangerous.

Refuses: API keys, which nobody can ask, and a password alone of somebody who has a second factor. The
session stays the same; what changes is the time of the proof, which the new access token carries.
Source: RFC 9470.
"""

from __future__ import annotations

import secrets

from rustok.core.parts import Parts
from rustok.core.security.passkeys import CHALLENGE_BYTES, Site
from rustok.core.security.passwords import verify_password_async
from rustok.core.security.tokens import token_digest
from rustok.core.tenancy import RequestContext
from rustok.platform.identity.errors import SecondFactorNotFound, UserSessionNeeded, WrongProof
from rustok.platform.identity.events import UserSteppedUp
from rustok.platform.identity.model import Pending, Proof, SteppedUp
from rustok.platform.identity.repository import challenges
from rustok.platform.identity.repository import sessions as rows
from rustok.platform.identity.repository import users as user_rows
from rustok.platform.identity.service import proving, signing, throttling
from rustok.platform.identity.service.second_factors import (
    CHALLENGE_LIFE,
    new_challenge,
    passkey_options,
)
from rustok.platform.identity.service.sessions import access_token, acting_user
from rustok.platform.identity.service.standing import forget_session
from rustok.telemetry.metrics import AUTH_FAILURES


async def options(parts: Parts, ctx: RequestContext, *, site: Site) -> Pending:
    """What a browser is asked for, to step up with a security key. Opens its own transaction.

    Raises:
        UserSessionNeeded.
        SecondFactorNotFound: the user has no key of this site.
    """
    nonce = secrets.token_bytes(CHALLENGE_BYTES)
    async with parts.db.write(ctx) as tx:
        user_id = acting_user(tx)
        found = await passkey_options(tx, user_id, nonce=nonce, site=site)
        if found is None:
            raise SecondFactorNotFound
        challenge = await new_challenge(tx, user_id, purpose="step_up", nonce=nonce)
    return Pending(
        challenge=challenge,
        expires_in_seconds=int(CHALLENGE_LIFE.total_seconds()),
        options=found,
    )


async def step_up(
    parts: Parts,
    ctx: RequestContext,
    *,
    password: str | None = None,
    proof: Proof | None = None,
    challenge: str | None = None,
    site: Site | None = None,
) -> SteppedUp:
    """Check a proof of the acting user and give an access token that says so. Opens its own
    transactions.

    Args:
        password: counts for a user without a second factor.
        proof: counts for a user with one.
        challenge, site: with a security key.

    Raises:
        UserSessionNeeded: an API key asks.
        WrongProof, TooManySignIns, Unavailable.

    Emits: user.stepped_up, user.recovery_code_used
    """
    session_id = ctx.actor.session_id
    await signing.ready(parts)
    async with parts.db.write(ctx) as tx:
        known = await user_rows.get_credentials(tx, acting_user(tx))
        attempt = await throttling.admit_factor(tx, known.id)
    if session_id is None:
        raise UserSessionNeeded
    is_right = False
    if password is not None and not known.has_second_factor:
        is_right = (await verify_password_async(known.password_hash, password)).ok
    token: str | None = None
    # The refusal is raised after the commit: raised inside, a used code would be good again.
    async with parts.db.write(ctx) as tx:
        user = await user_rows.lock_credentials(tx, known.id)
        method: str | None = None
        if user is not None and is_right and user.password_hash == known.password_hash:
            method = None if user.has_second_factor else "pwd"
        elif user is not None and proof is not None:
            nonce = None
            if challenge is not None:
                held = await challenges.lock(tx, token_digest(challenge), purpose="step_up")
                if (
                    held
                    and held.user_id == user.id
                    and not held.used_at
                    and held.expires_at > tx.now
                ):
                    await challenges.use(tx, held)
                    nonce = held.nonce
            method = await proving.check(parts, tx, user.id, proof, site=site, nonce=nonce)
        if user is not None and method is not None:
            await throttling.succeeded(tx, attempt)
            standing = await rows.find_standing(tx, session_id)
            methods = sorted({*(standing.methods if standing else []), method})
            await rows.store_proof(tx, session_id, methods=methods)
            forget_session(tx, session_id)
            tx.emit(UserSteppedUp(user_id=user.id, session_id=session_id, methods=(method,)))
            token = access_token(
                parts,
                tx,
                user_id=user.id,
                kind=user.kind,
                roles=user.roles,
                session_id=session_id,
                authenticated_at=tx.now,
            )
    if token is None:
        AUTH_FAILURES.labels(method="step_up", reason="wrong_proof").inc()
        raise WrongProof
    return SteppedUp(
        access_token=token,
        expires_in_seconds=parts.access_token_ttl_seconds,
        step_up_expires_in_seconds=parts.sign_in.step_up_seconds,
    )
