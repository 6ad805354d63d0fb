"""Answers of the pages with the headers every page needs.

Refuses inline styles, and scripts and style sheets without the nonce of the very answer (CSP 3).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from rustok.server.message import Answer

NONCE_MARK: Final = f"nonce-{secrets.token_hex(16)}"
"""What templates write for the nonce. Random, so that no text of a user can be taken for it."""
_POLICY: Final = (
    "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; "
    "img-src 'self' https: data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_NO_DOCUMENT: Final = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
# `same-origin`, not `no-referrer`: with the latter browsers send forms with `Origin: null`; and an
# order's address holds its token, which no other site may see.
PAGE_HEADERS: Final = {
    "content-security-policy": _NO_DOCUMENT,
    "referrer-policy": "same-origin",
}


def html(
    body: str, *, status: int = 200, cookies: Sequence[str] = (), cache: str = "private, no-cache"
) -> Answer:
    """A page, with a nonce of its own for its scripts and style sheets."""
    nonce = secrets.token_urlsafe(16)
    return Answer(
        status=status,
        body=body.replace(NONCE_MARK, nonce).encode(),
        headers={
            "content-type": "text/html; charset=utf-8",
            "cache-control": cache,
            **PAGE_HEADERS,
            "content-security-policy": _POLICY.format(nonce=nonce),
        },
        cookies=list(cookies),
    )


def text(
    body: str, content_type: str, *, shows: tuple[str, ...], max_age_seconds: int = 300
) -> Answer:
    """A feed, a site map: the same for everybody; `shows` as in `Answer`."""
    return Answer(
        status=200,
        shows=shows,
        body=body.encode(),
        headers={
            "content-type": f"{content_type}; charset=utf-8",
            "cache-control": f"public, max-age={max_age_seconds}",
            # The tenant may have been named by header: a shared cache must not mix them up.
            "vary": "X-Tenant, Accept-Language, Accept-Encoding, Cookie",
            **PAGE_HEADERS,
        },
    )


def see_other(location: str, *, cookies: Sequence[str] = ()) -> Answer:
    """Go on with a GET of `location`, a path of this site (RFC 9110 section 15.4.4)."""
    safe = quote(location, safe="/?=&%#-._~:;,+@!$'()*")
    return Answer(
        status=303,
        headers={"location": safe, "cache-control": "no-store", **PAGE_HEADERS},
        cookies=list(cookies),
    )
