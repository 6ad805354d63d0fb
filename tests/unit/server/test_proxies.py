"""Forwarded addresses are believed from the operator's own proxies and from nobody else."""

from __future__ import annotations

import pytest

from rustok.server.message import Request
from rustok.server.proxies import TrustedProxies


def request(peer: str, **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]

    async def receive() -> dict[str, object]:
        return {}

    scope = {"method": "GET", "path": "/", "headers": raw, "client": (peer, 1)}
    return Request(scope, receive)


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("192.0.2.7", "203.0.113.9", "192.0.2.7"),
        ("", "203.0.113.9", ""),
    ],
)
def test_the_client_is_the_last_address_no_trusted_proxy_has(
    peer: str, forwarded: str, client: str
) -> None:
    seen = request(peer, x_forwarded_for=forwarded, x_forwarded_proto="https")
    TrustedProxies(["10.0.0.0/8"]).apply(seen)
    assert seen.client == client
    assert seen.scheme == ("https" if peer == "10.0.0.1" else "http")


def test_without_trusted_proxies_nothing_forwarded_is_believed() -> None:
    seen = request("10.0.0.1", x_forwarded_for="203.0.113.9", x_forwarded_proto="https")
    TrustedProxies([]).apply(seen)
    assert (seen.client, seen.scheme) == ("10.0.0.1", "http")
