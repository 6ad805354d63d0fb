"""What can go wrong with mail."""

from __future__ import annotations

from rustok.core.errors import NotFound


class MailNotFound(NotFound):
    code = "mail_not_found"
    title = "There is no such mail"
    mend = "Check the id; mails are kept for a limited time."

    def __init__(self) -> None:
        super().__init__("The tenant has no such mail.")
