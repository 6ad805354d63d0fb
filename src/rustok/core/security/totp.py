"""Time-based one-time codes (RFC 6238): six digits, thirty seconds, SHA-1, as every authenticator app has them.

Refuses: deciding whether a step was used before; it tells which step a code is of, and the caller
takes each step once.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

import pyotp

from rustok.core.security.tokens import constant_time_equal

STEP_SECONDS: Final = 30
WINDOW_STEPS: Final = 1
"""How many steps before and after the present one count: clocks of phones differ."""

_CODE: Final = re.compile(r"[0-9]{6}")


def new_totp_secret() -> str:
    """160 random bits in base32, as RFC 4226 section 4 recommends."""
    return pyotp.random_base32(32)


def totp_uri(secret: str, *, account: str, issuer: str) -> str:
    """The `otpauth:` address an authenticator app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def totp_at(secret: str, moment: datetime) -> str:
    """The code of `moment`."""
    return pyotp.TOTP(secret).generate_otp(_step(moment))


def matching_step(secret: str, code: str, *, now: datetime) -> int | None:
    """The step whose code this is, within the window; None for a wrong code.

    All steps of the window are compared, in constant time each.
    """
    if _CODE.fullmatch(code) is None:
        return None
    totp, present = pyotp.TOTP(secret), _step(now)
    found: int | None = None
    for step in range(present - WINDOW_STEPS, present + WINDOW_STEPS + 1):
        if step >= 0 and constant_time_equal(totp.generate_otp(step), code):
            found = step
    return found


def _step(moment: datetime) -> int:
    return int(moment.timestamp()) // STEP_SECONDS
