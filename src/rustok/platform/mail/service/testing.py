"""A test message, sent at once, so that an operator sees what the relay says to it."""

from __future__ import annotations

from typing import Final

from rustok.core.ids import new_id
from rustok.core.parts import Parts
from rustok.core.security.identifiers import parse_email
from rustok.core.tenancy import TenantProfile
from rustok.platform.mail.model.mail import Answer
from rustok.platform.mail.model.rendering import render, store_name
from rustok.platform.mail.model.templates import (
    Heading,
    MailText,
    Paragraph,
    Template,
    register,
)
from rustok.platform.mail.service.leaving import sender_for

TEST: Final = register(
    Template(
        "mail.test",
        {
            "en": MailText(
                subject="A test from {store}",
                parts=(
                    Heading("It works"),
                    Paragraph("This message shows that mail of {store} arrives at {recipient}."),
                ),
            ),
            "de": MailText(
                subject="Ein Test von {store}",
                parts=(
                    Heading("Es funktioniert"),
                    Paragraph(
                        "Diese Nachricht zeigt, dass Post von {store} bei {recipient} ankommt."
                    ),
                ),
            ),
        },
    )
)


async def send_test(parts: Parts, profile: TenantProfile, *, to: str) -> Answer | None:
    """Send a test message now; None when mail is off. It is neither kept nor tried again.

    Raises:
        InvalidEmail: `to` is no address.
    """
    from rustok.platform.mail.model.message import build  # late: the start needs no mail library

    parse_email(to, pointer="to")
    sender = sender_for(parts.mail)
    if sender is None:
        return None
    store = store_name(profile.name, profile.settings)
    message = build(
        render(
            TEST,
            TEST.content({"recipient": to}, {}),
            locale=profile.default_locale,
            store=store,
            settings=profile.settings,
        ),
        mail_id=new_id(),
        sender=parts.mail.sender,
        store=store,
        recipient=to,
        reply_to=str(profile.settings.get("mail_reply_to", "")) or None,
        created_at=parts.db.now(),
    )
    return await sender.send(message, recipient=to)
