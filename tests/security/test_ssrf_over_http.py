"""Addresses chosen by a tenant: none leads into the deployment's own network, in whatever spelling.

Source: OWASP SSRF prevention cheat sheet; PayloadsAllTheThings/Server Side Request Forgery.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import httpx
import pytest

from rustok.core.security.ssrf import (
    AddressRefused,
    OutboundPolicy,
    UnsafeUrl,
    parse_url,
    resolve,
)
from tests.security.live import Live

HOOKS: Final = "/api/v1/admin/webhooks"
EVENTS: Final = ["order.placed"]

INSIDE: Final = (
    "https://127.0.0.1/",
    "https://127.1/",
    "https://127.0.0.1:443/",
    "https://127.000.000.001/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0x0.0x0.0x1/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://0/",
    "https://0.0.0.0/",
    "https://localhost/",
    "https://LOCALHOST./",
    "https://api.localhost/",
    "https://printer.local/",
    "https://db.internal/",
    "https://router.home.arpa/",
    "https://postgres/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://172.31.255.254/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://2852039166/latest/meta-data/",
    "https://0xa9fea9fe/",
    "https://0251.0376.0251.0376/",
    "https://168.63.129.16/",
    "https://192.0.2.1/",
    "https://198.18.0.1/",
    "https://224.0.0.1/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    "https://[::]/",
    "https://[::1]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::ffff:a9fe:a9fe]/",
    "https://[0:0:0:0:0:ffff:127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b:1::a9fe:a9fe]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/latest/meta-data/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[ff02::1]/",
    "https://[fec0::1]/",
    "https://[2001:db8::1]/",
    "https://①②⑦.⓪.⓪.①/",
    "https://127。0。0。1/",
    "https://ⓛocalhost/",
)
STRANGE: Final = (
    "http://hooks.example.com/",
    "ftp://hooks.example.com/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "dict://127.0.0.1:6379/info",
    "ldap://127.0.0.1/",
    "jar:https://hooks.example.com!/",
    "data:text/plain,x",
    "javascript:alert(1)",
    "//127.0.0.1/",
    "https:/127.0.0.1/",
    "https:127.0.0.1",
    "https://user:password@hooks.example.com/",
    "https://hooks.example.com@127.0.0.1/",
    "https://127.0.0.1@hooks.example.com/",
    "https://hooks.example.com#@127.0.0.1/",
    "https://hooks.example.com\\@127.0.0.1/",
    "https://127.0.0.1\\.hooks.example.com/",
    "https://hooks.example.com:22/",
    "https://hooks.example.com:6379x/",
    "https://hooks.example.com:99999/",
    "https://hooks.example.com:0/",
    "https://hooks.example.com/\r\nHost: 127.0.0.1",
    "https://hooks.example.com/ HTTP/1.1",
    "https://hooks.example.com%00.evil.example/",
    "https://hooks.example.com\t/",
    "https://[127.0.0.1]/",
    "https://[::1/",
    "https://::1/",
    "https://" + "a" * 2_100 + ".example.com/",
    "",
)


@pytest.fixture
def admin(live: Live) -> Iterator[httpx.Client]:
    with live.admin() as client:
        yield client


@pytest.mark.parametrize("url", INSIDE)
def test_a_webhook_cannot_point_into_the_network_of_the_server(
    admin: httpx.Client, url: str
) -> None:
    answer = admin.post(HOOKS, json={"url": url, "event_filters": EVENTS})
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0]["pointer"] == "/url", answer.text


@pytest.mark.parametrize("url", STRANGE)
def test_a_webhook_cannot_have_an_address_that_two_readers_read_differently(
    admin: httpx.Client, url: str
) -> None:
    answer = admin.post(HOOKS, json={"url": url, "event_filters": EVENTS})
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0]["pointer"] == "/url", answer.text


def test_a_public_address_is_taken(admin: httpx.Client) -> None:
    """Else all the refusals here would prove nothing."""
    url = "https://hooks.example.com/in?from=here"
    answer = admin.post(HOOKS, json={"url": url, "event_filters": EVENTS})
    assert answer.status_code == 201, answer.text


def test_a_webhook_cannot_be_moved_there_later(live: Live, admin: httpx.Client) -> None:
    endpoint = live.rows["webhook_endpoints"][0]["id"]
    for url in INSIDE[::6]:
        answer = admin.patch(f"{HOOKS}/{endpoint}", json={"url": url}, headers={"If-Match": "*"})
        assert answer.status_code == 400, (url, answer.text)


def test_a_refused_address_is_not_repeated_in_the_answer(admin: httpx.Client) -> None:
    """A path may hold a secret of whoever runs the other side."""
    answer = admin.post(
        HOOKS, json={"url": "https://10.0.0.1/s3cret-path", "event_filters": EVENTS}
    )
    assert "s3cret-path" not in answer.text


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "https://user:password@cdn.example.com/a.png",
        'https://cdn.example.com/"onerror=alert(1)',
        "https://cdn.example.com/<script>",
        "ftp://cdn.example.com/a.png",
        "//cdn.example.com/a.png",
        "https:///a.png",
        "\\\\cdn.example.com\\a.png",
    ],
)
def test_a_picture_cannot_have_an_address_that_runs_or_hides_something(
    admin: httpx.Client, url: str
) -> None:
    answer = admin.post(
        "/api/v1/admin/media/references", json={"url": url, "mime_type": "image/png"}
    )
    assert answer.status_code == 400, answer.text


POLICY: Final = OutboundPolicy()


def test_every_address_of_the_list_is_refused_by_the_guard_itself() -> None:
    for url in (*INSIDE, *STRANGE):
        with pytest.raises(UnsafeUrl):
            parse_url(url, POLICY)


@pytest.mark.parametrize(
    "answer",
    [
        ["127.0.0.1"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["10.0.0.5"],
        ["169.254.169.254"],
        ["fd00:ec2::254"],
        ["64:ff9b::a9fe:a9fe"],
        ["93.184.215.14", "127.0.0.1"],
        ["2606:2800:220:1::1", "fe80::1%eth0"],
        ["not an address"],
    ],
)
async def test_a_name_that_leads_inside_is_refused_when_it_is_used(answer: list[str]) -> None:
    async def lookup(_host: str, _port: int) -> Sequence[str]:
        return answer

    target = parse_url("https://hooks.example.com/x", POLICY)
    with pytest.raises(AddressRefused):
        await resolve(target, POLICY, lookup=lookup)


async def test_a_name_is_asked_for_once_and_its_second_answer_is_never_heard() -> None:
    """DNS rebinding: public at the first question, inside at the second."""
    answers = iter((["93.184.215.14"], ["127.0.0.1"]))
    asked = 0

    async def lookup(_host: str, _port: int) -> Sequence[str]:
        nonlocal asked
        asked += 1
        return next(answers)

    pinned = await resolve(parse_url("https://hooks.example.com/", POLICY), POLICY, lookup=lookup)
    assert pinned.addresses == ("93.184.215.14",)
    assert asked == 1
    with pytest.raises(AddressRefused):
        await resolve(parse_url("https://hooks.example.com/", POLICY), POLICY, lookup=lookup)
