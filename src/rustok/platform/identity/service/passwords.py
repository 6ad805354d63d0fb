"""Passwords of users: hashed and verified beside the transactions, never inside one.

Refuses: weak passwords, and keeping other sessions alive when a password changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from rustok.core.parts import Parts
from rustok.core.security.passwords import (
    check_password_policy,
    hash_password_async,
    verify_password_async,
)
from rustok.core.tenancy import RequestContext
from rustok.platform.identity.errors import OwnAccount, WrongPassword
from rustok.platform.identity.events import UserPasswordChanged
from rustok.platform.identity.model import User
from rustok.platform.identity.repository import users as rows
from rustok.platform.identity.service.grants import require_covers
from rustok.platform.identity.service.sessions import acting_user, revoke_all
from rustok.telemetry.metrics import AUTH_FAILURES


async def hash_new_password(
    password: str, *, pointer: str = "/password", words: Iterable[str] = ()
) -> str:
    """Hash a password that a person has chosen; call it outside of any transaction.

    Raises:
        WeakPassword: it breaks the policy.
        Unavailable: too many hashes are waiting.
    """
    return await hash_password_async(check_password_policy(password, pointer=pointer, words=words))


def store_words(ctx: RequestContext, *more: str) -> list[str]:
    """What everybody knows of a user of this tenant."""
    name = ctx.tenant.settings.get("store_name")
    return [ctx.tenant.name, ctx.tenant.slug, str(name or ""), *more]


async def change_own(
    parts: Parts, ctx: RequestContext, *, current_password: str, new_password: str
) -> int:
    """Change the acting user's password and end their other sessions. Opens its own transactions.

    Returns:
        How many other sessions were ended.

    Raises:
        UserSessionNeeded: an API key asks.
        WeakPassword, WrongPassword.
        UserNotFound: the user was deleted meanwhile.

    Emits: user.password_changed
    """
    new_password = check_password_policy(
        new_password, pointer="/new_password", words=store_words(ctx)
    )
    async with parts.db.read(ctx) as tx:
        known = await rows.get_credentials(tx, acting_user(tx))
        email = (await rows.get(tx, known.id)).email
    check_password_policy(new_password, pointer="/new_password", words=[email])
    verified = await verify_password_async(known.password_hash, current_password)
    if not verified.ok:
        AUTH_FAILURES.labels(method="password_change", reason="wrong_password").inc()
        raise WrongPassword
    password_hash = await hash_password_async(new_password)
    async with parts.db.write(ctx) as tx:
        user = await rows.lock(tx, known.id)
        if (await rows.get_credentials(tx, known.id)).password_hash != known.password_hash:
            raise WrongPassword
        await rows.store(tx, user, password_hash=password_hash)
        ended = await revoke_all(tx, user.id, but=ctx.actor.session_id, reason="password_changed")
        tx.emit(UserPasswordChanged(user_id=user.id, sessions_revoked=ended))
    return ended


async def reset(parts: Parts, ctx: RequestContext, user_id: UUID, *, new_password: str) -> User:
    """Give another staff member a new password and end all their sessions. Opens its own transaction.

    Raises:
        WeakPassword, UserNotFound.
        OwnAccount: the own password is changed with the current one.
        PrivilegeEscalation: the user holds something the actor does not.

    Emits: user.password_changed
    """
    password_hash = await hash_new_password(
        new_password, pointer="/new_password", words=store_words(ctx)
    )
    async with parts.db.write(ctx) as tx:
        user = await rows.lock(tx, user_id, kind="staff")
        if user.id == ctx.actor.id:
            raise OwnAccount
        await require_covers(tx, user)
        await rows.store(tx, user, password_hash=password_hash)
        ended = await revoke_all(tx, user.id, reason="password_changed")
        tx.emit(UserPasswordChanged(user_id=user.id, sessions_revoked=ended))
        return await rows.get(tx, user.id)
