"""Money: exact arithmetic, one currency, strict reading."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal

import msgspec
import pytest

from rustok.core.money import (
    CurrencyMismatch,
    InvalidAmount,
    InvalidCurrency,
    Money,
    exponent_of,
    format_decimal,
    format_localized,
    parse_currency,
    parse_decimal,
    total,
)
from rustok.core.types import MAX_AMOUNT_MINOR


def eur(amount_minor: int) -> Money:
    return Money(amount_minor=amount_minor, currency="EUR")


def test_amounts_of_one_currency_add_and_subtract() -> None:
    assert eur(1230) + eur(70) == eur(1300) == eur(1230).add(eur(70))
    assert eur(100) - eur(250) == eur(-150) == eur(100).subtract(eur(250))
    assert -eur(5) == eur(-5)
    assert eur(5) * 3 == eur(15)


def test_amounts_of_two_currencies_do_not_combine() -> None:
    usd = Money(amount_minor=1, currency="USD")
    for attempt in (eur(1).add, eur(1).subtract, eur(1).compare, eur(1).__lt__):
        with pytest.raises(CurrencyMismatch) as refused:
            attempt(usd)
        assert refused.value.extensions == {"currencies": ["EUR", "USD"]}


def test_amounts_compare_by_value() -> None:
    assert eur(1) < eur(2) <= eur(2)
    assert eur(3) > eur(2) >= eur(2)
    assert [eur(2).compare(eur(n)) for n in (3, 2, 1)] == [-1, 0, 1]
    assert eur(0).is_zero
    assert eur(-1).is_negative
    assert eur(1).is_positive


def test_equal_amounts_of_two_currencies_are_not_equal() -> None:
    assert eur(1) != Money(amount_minor=1, currency="USD")


def test_the_sum_of_nothing_is_zero() -> None:
    assert total([], currency="EUR") == Money.zero("EUR")
    assert total([eur(1), eur(2)], currency="EUR") == eur(3)


@pytest.mark.parametrize("amount", [1.0, True, "1", Decimal(1)])
def test_an_amount_that_is_no_int_is_refused(amount: object) -> None:
    with pytest.raises(TypeError):
        Money(amount_minor=amount, currency="EUR")  # type: ignore[arg-type]  # refusing it is the point


@pytest.mark.parametrize("factor", [0.5, True, Decimal(2)])
def test_money_is_multiplied_by_ints_only(factor: object) -> None:
    with pytest.raises(TypeError):
        eur(1).multiply(factor)  # type: ignore[arg-type]  # refusing it is the point


def test_an_amount_beyond_what_json_keeps_exact_is_refused() -> None:
    with pytest.raises(InvalidAmount):
        eur(MAX_AMOUNT_MINOR).add(eur(1))


@pytest.mark.parametrize("code", ["eur", "EURO", "", "XXX", "DEM", "XAU", "EU\n", "ЕUR"])
def test_a_code_that_is_no_currency_in_use_is_refused(code: str) -> None:
    with pytest.raises(InvalidCurrency):
        parse_currency(code, pointer="/currency")
    with pytest.raises(InvalidCurrency):
        Money(amount_minor=1, currency=code)


def test_a_bad_currency_inside_a_document_is_reported_with_its_path() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"\$\[0\]"):
        msgspec.json.decode(b'[{"amount_minor":1,"currency":"XXQ"}]', type=list[Money])


def test_exponents_follow_cldr() -> None:
    assert [exponent_of(code) for code in ("EUR", "JPY", "KWD")] == [2, 0, 3]


@pytest.mark.parametrize(
    ("amount", "percent", "expected"),
    [
        (1000, 19, 190),
        (50, 1, 0),
        (150, 1, 2),
        (250, 1, 2),
        (-50, 1, 0),
        (-150, 1, -2),
        (999, Decimal("7.7"), 77),
        (1000, Decimal("-10"), -100),
        (1000, Decimal("0E+999999"), 0),
    ],
)
def test_a_percentage_is_rounded_half_to_even(
    amount: int, percent: Decimal | int, expected: int
) -> None:
    assert eur(amount).percentage(percent) == eur(expected)


@pytest.mark.parametrize("percent", ["NaN", "Infinity", "1E+7", "1E-13", "1E-999999"])
def test_a_percentage_that_would_cost_work_or_sense_is_refused(percent: str) -> None:
    with pytest.raises(ValueError, match="percentage"):
        eur(1).percentage(Decimal(percent))


def test_a_float_percentage_is_refused() -> None:
    with pytest.raises(TypeError, match="float"):
        eur(1).percentage(0.1)  # type: ignore[arg-type]  # refusing it is the point


def test_a_ratio_with_a_denominator_of_zero_is_refused() -> None:
    assert eur(10).ratio(1, 4) == eur(2)
    with pytest.raises(ValueError, match="denominator"):
        eur(1).ratio(1, 0)


def test_the_units_left_over_go_to_the_largest_remainders_then_to_the_first() -> None:
    assert eur(100).allocate([1, 1, 1]) == (eur(34), eur(33), eur(33))
    assert eur(-100).allocate([1, 1, 1]) == (eur(-34), eur(-33), eur(-33))
    assert eur(10).allocate([1, 5, 0]) == (eur(2), eur(8), eur(0))
    assert eur(5).allocate([0, 3, 7]) == (eur(0), eur(2), eur(3))


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1], [2, -1]])
def test_weights_that_divide_nothing_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        eur(1).allocate(weights)


@pytest.mark.parametrize(
    ("text", "currency", "amount_minor"),
    [
        ("12.30", "EUR", 1230),
        ("12.3", "EUR", 1230),
        ("12", "EUR", 1200),
        ("-0.05", "EUR", -5),
        ("12.3000", "EUR", 1230),
        ("500", "JPY", 500),
        ("500.00", "JPY", 500),
        ("1.234", "KWD", 1234),
        ("0", "EUR", 0),
        ("-0.00", "EUR", 0),
    ],
)
def test_a_plain_decimal_is_read(text: str, currency: str, amount_minor: int) -> None:
    read = parse_decimal(text, currency)
    assert (read.amount_minor, read.currency) == (amount_minor, currency)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("12.345", "too_many_decimals"),
        ("1,234.56", "thousands"),
        ("1.234.567", "thousands"),
        ("1,234,567", "thousands"),
        ("12,30", "comma"),
        ("1.2e3", "scientific"),
        (" 12", "spaces"),
        ("12\n", "characters"),
        ("€12", "characters"),
        ("１２", "characters"),
        ("12\x00", "characters"),
        ("$12", "decimal"),
        ("+12", "decimal"),
        (".5", "decimal"),
        ("NaN", "decimal"),
        ("90071992547409.92", "range"),
        ("9" * 41, "too_long"),
    ],
)
def test_a_loose_decimal_is_refused_with_its_reason(text: str, rule: str) -> None:
    with pytest.raises(InvalidAmount) as refused:
        parse_decimal(text, "EUR", pointer="/rows/3/price")
    assert refused.value.rule == rule
    assert refused.value.pointer == "/rows/3/price"


@pytest.mark.parametrize(
    ("amount_minor", "currency", "text"),
    [(1230, "EUR", "12.30"), (-5, "EUR", "-0.05"), (500, "JPY", "500"), (1, "KWD", "0.001")],
)
def test_an_amount_is_written_with_all_its_decimals(
    amount_minor: int, currency: str, text: str
) -> None:
    assert format_decimal(Money(amount_minor=amount_minor, currency=currency)) == text


def test_an_amount_is_written_as_the_locale_does() -> None:
    assert format_localized(eur(123456), "de") == "1.234,56\xa0€"
    assert format_localized(eur(123456), "en-US") == "€1,234.56"
    assert format_localized(Money(amount_minor=1234, currency="JPY"), "ja") == "￥1,234"


def test_a_locale_unknown_to_cldr_is_written_in_english() -> None:
    assert format_localized(eur(1230), "xx-YY") == "€12.30"


def test_importing_money_does_not_load_babel() -> None:
    probe = "import sys, rustok.core.money; sys.exit('babel' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0


def test_nothing_is_neither_more_nor_less_than_nothing() -> None:
    assert not eur(0).is_negative
    assert not eur(0).is_positive
    assert not eur(1) < eur(1)
    assert not eur(1) > eur(1)
    assert not eur(2) <= eur(1)
    assert not eur(1) >= eur(2)
    assert format_decimal(eur(0)) == "0.00"


def test_bounds_are_within_bounds() -> None:
    assert eur(-MAX_AMOUNT_MINOR).amount_minor == -MAX_AMOUNT_MINOR
    with pytest.raises(InvalidAmount):
        eur(-MAX_AMOUNT_MINOR - 1)
    assert eur(1).percentage(1_000_000) == eur(10_000)
    assert eur(100).percentage(Decimal("1.000000000001")) == eur(1)
    assert parse_decimal("90071992547409.91", "EUR") == eur(MAX_AMOUNT_MINOR)
    assert parse_decimal("0" * 36 + "1.50", "EUR") == eur(150)


def test_a_ratio_is_made_of_two_ints_and_not_of_nothing() -> None:
    assert eur(7).ratio(3, 1) == eur(21)
    for numerator, denominator in ((1.5, 2), (1, 2.0), (True, 2), (1, True)):
        with pytest.raises(TypeError, match="two ints"):
            eur(1).ratio(numerator, denominator)  # type: ignore[arg-type]  # that is what is refused
    for denominator in (0, -1):
        with pytest.raises(ValueError, match="positive"):
            eur(1).ratio(1, denominator)
