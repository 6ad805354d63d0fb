"""Whom a forwarded address is believed from: only the networks the operator names.

Refuses: X-Forwarded-* of anybody else, and addresses that are none. The last address that is not a
trusted proxy is the client (RFC 7239 section 7.4 on spoofing).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Final

from rustok.server.message import Request, Scope

_FORWARDED: Final = b"x-forwarded-for"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class TrustedProxies:
    """Args:
    networks: addresses or networks (CIDR) of the deployment's own proxies.
    """

    def __init__(self, networks: Sequence[str]) -> None:
        self._networks: tuple[Network, ...] = tuple(ipaddress.ip_network(one) for one in networks)

    def apply(self, request: Request) -> None:
        """Set client and scheme of `request` to what its trusted proxies say; else leave them."""
        if not self._networks or not self._trusts(request.client):
            return
        request.proxied = True
        request.client = self._behind(request.client, request.headers.get("x-forwarded-for", ""))
        scheme = request.headers.get("x-forwarded-proto", "")
        if scheme in ("http", "https"):
            request.scheme = scheme

    def client_of(self, scope: Scope) -> str:
        """The client's address, before a request is made of `scope`."""
        peer = scope.get("client")
        client: str = peer[0] if peer else ""
        if not self._networks or not self._trusts(client):
            return client
        lines = [value.decode("latin-1") for name, value in scope["headers"] if name == _FORWARDED]
        return self._behind(client, ", ".join(lines))

    def _behind(self, client: str, forwarded: str) -> str:
        for part in reversed(forwarded.split(",")):
            address = part.strip()
            if not _is_address(address):
                break
            client = address
            if not self._trusts(address):
                break
        return client

    def _trusts(self, address: str) -> bool:
        if not _is_address(address):
            return False
        parsed = ipaddress.ip_address(address)
        return any(parsed in network for network in self._networks)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
