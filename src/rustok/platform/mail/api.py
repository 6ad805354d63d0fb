"""What others may call of mail: define a template, queue a mail, look at it, ask for it again.

WELCOME = register_template(Template("feature.welcome", {"en": MailText(...), "de": ...}))
await queue(tx, parts.sealer, WELCOME, to=email, values={"link": link}, locale="de")
"""

from rustok.platform.mail.errors import MailNotFound
from rustok.platform.mail.model.mail import Answer, Attempt, Mail, MailState, QueuedMail
from rustok.platform.mail.model.rendering import Rendered, render, store_name
from rustok.platform.mail.model.templates import (
    Button,
    Heading,
    MailContent,
    MailText,
    Paragraph,
    Rows,
    Template,
    templates,
)
from rustok.platform.mail.model.templates import (
    register as register_template,
)
from rustok.platform.mail.repository.caused import CausedMail
from rustok.platform.mail.service.caused import list_caused
from rustok.platform.mail.service.composing import composed
from rustok.platform.mail.service.leaving import check_route
from rustok.platform.mail.service.mails import get, list_mails, queue, queue_reference, retry
from rustok.platform.mail.service.testing import send_test

__all__ = [
    "Answer",
    "Attempt",
    "Button",
    "CausedMail",
    "Heading",
    "Mail",
    "MailContent",
    "MailNotFound",
    "MailState",
    "MailText",
    "Paragraph",
    "QueuedMail",
    "Rendered",
    "Rows",
    "Template",
    "check_route",
    "composed",
    "get",
    "list_caused",
    "list_mails",
    "queue",
    "queue_reference",
    "register_template",
    "render",
    "retry",
    "send_test",
    "store_name",
    "templates",
]
