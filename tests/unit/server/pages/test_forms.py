"""Forms are believed only when they come from this site and this visit."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any
from uuid import UUID

import pytest

from rustok.core.errors import InvalidInput
from rustok.server.message import Request
from rustok.server.pages.forms import FormGuard, FormNotTrusted, read_form
from rustok.server.problems import BodyTooLarge, UnsupportedMediaType

TENANT = UUID("0190b5a4-7c1e-7d3a-9f10-5b2c3d4e5f60")
OTHER = UUID("0190b5a4-7c1e-7d3a-9f10-5b2c3d4e5f61")
FORM = "application/x-www-form-urlencoded"


def request(body: bytes = b"", /, **headers: str) -> Request:
    sent = {"host": "shop.example", "content-type": FORM}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body}

    return Request(
        {
            "method": "POST",
            "path": "/cart/lines",
            "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        },
        receive,
    )


@pytest.fixture
def guard() -> FormGuard:
    return FormGuard(b"a secret of this deployment, long enough")


def test_a_form_of_this_visit_is_believed(guard: FormGuard) -> None:
    visit = guard.new_visit()

    guard.check(request(), TENANT, visit, guard.token(TENANT, visit))


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
def test_a_form_from_another_site_is_refused_even_with_its_token(
    guard: FormGuard, headers: dict[str, str]
) -> None:
    visit = guard.new_visit()

    with pytest.raises(FormNotTrusted):
        guard.check(request(**headers), TENANT, visit, guard.token(TENANT, visit))


def test_a_form_with_the_origin_of_this_site_is_believed(guard: FormGuard) -> None:
    visit = guard.new_visit()

    guard.check(
        request(origin="http://shop.example", sec_fetch_site="same-origin"),
        TENANT,
        visit,
        guard.token(TENANT, visit),
    )


def test_a_token_is_worth_nothing_for_another_visit_tenant_or_deployment(guard: FormGuard) -> None:
    visit = guard.new_visit()
    foreign = FormGuard(b"a secret of another deployment, as long")

    for token in (
        guard.token(TENANT, guard.new_visit()),
        guard.token(OTHER, visit),
        foreign.token(TENANT, visit),
        "",
        "ÄÖÜ",
    ):
        with pytest.raises(FormNotTrusted):
            guard.check(request(), TENANT, visit, token)


def test_a_form_without_a_visit_is_refused(guard: FormGuard) -> None:
    with pytest.raises(FormNotTrusted):
        guard.check(request(), TENANT, None, guard.token(TENANT, "x"))


async def test_fields_are_decoded_and_trimmed() -> None:
    assert await read_form(request(b"name=+Ada%20L%C3%B6ve+&empty=")) == {
        "name": "Ada Löve",
        "empty": "",
    }


async def test_a_form_of_another_media_type_is_refused() -> None:
    with pytest.raises(UnsupportedMediaType):
        await read_form(request(b"{}", content_type="application/json"))


@pytest.mark.parametrize(
    "body",
    [
        b"a=1&a=2",
        b"a=%00",
        b"a=%FF",
        b"a=" + b"x" * 3000,
        b"&".join(b"a%d=1" % i for i in range(101)),
    ],
)
async def test_a_form_out_of_bounds_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        await read_form(request(body))


async def test_a_huge_form_is_refused() -> None:
    with pytest.raises(BodyTooLarge):
        await read_form(request(b"a=" + b"x" * 40_000))
