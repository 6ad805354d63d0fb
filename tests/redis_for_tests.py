"""Where tests find Redis or Valkey, and what they do without it."""

from __future__ import annotations

import os
import socket
from urllib.parse import urlsplit

import pytest

REDIS_URL = os.environ.get("RUSTOK_TEST_REDIS_URL", "redis://127.0.0.1:6379/0")


def redis_place() -> tuple[str, int]:
    """Host and port of Redis; skips the test when nothing answers there, fails it with CI=true."""
    parts = urlsplit(REDIS_URL)
    place = (parts.hostname or "127.0.0.1", parts.port or 6379)
    try:
        with socket.create_connection(place, 1):
            return place
    except OSError:
        if os.environ.get("CI") == "true":
            pytest.fail(f"Redis does not answer at {REDIS_URL} (make services)")
        pytest.skip(f"Redis does not answer at {REDIS_URL} (make services)")
