"""Headers of the running server: what browsers must refuse for us, cookies, CORS, hosts.

Source: OWASP Secure Headers Project; ASVS 5.0 chapter 3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import httpx
import msgspec
import pytest

from rustok.server.asgi import application
from tests.conftest import World
from tests.security.live import Live

PAGES: Final = ("/", "/products", "/cart", "/docs", "/problems", "/nothing-here")
API: Final = ("/api/v1/storefront/products", "/api/v1/admin/tenant", "/api/v1/nothing")
EVERYWHERE: Final = (*PAGES, *API, "/health/live", "/openapi.json", "/metrics", "/robots.txt")


@pytest.fixture
def browser(live: Live) -> Iterator[httpx.Client]:
    with live.client(Accept="text/html") as client:
        yield client


def _policy(response: httpx.Response) -> dict[str, list[str]]:
    words = [part.split() for part in response.headers["content-security-policy"].split(";")]
    return {name: values for name, *values in words}


def test_every_answer_forbids_guessing_types_framing_and_telling_other_sites(
    live: Live, browser: httpx.Client
) -> None:
    for path in EVERYWHERE:
        headers = browser.get(path).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["x-frame-options"] == "DENY", path
        assert "frame-ancestors 'none'" in headers["content-security-policy"], path
        assert headers["referrer-policy"] in ("no-referrer", "same-origin"), path
        assert headers["cross-origin-opener-policy"] == "same-origin", path
        assert headers["cross-origin-resource-policy"] == "same-site", path
        assert "camera=()" in headers["permissions-policy"], path


def test_an_answer_of_the_api_may_load_nothing(live: Live) -> None:
    with live.client() as client:
        for path in API:
            policy = _policy(client.get(path))
            assert policy["default-src"] == policy["base-uri"] == ["'none'"], path


def test_pages_load_only_scripts_and_styles_that_carry_the_nonce_of_the_answer(
    browser: httpx.Client,
) -> None:
    seen = set()
    for path in PAGES:
        page = browser.get(path)
        policy = _policy(page)
        assert policy["default-src"] == ["'none'"], path
        assert policy["base-uri"] == ["'none'"], path
        nonce = re.fullmatch(r"'nonce-([\w-]{20,})'", policy["script-src"][0])
        assert nonce is not None, path
        assert policy["script-src"] == policy["style-src"] == [f"'nonce-{nonce[1]}'"]
        tags = re.findall(r"<(?:script|style)[^>]*>|<link[^>]*stylesheet[^>]*>", page.text)
        assert tags, path
        assert all(f'nonce="{nonce[1]}"' in tag for tag in tags), path
        seen.add(nonce[1])
    assert len(seen) == len(PAGES), "a nonce came twice"


def test_no_page_has_inline_code_that_a_strict_policy_would_break(browser: httpx.Client) -> None:
    for path in PAGES:
        text = browser.get(path).text
        assert not re.search(r"<[^>]+\s(?:on\w+|style)\s*=", text), path
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), path
        assert "javascript:" not in text, path


def test_browsers_are_told_to_stay_with_https(live: Live) -> None:
    with live.client() as client:
        for path in ("/", "/api/v1/storefront/products", "/health/live"):
            told = client.get(path).headers["strict-transport-security"]
            assert told == "max-age=31536000; includeSubDomains"


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("below", "told"),
    [(True, "max-age=31536000; includeSubDomains"), (False, "max-age=31536000")],
)
async def test_an_operator_decides_whether_hosts_below_stay_with_https(
    world: World, below: bool, told: str
) -> None:
    settings = world.platform.settings
    http = msgspec.structs.replace(settings.http, hsts_subdomains=below)
    world.platform.settings = msgspec.structs.replace(settings, http=http)
    transport = httpx.ASGITransport(app=application(world.platform))
    async with httpx.AsyncClient(transport=transport, base_url="https://testserver") as client:
        answer = await client.get("/health/live")
    assert answer.headers["strict-transport-security"] == told


def test_no_answer_names_the_server_software(live: Live) -> None:
    answers = [
        live.raw(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        live.raw(b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        live.raw(b"NONSENSE\r\n\r\n"),
    ]
    for answer in answers:
        head = answer.partition(b"\r\n\r\n")[0].lower()
        assert not re.search(rb"\nserver:[ \t]*[^\s]", head), answer[:300]
        for word in (b"x-powered-by", b"granian", b"hyper", b"python", b"uvloop"):
            assert word not in head, answer[:300]


def test_cookies_are_for_this_host_over_https_and_out_of_reach_of_scripts(
    browser: httpx.Client,
) -> None:
    set_cookies = browser.get("/?locale=de&currency=USD").headers.get_list("set-cookie")
    assert len(set_cookies) == 3
    for cookie in set_cookies:
        assert cookie.startswith("__Host-"), cookie
        marks = {mark.strip() for mark in cookie.split(";")[1:]}
        assert {"Path=/", "HttpOnly", "SameSite=Lax", "Secure"} <= marks, cookie
        assert not any(mark.lower().startswith("domain") for mark in marks), cookie


def test_a_planted_cookie_without_the_prefix_is_nobodys(live: Live) -> None:
    with live.client(Accept="text/html", Cookie="rustok_visit=planted") as client:
        assert "__Host-rustok_visit=" in str(client.get("/").headers.get_list("set-cookie"))


def _form(page: str) -> str:
    found = re.search(r'name="form_token" value="([0-9a-f]+)"', page)
    assert found is not None
    return found[1]


def test_a_form_another_site_sends_in_the_visitors_name_is_refused(live: Live) -> None:
    product = next(row for row in live.rows["product_documents"] if row["locale"] == "en")
    variant = str(live.rows["product_variants"][0]["id"])
    with live.client(Accept="text/html") as client:
        page = client.get(f"/products/{product['handle']}")
        visit = re.search(r"__Host-rustok_visit=([^;]+)", str(page.headers.get_list("set-cookie")))
        assert visit is not None
        cookie = f"__Host-rustok_visit={visit[1]}"
        form = {"form_token": _form(page.text), "variant": variant, "quantity": "1"}
        sent = {
            "from another site": (form, {"Cookie": cookie, "Sec-Fetch-Site": "cross-site"}),
            "from a sibling host": (form, {"Cookie": cookie, "Sec-Fetch-Site": "same-site"}),
            "with a foreign origin": (form, {"Cookie": cookie, "Origin": "https://evil.example"}),
            "with the origin null": (form, {"Cookie": cookie, "Origin": "null"}),
            "without the cookie": (form, {}),
            "with another visit": (form, {"Cookie": "__Host-rustok_visit=AAAAAAAAAAAAAAAAAAAAAA"}),
            "without the token": ({**form, "form_token": ""}, {"Cookie": cookie}),
            "with a made-up token": ({**form, "form_token": "ab" * 64}, {"Cookie": cookie}),
        }
        for how, (fields, headers) in sent.items():
            answer = client.post("/cart/lines", data=fields, headers=headers)
            assert answer.status_code == 403, how
            assert "form_not_trusted" in answer.text, how
        good = client.post("/cart/lines", data=form, headers={"Cookie": cookie})
        assert good.status_code in (303, 409), "the honest form is refused, too"


def test_the_token_of_forms_is_written_differently_in_each_answer(live: Live) -> None:
    """Else the size of compressed answers would tell it letter by letter (BREACH)."""
    product = next(row for row in live.rows["product_documents"] if row["locale"] == "en")
    with live.client(Accept="text/html") as client:
        client.headers["Cookie"] = "__Host-rustok_visit=AAAAAAAAAAAAAAAAAAAAAA"
        path = f"/products/{product['handle']}"
        assert _form(client.get(path).text) != _form(client.get(path).text)


def test_a_site_the_tenant_does_not_list_learns_nothing_by_cors(live: Live) -> None:
    origins = (
        "https://evil.example",
        "null",
        "https://shops.example.evil.example",
        "https://localhost",
        "http://127.0.0.1",
        "*",
    )
    with live.client() as client:
        for origin in origins:
            for method in ("GET", "OPTIONS"):
                headers = client.request(method, API[0], headers={"Origin": origin}).headers
                assert not [n for n in headers if n.startswith("access-control-")], origin


def test_cors_allows_no_credentials_and_no_wildcard_and_varies_by_origin(live: Live) -> None:
    origin = "https://front.example"
    with live.admin() as client:
        own = client.get("/api/v1/admin/tenant")
        changed = client.patch(
            "/api/v1/admin/tenant",
            json={"cors_origins": [origin]},
            headers={"If-Match": own.headers["etag"]},
        )
        assert changed.status_code == 200, changed.text
    with live.client(Origin=origin) as client:
        answer = client.get(API[0])
        other = client.get(API[0], headers={"Origin": "https://front.example.evil.example"})
    assert answer.headers["access-control-allow-origin"] == origin
    assert "access-control-allow-credentials" not in answer.headers
    assert "origin" in answer.headers["vary"].lower()
    assert "access-control-allow-origin" not in other.headers


@pytest.mark.parametrize(
    "wanted", [["*"], ["https://*.example"], ["null"], ["javascript:alert(1)"], ["https://a/b"]]
)
def test_a_tenant_cannot_list_an_origin_that_is_none(live: Live, wanted: list[str]) -> None:
    with live.admin() as client:
        own = client.get("/api/v1/admin/tenant")
        answer = client.patch(
            "/api/v1/admin/tenant",
            json={"cors_origins": wanted},
            headers={"If-Match": own.headers["etag"]},
        )
    assert answer.status_code in (400, 422), answer.text


@pytest.mark.parametrize(
    "host",
    [
        "unknown.example",
        "evil.example:80",
        "t-aaamarker.evil.example",
        "shop.example.com@evil.example",
        "shop.example/../..",
        "[::1",
        "127.0.0.1.evil.example",
        "0x7f.1",
        "2130706433",
        "a" * 300,
        "xn--a",
        "exa mple.com",
        "-a.example",
        "а.example",  # cyrillic
        "gооgle.example",  # latin with cyrillic
    ],
)
def test_a_host_nobody_here_has_is_refused(live: Live, host: str) -> None:
    with live.client(tenant=False) as client:
        answer = client.get(API[0], headers=[(b"Host", host.encode("utf-8"))])
    assert answer.status_code in (400, 404), answer.text
    assert live.a.marker not in answer.text


def test_a_feed_of_one_tenant_is_never_kept_by_a_cache_under_anothers_address(live: Live) -> None:
    with live.client(Host=live.b.host) as client:
        answer = client.get("/sitemap.xml")
    if answer.status_code == 200:
        assert "x-tenant" in answer.headers["vary"].lower()


def test_who_claims_to_be_forwarded_is_not_believed(live: Live) -> None:
    """No proxy is trusted here: neither scheme nor address nor host may come from such headers."""
    headers = {
        "X-Forwarded-Host": live.b.host,
        "X-Forwarded-Proto": "http",
        "X-Forwarded-For": "203.0.113.9",
        "Forwarded": f"for=203.0.113.9;host={live.b.host};proto=http",
        "X-Original-URL": "/api/v1/admin/tenant",
        "X-Rewrite-URL": "/api/v1/admin/tenant",
        "X-HTTP-Method-Override": "DELETE",
    }
    with live.client() as client:
        answer = client.get(API[0], headers=headers)
    assert answer.status_code == 200
    assert live.b.marker not in answer.text
