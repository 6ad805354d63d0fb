"""The catalogues say the same things, with the same values put in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rustok.server.pages import texts
from rustok.server.pages.texts import CATALOGUES, ENGLISH, words


@pytest.mark.parametrize("locale", sorted(CATALOGUES))
def test_a_catalogue_has_every_key_with_the_same_values(locale: str) -> None:
    found = CATALOGUES[locale]

    assert found.keys() == ENGLISH.keys()
    for key, english in ENGLISH.items():
        assert set(re.findall(r"{\w+}", found[key])) == set(re.findall(r"{\w+}", english)), key


def test_the_nearest_language_is_spoken_and_english_where_there_is_none() -> None:
    assert words("de-AT")("cart") == "Warenkorb"
    assert words("ja")("cart") == "Cart"


def test_values_are_put_in() -> None:
    assert words("en")("order.number", number="1001") == "Order 1001"


def test_a_key_nobody_wrote_is_an_error() -> None:
    with pytest.raises(KeyError):
        words("en")("no.such.key")


def test_every_text_is_shown_somewhere() -> None:
    folder = Path(texts.__file__).parent
    code = "".join(
        file.read_text()
        for file in folder.rglob("*")
        if file.suffix in (".html", ".py") and file.name != "texts.py"
    )
    made_up = ("problem.", "order.status.", "sort.", "amount.", "checkout.", "cart.added")

    for key in ENGLISH:
        if not key.startswith(made_up) and key != "cart.updated":
            assert f'"{key}"' in code or f"'{key}'" in code, f"nothing shows {key}"
