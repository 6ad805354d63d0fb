"""What holds for all names, hostile ones first."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable

import idna
import pytest
from email_validator import SPECIAL_USE_DOMAIN_NAMES
from hypothesis import example, given
from hypothesis import strategies as st

from rustok.core.errors import InvalidInput
from rustok.core.security import identifiers
from rustok.core.security.identifiers import (
    RESERVED_SLUGS,
    handle_from_title,
    parse_email,
    parse_handle,
    parse_host,
    parse_slug,
)

ANY_TEXT = st.text(max_size=300) | st.text(alphabet="aA0-._:/@%\x00\n[]é。xn", max_size=80)
LABEL = st.from_regex(r"\A[a-z]([a-z0-9]{0,20}[a-z0-9])?\Z")


@pytest.mark.parametrize("parser", [parse_slug, parse_host, parse_handle, parse_email])
@given(text=ANY_TEXT)
def test_any_text_is_either_read_or_refused_as_invalid_input(
    parser: Callable[..., str], text: str
) -> None:
    with contextlib.suppress(InvalidInput):
        assert parser(text, pointer="/name")


@pytest.mark.parametrize("parser", [parse_slug, parse_host, parse_handle, parse_email])
@given(text=ANY_TEXT)
def test_reading_twice_changes_nothing(parser: Callable[..., str], text: str) -> None:
    try:
        once = parser(text, pointer="/name")
    except InvalidInput:
        return
    assert parser(once, pointer="/name") == once


@given(ANY_TEXT)
def test_an_accepted_host_is_made_of_lower_case_labels_only(text: str) -> None:
    try:
        host = parse_host(text)
    except InvalidInput:
        return
    assert len(host) <= 253
    for label in host.split("."):
        assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", label)


@given(st.lists(LABEL, min_size=1, max_size=5).map(".".join), st.integers(0, 65_535))
def test_letter_case_port_and_trailing_dot_do_not_matter_to_a_host(host: str, port: int) -> None:
    assert parse_host(f"{host.upper()}.:{port}") == parse_host(host) == host


@given(st.lists(LABEL, min_size=1, max_size=5).map(".".join))
def test_a_plain_host_is_what_idna_makes_of_it(host: str) -> None:
    assert parse_host(host) == idna.encode(host, strict=True, std3_rules=True).decode()


@given(st.ip_addresses())
def test_no_ip_address_is_a_host(address: object) -> None:
    with pytest.raises(InvalidInput):
        parse_host(str(address))


@given(st.from_regex(r"\A[a-z0-9][a-z0-9-]{0,34}\Z").filter(lambda s: s not in RESERVED_SLUGS))
def test_every_slug_of_the_pattern_is_accepted(slug: str) -> None:
    assert parse_slug(slug, pointer="/slug") == slug


@given(st.text(max_size=1_500), st.integers(1, 200))
def test_a_handle_made_of_a_title_is_a_handle_of_that_length(title: str, length: int) -> None:
    handle = handle_from_title(title, fallback="x", max_length=length)
    assert parse_handle(handle, pointer="/handle") == handle
    assert len(handle) <= length


_PART = st.from_regex(r"\A[a-zA-Z0-9_]{1,30}\Z")
_PLAIN = st.builds(
    lambda local, separators, domain, top: (
        "".join(part + separator for part, separator in zip(local, separators, strict=False)).strip(
            ".+-"
        )
        + "@"
        + ".".join([*domain, top])
    ),
    st.lists(_PART, min_size=1, max_size=4),
    st.lists(st.sampled_from(".+-"), min_size=4, max_size=4),
    st.lists(st.from_regex(r"\A[a-zA-Z0-9]{1,63}\Z"), min_size=1, max_size=4),
    st.from_regex(r"\A[a-zA-Z]{2,63}\Z") | st.sampled_from(SPECIAL_USE_DOMAIN_NAMES),
)


@given(text=_PLAIN | ANY_TEXT)
@example(text="a" * 64 + "@example.com")
@example(text="a" * 65 + "@example.com")
@example(text="ada@" + "a" * 63 + ".com")
@example(text="ada@" + "a" * 64 + ".com")
@example(text="ada@mail.LOCAL")
@example(text="ada@123.com")
@example(text="ada@example.com\n")
def test_an_address_that_is_read_quickly_is_read_as_the_library_reads_it(text: str) -> None:
    def read(*, quickly: bool) -> str | None:
        with pytest.MonkeyPatch.context() as patch:
            if not quickly:
                patch.setattr(identifiers, "_PLAIN_EMAIL", re.compile(r"(?!)"))
            try:
                return parse_email(text, pointer="/email")
            except InvalidInput:
                return None

    assert read(quickly=True) == read(quickly=False)
