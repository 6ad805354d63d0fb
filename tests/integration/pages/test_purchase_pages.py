"""From the cart to the order, by forms alone."""

from __future__ import annotations

import re
from typing import Any

import httpx

from rustok.commerce.promotions import api as promotions
from rustok.core.tenancy import TenantProfile
from tests.conftest import World
from tests.integration.pages.conftest import Furnished

ADDRESS = {
    "email": "ada@example.com",
    "name": "Ada Lovelace",
    "line1": "Lindenallee 5",
    "postal_code": "20095",
    "city": "Hamburg",
    "country": "DE",
}


def field(page: httpx.Response, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found is not None, f"no field {name} in the page"
    return found[1]


async def fill_cart(browser: httpx.AsyncClient, furnished: Furnished, quantity: int = 2) -> str:
    """Put cups in and give the form token of the visit."""
    token = field(await browser.get("/products/birch-cup"), "form_token")
    answer = await browser.post(
        "/cart/lines",
        data={"form_token": token, "variant": str(furnished.cup_id), "quantity": str(quantity)},
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/cart?done=added")
    return token


async def line_of(browser: httpx.AsyncClient) -> str:
    found = re.search(r'action="(/cart/lines/[^"/]+)"', (await browser.get("/cart")).text)
    assert found is not None
    return found[1]


async def test_a_cart_is_filled_changed_and_emptied(
    browser: httpx.AsyncClient, furnished: Furnished
) -> None:
    token = await fill_cart(browser, furnished)
    assert "€78.00" in (await browser.get("/cart")).text

    line = await line_of(browser)
    await browser.post(line, data={"form_token": token, "quantity": "3"})
    changed = await browser.get("/cart")
    assert "€117.00" in changed.text
    assert "Cart, 3 items" in changed.text

    await browser.post(f"{line}/remove", data={"form_token": token})
    assert "Your cart is empty." in (await browser.get("/cart")).text


async def test_a_coupon_is_entered_shown_and_taken_out(
    world: World, browser: httpx.AsyncClient, furnished: Furnished
) -> None:
    async with world.write(furnished.tenant) as tx:
        terms = promotions.PromotionTerms(
            name="Welcome", kind="percent", percent_basis_points=1_000
        )
        made = await promotions.create(tx, terms)
        await promotions.add_coupon(tx, made.id, code="WELCOME", usage_limit=None)
    token = await fill_cart(browser, furnished)
    wrong = await browser.post("/cart/coupon", data={"form_token": token, "code": "NOPE"})
    assert "We do not know this coupon." in wrong.text
    entered = await browser.post("/cart/coupon", data={"form_token": token, "code": "welcome"})
    assert entered.status_code == 303
    page = (await browser.get("/cart")).text
    assert "WELCOME" in page
    assert "€70.20" in page
    assert "€70.20" in (await browser.get("/checkout")).text
    await browser.post("/cart/coupon/remove", data={"form_token": token, "code": "WELCOME"})
    assert "€78.00" in (await browser.get("/cart")).text


async def test_the_carts_cookie_is_out_of_reach_of_scripts(
    browser: httpx.AsyncClient, furnished: Furnished
) -> None:
    token = field(await browser.get("/products/birch-cup"), "form_token")
    answer = await browser.post(
        "/cart/lines", data={"form_token": token, "variant": str(furnished.cup_id)}
    )
    cookie = next(
        one for one in answer.headers.get_list("set-cookie") if one.startswith("rustok_cart=")
    )

    assert "; Path=/; " in cookie
    assert "; HttpOnly; SameSite=Lax" in cookie


async def test_a_form_from_elsewhere_changes_nothing(
    browser: httpx.AsyncClient, furnished: Furnished
) -> None:
    token = field(await browser.get("/products/birch-cup"), "form_token")
    wanted = {"variant": str(furnished.cup_id), "quantity": "1"}

    forged = await browser.post("/cart/lines", data={**wanted, "form_token": "0" * 64})
    foreign = await browser.post(
        "/cart/lines",
        data={**wanted, "form_token": token},
        headers={"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    )

    assert (forged.status_code, foreign.status_code) == (403, 403)
    assert "Your cart is empty." in (await browser.get("/cart")).text


async def test_the_form_sent_twice_places_one_order(
    world: Any, browser: httpx.AsyncClient, furnished: Furnished
) -> None:
    token = await fill_cart(browser, furnished)
    checkout = await browser.get("/checkout")
    form = {
        "form_token": token,
        "idempotency_key": field(checkout, "idempotency_key"),
        "expected_total": field(checkout, "expected_total"),
        **ADDRESS,
    }
    cart = browser.cookies["rustok_cart"]

    first = await browser.post("/checkout", data=form)
    browser.cookies.set("rustok_cart", cart)
    second = await browser.post("/checkout", data=form)

    assert first.status_code == 303
    assert second.headers["location"] == first.headers["location"]
    assert len(await world.events(furnished.tenant, "order.placed")) == 1

    order = await browser.get(first.headers["location"])
    assert "Thank you for your order" in order.text
    assert "€78.00" in order.text
    assert "20095 Hamburg" in order.text
    assert order.headers["cache-control"] == "private, no-store"


async def test_an_order_shows_itself_to_nobody_without_its_token(
    browser: httpx.AsyncClient, furnished: Furnished
) -> None:
    token = await fill_cart(browser, furnished)
    checkout = await browser.get("/checkout")
    placed = await browser.post(
        "/checkout",
        data={
            "form_token": token,
            "idempotency_key": field(checkout, "idempotency_key"),
            **ADDRESS,
        },
    )
    address = placed.headers["location"].partition("?")[0]

    assert (await browser.get(address)).status_code == 404
    assert (await browser.get(f"{address}?token=wrong")).status_code == 404


async def test_a_form_with_mistakes_comes_back_with_what_was_typed(
    world: Any, browser: httpx.AsyncClient, furnished: Furnished
) -> None:
    token = await fill_cart(browser, furnished)
    key = field(await browser.get("/checkout"), "idempotency_key")

    page = await browser.post(
        "/checkout",
        data={**ADDRESS, "form_token": token, "idempotency_key": key, "email": "no", "city": ""},
    )

    assert page.status_code == 400
    assert page.text.count('aria-invalid="true"') == 2
    assert field(page, "idempotency_key") == key
    assert 'value="Lindenallee 5"' in page.text
    assert await world.events(furnished.tenant, "order.placed") == []


async def test_more_than_there_is_cannot_be_ordered_and_the_cart_says_so(
    world: Any, browser: httpx.AsyncClient, furnished: Furnished
) -> None:
    await fill_cart(browser, furnished, quantity=6)
    page = await browser.get("/cart")

    assert "There is not enough" in page.text
    assert 'href="/checkout"' not in page.text
    assert (await browser.get("/checkout")).headers["location"] == "/cart"


async def test_a_total_that_changed_meanwhile_is_shown_before_anything_is_ordered(
    world: Any, browser: httpx.AsyncClient, furnished: Furnished
) -> None:
    token = await fill_cart(browser, furnished)
    checkout = await browser.get("/checkout")
    page = await browser.post(
        "/checkout",
        data={
            **ADDRESS,
            "form_token": token,
            "idempotency_key": field(checkout, "idempotency_key"),
            "expected_total": "1",
        },
    )

    assert page.status_code == 409
    assert "Your cart changed meanwhile" in page.text
    assert field(page, "expected_total") == "7800"
    assert await world.events(furnished.tenant, "order.placed") == []


async def test_a_cart_of_another_tenant_is_no_cart_here(
    world: Any, browser: httpx.AsyncClient, furnished: Furnished
) -> None:
    await fill_cart(browser, furnished)
    other: TenantProfile = await world.tenant()

    page = await browser.get("/cart", headers={"X-Tenant": other.slug})

    assert "Your cart is empty." in page.text


async def test_what_makes_no_sense_in_a_form_is_refused_in_words(
    browser: httpx.AsyncClient, furnished: Furnished
) -> None:
    token = field(await browser.get("/products/birch-cup"), "form_token")
    variant = str(furnished.cup_id)

    for data in (
        {"variant": "x", "quantity": "1"},
        {"variant": variant, "quantity": "0"},
        {"variant": variant, "quantity": "1000"},
        {"variant": variant, "quantity": "٣"},
        {"variant": str(furnished.tenant.id), "quantity": "1"},
    ):
        page = await browser.post("/cart/lines", data={**data, "form_token": token})
        assert page.status_code == 409, data
        assert 'role="alert"' in page.text
