"""Mails with a code that proves who reads an address: password reset and e-mail verification.

A request only writes down that it was made, for a known address and an unknown one alike; a job a few
seconds later looks who has the address and queues the mail. So neither the answer nor its time tells
anything. Refuses: a code twice, one that is old, and more than three mails an hour to one address.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from urllib.parse import quote

from rustok.core.db import WriteTx
from rustok.core.parts import Parts
from rustok.core.security.identifiers import parse_email
from rustok.core.security.tokens import random_token, token_digest
from rustok.core.tenancy import RequestContext, context_for
from rustok.platform.identity.errors import InvalidLink
from rustok.platform.identity.events import (
    UserEmailVerified,
    UserPasswordChanged,
    UserPasswordResetRequested,
)
from rustok.platform.identity.model import User
from rustok.platform.identity.repository import account_requests as requests
from rustok.platform.identity.repository import challenges as rows
from rustok.platform.identity.repository import users as user_rows
from rustok.platform.identity.service import throttling
from rustok.platform.identity.service.passwords import hash_new_password, store_words
from rustok.platform.identity.service.sessions import acting_user, revoke_all
from rustok.platform.mail import api as mail

RESET_LIFE: Final = timedelta(minutes=30)
VERIFY_LIFE: Final = timedelta(days=2)
KEPT_AFTER_END: Final = timedelta(days=1)
_MAX_CODE_LENGTH: Final = 200
_BATCH: Final = 100
_PURGE_BATCH: Final = 1_000
_PREFIXES: Final[dict[rows.LinkPurpose, str]] = {"reset_password": "pr_", "verify_email": "ev_"}
URL_SETTINGS: Final[dict[rows.LinkPurpose, str]] = {
    "reset_password": "password_reset_url",
    "verify_email": "email_verification_url",
}
"""Settings of a tenant with the address of its own page, `{code}` in it; without, the mail has the code alone."""

RESET = mail.register_template(
    mail.Template(
        "identity.reset_password",
        {
            "en": mail.MailText(
                subject="A new password for {store}",
                parts=(
                    mail.Heading("Set a new password"),
                    mail.Paragraph("Somebody asked to set a new password for your account."),
                    mail.Button("Set a new password", link="link"),
                    mail.Paragraph("Your code, good for 30 minutes and one use: {code}"),
                    mail.Paragraph("If it was not you, do nothing: your password stays as it is."),
                ),
            ),
            "de": mail.MailText(
                subject="Ein neues Passwort für {store}",
                parts=(
                    mail.Heading("Neues Passwort setzen"),
                    mail.Paragraph("Jemand möchte für Ihr Konto ein neues Passwort setzen."),
                    mail.Button("Neues Passwort setzen", link="link"),
                    mail.Paragraph("Ihr Code, 30 Minuten und einmal gültig: {code}"),
                    mail.Paragraph(
                        "Waren Sie das nicht, tun Sie nichts: Ihr Passwort bleibt, wie es ist."
                    ),
                ),
            ),
        },
    )
)
VERIFY = mail.register_template(
    mail.Template(
        "identity.verify_email",
        {
            "en": mail.MailText(
                subject="Confirm your address for {store}",
                parts=(
                    mail.Heading("Confirm your address"),
                    mail.Paragraph("Show us that this address is yours."),
                    mail.Button("Confirm", link="link"),
                    mail.Paragraph("Your code, good for two days and one use: {code}"),
                ),
            ),
            "de": mail.MailText(
                subject="Bestätigen Sie Ihre Adresse für {store}",
                parts=(
                    mail.Heading("Adresse bestätigen"),
                    mail.Paragraph("Zeigen Sie uns, dass diese Adresse Ihnen gehört."),
                    mail.Button("Bestätigen", link="link"),
                    mail.Paragraph("Ihr Code, zwei Tage und einmal gültig: {code}"),
                ),
            ),
        },
    )
)
KNOWN = mail.register_template(
    mail.Template(
        "identity.already_registered",
        {
            "en": mail.MailText(
                subject="You have an account at {store} already",
                parts=(
                    mail.Heading("You have an account already"),
                    mail.Paragraph(
                        "Somebody signed up with this address, which has an account. "
                        "Nothing was changed. Sign in, or ask for a new password."
                    ),
                ),
            ),
            "de": mail.MailText(
                subject="Sie haben bei {store} schon ein Konto",
                parts=(
                    mail.Heading("Sie haben schon ein Konto"),
                    mail.Paragraph(
                        "Jemand hat sich mit dieser Adresse angemeldet, die schon ein Konto hat. "
                        "Nichts wurde geändert. Melden Sie sich an oder setzen Sie ein neues Passwort."
                    ),
                ),
            ),
        },
    )
)


# no event: user.password_reset_requested is emitted when somebody has the address
async def request_reset(tx: WriteTx, *, email: str) -> None:
    """Write down that somebody wants a new password for an address; who has it is not looked up.

    Raises:
        InvalidEmail: no address at all.
    """
    await _request(tx, parse_email(email, pointer="/email"), "reset_password")


# no event: user.email_verified tells of the outcome
async def request_verification(tx: WriteTx) -> None:
    """Have the acting user's address verified. Raises UserSessionNeeded."""
    user = await user_rows.get(tx, acting_user(tx))
    await _request(tx, parse_email(user.email, pointer="/email"), "verify_email")


# no event: user.registered, or user.registration_repeated, is emitted beside it
async def note_registration(tx: WriteTx, *, email_normal: str) -> None:
    """Have a mail made for somebody who signs up: a code, or word that there is an account already."""
    await _request(tx, email_normal, "registered")


async def _request(tx: WriteTx, normal: str, purpose: requests.RequestPurpose) -> None:
    if await throttling.may_mail(tx, normal):
        await requests.add(tx, purpose=purpose, email_normal=normal)


async def answer_requests(parts: Parts) -> int:
    """Queue the mails that were asked for; returns how many requests were answered. The job.

    Emits: user.password_reset_requested
    """
    async with parts.db.system("account mails", write=False) as tx:
        waiting = await requests.list_waiting(tx, limit=_BATCH)
    for request in waiting:
        tenant = await parts.profile_of(request.tenant_id)
        ctx = context_for(tenant, locale=request.locale)
        async with parts.db.write(ctx) as write_tx:
            if await requests.take(write_tx, request):
                await _answer(parts, write_tx, request)
    return len(waiting)


async def _answer(parts: Parts, tx: WriteTx, request: requests.AccountRequest) -> None:
    user_id = await user_rows.find_id_by_email(tx, request.email_normal)
    user = None if user_id is None else await user_rows.find(tx, user_id)
    if user is None or user.is_disabled:
        return
    if request.purpose == "reset_password":
        tx.emit(UserPasswordResetRequested(user_id=user.id))
        await _send_code(parts, tx, user, request, "reset_password", RESET, RESET_LIFE)
    elif request.purpose == "verify_email" or user.created_at == request.created_at:
        if user.email_verified_at is None:
            await _send_code(parts, tx, user, request, "verify_email", VERIFY, VERIFY_LIFE)
    else:
        await mail.queue(tx, parts.sealer, KNOWN, to=user.email, values={}, locale=request.locale)


async def _send_code(
    parts: Parts,
    tx: WriteTx,
    user: User,
    request: requests.AccountRequest,
    purpose: rows.LinkPurpose,
    template: mail.Template,
    life: timedelta,
) -> None:
    code = _PREFIXES[purpose] + random_token()
    await rows.add_link(
        tx,
        user_id=user.id,
        purpose=purpose,
        digest=token_digest(code),
        email_normal=request.email_normal,
        expires_at=tx.now + life,
    )
    page = tx.ctx.tenant.settings.get(URL_SETTINGS[purpose])
    link = ""
    if isinstance(page, str) and page.startswith(("https://", "http://")):
        link = page.replace("{code}", quote(code))
    await mail.queue(
        tx,
        parts.sealer,
        template,
        to=user.email,
        values={"code": code, "link": link},
        locale=request.locale,
        expires_in=life,
    )


async def reset_password(
    parts: Parts, ctx: RequestContext, *, code: str, new_password: str
) -> None:
    """Set a new password by a mailed code and end all sessions. Opens its own transaction.

    A second factor stays: the next sign-in asks for it.

    Raises:
        WeakPassword.
        InvalidLink: the code is unknown, used, old, or of an address that changed since.

    Emits: user.password_changed, user.email_verified
    """
    password_hash = await hash_new_password(
        new_password, pointer="/new_password", words=store_words(ctx)
    )
    async with parts.db.write(ctx) as tx:
        user = await _take(tx, code, "reset_password")
        await user_rows.store(tx, user, password_hash=password_hash)
        ended = await revoke_all(tx, user.id, reason="password_reset")
        tx.emit(UserPasswordChanged(user_id=user.id, sessions_revoked=ended))
        await _verified(tx, user)


async def verify_email(tx: WriteTx, *, code: str) -> None:
    """Take a mailed code as proof of who reads the address.

    Raises:
        InvalidLink: the code is unknown, used, old, or of an address that changed since.

    Emits: user.email_verified
    """
    await _verified(tx, await _take(tx, code, "verify_email"))


async def _take(tx: WriteTx, code: str, purpose: rows.LinkPurpose) -> User:
    if len(code) > _MAX_CODE_LENGTH:
        raise InvalidLink
    link = await rows.lock_link(tx, token_digest(code), purpose=purpose)
    if link is None or link.used_at is not None or link.expires_at <= tx.now:
        raise InvalidLink
    user = await user_rows.find(tx, link.user_id)
    if (
        user is None
        or user.is_disabled
        or parse_email(user.email, pointer="/email") != link.email_normal
        or not await rows.use_link(tx, link)
    ):
        raise InvalidLink
    return await user_rows.lock(tx, user.id)


async def _verified(tx: WriteTx, user: User) -> None:
    if user.email_verified_at is None:
        await user_rows.set_verified(tx, user.id)
        tx.emit(UserEmailVerified(user_id=user.id))


# no event: what has expired has no effect any more
async def purge_expired(parts: Parts) -> int:
    """Remove challenges, codes and devices that expired a day ago; returns how many. The job."""
    removed = 0
    while True:
        async with parts.db.system("removal of expired codes") as tx:
            count = await rows.purge_expired(tx, before=tx.now - KEPT_AFTER_END, limit=_PURGE_BATCH)
        removed += count
        if count < _PURGE_BATCH:
            return removed
