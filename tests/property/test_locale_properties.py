"""What holds for all language tags and all headers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rustok.core.errors import InvalidInput
from rustok.core.locale import fallback_chain, negotiate, parse_locale

TAGS = st.from_regex(r"\A[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?(-[a-z0-9]{5,8})?\Z")
HEADERS = st.text(max_size=200) | st.text(alphabet="abdeq-;=,*. 019\t", max_size=200)


@given(TAGS)
def test_a_canonical_tag_stays_as_it_is(tag: str) -> None:
    assert parse_locale(tag, pointer="/locale") == tag


@given(TAGS)
def test_letter_case_does_not_matter_to_a_tag(tag: str) -> None:
    assert parse_locale(tag.upper(), pointer="/l") == parse_locale(tag.lower(), pointer="/l") == tag


@given(st.text(max_size=60))
def test_any_text_is_either_a_tag_or_refused(text: str) -> None:
    try:
        tag = parse_locale(text, pointer="/locale")
    except InvalidInput:
        return
    assert parse_locale(tag, pointer="/locale") == tag


@given(TAGS, TAGS)
def test_a_chain_begins_with_the_locale_holds_the_default_and_repeats_nothing(
    locale: str, default: str
) -> None:
    chain = fallback_chain(locale, default=default)
    assert chain[0] == locale
    assert default in chain
    assert len(set(chain)) == len(chain)


@given(HEADERS, st.lists(TAGS, max_size=5))
def test_any_header_gives_a_supported_locale_or_the_default(
    header: str, supported: list[str]
) -> None:
    assert negotiate(header, supported, "en") in {*supported, "en"}


@given(TAGS, st.lists(TAGS, max_size=5))
def test_a_supported_locale_asked_for_by_name_is_given(tag: str, others: list[str]) -> None:
    assert negotiate(tag, [*others, tag], "en") == tag
