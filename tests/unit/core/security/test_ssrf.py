"""What the guard lets out, and above all what it does not."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Sequence

import pytest

from rustok.core.security.ssrf import (
    MAX_URL_LENGTH,
    AddressRefused,
    HostUnresolved,
    Lookup,
    OutboundPolicy,
    UnsafeUrl,
    parse_url,
    refusal_of,
    resolve,
)

STRICT = OutboundPolicy()
WITH_HTTP = OutboundPolicy(allow_http=True)
PUBLIC = "93.184.215.14"


class Answers:
    """A resolver that gives the next of its answers each time."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self._answers.pop(0)


def rule_of(url: str, policy: OutboundPolicy = STRICT) -> str:
    with pytest.raises(UnsafeUrl) as refused:
        parse_url(url, policy)
    assert refused.value.status == 400
    return refused.value.rule


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://hooks.example.com/in", "https://hooks.example.com/in"),
        ("HTTPS://Hooks.Example.COM", "https://hooks.example.com/"),
        ("https://hooks.example.com:443/a?b=c", "https://hooks.example.com/a?b=c"),
        ("https://hooks.example.com:8443/", "https://hooks.example.com:8443/"),
        ("https://hooks.example.com./", "https://hooks.example.com/"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://hooks.example.com?x=1", "https://hooks.example.com/?x=1"),
        (f"https://{PUBLIC}/", f"https://{PUBLIC}/"),
        ("https://[2606:2800:21f:cb07::1]/", "https://[2606:2800:21f:cb07::1]/"),
    ],
)
def test_a_public_url_is_taken_in_its_normal_form(url: str, normal: str) -> None:
    assert parse_url(url, STRICT).url == normal


def test_host_and_port_make_the_host_header() -> None:
    assert parse_url("https://a.example:8443/x", STRICT).authority == "a.example:8443"
    assert parse_url("https://[2606::1]:8443/x", STRICT).authority == "[2606::1]:8443"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "javascript://example.com/",
        "unix://example.com/",
    ],
)
def test_another_scheme_is_refused(url: str) -> None:
    assert rule_of(url) == "scheme"


def test_plain_http_needs_the_operators_leave() -> None:
    assert rule_of("http://example.com/") == "https"
    assert parse_url("http://example.com/", WITH_HTTP).port == 80


@pytest.mark.parametrize(
    "url",
    [
        "https://user@example.com/",
        "https://user:pass@example.com/",
        "https://example.com@127.0.0.1/",
        "https://@example.com/",
    ],
)
def test_user_and_password_are_refused(url: str) -> None:
    assert rule_of(url) == "userinfo"


@pytest.mark.parametrize("port", [0, 1, 22, 25, 53, 110, 143, 389, 445, 1023, 65536, 99999])
def test_a_port_of_other_services_is_refused(port: int) -> None:
    assert rule_of(f"https://example.com:{port}/") == "port"


@pytest.mark.parametrize("port", ["", "abc", "80 ", "-1", "８０", "+80"])
def test_a_malformed_port_is_refused(port: str) -> None:
    assert rule_of(f"https://example.com:{port}/") in {"port", "characters"}


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "127.0.1",
        "0",
        "1.2.3.4.5",
        "256.1.1.1",
        "01.2.3.4",
        "1.2.3.0x4",
        "0300.0250.0.1",
    ],
)
def test_an_address_in_a_spelling_of_its_own_is_refused(host: str) -> None:
    assert rule_of(f"https://{host}/") == "host"


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "db",
        "kubernetes.default.svc.cluster.local",
        "metadata.google.internal",
        "a.localhost",
        "printer.home.arpa",
        "x.localdomain",
        "",
        "-a.example",
        "a..example",
        "exa_mple.com",
        "[::1",
        "::1]",
        "[fe80::1%25eth0]",
        "[127.0.0.1]",
        "[::ffff:7f00:1%1]",
        "example.com:80:80",
    ],
)
def test_a_name_that_is_not_public_or_no_name_is_refused(host: str) -> None:
    assert rule_of(f"https://{host}/") in {"host", "port", "characters"}


FORBIDDEN = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:a9fe:a9fe::1",
    "3fff::1",
    "4000::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", FORBIDDEN)
def test_an_address_that_is_not_of_the_public_internet_is_refused(address: str) -> None:
    assert refusal_of(ipaddress.ip_address(address)) is not None
    host = f"[{address}]" if ":" in address else address
    assert rule_of(f"https://{host}/") == "address"


@pytest.mark.parametrize("address", FORBIDDEN)
async def test_a_name_that_leads_to_such_an_address_is_refused(address: str) -> None:
    target = parse_url("https://hooks.example.com/", STRICT)
    with pytest.raises(AddressRefused):
        await resolve(target, STRICT, lookup=Answers([address]))


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "100.63.255.255", "172.32.0.1", PUBLIC, "2606::1", "2a00::1"]
)
def test_a_public_address_is_not_refused(address: str) -> None:
    assert refusal_of(ipaddress.ip_address(address)) is None


def test_every_address_that_python_calls_private_is_refused_too() -> None:
    for text in [*FORBIDDEN, "192.0.0.9", "5f00::1", "2001:2::1", "64:ff9b:1::"]:
        address = ipaddress.ip_address(text)
        if address.is_private or address.is_reserved or address.is_multicast:
            assert refusal_of(address) is not None


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("https://example.com/#part", "fragment"),
        ("https://example.com/a b", "characters"),
        ("https://example.com/a\tb", "characters"),
        ("https://exa\nmple.com/", "characters"),
        ("https://example.com\\@127.0.0.1/", "characters"),
        (" https://example.com/", "characters"),
        ("https://example.com/\x00", "characters"),
        ("https://example.com/ü", "characters"),
        ("https:/example.com/", "url"),
        ("//example.com/", "url"),
        ("example.com", "url"),
        ("", "length"),
        ("https://example.com/" + "a" * MAX_URL_LENGTH, "length"),
    ],
)
def test_a_malformed_url_is_refused_with_its_rule(url: str, rule: str) -> None:
    assert rule_of(url) == rule


async def test_a_host_is_resolved_once_and_what_was_judged_is_pinned() -> None:
    rebinding = Answers([PUBLIC], ["127.0.0.1"])
    target = parse_url("https://hooks.example.com:8443/in", STRICT)
    pinned = await resolve(target, STRICT, lookup=rebinding)
    assert pinned.addresses == (PUBLIC,)
    assert rebinding.asked == [("hooks.example.com", 8443)]


async def test_one_forbidden_address_among_public_ones_refuses_all() -> None:
    target = parse_url("https://hooks.example.com/", STRICT)
    with pytest.raises(AddressRefused, match="loopback"):
        await resolve(target, STRICT, lookup=Answers([PUBLIC, "127.0.0.1"]))


async def test_a_scoped_address_is_refused() -> None:
    target = parse_url("https://hooks.example.com/", STRICT)
    with pytest.raises(AddressRefused):
        await resolve(target, STRICT, lookup=Answers(["fe80::1%eth0"]))


async def test_what_is_no_address_is_refused() -> None:
    target = parse_url("https://hooks.example.com/", STRICT)
    with pytest.raises(AddressRefused):
        await resolve(target, STRICT, lookup=Answers(["elsewhere.example"]))


async def test_an_address_is_not_looked_up() -> None:
    nobody = Answers()
    pinned = await resolve(parse_url(f"https://{PUBLIC}/", STRICT), STRICT, lookup=nobody)
    assert pinned.addresses == (PUBLIC,)
    assert nobody.asked == []


async def _fails(_host: str, _port: int) -> Sequence[str]:
    raise OSError("no such name")


async def _hangs(_host: str, _port: int) -> Sequence[str]:
    await asyncio.sleep(30)
    return []


@pytest.mark.parametrize("lookup", [_fails, _hangs, Answers([])])
async def test_a_host_without_an_address_in_time_is_unresolved(lookup: Lookup) -> None:
    target = parse_url("https://hooks.example.com/", STRICT)
    with pytest.raises(HostUnresolved):
        await resolve(target, STRICT, lookup=lookup, timeout_seconds=0.05)


async def test_a_closed_network_may_allow_private_addresses() -> None:
    closed = OutboundPolicy(allow_http=True, allow_private=True)
    target = parse_url("http://receiver:81/in", closed)
    assert (await resolve(target, closed, lookup=Answers(["10.0.0.7"]))).addresses == ("10.0.0.7",)
    assert parse_url("http://127.0.0.1:81/", closed).host == "127.0.0.1"


async def test_the_resolver_of_the_system_knows_this_machine() -> None:
    closed = OutboundPolicy(allow_http=True, allow_private=True)
    pinned = await resolve(parse_url("http://localhost:8080/", closed), closed)
    assert set(pinned.addresses) <= {"127.0.0.1", "::1"}
