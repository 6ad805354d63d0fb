"""Where mail leaves this deployment: the relay to hand it to, or a folder, or nowhere.

Refuses: sending (platform.mail does). It is plain data, so that tests and the command line can make one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

MailSecurity = Literal["starttls", "tls", "none"]


class MailRoute(msgspec.Struct, frozen=True, kw_only=True):
    """Attributes:
    host: the SMTP relay; None: mail is off.
    security: "starttls" refuses a relay that does not offer it; "tls" encrypts from the first byte.
    password: never in a representation.
    sender: the address mail comes from; its domain names the messages.
    folder: with no host, messages are written here as .eml files.
    connect_seconds, total_seconds: longest time to connect, and for one message.
    concurrency: messages at once in one process.
    retention_days: how long mails and their log are kept.
    """

    host: str | None = None
    port: int = 587
    security: MailSecurity = "starttls"
    user: str | None = None
    password: str | None = None
    sender: str = "no-reply@localhost"
    folder: Path | None = None
    connect_seconds: float = 5.0
    total_seconds: float = 30.0
    concurrency: int = 4
    retention_days: int = 30

    @property
    def is_off(self) -> bool:
        return self.host is None and self.folder is None

    def __repr__(self) -> str:
        return f"MailRoute(host={self.host!r}, port={self.port}, security={self.security!r})"
