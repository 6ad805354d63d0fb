"""Readers' words become paragraphs and links, never markup of theirs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rustok.content.comments.model.words import as_html, avatar_seed, clean_html
from rustok.core.ids import new_id
from tests.unit.content.nodes.test_html import PAYLOADS, assert_harmless


@pytest.mark.parametrize("payload", PAYLOADS)
def test_an_attack_is_shown_as_it_was_typed_or_dropped(payload: str) -> None:
    assert_harmless(as_html(payload))
    assert_harmless(clean_html(payload))


@given(st.text(max_size=300))
def test_no_text_becomes_a_tag_of_its_own(text: str) -> None:
    assert_harmless(as_html(text))


def test_paragraphs_lines_and_links_are_made() -> None:
    shown = as_html("Hi <b>you</b>,\nsee https://x.example/a?b=1&c=2.\n\n\nBye & thanks")
    link = "https://x.example/a?b=1&amp;c=2"
    assert shown == (
        "<p>Hi &lt;b&gt;you&lt;/b&gt;,<br>see "
        f'<a href="{link}" rel="nofollow ugc noopener">{link}</a>.</p><p>Bye &amp; thanks</p>'
    )


def test_imported_markup_keeps_harmless_tags_and_gets_nofollow_links() -> None:
    shown = clean_html(
        '<p onclick="x">A <em>b</em> <img src=x> <a href="http://x.example" target="_blank">c</a></p>'
    )
    assert (
        shown == '<p>A <em>b</em>  <a href="http://x.example" rel="nofollow ugc noopener">c</a></p>'
    )


def test_an_avatar_is_the_same_for_one_person_in_one_tenant_only() -> None:
    one, other = new_id(), new_id()
    assert avatar_seed(one, "Ada@x.example", "Ada") == avatar_seed(one, "ada@x.example ", "A.")
    assert avatar_seed(one, "ada@x.example", "Ada") != avatar_seed(other, "ada@x.example", "Ada")
    assert len(avatar_seed(one, None, "Ada")) == 8
