"""What the running server does with requests that are too slow, too large, too deep or no requests at all.

Sent over sockets, byte by byte where that is the attack. Source: OWASP API4:2023; CAPEC-469
(slowloris); PortSwigger's and RFC 9112 section 11 list of request smuggling.
"""

from __future__ import annotations

import contextlib
import gzip
import socket
import time
from typing import Final

import pytest

from tests.security.live import Live

PRODUCTS: Final = "/api/v1/storefront/products"
CARTS: Final = "/api/v1/storefront/carts"
DOMAINS: Final = "/api/v1/admin/tenant/domains"
LOGIN: Final = "/api/v1/auth/login"


def _head(live: Live, path: str, *lines: str, method: str = "POST") -> bytes:
    fixed = ("Host: localhost", f"X-Tenant: {live.a.profile.slug}")
    return "\r\n".join((f"{method} {path} HTTP/1.1", *fixed, *lines, "", "")).encode()


def test_a_head_that_never_ends_is_hung_up_on(live: Live) -> None:
    begun = time.monotonic()
    status = live.raw_status(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: b", wait_seconds=8)
    assert status in (0, 408)
    assert time.monotonic() - begun < 6


def test_a_head_that_drips_is_hung_up_on(live: Live) -> None:
    drips = [b"GET / HTTP/1.1\r\n"] + [f"X-{number}: y\r\n".encode() for number in range(12)]
    begun = time.monotonic()
    assert live.raw_status(*drips, pause_seconds=0.25) in (0, 408)
    assert time.monotonic() - begun < 12


def test_a_body_that_stops_coming_is_answered_408(live: Live) -> None:
    begun = time.monotonic()
    head = _head(live, LOGIN, "Content-Type: application/json", "Content-Length: 100")
    assert live.raw_status(head + b'{"email":') == 408
    assert time.monotonic() - begun < 5


def test_a_body_that_drips_is_answered_408(live: Live) -> None:
    head = _head(live, LOGIN, "Content-Type: application/json", "Content-Length: 5000")
    begun = time.monotonic()
    assert live.raw_status(head, *[b"1"] * 8, pause_seconds=0.25) == 408
    assert time.monotonic() - begun < 8


def test_a_chunked_body_that_drips_is_answered_408(live: Live) -> None:
    head = _head(live, LOGIN, "Content-Type: application/json", "Transfer-Encoding: chunked")
    assert live.raw_status(head, *[b"1\r\n1\r\n"] * 8, pause_seconds=0.25) == 408


def test_a_hundred_slow_senders_do_not_keep_anybody_else_waiting(live: Live) -> None:
    """More than the tenant's places: a slow body must not hold one."""
    head = _head(live, LOGIN, "Content-Type: application/json", "Content-Length: 100")
    with contextlib.ExitStack() as open_lines:
        for _ in range(100):
            line = socket.create_connection(("127.0.0.1", live.port), timeout=5)
            open_lines.enter_context(line)
            line.sendall(head + b"{")
        begun = time.monotonic()
        with live.client() as client:
            assert client.post(CARTS, json={}).status_code == 201
        assert time.monotonic() - begun < 0.9, "it waited until the slow ones were given up"


def test_a_body_announced_too_large_is_refused_before_it_is_sent(live: Live) -> None:
    head = _head(live, LOGIN, "Content-Type: application/json", "Content-Length: 999999999999")
    assert live.raw_status(head) == 413


def test_a_body_that_grows_too_large_without_announcing_is_cut_off(live: Live) -> None:
    head = _head(live, LOGIN, "Content-Type: application/json", "Transfer-Encoding: chunked")
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    assert live.raw_status(head, *[chunk] * 64) in (0, 413)


def test_a_form_larger_than_a_form_can_be_is_refused(live: Live) -> None:
    with live.client() as client:
        assert client.post("/cart/lines", data={"a": "x" * 40_000}).status_code == 413


def test_an_upload_larger_than_its_limit_is_refused(live: Live) -> None:
    with live.admin() as client:
        sent = client.post("/api/v1/admin/media", content=b"\x89PNG" + b"x" * (11 * 1024 * 1024))
    assert sent.status_code == 413


@pytest.mark.parametrize("depth", [65, 1_000, 100_000])
def test_a_deeply_nested_body_is_refused(live: Live, depth: int) -> None:
    with live.client() as client:
        for body in (b"[" * depth + b"]" * depth, b'{"a":' * depth + b"1" + b"}" * depth):
            answer = client.post(LOGIN, content=body, headers={"Content-Type": "application/json"})
            assert answer.status_code == 400, answer.text
            assert answer.json()["code"] == "malformed_json"


def test_an_unclosed_deeply_nested_body_is_refused(live: Live) -> None:
    with live.client() as client:
        answer = client.post(
            LOGIN, content=b'{"a":[' * 200_000, headers={"Content-Type": "application/json"}
        )
    assert answer.status_code == 400


def test_a_body_of_very_many_values_is_refused(live: Live) -> None:
    with live.admin() as client:
        answer = client.post(
            DOMAINS,
            content=b'{"host":[' + b"1," * 200_000 + b"1]}",
            headers={"Content-Type": "application/json"},
        )
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00",
        b"\xff\xfe{\x00}\x00",
        b"\xef\xbb\xbf{}",
        b'{"host":"\xff"}',
        b'{"host":"\xed\xa0\x80"}',
        b'{"host":"\\ud800"}',
        b'{"host":"\\u0000"}',
        b'{"host":"a\x00b"}',
        b'{"host":NaN}',
        b'{"host":1e999}',
        b'{"host":' + b"9" * 5_000 + b"}",
        b'{"host":"a.example","host":"b.example"',
        b'{"host":"a.example"} {"host":"b.example"}',
        b"{'host':'a.example'}",
        b'{"__proto__":{"x":1}}',
        b'{"constructor":{"prototype":{}}}',
        b"null",
        b"[]",
        b'"text"',
        b"1",
    ],
)
def test_what_is_no_json_of_the_right_shape_is_a_400(live: Live, body: bytes) -> None:
    with live.admin() as client:
        answer = client.post(DOMAINS, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] in ("malformed_json", "invalid_input", "invalid_host")


def test_a_compressed_body_is_not_unpacked(live: Live) -> None:
    """A decompression bomb needs somebody who decompresses."""
    bomb = gzip.compress(b"[" * 50_000_000)
    with live.admin() as client:
        for encoding in ("gzip", "deflate", "br"):
            answer = client.post(
                DOMAINS,
                content=bomb,
                headers={"Content-Type": "application/json", "Content-Encoding": encoding},
            )
            assert answer.status_code in (400, 415), encoding


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/html",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/x-python-pickle",
        "application/yaml",
        "image/png",
    ],
)
def test_a_body_of_another_type_is_not_guessed_at(live: Live, content_type: str) -> None:
    with live.admin() as client:
        answer = client.post(
            DOMAINS, content=b'{"host":"x.example"}', headers={"Content-Type": content_type}
        )
    assert answer.status_code == 415, answer.text


def test_too_many_headers_are_refused(live: Live) -> None:
    lines = [f"X-{number}: y" for number in range(500)]
    assert live.raw_status(_head(live, PRODUCTS, *lines, method="GET")) in (0, 400, 431)


def test_a_huge_header_is_refused(live: Live) -> None:
    assert live.raw_status(_head(live, PRODUCTS, "X: " + "y" * 200_000, method="GET")) in (0, 431)


def test_a_long_address_is_refused(live: Live) -> None:
    with live.client() as client:
        answer = client.get(PRODUCTS + "?q=" + "a" * 9_000)
    assert (answer.status_code, answer.json()["code"]) == (414, "address_too_long")
    assert live.raw_status(_head(live, "/" + "a" * 100_000, method="GET")) in (0, 414, 431)


@pytest.mark.parametrize(
    "etag", ["\xb2", '"\xb3"', "1\xb9", '"1', '1"', '"-1"', '"1e3"', "W/1", '""', '"1", "2"']
)
def test_an_etag_that_is_none_is_a_400(live: Live, etag: str) -> None:
    with live.admin() as client:
        answer = client.patch(
            "/api/v1/admin/tenant",
            json={"name": "Test"},
            headers=[(b"If-Match", etag.encode("latin-1"))],
        )
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input"), answer.text


def test_the_document_says_that_an_address_can_be_too_long(live: Live) -> None:
    with live.client() as client:
        paths = client.get("/openapi.json").json()["paths"]
    silent = [
        operation["operationId"]
        for path in paths.values()
        for operation in path.values()
        if any(one.get("in") in ("path", "query") for one in operation.get("parameters", ()))
        and "414" not in operation["responses"]
    ]
    assert silent == []


def test_too_many_parameters_are_refused(live: Live) -> None:
    with live.client() as client:
        assert client.get(PRODUCTS + "?" + "&".join(["tag=a"] * 201)).status_code == 400


@pytest.mark.parametrize("query", ["limit=1&limit=2", "q=%ff", "q=%00", "unknown=1", "limit[]=1"])
def test_a_query_that_could_be_read_in_two_ways_is_refused(live: Live, query: str) -> None:
    with live.client() as client:
        assert client.get(f"{PRODUCTS}?{query}").status_code == 400


@pytest.mark.parametrize(
    "name",
    ["Authorization", "Content-Type", "X-Tenant", "X-Api-Key", "Idempotency-Key", "If-Match"],
)
def test_a_header_that_decides_something_may_not_come_twice(live: Live, name: str) -> None:
    lines = [f"{name}: one", f"{name}: two", "Content-Length: 2"]
    answer = live.raw(_head(live, CARTS, *lines) + b"{}")
    assert answer.startswith(b"HTTP/1.1 400"), answer[:200]
    assert name.lower().encode() in answer


def test_two_hosts_are_refused(live: Live) -> None:
    answer = live.raw_status(
        f"GET {PRODUCTS} HTTP/1.1\r\nHost: {live.a.host}\r\nHost: {live.b.host}\r\n\r\n".encode()
    )
    assert answer == 400


_SECOND: Final = b"GET /api/v1/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: 4", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
        ("Transfer-Encoding: xchunked",),
        ("Transfer-Encoding : chunked",),
        ("Transfer-Encoding: chunked, identity",),
        ("Content-Length: 4", "Content-Length: 5"),
        ("Content-Length: 4, 5",),
        ("Content-Length: +4",),
        ("Content-Length: -4",),
        ("Content-Length: 0x4",),
        ("Content-Length: 4\n X: y",),
        ("Content Length: 4",),
        (" Content-Length: 4",),
        ("X: a\x00b",),
        ("X\rY: z",),
    ],
)
def test_a_request_that_two_servers_could_read_differently_carries_no_second_one(
    live: Live, lines: tuple[str, ...]
) -> None:
    """Request smuggling: refused, or at least nothing behind it is answered as a request of its own."""
    before = live.log().count("smuggled")
    answer = live.raw(_head(live, CARTS, *lines) + b"0\r\n\r\n" + _SECOND, wait_seconds=3)
    assert live.log().count("smuggled") == before
    assert answer.count(b"HTTP/1.1") <= 1
    assert not answer.startswith((b"HTTP/1.1 2", b"HTTP/1.1 5")), answer[:200]


@pytest.mark.parametrize(
    "line",
    [
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET  /  HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00" * 512,
        b"GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET \xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00" * 64,
    ],
)
def test_noise_is_no_request(live: Live, line: bytes) -> None:
    assert live.raw_status(line, wait_seconds=3) in (0, 400, 404, 408, 505)


@pytest.mark.parametrize(
    "method", ["TRACE", "TRACK", "CONNECT", "PROPFIND", "DEBUG", "get", "GETT", "PURGE", "MOVE"]
)
def test_methods_nobody_declared_are_refused(live: Live, method: str) -> None:
    for path in (PRODUCTS, "/", "/docs", "/api/v1/admin/tenant"):
        status = live.raw_status(_head(live, path, method=method), wait_seconds=3)
        assert status in (0, 400, 404, 405, 501), (path, status)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/storefront/../admin/tenant",
        "/api/v1/storefront/%2e%2e/admin/tenant",
        "/api/v1/storefront/..%2fadmin/tenant",
        "/api/v1/storefront/..;/admin/tenant",
        "//api/v1/admin/tenant",
        "/api//v1/admin/tenant",
        "/API/V1/ADMIN/TENANT",
        "/api/v1/admin/tenant/",
        "/api/v1/admin/tenant/.",
        "/api/v1/admin/tenant%00",
        "/api/v1/admin/tenant%20",
        "/api/v1/admin/tenant.json",
        "/api/v1/admin/tenant;x=1",
        "/api/v1/admin\\tenant",
        "/api/v1/admin%2ftenant",
        "/api/v1/admin/tenant?/api/v1/storefront/products",
        "/health/../api/v1/admin/tenant",
        "/docs/../api/v1/admin/tenant",
    ],
)
def test_another_spelling_of_a_path_does_not_open_what_the_path_does_not(
    live: Live, path: str
) -> None:
    answer = live.raw(_head(live, path, method="GET"), wait_seconds=3)
    assert answer[9:12] in (b"400", b"401", b"403", b"404"), answer[:200]
    assert live.a.marker.encode() not in answer


@pytest.mark.parametrize(
    "path",
    [
        "/static/../../../pyproject.toml",
        "/static/..%2f..%2f..%2fpyproject.toml",
        "/static/%252e%252e/%252e%252e/etc/passwd",
        "/static//etc/passwd",
        "/static/....//....//etc/passwd",
        "/static/..\\..\\windows\\win.ini",
        "/demo/../../../../etc/passwd",
        "/demo/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/demo/shop/../../../main.py",
        "/problems/../../../etc/passwd",
        "/products/../../../etc/passwd",
        "/pages/..%2f..%2f..%2fetc%2fpasswd",
        "/api/v1/storefront/media/..%2f..%2f..%2fetc%2fpasswd",
        "/api/v1/storefront/media/%2e%2e%2f%2e%2e%2fetc%2fpasswd%00.png",
        "/.git/config",
        "/.env",
        "/rustok.toml",
        "/var/rustok.sqlite3",
    ],
)
def test_no_path_leads_to_a_file_of_the_machine(live: Live, path: str) -> None:
    """Source: OWASP WSTG-ATHZ-01, and the list of fuzzdb's traversal payloads in short."""
    answer = live.raw(_head(live, path, method="GET"), wait_seconds=3)
    assert answer[9:12] in (b"400", b"404"), answer[:200]
    for content in (b"root:", b"[build-system]", b"[core]", b"import ", b"SQLite format"):
        assert content not in answer
