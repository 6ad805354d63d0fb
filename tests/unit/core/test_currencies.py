"""The currency table says what the installed CLDR data says."""

from __future__ import annotations

from babel.core import get_global
from babel.numbers import get_currency_precision, is_currency

from rustok.core.currencies import EXPONENTS
from tools import generate_currencies


def test_every_listed_currency_has_the_exponent_of_cldr() -> None:
    assert {code: get_currency_precision(code) for code in EXPONENTS} == EXPONENTS


def test_every_listed_code_is_a_currency() -> None:
    assert all(is_currency(code) for code in EXPONENTS)


def test_the_table_lists_exactly_the_tender_in_use() -> None:
    """If this fails after an upgrade of babel, run tools/generate_currencies.py."""
    in_use = {
        code
        for uses in get_global("territory_currencies").values()
        for code, _start, end, is_tender in uses
        if is_tender and end is None
    }
    assert set(EXPONENTS) == in_use


def test_the_file_is_what_its_generator_writes() -> None:
    made = generate_currencies.render(generate_currencies.exponents_from_cldr())
    assert generate_currencies.TARGET.read_text(encoding="utf-8") == made
