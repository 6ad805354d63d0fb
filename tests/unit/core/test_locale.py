"""Locales: canonical tags, fallback and negotiation."""

from __future__ import annotations

import pytest

from rustok.core.locale import InvalidLocale, fallback_chain, negotiate, parse_locale


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("en", "en"),
        ("EN-us", "en-US"),
        ("zh-hANT-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("de-CH-1996", "de-CH-1996"),
        ("sl-IT-NEDIS", "sl-IT-nedis"),
        ("sr-latn", "sr-Latn"),
        ("haw", "haw"),
    ],
)
def test_a_tag_gets_its_canonical_form(text: str, canonical: str) -> None:
    assert parse_locale(text, pointer="/locale") == canonical


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "empty"),
        ("de_AT", "separator"),
        ("e", "extension"),
        ("en-u-ca-buddhist", "extension"),
        ("x-private", "extension"),
        ("zh-yue-HK", "extended_language"),
        ("de-1996-1996", "repeated_variant"),
        ("en-", "bcp_47"),
        ("english", "bcp_47"),
        ("en-USA1", "bcp_47"),
        ("en\n", "bcp_47"),
        ("en\r\nX: y", "bcp_47"),
        ("ｅｎ", "bcp_47"),
        ("../en", "bcp_47"),
        ("<script>", "bcp_47"),
        ("en-" + "a" * 40, "too_long"),
        ("de-" * 100_000, "too_long"),
    ],
)
def test_what_is_no_tag_is_refused_with_its_reason(text: str, rule: str) -> None:
    with pytest.raises(InvalidLocale) as refused:
        parse_locale(text, pointer="/locale")
    assert refused.value.rule == rule
    assert refused.value.code == "invalid_locale"


@pytest.mark.parametrize(
    ("locale", "default", "chain"),
    [
        ("de-AT", "en", ("de-AT", "de", "en")),
        ("en", "en", ("en",)),
        ("zh-Hant-TW", "en-GB", ("zh-Hant-TW", "zh-Hant", "zh", "en-GB", "en")),
        ("en-US", "en", ("en-US", "en")),
    ],
)
def test_a_locale_falls_back_to_shorter_tags_and_the_default(
    locale: str, default: str, chain: tuple[str, ...]
) -> None:
    assert fallback_chain(locale, default=default) == chain


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, "en"),
        ("", "en"),
        ("de", "de"),
        ("DE-at", "de-AT"),
        ("de-CH", "de"),
        ("fr;q=0.5, de;q=0.9", "de"),
        ("fr, de", "fr"),
        ("xx, fr;q=0.1", "fr"),
        ("*", "en"),
        ("*;q=0.9, fr;q=0.1", "fr"),
        ("de-AT;q=0, de", "de"),
        ("de;q=0, fr;q=0.2", "fr"),
        ("de-AT-1996, de-AT;q=0", "de"),
        ("zh-Hant-u-co-stroke", "zh-Hant"),
        ("fr;q=2, de;q=0.1", "de"),
        ("fr;q=, de;q=0.1", "de"),
        ("fr;level=1, de;q=0.1", "de"),
        (";;;,,,q=1,=,\x00,é", "en"),
        ("fr ; q=0.3 ,\tde ; Q=0.4", "de"),
        ("de;q=0.1234", "en"),
    ],
)
def test_the_best_supported_locale_is_picked(header: str | None, expected: str) -> None:
    assert negotiate(header, ["en", "de", "de-AT", "fr", "zh-Hant"], "en") == expected


def test_the_locale_is_given_as_the_supported_list_spells_it() -> None:
    assert negotiate("pt-br", ["pt-BR"], "en") == "pt-BR"


def test_without_supported_locales_the_default_is_given() -> None:
    assert negotiate("de", [], "en") == "en"


def test_an_endless_header_is_read_only_so_far() -> None:
    assert negotiate("xx," * 1_000_000 + "de", ["de"], "en") == "en"
    assert negotiate("a" * 999 + ",de-AT", ["de"], "en") == "en"
