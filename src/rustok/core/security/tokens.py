"""Makes, digests and compares random tokens: API keys, refresh tokens, reset links.

Refuses: keeping one. What is stored is its digest, and two secrets are compared in constant time.
Signed access tokens are another matter (`access_tokens`).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

MIN_TOKEN_BYTES: Final = 16


def random_token(nbytes: int = 32) -> str:
    """A secret of `nbytes` random bytes as URL-safe text.

    Raises:
        ValueError: fewer than 16 bytes, which could be guessed.
    """
    if nbytes < MIN_TOKEN_BYTES:
        raise ValueError(f"a token has at least {MIN_TOKEN_BYTES} random bytes, not {nbytes}")
    return secrets.token_urlsafe(nbytes)


def token_digest(token: str) -> str:
    """SHA-256 of a random token in hex, to be stored in its place.

    No salt or stretching: the token is random, not chosen by a person. Passwords need more.
    """
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def constant_time_equal(left: str, right: str) -> bool:
    """Compare two secrets in a time that does not tell where they differ (their length it may)."""
    return hmac.compare_digest(
        left.encode("utf-8", "surrogatepass"), right.encode("utf-8", "surrogatepass")
    )


def digest_matches(token: str, digest: str) -> bool:
    """Whether `digest` is the stored digest of `token`, compared in constant time."""
    return constant_time_equal(token_digest(token), digest)
