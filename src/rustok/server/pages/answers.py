"""Answers of the pages with the headers every page needs; refuses inline styles and scripts (CSP)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from rustok.server.message import Answer

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' https: data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# `same-origin`, not `no-referrer`: with the latter browsers send forms with `Origin: null`; and an
# order's address holds its token, which no other site may see.
PAGE_HEADERS: Final = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
}


def html(
    body: str, *, status: int = 200, cookies: Sequence[str] = (), cache: str = "private, no-cache"
) -> Answer:
    """A page."""
    return Answer(
        status=status,
        body=body.encode(),
        headers={
            "content-type": "text/html; charset=utf-8",
            "cache-control": cache,
            **PAGE_HEADERS,
        },
        cookies=list(cookies),
    )


def text(body: str, content_type: str, *, max_age_seconds: int = 300) -> Answer:
    """A feed, a site map: the same for everybody."""
    return Answer(
        status=200,
        body=body.encode(),
        headers={
            "content-type": f"{content_type}; charset=utf-8",
            "cache-control": f"public, max-age={max_age_seconds}",
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
