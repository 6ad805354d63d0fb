"""A signed-in user proves again who they are, before something dangerous.

Refuses: API keys, which nobody can ask. The session stays the same; what changes is the time of the
proof, which the new access token carries. Source: RFC 9470.
"""

from __future__ import annotations

from rustok.core.parts import Parts
from rustok.core.security.passwords import verify_password_async
from rustok.core.tenancy import RequestContext
from rustok.platform.identity.errors import UserSessionNeeded, WrongPassword
from rustok.platform.identity.events import UserSteppedUp
from rustok.platform.identity.model import SteppedUp
from rustok.platform.identity.repository import sessions as rows
from rustok.platform.identity.repository import users as user_rows
from rustok.platform.identity.service import signing
from rustok.platform.identity.service.sessions import access_token, acting_user
from rustok.platform.identity.service.standing import forget_session
from rustok.telemetry.metrics import AUTH_FAILURES


async def step_up(parts: Parts, ctx: RequestContext, *, password: str) -> SteppedUp:
    """Check the acting user's password and give an access token that says so. Opens its own
    transactions.

    Raises:
        UserSessionNeeded: an API key asks.
        WrongPassword, Unavailable.

    Emits: user.stepped_up
    """
    session_id = ctx.actor.session_id
    await signing.ready(parts)
    async with parts.db.read(ctx) as tx:
        known = await user_rows.get_credentials(tx, acting_user(tx))
    if session_id is None:
        raise UserSessionNeeded
    verified = await verify_password_async(known.password_hash, password)
    if not verified.ok:
        AUTH_FAILURES.labels(method="step_up", reason="wrong_password").inc()
        raise WrongPassword
    async with parts.db.write(ctx) as write_tx:
        now_known = await user_rows.lock_credentials(write_tx, known.id)
        if now_known is None or now_known.password_hash != known.password_hash:
            raise WrongPassword
        standing = await rows.find_standing(write_tx, session_id)
        methods = sorted({*(standing.methods if standing else []), "pwd"})
        await rows.store_proof(write_tx, session_id, methods=methods)
        forget_session(write_tx, session_id)
        write_tx.emit(UserSteppedUp(user_id=known.id, session_id=session_id, methods=("pwd",)))
        token = access_token(
            parts,
            write_tx,
            user_id=known.id,
            kind=now_known.kind,
            roles=now_known.roles,
            session_id=session_id,
            authenticated_at=write_tx.now,
        )
    return SteppedUp(
        access_token=token,
        expires_in_seconds=parts.access_token_ttl_seconds,
        step_up_expires_in_seconds=parts.sign_in.step_up_seconds,
    )
