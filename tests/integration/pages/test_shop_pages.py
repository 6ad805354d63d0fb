"""The shop window as a visitor sees it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from defusedxml import ElementTree

from tests.integration.pages.conftest import Furnished


async def test_the_home_page_shows_new_products_and_posts_under_the_shops_name(
    browser: httpx.AsyncClient,
) -> None:
    page = await browser.get("/")

    assert page.status_code == 200
    assert "<h1>Fjord &amp; Co</h1>" in page.text
    assert "Birch cup" in page.text
    assert "Winter light" in page.text


async def test_what_a_tenant_wrote_is_text_not_markup(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/products")

    assert "&lt;b&gt;Shirt&lt;/b&gt; &amp; tie" in page.text
    assert "<b>Shirt" not in page.text


async def test_a_page_allows_no_inline_script_and_no_inline_style(
    browser: httpx.AsyncClient,
) -> None:
    page = await browser.get("/products")

    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "<style" not in page.text
    assert " style=" not in page.text
    assert "<script" not in page.text
    assert page.headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        ("q=birch", "Birch cup", "Shirt"),
        ("max=40", "Birch cup", "Shirt"),
        ("min=40,50", "Shirt", "Birch cup"),
        ("category=kitchen", "Birch cup", "Shirt"),
        ("option=Size:S", "Shirt", "Birch cup"),
        ("tag=wood", "Birch cup", "Shirt"),
        ("min=nonsense&sort=nonsense&utm_source=x", "Birch cup", "Nothing is hidden"),
    ],
)
async def test_the_filter_form_narrows_the_grid(
    browser: httpx.AsyncClient, query: str, shown: str, hidden: str
) -> None:
    page = await browser.get(f"/products?{query}")
    grid = page.text.partition('class="grid"')[2]

    assert page.status_code == 200
    assert shown in grid
    assert hidden not in grid


async def test_a_category_is_a_page_of_its_products(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/categories/kitchen")

    assert "<h1>Kitchen</h1>" in page.text
    assert "Birch cup" in page.text
    assert (await browser.get("/categories/nothing")).status_code == 404


async def test_a_product_shows_its_price_its_former_price_and_its_text(
    browser: httpx.AsyncClient,
) -> None:
    page = await browser.get("/products/birch-cup")

    assert "€39.00" in page.text
    assert "<s>€49.00</s>" in page.text
    assert "<p>Carved by hand.</p>" in page.text
    assert 'src="/demo/shop/images/kuksa-birch-cup.svg"' in page.text


async def test_a_variant_that_is_sold_out_cannot_be_chosen(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/products/shirt")

    assert page.text.count(' type="radio"') + page.text.count('<input type="radio"') >= 2
    assert "Sold out" in page.text
    assert page.text.count(" disabled>") == 1


async def test_a_chosen_language_and_currency_are_kept(browser: httpx.AsyncClient) -> None:
    chosen = await browser.get("/products?locale=de&currency=USD")
    later = await browser.get("/products")

    for page in (chosen, later):
        assert '<html lang="de"' in page.text
        assert "Birkentasse" in page.text
        assert "43,00\N{NO-BREAK SPACE}$" in page.text


async def test_the_language_switch_leads_to_the_products_address_in_that_language(
    browser: httpx.AsyncClient,
) -> None:
    page = await browser.get("/products/birch-cup")

    assert 'href="/products/birkentasse?locale=de"' in page.text
    assert (await browser.get("/products/birkentasse?locale=de")).status_code == 200


async def test_search_finds_products_and_posts_and_says_when_it_finds_nothing(
    browser: httpx.AsyncClient,
) -> None:
    assert "Birch cup" in (await browser.get("/search?q=birch")).text
    assert "Winter light" in (await browser.get("/search?q=winter")).text
    assert "Nothing was found" in (await browser.get("/search?q=zzzz%3Cb%3E")).text


async def test_a_missing_page_is_a_page_for_a_browser_and_a_problem_for_a_program(
    world: Any, furnished: Furnished, browser: httpx.AsyncClient
) -> None:
    page = await browser.get("/nothing?locale=de")
    async with world.client(furnished.tenant) as program:
        problem = await program.get("/nothing")

    assert (page.status_code, problem.status_code) == (404, 404)
    assert "Diese Seite haben wir nicht gefunden" in page.text
    assert problem.json()["code"] == "route_not_found"


async def test_a_problem_of_the_api_stays_a_problem_in_a_browser(
    browser: httpx.AsyncClient,
) -> None:
    answer = await browser.get("/api/v1/storefront/nothing")

    assert answer.headers["content-type"] == "application/problem+json"


async def test_an_unknown_host_is_told_so_in_words(world: Any) -> None:
    async with world.client(Accept="text/html", Host="nobody.example.com") as client:
        page = await client.get("/")

    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")


async def test_a_cursor_somebody_made_up_is_an_error_page(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/products?cursor=abc")

    assert page.status_code == 400
    assert "invalid_cursor" in page.text


async def test_the_grid_takes_the_same_statements_however_many_products_there_are(
    world: Any, browser: httpx.AsyncClient
) -> None:
    await browser.get("/products")
    with world.counting() as one:
        await browser.get("/products?q=birch")
    with world.counting() as more:
        await browser.get("/products?q=birch&limit=100")

    assert one.total == more.total <= 6


async def test_the_site_map_lists_products_posts_and_pages(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/sitemap.xml")
    found = [one.text or "" for one in ElementTree.fromstring(answer.content).iter() if one.text]

    for path in ("/products/birch-cup", "/posts/winter-light", "/pages/about/team"):
        assert any(one.endswith(path) for one in found), path
    assert "Sitemap: " in (await browser.get("/robots.txt")).text
