"""Compresses answers worth it: brotli where the client takes it, else gzip.

An answer that is sent once is compressed quickly, one that is kept and sent again well. Quick is ISA-L at
level 0 (a list of 13 KB: 5 us and 1,956 bytes, a page of 1.8 KB: 2 us and 783; at level 1 11 us and 1,370,
7 us and 600; zlib at level 1 with a small window 25 us and 1,516, 11 us and 605).

Refuses: small bodies, types that are compressed already, and answers with an encoding.
"""

from __future__ import annotations

import gzip
from typing import Final

import brotli
from isal import isal_zlib

from rustok.server.message import Answer

SMALLEST_BYTES: Final = 1_024
LARGE_BYTES: Final = 32_768
"""From here on the bytes of an answer cost its reader more than their compression costs the server."""
_GZIP: Final = 16 + 15
"""A gzip stream (16) of the usual window."""
_TYPES: Final = (
    "application/json",
    "application/problem+json",
    "text/",
    "image/svg+xml",
    "application/xml",
)


def compress(answer: Answer, accept_encoding: str, *, is_kept: bool = True) -> None:
    """Encode the body of `answer` in place as the client's Accept-Encoding allows.

    Args:
        is_kept: it will be sent more than once.
    """
    if len(answer.body) < SMALLEST_BYTES or "content-encoding" in answer.headers:
        return
    if not answer.headers.get("content-type", "").startswith(_TYPES):
        return
    accepted = accept_encoding.lower()
    if "gzip" in accepted and not is_kept:
        level = 0 if len(answer.body) < LARGE_BYTES else 1
        answer.body = isal_zlib.compress(answer.body, level, _GZIP)
        answer.headers["content-encoding"] = "gzip"
    elif "br" in accepted:
        answer.body = brotli.compress(answer.body, quality=4 if is_kept else 1)
        answer.headers["content-encoding"] = "br"
    elif "gzip" in accepted:
        answer.body = gzip.compress(answer.body, compresslevel=5, mtime=0)
        answer.headers["content-encoding"] = "gzip"
    else:
        return
    answer.headers.setdefault("vary", "Accept-Encoding")
    etag = answer.headers.get("etag")
    if etag is not None and not etag.startswith("W/"):
        answer.headers["etag"] = f"W/{etag}"
