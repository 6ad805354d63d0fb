"""Cookies of the pages: read leniently, written strictly.

Over https their names begin with `__Host-`, so that no other host or path can plant one.
Refuses: values that need quoting, and over https cookies without the prefix.
"""

from __future__ import annotations

import re
from typing import Final

CART: Final = "rustok_cart"
VISIT: Final = "rustok_visit"
LOCALE: Final = "rustok_locale"
CURRENCY: Final = "rustok_currency"

HOST_PREFIX: Final = "__Host-"
_VALUE: Final = re.compile(r"[A-Za-z0-9_.:~-]{1,200}")


def read_cookies(header: str | None, *, secure: bool = False) -> dict[str, str]:
    """Name -> value of the well-formed cookies in a Cookie header; of equal names the first.

    Args:
        secure: take only those that begin with `__Host-`; the names are given without it.
    """
    found: dict[str, str] = {}
    for part in (header or "")[:8_192].split(";"):
        name, equals, value = part.strip().partition("=")
        if secure:
            if not name.startswith(HOST_PREFIX):
                continue
            name = name.removeprefix(HOST_PREFIX)
        if equals and _VALUE.fullmatch(value):
            found.setdefault(name, value)
    return found


def set_cookie(name: str, value: str, *, secure: bool, max_age_seconds: int | None = None) -> str:
    """A Set-Cookie value for the whole site, out of reach of scripts and of other sites.

    Args:
        max_age_seconds: None ends with the browser session, 0 deletes the cookie.

    Raises:
        ValueError: the value has characters a cookie cannot hold as they are.

    Source: RFC 6265 section 4.1; RFC 6265bis section 4.1.3.2 (`__Host-`).
    """
    if value and not _VALUE.fullmatch(value):
        raise ValueError(f"cookie {name} cannot hold this value")
    age = "" if max_age_seconds is None else f"; Max-Age={max_age_seconds}"
    marks = f"Path=/{age}; HttpOnly; SameSite=Lax"
    return f"{HOST_PREFIX}{name}={value}; {marks}; Secure" if secure else f"{name}={value}; {marks}"
