"""Decides whether the platform may connect to an address somebody else chose (webhooks, fetches).

A URL is checked when it is stored and its host again when it is used: resolved once, every address
judged, and the judged addresses are what the caller connects to, so a second answer of the DNS
(rebinding) is never asked for. Refuses: connecting, and following redirects; the caller does
neither without coming here again.
Source: IANA special-purpose address registries (RFC 6890); OWASP SSRF prevention.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

import msgspec

from rustok.core.errors import RustokError
from rustok.core.invalid_value import InvalidValue
from rustok.core.resilience.deadline import TimedOut, within
from rustok.core.security.identifiers import InvalidHost, parse_host

MAX_URL_LENGTH: Final = 2_048
MAX_ADDRESSES: Final = 16
RESOLVE_SECONDS: Final = 3.0
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_FIRST_UNPRIVILEGED_PORT: Final = 1_024
_LAST_PORT: Final = 65_535
_PRIVATE_SUFFIXES: Final = (".localhost", ".local", ".localdomain", ".internal", ".home.arpa")

_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)"
    r"(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?(?P<fragment>#.*)?"
)
_FORBIDDEN_CHARACTERS = re.compile(r"[\x00-\x20\x7f-\xa0\\\"<>^`{|}\u2028\u2029\ufeff]")
_ASCII = re.compile(r"[\x21-\x7e]*")
_PORT = re.compile(r"[0-9]{1,5}")
_DOTTED_QUAD = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")

Address = IPv4Address | IPv6Address
Lookup = Callable[[str, int], Awaitable[Sequence[str]]]
"""(host, port) -> numeric addresses in the order of preference; raises OSError."""


class UnsafeUrl(InvalidValue):
    """A URL the platform does not connect to; `rule` says which rule, the message never its path."""

    code = "unsafe_url"
    title = "The platform does not connect to this address"


class AddressRefused(RustokError):
    """The host leads to an address that is not of the public internet; nothing was sent."""

    code = "address_refused"
    title = "The host leads to a forbidden address"
    status = 422
    mend = "Let the host name resolve to public addresses only."

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(f"The host name leads to an address that is {why}.")


class HostUnresolved(RustokError):
    """The DNS knows no address of the host, or did not answer in time."""

    code = "host_unresolved"
    title = "The host has no address"
    status = 422
    mend = "Check the host name and its DNS records."

    def __init__(self) -> None:
        super().__init__("The host name has no address, or the DNS does not answer.")


class OutboundPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator allows beyond https to public addresses.

    Attributes:
        allow_http: plain http too.
        allow_private: any address, port and name; for tests and closed networks, never production.
    """

    allow_http: bool = False
    allow_private: bool = False


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A checked URL in its parts.

    Attributes:
        host: lower-case A-labels, or an IP address without brackets.
        path: path and query, as sent in the request line.
    """

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Host and port as in the Host header: brackets around IPv6, a default port left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def is_address(self) -> bool:
        return _address(self.host) is not None


class Pinned(msgspec.Struct, frozen=True, kw_only=True):
    """A target with the addresses to connect to, and no others; the preferred one first."""

    target: Target
    addresses: tuple[str, ...]


def parse_url(text: str, policy: OutboundPolicy, *, pointer: str = "/url") -> Target:
    """Check all that a URL says by itself; its host is resolved later, at each use.

    Raises:
        UnsafeUrl: too long, malformed, not http(s), with user, fragment or a low port, an address
            or name that is not public, or an address in a spelling of its own (0x7f.1, 2130706433).
    """

    def refuse(rule: str, message: str) -> UnsafeUrl:
        return UnsafeUrl(message, pointer=pointer, rule=rule)

    if not 1 <= len(text) <= MAX_URL_LENGTH:
        raise refuse("length", f"a URL has 1 to {MAX_URL_LENGTH} characters.")
    if _FORBIDDEN_CHARACTERS.search(text):
        raise refuse("characters", "write spaces and special characters percent-encoded.")
    match = _URL.fullmatch(text)
    if match is None:
        raise refuse("url", "write it as https://example.com/hook.")
    scheme = match["scheme"].lower()
    if scheme not in _DEFAULT_PORTS:
        raise refuse("scheme", "use https.")
    if scheme == "http" and not policy.allow_http:
        raise refuse("https", "use https; plain http is not allowed here.")
    if match["fragment"] is not None:
        raise refuse("fragment", "leave out the part after #; it is never sent.")
    if "@" in match["authority"]:
        raise refuse("userinfo", "leave out user and password; deliveries are signed instead.")
    path = (match["path"] or "/") + (match["query"] or "")
    if _ASCII.fullmatch(path) is None:
        raise refuse("characters", "write path and query percent-encoded.")
    name, port_text = _split_authority(match["authority"])
    port = _DEFAULT_PORTS[scheme]
    if port_text is not None:
        if _PORT.fullmatch(port_text) is None or not 1 <= int(port_text) <= _LAST_PORT:
            raise refuse("port", "a port is a number from 1 to 65535.")
        port = int(port_text)
    if port not in (80, 443) and port < _FIRST_UNPRIVILEGED_PORT and not policy.allow_private:
        raise refuse("port", "use port 443, 80, or one of 1024 to 65535.")
    host = _checked_host(name, policy, refuse)
    return Target(scheme=scheme, host=host, port=port, path=path)


def _split_authority(authority: str) -> tuple[str, str | None]:
    if authority.startswith("["):
        name, closed, rest = authority.partition("]")
        return name + closed, rest[1:] if rest.startswith(":") else (rest or None)
    name, colon, port = authority.partition(":")
    return name, port if colon else None


def _checked_host(
    name: str, policy: OutboundPolicy, refuse: Callable[[str, str], UnsafeUrl]
) -> str:
    """Raises UnsafeUrl (made by `refuse`)."""
    literal = name.startswith("[") or _DOTTED_QUAD.fullmatch(name) is not None
    if literal:
        address = None if "%" in name else _address(name.strip("[]"))
        # Only the canonical bracket pair makes IPv6, only four plain numbers make IPv4.
        if address is None or (address.version == 6) != (name[:1] == "[" and name[-1:] == "]"):
            raise refuse("host", "an address is written 203.0.113.7 or [2001:db8::7].")
        why = refusal_of(address)
        if why is not None and not policy.allow_private:
            raise refuse("address", f"the address is {why}.")
        return str(address)
    try:
        host = parse_host(name, pointer="url")
    except InvalidHost as error:
        if error.rule == "ip_address":
            raise refuse(
                "host", "an address is written with four decimal numbers, if at all."
            ) from None
        raise refuse("host", "write a host name such as hooks.example.com.") from None
    if not policy.allow_private and ("." not in host or host.endswith(_PRIVATE_SUFFIXES)):
        raise refuse("host", "use a public host name such as hooks.example.com.")
    return host


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _v4(networks: str) -> tuple[IPv4Network, ...]:
    return tuple(IPv4Network(one) for one in networks.split())


def _v6(networks: str) -> tuple[IPv6Network, ...]:
    return tuple(IPv6Network(one) for one in networks.split())


# Lists of our own: what `ipaddress.is_global` says has changed between patch releases of Python.
_REFUSED_V4: Final[dict[str, tuple[IPv4Network, ...]]] = {
    "unspecified": _v4("0.0.0.0/8"),
    "loopback": _v4("127.0.0.0/8"),
    "private": _v4("10.0.0.0/8 172.16.0.0/12 192.168.0.0/16"),
    "shared by a carrier (CGNAT)": _v4("100.64.0.0/10"),
    # Metadata services: 169.254.169.254 and its kin; 168.63.129.16 is Azure's, in public space.
    "link-local": _v4("169.254.0.0/16"),
    "a service of a cloud host": _v4("168.63.129.16/32"),
    "reserved": _v4(
        "192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 198.18.0.0/15 198.51.100.0/24 "
        "203.0.113.0/24 240.0.0.0/4"
    ),
    "multicast": _v4("224.0.0.0/4"),
}
_REFUSED_V6: Final[dict[str, tuple[IPv6Network, ...]]] = {
    "unspecified": _v6("::/128"),
    "loopback": _v6("::1/128"),
    "an IPv4 address in IPv6": _v6("::ffff:0:0/96 ::/96 ::ffff:0:0:0/96"),
    "a translated IPv4 address (NAT64)": _v6("64:ff9b::/96 64:ff9b:1::/48"),
    "a tunnelled IPv4 address (6to4, Teredo)": _v6("2002::/16 2001::/32"),
    "private": _v6("fc00::/7 fec0::/10"),  # fd00:ec2::254 is the metadata service of AWS
    "link-local": _v6("fe80::/10"),
    "multicast": _v6("ff00::/8"),
    "reserved": _v6("2001::/23 2001:db8::/32 3fff::/20 100::/64"),
}
_GLOBAL_V6: Final = IPv6Network("2000::/3")


def refusal_of(address: Address) -> str | None:
    """Why `address` is not one of the public internet, in words that follow "is"; None when it is."""
    if isinstance(address, IPv4Address):
        for why, networks in _REFUSED_V4.items():
            if any(address in network for network in networks):
                return why
        return None
    if address.scope_id is not None:
        return "link-local"
    for why, wide in _REFUSED_V6.items():
        if any(address in one for one in wide):
            return why
    return None if address in _GLOBAL_V6 else "reserved"


# Threads of its own: a DNS that hangs must not take those that hash passwords.
_resolvers: Final = ThreadPoolExecutor(max_workers=4, thread_name_prefix="resolve")


async def system_lookup(host: str, port: int) -> Sequence[str]:
    """Ask the resolver of the system. Raises OSError."""
    found = await asyncio.get_running_loop().run_in_executor(
        _resolvers, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    )
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


async def resolve(
    target: Target,
    policy: OutboundPolicy,
    *,
    lookup: Lookup = system_lookup,
    timeout_seconds: float = RESOLVE_SECONDS,
) -> Pinned:
    """Resolve the host, once, and pin what was found; one forbidden address among many refuses all.

    Raises:
        AddressRefused: an address is not public.
        HostUnresolved: no address, or no answer within `timeout_seconds`.
    """
    if target.is_address:
        found: Sequence[str] = [target.host]
    else:
        try:
            found = await within(timeout_seconds, lookup(target.host, target.port))
        except (OSError, UnicodeError, TimedOut):
            raise HostUnresolved from None
    addresses: list[str] = []
    for text in found[:MAX_ADDRESSES]:
        address = _address(text)
        if address is None:
            raise AddressRefused("not an IP address")
        why = refusal_of(address)
        if why is not None and not policy.allow_private:
            raise AddressRefused(why)
        addresses.append(str(address))
    if not addresses:
        raise HostUnresolved
    return Pinned(target=target, addresses=tuple(addresses))
