"""The magazine as a reader sees it."""

from __future__ import annotations

import httpx
from defusedxml import ElementTree

ATOM = "{http://www.w3.org/2005/Atom}"


async def test_posts_are_listed_with_their_topics(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/posts")

    assert "Winter light" in page.text
    assert 'href="/posts?category=walking"' in page.text
    assert "Winter light" in (await browser.get("/posts?category=walking")).text
    assert "No article matches" in (await browser.get("/posts?category=nothing")).text


async def test_a_post_shows_its_text_without_what_could_run(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/posts/winter-light")

    assert "<p>Dark <em>paths</em></p>" in page.text
    assert "alert(1)" not in page.text
    assert "By Ines" in page.text


async def test_a_post_shows_its_comments_with_the_answers_below(
    browser: httpx.AsyncClient,
) -> None:
    page = await browser.get("/posts/winter-light")
    shown = page.text.partition("<ol>")[2].partition("comments-head")[2]

    assert "Comments (2)" in page.text
    assert "alert(2)" not in page.text
    assert "Ada &amp; Co" in shown
    assert shown.index('class="depth-0"') < shown.index("Which lamp?")
    assert shown.index('class="depth-1"') < shown.index("A small one.")


async def test_a_post_without_a_translation_says_so_and_names_its_language(
    browser: httpx.AsyncClient,
) -> None:
    page = await browser.get("/posts/winter-light?locale=de")

    assert '<article class="article" lang="en">' in page.text
    assert "Diesen Text gibt es noch nicht in Ihrer Sprache." in page.text


async def test_a_page_stands_below_its_parent_and_any_other_way_leads_there(
    browser: httpx.AsyncClient,
) -> None:
    page = await browser.get("/pages/about/team")
    short = await browser.get("/pages/team")

    assert page.status_code == 200
    assert '<a href="/pages/about">About</a>' in page.text
    assert (short.status_code, short.headers["location"]) == (303, "/pages/about/team")
    assert 'href="/pages/about/team"' in (await browser.get("/pages/about")).text


async def test_what_is_not_published_is_not_there(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/posts/nothing")).status_code == 404
    assert (await browser.get("/posts/about")).status_code == 404
    assert (await browser.get("/pages/winter-light")).status_code == 404


async def test_the_feed_is_atom_with_absolute_addresses(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/feed.xml")
    feed = ElementTree.fromstring(answer.content)

    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert [one.text for one in feed.iter(f"{ATOM}title")] == ["Fjord & Co", "Winter light"]
    assert [one.text for one in feed.iter(f"{ATOM}id")][1] == (
        "http://testserver/posts/winter-light"
    )
