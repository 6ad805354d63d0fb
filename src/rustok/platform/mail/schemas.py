"""Wire shapes of mails; what fills a template is in none of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from rustok.core.pagination import PageRequest
from rustok.platform.mail.model.mail import Mail, MailState, QueuedMail, SentMail
from rustok.platform.mail.states import MAIL_LIFECYCLE

TemplateName = Annotated[str, Meta(max_length=100, examples=["notifications.order_placed"])]


class MailQuery(PageRequest, frozen=True, kw_only=True):
    """Which mails are listed."""

    status: MailState | None = None
    template: TemplateName | None = None


class MailView(msgspec.Struct, frozen=True, kw_only=True):
    """A mail without what it says. `last_error` is a class of failure such as `smtp_550`."""

    id: UUID
    template: str
    locale: str
    recipient: str
    status: MailState
    attempt_count: int
    last_error: str | None
    next_attempt_at: datetime | None
    expires_at: datetime | None
    sent_at: datetime | None
    allowed_actions: list[str]
    version: int
    created_at: datetime
    updated_at: datetime


class MailAttemptView(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt; `reply` is what the relay said."""

    number: int
    attempted_at: datetime
    error: str | None
    reply: str | None
    latency_ms: int


class MailLog(msgspec.Struct, frozen=True, kw_only=True):
    """A mail with its latest 50 attempts, the newest first."""

    mail: MailView
    attempts: list[MailAttemptView]


def mail_view(mail: Mail) -> MailView:
    waits = isinstance(mail, QueuedMail)
    return MailView(
        id=mail.id,
        template=mail.template,
        locale=mail.locale,
        recipient=mail.recipient,
        status=mail.state,
        attempt_count=mail.attempt_count,
        last_error=mail.last_error,
        next_attempt_at=mail.next_attempt_at if isinstance(mail, QueuedMail) else None,
        expires_at=mail.expires_at,
        sent_at=mail.sent_at if isinstance(mail, SentMail) else None,
        # What the platform itself does to a waiting mail is nobody's to ask for.
        allowed_actions=[] if waits else list(MAIL_LIFECYCLE.allowed(mail.state)),
        version=mail.version,
        created_at=mail.created_at,
        updated_at=mail.updated_at,
    )


def mail_log(mail: Mail) -> MailLog:
    return MailLog(
        mail=mail_view(mail),
        attempts=[
            MailAttemptView(
                number=one.number,
                attempted_at=one.attempted_at,
                error=one.error,
                reply=one.reply,
                latency_ms=one.latency_ms,
            )
            for one in reversed(mail.attempts)
        ],
    )
