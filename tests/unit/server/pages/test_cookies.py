"""Cookies are read leniently and written strictly."""

from __future__ import annotations

import pytest

from rustok.server.pages.cookies import read_cookies, set_cookie


def test_well_formed_cookies_are_read_and_others_skipped() -> None:
    header = 'rustok_cart=abc~2; broken; quoted="x"; rustok_locale=de; rustok_locale=en; =v'

    assert read_cookies(header) == {"rustok_cart": "abc~2", "rustok_locale": "de", "": "v"}


def test_no_header_means_no_cookies() -> None:
    assert read_cookies(None) == {}


def test_a_cookie_is_out_of_reach_of_scripts_and_of_other_sites() -> None:
    assert set_cookie("rustok_cart", "a~1", secure=True, max_age_seconds=60) == (
        "__Host-rustok_cart=a~1; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"
    )


def test_a_cookie_over_http_is_not_for_https_alone() -> None:
    assert "Secure" not in set_cookie("a", "b", secure=False)


@pytest.mark.parametrize("value", ["a;b", "a b", "a\r\nx", "ä"])
def test_a_value_that_would_break_the_header_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="cannot hold"):
        set_cookie("a", value, secure=False)


def test_over_https_a_cookie_that_another_host_could_have_planted_is_not_read() -> None:
    header = "rustok_cart=planted; __Host-rustok_cart=own"
    assert read_cookies(header, secure=True) == {"rustok_cart": "own"}
    assert read_cookies("rustok_cart=planted", secure=True) == {}
