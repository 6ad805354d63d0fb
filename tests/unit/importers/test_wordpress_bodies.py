"""Bodies: blocks as a tree and paragraphs for classic content."""

from __future__ import annotations

import time

import pytest

from rustok.importers.wordpress.blocks import MAX_DEPTH, has_blocks, parse_blocks
from rustok.importers.wordpress.paragraphs import add_paragraphs


def test_blocks_nest_and_void_blocks_stand_alone() -> None:
    parsed = parse_blocks(
        '<!-- wp:list {"ordered":true} --><ol><!-- wp:list-item --><li>a</li>'
        "<!-- /wp:list-item --></ol><!-- /wp:list -->\n\n<!-- wp:latest-posts /-->"
    )
    assert parsed.problems == ()
    outer, void = parsed.blocks
    assert (outer.name, outer.attrs, outer.inner_html) == (
        "core/list",
        {"ordered": True},
        "<ol></ol>",
    )
    assert outer.inner_content == ("<ol>", None, "</ol>")
    assert outer.inner_blocks[0].inner_html == "<li>a</li>"
    assert (void.name, void.inner_content) == ("core/latest-posts", ())


def test_attributes_with_an_escaped_comment_end_and_a_slash_are_read() -> None:
    content = '<!-- wp:acme/x {"a":"\\u002d\\u002d\\u003e","u":"a/b/"} /-->'
    (block,) = parse_blocks(content).blocks
    assert block.attrs == {"a": "-->", "u": "a/b/"}


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("<!-- wp:a --><b>x", ["core/a"]),
        ("x<!-- /wp:a -->", ["core/freeform"]),
        ("<!-- wp:a --><!-- wp:b -->x<!-- /wp:a -->y", ["core/a", "core/freeform"]),
        ("<!-- wp:a [1] -->x<!-- /wp:a -->", ["core/a"]),
    ],
)
def test_broken_blocks_lose_no_markup_and_are_reported(content: str, names: list[str]) -> None:
    parsed = parse_blocks(content)
    assert [block.name for block in parsed.blocks] == names
    assert parsed.problems != ()
    assert "x" in repr(parsed.blocks)


def test_deep_nesting_is_bounded() -> None:
    content = "<!-- wp:group -->" * 5_000 + "end" + "<!-- /wp:group -->" * 5_000
    (block,) = parse_blocks(content).blocks[:1]
    depth = 0
    while block.inner_blocks:
        block = block.inner_blocks[0]
        depth += 1
    assert depth < MAX_DEPTH
    assert "end" in block.inner_html


def test_an_ordinary_comment_is_no_block() -> None:
    assert not has_blocks("<!--more--> <!-- wp: --> text")
    assert has_blocks("a <!-- wp:paragraph -->")


@pytest.mark.parametrize(
    ("classic", "html"),
    [
        ("one\n\ntwo\nthree", "<p>one</p>\n<p>two<br />\nthree</p>"),
        ("<p>x</p>\n\ny", "<p>x</p>\n<p>y</p>"),
        ("<ul>\n<li>a\n\nb</li>\n</ul>tail", "<ul>\n<li>a\n\nb</li>\n</ul>\n<p>tail</p>"),
        ("<pre>a\n\nb <b>c</b></pre>\n\nd", "<pre>a\n\nb <b>c</b></pre>\n<p>d</p>"),
        ("<div>\n\nx\n\ny</div>", "<div>\n<p>x</p>\n<p>y</p>\n</div>"),
        ("<div>x</div>", "<div>x</div>"),
        ("[gallery]\n\n<!--nextpage-->\n\nc", "<p>[gallery]</p>\n<!--nextpage-->\n<p>c</p>"),
        ("a <em>b</em>\n\n<img src=x>", "<p>a <em>b</em></p>\n<p><img src=x></p>"),
        ("1 < 2 <!-- open", "<p>1 < 2 <!-- open</p>"),
        ("", ""),
    ],
)
def test_blank_lines_become_paragraphs(classic: str, html: str) -> None:
    assert add_paragraphs(classic) == html


@pytest.mark.parametrize("piece", ["<!--", "<a ", " ", "\n ", "<!-- wp:a ", "<pre>", "</div>", "<"])
def test_hostile_bodies_take_linear_time(piece: str) -> None:
    content = "x" + piece * 100_000 + "y"
    started = time.perf_counter()
    add_paragraphs(content)
    parse_blocks(content)
    assert time.perf_counter() - started < 5
