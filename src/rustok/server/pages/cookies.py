"""Cookies of the pages: read leniently, written strictly; refuses values that need quoting."""

from __future__ import annotations

import re
from typing import Final

CART: Final = "rustok_cart"
VISIT: Final = "rustok_visit"
LOCALE: Final = "rustok_locale"
CURRENCY: Final = "rustok_currency"

_VALUE: Final = re.compile(r"[A-Za-z0-9_.:~-]{1,200}")


def read_cookies(header: str | None) -> dict[str, str]:
    """Name -> value of the well-formed cookies in a Cookie header; of equal names the first."""
    found: dict[str, str] = {}
    for part in (header or "")[:8_192].split(";"):
        name, equals, value = part.strip().partition("=")
        if equals and _VALUE.fullmatch(value):
            found.setdefault(name, value)
    return found


def set_cookie(name: str, value: str, *, secure: bool, max_age_seconds: int | None = None) -> str:
    """A Set-Cookie value for the whole site, out of reach of scripts and of other sites.

    Args:
        max_age_seconds: None ends with the browser session, 0 deletes the cookie.

    Raises:
        ValueError: the value has characters a cookie cannot hold as they are.

    Source: RFC 6265 section 4.1.
    """
    if value and not _VALUE.fullmatch(value):
        raise ValueError(f"cookie {name} cannot hold this value")
    age = "" if max_age_seconds is None else f"; Max-Age={max_age_seconds}"
    return f"{name}={value}; Path=/{age}; HttpOnly; SameSite=Lax{'; Secure' if secure else ''}"
