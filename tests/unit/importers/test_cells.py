"""Cells as values: amounts, weights, dates and addresses, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from rustok.importers.cells import (
    CellUnreadable,
    read_moment,
    read_number,
    read_price,
    read_quantity,
    read_url,
    read_weight_grams,
    split_list,
)


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("50", 5_000),
        ("49.9", 4_990),
        ("19.9500", 1_995),
        ("12,50", 1_250),
        ("1,234.50", 123_450),
        ("1.234,50", 123_450),
        ("1 234,5", 123_450),
        ("'7.00", 700),
        (".5", 50),
        ("0", 0),
        ("1,234,567", 123_456_700),
    ],
)
def test_an_amount_is_read_with_point_or_comma(text: str, minor: int) -> None:
    assert read_price(text, "EUR").amount_minor == minor


@pytest.mark.parametrize(
    "text", ["1,234", "-1", "abc", "€5", "1.2.3", "1e3", "1.999", "9" * 50, "٣"]
)
def test_an_amount_that_is_none_or_ambiguous_is_refused(text: str) -> None:
    with pytest.raises(CellUnreadable):
        read_price(text, "EUR")


@pytest.mark.parametrize(
    ("text", "unit", "grams"),
    [("1", "kg", 1_000), ("0,5", "lbs", 227), ("1", "oz", 28), ("250", "g", 250), ("2", "LB", 907)],
)
def test_a_weight_becomes_whole_grams(text: str, unit: str, grams: int) -> None:
    assert read_weight_grams(text, unit) == grams


@pytest.mark.parametrize(
    ("text", "unit"), [("1", "stone"), ("-1", "kg"), ("NaN", "g"), ("1e99", "g")]
)
def test_a_weight_without_sense_is_refused(text: str, unit: str) -> None:
    with pytest.raises(CellUnreadable):
        read_weight_grams(text, unit)


def test_a_quantity_is_whole() -> None:
    assert read_quantity("3.0") == 3
    assert read_quantity("-2") == -2
    with pytest.raises(CellUnreadable):
        read_quantity("1.5")
    with pytest.raises(CellUnreadable):
        read_quantity("99999999999")


def test_a_date_means_the_shops_own_midnight() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert read_moment("2026-03-01", berlin) == datetime(2026, 2, 28, 23, tzinfo=UTC)
    assert read_moment("2026-03-31", UTC, end_of_day=True) == datetime(2026, 4, 1, tzinfo=UTC)
    assert read_moment("2026-03-31 10:00:00", UTC, end_of_day=True).hour == 10
    assert read_moment("2026-03-31T10:00:00+02:00", UTC).hour == 8
    with pytest.raises(CellUnreadable):
        read_moment("2026-02-30", UTC)


def test_an_address_is_http_with_a_host() -> None:
    assert read_url("//cdn.example/a b.jpg") == "https://cdn.example/a%20b.jpg"
    for text in ("ftp://x.example/a", "javascript:alert(1)", "photo.jpg", "http://", "https://[x"):
        with pytest.raises(CellUnreadable):
            read_url(text)


def test_a_list_drops_empty_and_repeated_items() -> None:
    assert split_list("a, b,,  a , c d") == ("a", "b", "c d")


@pytest.mark.parametrize("url", ["demo://shop/images/tent.svg", "https://x.example/a.png"])
def test_an_address_of_the_sample_data_or_the_web_is_taken(url: str) -> None:
    assert read_url(url) == url


@pytest.mark.parametrize(
    "url",
    ["demo:shop.svg", "demo:///a.svg", "file:///etc/passwd", "javascript:alert(1)", "data:,x"],
)
def test_an_address_of_another_scheme_or_without_a_place_is_refused(url: str) -> None:
    with pytest.raises(CellUnreadable):
        read_url(url)


def test_what_could_end_an_attribute_is_escaped_in_an_address() -> None:
    address = read_url("https://x.example/a\"b'c<d>e\\f`g.png")
    assert address == "https://x.example/a%22b%27c%3Cd%3Ee%5Cf%60g.png"


@pytest.mark.parametrize("text", ["1e313313313", "-51e999999999999", "1e3199999999995", "9" * 20])
def test_a_number_beyond_all_bounds_is_unreadable_and_no_fault(text: str) -> None:
    with pytest.raises(CellUnreadable):
        read_number(text)
