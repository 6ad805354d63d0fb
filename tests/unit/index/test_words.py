"""Texts and search terms in the form in which they are compared."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rustok.index.words import MAX_TERMS, parse_terms, plain_text, searchable, sort_key, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Linen Shirt", "linen shirt"),
        ("Ärmel-Kleid, XL", "armel kleid xl"),
        ("Straße", "strasse"),
        ("Crème brûlée", "creme brulee"),
        ("SHIRT-BLUE/42", "shirt blue 42"),
        ("Ёлка й", "ёлка й"),
        ("हिन्दी किताब", "हिन्दी किताब"),
        ("日本語", "日本語"),
        ("ﬁne ②", "fine 2"),
        ("_a_", "a"),
        ("!!! ???", ""),
        ("", ""),
    ],
)
def test_texts_become_words(text: str, expected: str) -> None:
    assert words(text) == expected


@given(st.text(max_size=200))
def test_words_of_words_are_the_same_words(text: str) -> None:
    once = words(text)
    assert words(once) == once


@given(st.text(max_size=200))
def test_words_hold_nothing_a_query_language_could_take_for_an_operator(text: str) -> None:
    assert not set(words(text)) & set("\"'*^()+-:{}&|!<>\\_\0,;")


def test_only_so_many_words_are_searched_for() -> None:
    terms = parse_terms(" ".join(f"w{number}" for number in range(100)))
    assert terms is not None
    assert len(terms.words) == MAX_TERMS


def test_punctuation_is_no_search() -> None:
    assert parse_terms("!!! -- ***") is None


def test_the_last_word_may_be_a_beginning() -> None:
    terms = parse_terms('Linen "Shi')
    assert terms is not None
    assert terms.tsquery() == "'linen' & 'shi':*"
    assert (
        terms.fts5("title body", scope="t1")
        == 'scope : "t1" AND {title body} : ("linen" AND "shi"*)'
    )
    assert terms.pieces() == [" linen ", " shi"]
    assert terms.start() == " linen shi"


def test_sort_keys_are_short_and_whole() -> None:
    key = sort_key("ж" * 300)
    assert len(key.encode()) <= 160
    assert set(key) == {"ж"}


def test_markup_is_not_searchable() -> None:
    assert plain_text('<p class="x">One&nbsp;<b>two</b></p>') == "One two"
    assert searchable("<em>A</em>", None, "B") == "em a em b"


@settings(max_examples=200, deadline=None)
@given(st.text(min_size=1, max_size=60))
def test_no_input_is_a_syntax_error_of_fts5(text: str) -> None:
    terms = parse_terms(text)
    if terms is None:
        return
    connection = sqlite3.connect(":memory:")
    connection.execute(
        "CREATE VIRTUAL TABLE f USING fts5(scope, title, body, tokenize='unicode61 remove_diacritics 2', prefix='2 3')"
    )
    connection.execute("INSERT INTO f VALUES ('t1', ?, '')", (words(text),))
    query = terms.fts5("title body", scope="t1")
    connection.execute("SELECT rowid FROM f WHERE f MATCH ?", (query,)).fetchall()
    connection.close()
