"""What staff and customers have in common: seen, changed, disabled, deleted.

Refuses: acting upon somebody who holds more than the actor, and locking oneself out.
"""

from __future__ import annotations

from uuid import UUID

from rustok.core.audit.difference import difference, state_of
from rustok.core.db import ReadTx, WriteTx
from rustok.core.ids import new_id
from rustok.core.locale import parse_locale
from rustok.core.pagination import Page, PageRequest
from rustok.core.routing import check_version
from rustok.core.security.identifiers import parse_email
from rustok.platform.identity.errors import EmailTaken, OwnAccount, UserSessionNeeded
from rustok.platform.identity.events import UserDeleted, UserKind, UserRegistered, UserUpdated
from rustok.platform.identity.model import User
from rustok.platform.identity.repository import attempts as attempt_rows
from rustok.platform.identity.repository import challenges as challenge_rows
from rustok.platform.identity.repository import factors as factor_rows
from rustok.platform.identity.repository import providers as provider_rows
from rustok.platform.identity.repository import sessions as session_rows
from rustok.platform.identity.repository import users as rows
from rustok.platform.identity.service.api_keys import revoke_all_of
from rustok.platform.identity.service.grants import require_covers
from rustok.platform.identity.service.sessions import acting_user, revoke_all
from rustok.platform.identity.service.standing import forget_user


async def add_user(
    tx: WriteTx,
    *,
    kind: UserKind,
    email: str,
    password_hash: str | None,
    display_name: str,
    roles: list[str],
    locale: str | None,
) -> User | None:
    """Insert a user; None when the address is taken.

    Raises InvalidEmail, InvalidLocale. Emits: user.registered
    """
    normal = parse_email(email, pointer="/email")
    user = User(
        id=new_id(),
        email=email,
        kind=kind,
        display_name=display_name,
        locale=parse_locale(locale or tx.ctx.tenant.default_locale, pointer="/locale"),
        roles=roles,
        is_disabled=False,
        email_verified_at=None,
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
    )
    if not await rows.add(tx, user, email_normal=normal, password_hash=password_hash):
        return None
    tx.emit(UserRegistered(user_id=user.id, kind=kind, locale=user.locale, roles=tuple(user.roles)))
    return user


async def get(tx: ReadTx, user_id: UUID, *, kind: UserKind) -> User:
    """Raises UserNotFound: also for a user of another kind."""
    return await rows.get(tx, user_id, kind=kind)


async def get_own(tx: ReadTx, *, kind: UserKind | None = None) -> User:
    """The acting user. Raises UserSessionNeeded: an API key, nobody, or another kind of user."""
    user_id = acting_user(tx)
    if kind is not None and tx.ctx.actor.kind != kind:
        raise UserSessionNeeded
    return await rows.get(tx, user_id)


async def list_users(
    tx: ReadTx,
    page: PageRequest,
    *,
    kind: UserKind,
    email: str | None = None,
    is_disabled: bool | None = None,
) -> Page[User]:
    """Users of a kind, the oldest first. Raises InvalidEmail, InvalidCursor."""
    normal = None if email is None else parse_email(email, pointer="email")
    return await rows.list_users(tx, page, kind=kind, email_normal=normal, is_disabled=is_disabled)


async def update_own(
    tx: WriteTx,
    *,
    expected_version: int | None,
    display_name: str | None = None,
    locale: str | None = None,
    kind: UserKind | None = None,
) -> User:
    """Change the acting user's own name or locale; None leaves a field as it is.

    Raises:
        UserSessionNeeded, PreconditionFailed, InvalidLocale, ConcurrentUpdate.

    Emits: user.updated, when something changed
    """
    user = await get_own(tx, kind=kind)
    return await change_profile(
        tx, user, expected_version, display_name=display_name, locale=locale
    )


async def change_profile(
    tx: WriteTx,
    user: User,
    expected_version: int | None,
    *,
    display_name: str | None,
    locale: str | None,
    email: str | None = None,
) -> User:
    """Change what every user has, once it is clear that the actor may.

    Raises PreconditionFailed, InvalidEmail, InvalidLocale, EmailTaken, ConcurrentUpdate.
    Emits: user.updated, when something changed
    """
    check_version(user.version, expected_version)
    tag = None if locale is None else parse_locale(locale, pointer="/locale")
    wanted = {"display_name": display_name, "email": email, "locale": tag}
    changed: dict[str, object] = {
        name: value
        for name, value in wanted.items()
        if value is not None and value != getattr(user, name)
    }
    if not changed:
        return user
    event = UserUpdated(user_id=user.id, changed=tuple(sorted(changed)))
    told = difference(user, changed)
    if email is not None and "email" in changed:
        normal = parse_email(email, pointer="/email")
        # Looked up first: the unique constraint would abort the transaction on PostgreSQL. Between
        # two requests at once the constraint still decides, with its own 409.
        if await rows.find_id_by_email(tx, normal) not in (None, user.id):
            raise EmailTaken
        changed["email_normal"] = normal
        changed["email_verified_at"] = None
    await rows.store(tx, user, **changed)
    tx.emit(event, before=told.before, after=told.after)
    return await rows.get(tx, user.id)


async def disable(
    tx: WriteTx, user_id: UUID, *, kind: UserKind, expected_version: int | None = None
) -> User:
    """Lock a user out: sessions end, API keys of theirs stop working. Disabled already is no change.

    Raises:
        UserNotFound, PreconditionFailed, OwnAccount, PrivilegeEscalation, ConcurrentUpdate.

    Emits: user.updated
    """
    return await _set_disabled(
        tx, user_id, kind=kind, is_disabled=True, expected_version=expected_version
    )


async def enable(
    tx: WriteTx, user_id: UUID, *, kind: UserKind, expected_version: int | None = None
) -> User:
    """Let a user in again; sessions that ended stay ended. Enabled already is no change.

    Raises:
        UserNotFound, PreconditionFailed, OwnAccount, PrivilegeEscalation, ConcurrentUpdate.

    Emits: user.updated
    """
    return await _set_disabled(
        tx, user_id, kind=kind, is_disabled=False, expected_version=expected_version
    )


async def _set_disabled(
    tx: WriteTx, user_id: UUID, *, kind: UserKind, is_disabled: bool, expected_version: int | None
) -> User:
    user = await rows.lock(tx, user_id, kind=kind)
    check_version(user.version, expected_version)
    not_oneself(tx, user)
    await require_covers(tx, user)
    if user.is_disabled == is_disabled:
        return user
    await forget_user(tx, user.id)
    await rows.store(tx, user, is_disabled=is_disabled)
    if is_disabled:
        await revoke_all(tx, user.id, reason="disabled")
    tx.emit(
        UserUpdated(user_id=user.id, changed=("is_disabled",)),
        before={"is_disabled": user.is_disabled},
        after={"is_disabled": is_disabled},
    )
    return await rows.get(tx, user.id)


async def delete(
    tx: WriteTx, user_id: UUID, *, kind: UserKind, expected_version: int | None
) -> None:
    """Anonymise a user for good: e-mail, name and password go, the row stays, the address is free again.

    Raises:
        UserNotFound, PreconditionFailed, OwnAccount, PrivilegeEscalation, ConcurrentUpdate.

    Emits: user.deleted, api_key.revoked
    """
    user = await rows.lock(tx, user_id, kind=kind)
    check_version(user.version, expected_version)
    not_oneself(tx, user)
    await require_covers(tx, user)
    await anonymise(tx, user)


async def anonymise(tx: WriteTx, user: User) -> None:
    """Take everything personal from a user. Emits: user.deleted, api_key.revoked"""
    await forget_user(tx, user.id)
    await session_rows.remove_all_of(tx, user.id)
    await factor_rows.remove_all_of(tx, user.id)
    await challenge_rows.remove_all_of(tx, user.id)
    await attempt_rows.remove_devices_of(tx, user.id)
    await provider_rows.remove_identities_of(tx, user.id)
    await revoke_all_of(tx, user.id)
    await rows.anonymise(tx, user)
    tx.emit(
        UserDeleted(user_id=user.id, kind=user.kind),
        before=state_of(user, "email", "display_name", "locale", "roles", "is_disabled"),
    )


def not_oneself(tx: ReadTx, user: User) -> None:
    """Raises OwnAccount."""
    if user.id == tx.ctx.actor.id:
        raise OwnAccount
