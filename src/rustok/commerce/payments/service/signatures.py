"""Signatures of notices: `t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`, as Stripe writes them.

Refuses: notices signed long ago, which somebody may have kept to send again.
Source: Stripe, "Verify webhook signatures manually".
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from rustok.commerce.payments.errors import NoticeNotTrusted

TOLERANCE_SECONDS: Final = 300
MAX_SIGNATURES: Final = 10
"""A header names one signature per active secret; more is somebody trying."""


def check_signature(header: str | None, body: bytes, secret: str, *, now: datetime) -> None:
    """Raises NoticeNotTrusted unless one signature fits and was made within five minutes of `now`."""
    made_at: str | None = None
    given: list[str] = []
    for part in (header or "").split(","):
        name, _, value = part.strip().partition("=")
        if name == "t":
            made_at = value
        elif name == "v1" and len(given) < MAX_SIGNATURES:
            given.append(value)
    if not secret or made_at is None or not made_at.isascii() or not made_at.isdigit():
        raise NoticeNotTrusted
    if len(made_at) > 12 or abs(int(now.timestamp()) - int(made_at)) > TOLERANCE_SECONDS:
        raise NoticeNotTrusted
    expected = signature(body, secret, made_at).encode()
    # All are compared, each in constant time: which one fits is not told by the clock.
    fits = [hmac.compare_digest(expected, one.encode()) for one in given]
    if not any(fits):
        raise NoticeNotTrusted


def signature(body: bytes, secret: str, made_at: str) -> str:
    """The hex signature of `body` made at `made_at` (Unix seconds as text)."""
    signed = made_at.encode() + b"." + body
    return hmac.new(secret.encode(), signed, sha256).hexdigest()


def signed_header(body: bytes, secret: str, *, at: datetime) -> str:
    """The header a provider would send with `body`."""
    made_at = str(int(at.astimezone(UTC).timestamp()))
    return f"t={made_at},v1={signature(body, secret, made_at)}"
