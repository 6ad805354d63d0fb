"""Customers sign themselves up and may erase themselves.

Refuses: telling whether an address is known.
"""

from __future__ import annotations

from rustok.core.db import WriteTx
from rustok.core.parts import Parts
from rustok.core.security.identifiers import parse_email
from rustok.core.tenancy import PLATFORM_TENANT_ID, RequestContext
from rustok.platform.identity.errors import UserSessionNeeded
from rustok.platform.identity.events import UserRegistrationRepeated
from rustok.platform.identity.model import CUSTOMER_ROLES, email_digest, unknown_subject
from rustok.platform.identity.service.account_mails import note_registration
from rustok.platform.identity.service.passwords import hash_new_password, store_words
from rustok.platform.identity.service.users import add_user, anonymise, get_own


async def register(
    parts: Parts,
    ctx: RequestContext,
    *,
    email: str,
    password: str,
    display_name: str,
    locale: str | None = None,
) -> None:
    """Make a customer, unless the address is taken; which of both is not told.

    The password is hashed before anything is looked up, so both take as long. Opens its own
    transaction.

    Raises:
        WeakPassword, InvalidEmail, InvalidLocale.
        UserSessionNeeded: the platform tenant has no customers.

    Emits: user.registered when the address was free, else user.registration_repeated
    """
    if ctx.tenant_id == PLATFORM_TENANT_ID:
        raise UserSessionNeeded
    normal = parse_email(email, pointer="/email")  # before the slow part
    password_hash = await hash_new_password(password, words=store_words(ctx, email))
    async with parts.db.write(ctx) as tx:
        added = await add_user(
            tx,
            kind="customer",
            email=email,
            password_hash=password_hash,
            display_name=display_name,
            roles=list(CUSTOMER_ROLES),
            locale=locale or ctx.locale,
        )
        if added is None:
            digest = email_digest(tx.ctx.tenant_id, normal)
            subject = unknown_subject(tx.ctx.tenant_id, digest)
            tx.emit(UserRegistrationRepeated(subject_id=subject, email_digest=digest))
        await note_registration(tx, email_normal=normal)


async def delete_own(tx: WriteTx) -> None:
    """Anonymise the acting customer. Raises UserSessionNeeded. Emits: user.deleted"""
    await anonymise(tx, await get_own(tx, kind="customer"))
