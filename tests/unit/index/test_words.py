"""Texts and search terms in the form in which they are compared."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rustok.index.fulltext import index_statements
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
    assert terms.fts5(scope="t1") == '"t1_linen" AND "t1_shi"*'
    assert terms.pieces() == [" linen ", " shi"]
    assert terms.start() == " linen shi"


def test_sort_keys_are_short_and_whole() -> None:
    key = sort_key("ж" * 300)
    assert len(key.encode()) <= 160
    assert set(key) == {"ж"}


def test_markup_is_not_searchable() -> None:
    assert plain_text('<p class="x">One&nbsp;<b>two</b></p>') == "One two"
    assert searchable("<em>A</em>", None, "B") == "em a em b"


def full_text_of(*texts: tuple[str, str]) -> sqlite3.Connection:
    """A full text in memory, as the migrations make it, with (scope, text) numbered from 1."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE product_entries (entry, scope, title, keywords, body)")
    connection.executemany(
        "INSERT INTO product_entries VALUES (?, ?, ?, '', '')",
        [(number, scope, words(text)) for number, (scope, text) in enumerate(texts, start=1)],
    )
    for statement in index_statements("sqlite"):
        if "product_entries" in statement:
            connection.execute(statement)
    return connection


def found_in(connection: sqlite3.Connection, text: str, *, scope: str) -> list[int]:
    terms = parse_terms(text)
    if terms is None:
        return []
    asked = "SELECT rowid FROM product_entries_fts WHERE product_entries_fts MATCH ? ORDER BY rowid"
    return [row[0] for row in connection.execute(asked, (terms.fts5(scope=scope),))]


@settings(max_examples=200, deadline=None)
@given(st.text(min_size=1, max_size=60))
def test_no_input_is_a_syntax_error_of_fts5(text: str) -> None:
    with contextlib.closing(full_text_of(("t1", text))) as connection:
        found_in(connection, text, scope="t1")


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='t12_ "*aä\u0301\u093f\u2d65:^', min_size=1, max_size=12))
def test_what_is_typed_finds_nothing_of_another_scope(text: str) -> None:
    scopes = ("t1", "t12", "t2")
    texts = [(scope, f"{other}_{text} {text} {other}") for scope in scopes for other in scopes]
    with contextlib.closing(full_text_of(*texts)) as connection:
        for number, scope in enumerate(scopes):
            own = range(3 * number + 1, 3 * number + 4)
            for asked in (text, f"t2_{text}", f'"t2_{text}"', f"t1 {text}"):
                assert set(found_in(connection, asked, scope=scope)) <= set(own)
            if words(text):
                assert found_in(connection, text, scope=scope) == list(own)


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        ("हिन्दी किताब", "हिन्दी"),
        ("हिन्दी किताब", "किता"),
        ("日本語", "日本"),
        ("за\u0301мок", "замок"),
        ("Crème brûlée", "creme bru"),
    ],
)
def test_words_of_any_script_are_found_in_fts5(stored: str, asked: str) -> None:
    with contextlib.closing(full_text_of(("t1", stored), ("t2", stored))) as connection:
        assert found_in(connection, asked, scope="t2") == [2]
