"""Identifiers: what may name a tenant, a host, a product or a person, and what may not."""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import UUID

import pytest

from rustok.core.errors import InvalidInput
from rustok.core.security.identifiers import (
    RESERVED_SLUGS,
    handle_from_title,
    parse_email,
    parse_handle,
    parse_host,
    parse_slug,
    parse_tenant_ref,
)

HOSTILE = [
    "",
    " ",
    "acme\x00",
    "acme\r\nSet-Cookie: a=b",
    "acme\n",
    "\tacme",
    "../../etc/passwd",
    "..%2f..%2fetc",
    "<script>alert(1)</script>",
    "' OR '1'='1",
    "acme'; DROP TABLE tenants; --",
    "${jndi:ldap://x}",
    "{{7*7}}",
    "ａｃｍｅ",
    "аcme",
    "ac\u200bme",
    "acme\u202e",
    "acme\ud800",
    "a" * 1_000_000,
]
Parser = Callable[..., object]


@pytest.mark.parametrize("parser", [parse_slug, parse_tenant_ref, parse_host, parse_handle])
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:30])
def test_a_hostile_name_is_refused_with_where_it_was(parser: Parser, text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parser(text, pointer="/name")
    assert refused.value.fields[0].pointer == "/name"
    assert len(refused.value.detail) < 300


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:30])
def test_a_hostile_email_is_refused(text: str) -> None:
    for address in (text, f"ada@{text}", f"ada@{text}.example"):
        with pytest.raises(InvalidInput):
            parse_email(address, pointer="/email")


@pytest.mark.parametrize(
    "local",
    [
        "",
        " ",
        "a\x00",
        "a\r\nBcc: b",
        "<b>",
        "a b",
        "a;b",
        "ａｃｍｅ",
        "аcme",
        "a\u200bb",
        "a" * 65,
    ],
)
def test_a_hostile_name_before_the_at_sign_is_refused(local: str) -> None:
    with pytest.raises(InvalidInput):
        parse_email(f"{local}@example.com", pointer="/email")


@pytest.mark.parametrize("slug", ["a", "acme", "0", "shop-2", "north-shop", "a" * 63, "a--b"])
def test_a_good_slug_is_taken_as_it_is(slug: str) -> None:
    assert parse_slug(slug, pointer="/slug") == slug


@pytest.mark.parametrize("slug", ["-a", "A", "a.b", "a_b", "a" * 64])
def test_a_malformed_slug_is_refused(slug: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_slug(slug, pointer="/slug")
    assert refused.value.code == "invalid_slug"


@pytest.mark.parametrize("slug", sorted(RESERVED_SLUGS))
def test_a_reserved_slug_is_refused(slug: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_slug(slug, pointer="/slug")
    assert refused.value.code == "reserved_slug"


def test_a_slug_in_the_shape_of_an_id_is_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_slug("017f22e2-79b0-7cc3-98c4-dc0c0c07398f", pointer="/slug")
    assert refused.value.fields[0].rule == "not_uuid"


def test_a_tenant_is_named_by_its_id_or_its_slug() -> None:
    text = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
    assert parse_tenant_ref(text) == UUID(text)
    assert parse_tenant_ref("acme") == "acme"


def test_the_nil_id_names_no_tenant() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_tenant_ref(str(UUID(int=0)))
    assert refused.value.code == "invalid_id"


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("example.com", "example.com"),
        ("Shop.EXAMPLE.com", "shop.example.com"),
        ("example.com:8080", "example.com"),
        ("example.com.", "example.com"),
        ("example.com.:443", "example.com"),
        ("localhost", "localhost"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("пример.example", "xn--e1afmkfd.example"),
        ("1.example", "1.example"),
        ("a" * 63 + ".example", "a" * 63 + ".example"),
    ],
)
def test_a_host_gets_its_one_spelling(text: str, host: str) -> None:
    assert parse_host(text) == host


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1",
        "127.0.0.1:80",
        "127.1",
        "2130706433",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "0x7f000001",
        "0x",
        "1.2.3.4.",
        "[::1]",
        "[::1]:80",
        "::1",
        "fe80::1",
        "::ffff:127.0.0.1",
    ],
)
def test_an_ip_address_in_any_spelling_is_no_host(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_host(text)
    assert refused.value.fields[0].rule == "ip_address"
    assert refused.value.code == "invalid_host"


@pytest.mark.parametrize(
    "text",
    [
        ".",
        "..",
        "a..b",
        ".a",
        "a..",
        ":80",
        "a:",
        "a:x",
        "a:99999",
        "a:+80",
        "a:８０",
        "-a.example",
        "a-.example",
        "a_b.example",
        "a" * 64 + ".example",
        ("a" * 60 + ".") * 5 + "example",
        "ü" * 60 + ".example",
        "xn--a.example",
        "xn--.example",
        "ab--cd.example",
        "exa。mple",
        "①.example",
        "１２７.0.0.1",
        "127。0。0。1",
        "pаypal.example",
        "user@example.com",
        "example.com/path",
        "example.com?x",
        "exa%6dple.com",
        "☃.example",
    ],
)
def test_a_malformed_host_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_host(text)
    assert refused.value.code == "invalid_host"


@pytest.mark.parametrize("handle", ["a", "linen-shirt", "2-0", "a" * 200])
def test_a_good_handle_is_taken_as_it_is(handle: str) -> None:
    assert parse_handle(handle, pointer="/handle") == handle


@pytest.mark.parametrize("handle", ["-a", "a-", "a--b", "A", "a b", "a.b", "é", "a" * 201])
def test_a_malformed_handle_is_refused(handle: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_handle(handle, pointer="/handle")
    assert refused.value.code == "invalid_handle"


@pytest.mark.parametrize(
    ("title", "handle"),
    [
        ("Linen Shirt, Blue!", "linen-shirt-blue"),
        ("Crème brûlée", "creme-brulee"),
        ("Привет мир", "privet-mir"),
        ("a &amp; b", "a-amp-b"),
        ("***", "untitled"),
        ("", "untitled"),
    ],
)
def test_a_title_becomes_a_handle(title: str, handle: str) -> None:
    assert handle_from_title(title) == handle


def test_a_long_title_ends_at_a_word() -> None:
    assert handle_from_title("alpha beta gamma", max_length=12) == "alpha-beta"
    assert handle_from_title("a" * 500) == "a" * 200


def test_a_handle_length_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="201"):
        handle_from_title("a", max_length=201)


@pytest.mark.parametrize(
    ("text", "matched_by"),
    [
        ("Ada@Example.COM", "ada@example.com"),
        ("o'brien+tag@example.co.uk", "o'brien+tag@example.co.uk"),
        ("ada@shop.test", "ada@shop.test"),
        ("ada@xn--bcher-kva.example", "ada@bücher.example"),
    ],
)
def test_an_email_is_matched_in_lower_case(text: str, matched_by: str) -> None:
    assert parse_email(text, pointer="/email") == matched_by


@pytest.mark.parametrize(
    "text",
    ["ada", "@shop.example", "ada@", "a@b@example.com", "ada@localhost", "ada@[127.0.0.1]"],
)
def test_a_malformed_email_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_email(text, pointer="/email")
    assert refused.value.code == "invalid_email"
    assert text not in refused.value.detail


@pytest.mark.parametrize("parser", [parse_slug, parse_host, parse_handle, parse_email])
def test_an_overlong_name_costs_next_to_nothing(parser: Parser) -> None:
    endless = "a-" * 2_000_000
    started = time.perf_counter()
    with pytest.raises(InvalidInput):
        parser(endless, pointer="/name")
    assert time.perf_counter() - started < 0.25
