"""Names that look like other names: none is taken for another's, and none is taken that looks so.

Source: Unicode Technical Standard 39; PayloadsAllTheThings, account takeover by Unicode normalisation.
"""

from __future__ import annotations

from typing import Final
from uuid import uuid4

import pytest

from tests.security.live import Live

ADMIN: Final = "/api/v1/admin"
# What each stands for is told by its name in Unicode; all look like, fold to or hide plain ASCII.
TRICKS: Final = {
    "cyrillic a": "\u0430dmin",
    "greek omicron": "sh\u03bfp",
    "full width": "\uff41\uff44\uff4d\uff49\uff4e",
    "mathematical": "\U0001d41a\U0001d41d\U0001d426\U0001d422\U0001d427",
    "circled": "\u24d0\u24d3\u24dc\u24d8\u24dd",
    "long s": "\u017fhop",
    "kelvin sign": "\u212aids",
    "dotless i": "adm\u0131n",
    "dotted I": "adm\u0130n",
    "ligature": "o\ufb03ce",
    "sharp s": "stra\u00dfe",
    "combining accent": "ade\u0301",
    "zero width space": "ad\u200bmin",
    "zero width joiner": "ad\u200dmin",
    "word joiner": "ad\u2060min",
    "soft hyphen": "ad\u00admin",
    "byte order mark": "\ufeffadmin",
    "right to left": "\u202enimda",
    "isolate": "\u2066admin\u2069",
    "tag letters": "admin\U000e0061",
    "null": "ad\x00min",
    "no-break space": "ad\u00a0min",
    "ideographic stop": "ad\u3002min",
    "fraction slash": "ad\u2044min",
    "one dot leader": "ad\u2024min",
    "variation selector": "admin\ufe0f",
    "noncharacter": "admin\uffff",
    "private use": "admin\ue000",
}
WRITES: Final[dict[str, tuple[str, dict[str, object], str]]] = {
    "role": ("roles", {"name": "R", "permissions": ["orders:read"]}, "slug"),
    "product": ("products", {"translations": [{"locale": "en", "title": "T"}], "variants": [{"sku": "S"}]}, "handle"),
    "menu": ("menus", {"names": {"en": "M"}, "items": []}, "handle"),
    "tag": ("tags", {"name": "T"}, "handle"),
    "node kind": ("node-kinds", {"name": "K", "fields": []}, "slug"),
    "stock location": ("stock-locations", {"name": "L"}, "code"),
    "login provider": (
        "login-providers",
        {"name": "P", "issuer": "https://login.example.com", "client_id": "c",
         "redirect_uris": ["https://shop.example.com/in"]},
        "slug",
    ),
}  # fmt: skip
"""Things with a name that stands in addresses: where they are made, the rest of the body, the field."""


@pytest.mark.parametrize("thing", sorted(WRITES))
def test_no_name_that_stands_in_an_address_takes_a_letter_that_looks_like_another(
    live: Live, thing: str
) -> None:
    path, body, field = WRITES[thing]
    whole: set[str] = set()
    with live.admin() as client:
        for trick, name in TRICKS.items():
            answer = client.post(
                f"{ADMIN}/{path}",
                json={**body, field: name},
                headers={"Idempotency-Key": uuid4().hex},
            )
            assert answer.status_code in (400, 422), (trick, answer.text)
            told = answer.json().get("errors")
            if told is None:
                whole.add(trick)
            else:
                assert any(one["pointer"].startswith(f"/{field}") for one in told), answer.text
    assert whole <= {"null"}, "the field is named, unless the text cannot be stored at all"


@pytest.mark.parametrize("trick", sorted(TRICKS))
def test_a_host_with_such_a_letter_is_refused_or_kept_as_what_it_is(live: Live, trick: str) -> None:
    """A host may be international: then it is kept in its ASCII form and is nobody else's."""
    host = f"{TRICKS[trick]}.{live.a.marker}.example"
    with live.admin() as client:
        answer = client.post(
            f"{ADMIN}/tenant/domains", json={"host": host}, headers={"If-Match": "*"}
        )
        assert answer.status_code in (201, 400, 409, 422), answer.text
        if answer.status_code == 201:
            kept = answer.json()["host"]
            assert kept.isascii()
            assert kept == kept.lower()
            gone = client.delete(
                f"{ADMIN}/tenant/domains/{answer.json()['id']}", headers={"If-Match": "*"}
            )
            assert gone.status_code == 204


@pytest.mark.parametrize("trick", sorted(TRICKS))
def test_a_tenant_is_not_reached_by_a_name_that_looks_like_its_own(live: Live, trick: str) -> None:
    slug = live.b.profile.slug
    looks = {
        "cyrillic a": slug.replace("a", "\u0430"),
        "full width": "".join(chr(ord(one) + 0xFEE0) if one.isalnum() else one for one in slug),
        "kelvin sign": slug.replace("k", "\u212a"),
        "dotless i": slug.replace("r", "\u0280"),
    }.get(trick, slug + TRICKS[trick][-1])
    for header in ("X-Tenant", "Host"):
        with live.client(tenant=False) as client:
            answer = client.get(
                "/api/v1/storefront/products", headers=[(header.encode(), looks.encode("utf-8"))]
            )
        assert answer.status_code in (400, 404), (trick, header, answer.text)
        assert live.b.marker not in answer.text.replace(looks, "")


def test_two_spellings_of_one_address_are_one_account(live: Live) -> None:
    name = uuid4().hex[:8]
    person = {"password": "correct horse battery staple", "display_name": "Ada"}
    register = "/api/v1/storefront/customers/register"
    with live.client() as client:
        first = client.post(register, json={**person, "email": f"{name}@example.com"})
        assert first.is_success, first.text
        for spelling in (
            f"{name.upper()}@example.com",
            f"{name}@EXAMPLE.com",
            f" {name}@example.com",
        ):
            again = client.post(register, json={**person, "email": spelling})
            assert again.status_code in (first.status_code, 400), again.text
        mine = {"email": f"{name.upper()}@EXAMPLE.COM", "password": person["password"]}
        assert client.post("/api/v1/auth/login", json=mine).status_code == 200


@pytest.mark.parametrize("trick", sorted(TRICKS))
def test_an_address_that_only_looks_the_same_is_another_or_none(live: Live, trick: str) -> None:
    """An account is never found, reset or made by a look-alike of its address."""
    email = live.rows["users"][0]["email"]
    looks = f"{TRICKS[trick]}{email}"
    with live.client() as client:
        answer = client.post(
            "/api/v1/auth/login", json={"email": looks, "password": "correct horse battery staple"}
        )
    assert answer.status_code in (400, 401, 429), (trick, answer.text)
