"""The message as it goes over the wire: headers, text and HTML; a header cannot be broken out of.

Source: RFC 5322 (format), RFC 2046 section 5.1.4 (alternatives), RFC 3834 (Auto-Submitted).
"""

from __future__ import annotations

from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final
from uuid import UUID

from rustok.core.security.identifiers import InvalidEmail, parse_email
from rustok.platform.mail.model.rendering import Rendered, one_line

# Bodies in 7 bits pass every relay; addresses beyond ASCII need one that offers SMTPUTF8.
_POLICY: Final = policy.SMTP.clone(cte_type="7bit")
_UTF8_POLICY: Final = policy.SMTPUTF8.clone(cte_type="7bit")


def message_id(mail_id: UUID, sender: str) -> str:
    """The same for all attempts at one mail, so that receivers know a repetition."""
    return f"<{mail_id}@{sender.rpartition('@')[2]}>"


def build(
    rendered: Rendered,
    *,
    mail_id: UUID,
    sender: str,
    store: str,
    recipient: str,
    reply_to: str | None,
    created_at: datetime,
) -> EmailMessage:
    """The message of a mail.

    Args:
        store: shown as the sender's name.
        reply_to: where answers go; what is no address is left out.
    """
    message = EmailMessage(policy=_POLICY if recipient.isascii() else _UTF8_POLICY)
    message["From"] = Address(display_name=one_line(store, limit=100), addr_spec=sender)
    # Checked when it was queued; Address itself knows no letters beyond ASCII.
    message["To"] = recipient
    if reply_to:
        try:
            parse_email(reply_to, pointer="mail_reply_to")
            message["Reply-To"] = Address(addr_spec=reply_to)
        except (InvalidEmail, ValueError):
            pass  # a tenant's mistyped setting must not stop its mail
    message["Subject"] = one_line(rendered.subject)
    message["Date"] = format_datetime(created_at)
    message["Message-ID"] = message_id(mail_id, sender)
    message["Content-Language"] = rendered.language
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(rendered.text)
    message.add_alternative(rendered.html, subtype="html")
    return message
