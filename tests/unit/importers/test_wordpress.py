"""WordPress WXR: nothing of the real export is lost; old versions and broken parts are read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring

from rustok.importers.drafts import (
    AuthorDraft,
    BlockDraft,
    ContentDraft,
    MediaDraft,
    MenuDraft,
    NodeDraft,
    TermDraft,
)
from rustok.importers.errors import ImportFileRefused
from rustok.importers.report import Parsed
from rustok.importers.wordpress import WordPressOptions, parse_wordpress
from rustok.importers.xml_reading import XmlLimits

Steps = list[Parsed[ContentDraft]]
HEAD = (
    '<rss xmlns:wp="http://wordpress.org/export/1.2/" '
    'xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
    "<wp:wxr_version>1.2</wp:wxr_version>"
)
POST = (
    "<item><title>{}</title><wp:post_id>{}</wp:post_id><wp:post_type>post</wp:post_type>"
    "<wp:status>publish</wp:status></item>"
)


@pytest.fixture
def small(fixture_files: Path) -> Steps:
    options = WordPressOptions(timezone="Europe/Berlin")
    return list(parse_wordpress(fixture_files / "wordpress.xml", options))


@pytest.fixture
def real(shared_file: Callable[[str], Path]) -> Steps:
    return list(parse_wordpress(shared_file("wordpress-theme-unit-test.xml")))


def nodes(steps: Steps) -> dict[str, NodeDraft]:
    return {step.source_id: step.draft for step in steps if isinstance(step.draft, NodeDraft)}


def from_text(folder: Path, text: str | bytes, limits: XmlLimits | None = None) -> Steps:
    path = folder / "export.xml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(parse_wordpress(path, WordPressOptions(limits=limits or XmlLimits())))


def test_the_real_export_is_read_completely(real: Steps) -> None:
    drafts = [step.draft for step in real]
    assert [step for step in real if step.outcome is not None] == []
    assert sum(isinstance(draft, AuthorDraft) for draft in drafts) == 2
    terms = [draft for draft in drafts if isinstance(draft, TermDraft)]
    assert Counter(term.taxonomy for term in terms) == {"category": 68, "tag": 110}
    assert sum(isinstance(draft, MediaDraft) for draft in drafts) == 37
    menus = [draft for draft in drafts if isinstance(draft, MenuDraft)]
    assert {menu.name: len(menu.items) for menu in menus} == {
        "Testing Menu": 23,
        "Social menu": 5,
        "Short": 6,
        "All Pages Flat": 18,
        "All Pages": 18,
    }
    found = nodes(real)
    assert Counter((node.kind, node.status) for node in found.values()) == {
        ("post", "published"): 56,
        ("post", "scheduled"): 1,
        ("post", "draft"): 1,
        ("page", "published"): 21,
    }
    assert sum(len(node.comments) for node in found.values()) == 33
    assert sum(len(node.terms) for node in found.values()) == 188 + 175


def test_the_real_exports_odd_posts_keep_their_meaning(real: Steps) -> None:
    found = nodes(real)
    assert found["1168"].is_password_protected
    assert found["1241"].is_sticky
    assert found["1153"].scheduled_at == datetime(2030, 1, 1, 19, 0, 18, tzinfo=UTC)
    assert found["1169"].title == "(no title)"
    assert found["1173"].title == "Markup: Title With Markup"
    assert found["172"].parent_source_id == "173"
    assert (found["1811"].slug, found["1811"].parent_source_id) == ("epipedo-2", "1809")
    assert found["1011"].featured_media_source_id == "1022"
    assert found["555"].format == "gallery"
    assert '[gallery columns="4"' in found["555"].body_html
    assert found["1170"].body_html == ""
    assert [(i.code, i.severity) for step in real for i in step.issues] == [
        ("password_dropped", "info"),
        ("title_missing", "info"),
        ("title_markup_removed", "info"),
    ]


def test_no_letter_of_the_real_exports_blocks_is_lost(
    real: Steps, shared_file: Callable[[str], Path]
) -> None:
    def letters(blocks: tuple[BlockDraft, ...]) -> str:
        out: list[str] = []
        for block in blocks:
            inner = iter(block.inner_blocks)
            out += [letters((next(inner),)) if p is None else p for p in block.inner_content]
        return "".join("".join(out).split())

    def names(blocks: tuple[BlockDraft, ...]) -> list[str]:
        return [name for b in blocks for name in (b.name, *names(b.inner_blocks))]

    root = fromstring(shared_file("wordpress-theme-unit-test.xml").read_bytes())
    bodies = {
        item.findtext("{https://wordpress.org/export/1.2/}post_id"): item.findtext(
            "{http://purl.org/rss/1.0/modules/content/}encoded"
        )
        for item in root.iter("item")
    }
    with_blocks = [node for node in nodes(real).values() if node.body_format == "blocks"]
    assert len(with_blocks) == 19
    for node in with_blocks:
        body = bodies[node.source_id] or ""
        opened = re.findall(r"<!--\s+wp:", body)
        assert len(opened) == len([n for n in names(node.blocks) if n != "core/freeform"])
        bare = re.sub(r"<!--\s+/?wp:.*?-->", "", body, flags=re.DOTALL)
        assert letters(node.blocks) == "".join(bare.split())


def test_threads_of_the_real_export_put_parents_first(real: Steps) -> None:
    for node in nodes(real).values():
        seen: set[str] = set()
        for comment in node.comments:
            assert comment.parent_source_id is None or comment.parent_source_id in seen
            seen.add(comment.source_id)
    replies = [c for c in nodes(real)["1148"].comments if c.parent_source_id is not None]
    assert len(replies) > 3


def test_terms_come_after_their_parents_and_a_circle_is_cut(small: Steps) -> None:
    terms = [step.draft for step in small if isinstance(step.draft, TermDraft)]
    assert [(term.taxonomy, term.slug, term.parent_slug) for term in terms] == [
        ("category", "root", None),
        ("category", "child", "root"),
        ("category", "loop-b", None),
        ("category", "loop-a", "loop-b"),
        ("series", "one", None),
    ]


def test_a_private_block_post_of_an_older_version_is_read(small: Steps) -> None:
    post = nodes(small)["10"]
    assert (post.title, post.slug, post.status) == ("Private & plain", "armel", "private")
    assert post.published_at == datetime(2024, 5, 1, 10, tzinfo=UTC)
    assert (post.author_login, post.excerpt, post.menu_order) == ("ada", "Short", 3)
    assert (post.is_sticky, post.format, post.featured_media_source_id) == (True, "quote", "11")
    assert [(t.taxonomy, t.slug) for t in post.terms] == [
        ("category", "child"),
        ("tag", "t"),
        ("series", "one"),
    ]
    assert post.custom_fields == (("mood", "calm"),)
    assert (post.old_slugs, post.seo_description) == (("before",), "Found by engines")
    assert [(block.name, len(block.inner_blocks)) for block in post.blocks] == [
        ("core/group", 2),
        ("core/freeform", 0),
        ("acme/thing", 0),
    ]
    assert post.blocks[0].attrs == {"tagName": "main", "n": 1}
    assert post.blocks[0].inner_content == ("<main>", None, "mid", None, "</main>")
    assert post.blocks[1].inner_html == 'loose [gallery ids="1"]'


def test_comments_keep_thread_kind_and_status_and_no_ip(small: Steps) -> None:
    comments = nodes(small)["10"].comments
    assert [(c.source_id, c.parent_source_id, c.kind, c.status) for c in comments] == [
        ("1", None, "pingback", "spam"),
        ("2", "1", "comment", "approved"),
        ("3", None, "comment", "pending"),
    ]
    assert comments[1].author_url is None
    assert "10.0.0.1" not in repr(comments)


def test_media_are_references_with_alt_and_type(small: Steps) -> None:
    (media,) = [step.draft for step in small if isinstance(step.draft, MediaDraft)]
    assert (media.file_name, media.mime_type, media.alt) == ("café.WEBP", "image/webp", "A pic")
    assert (media.caption_html, media.parent_source_id) == ("Caption", "10")


def test_a_menu_puts_parents_before_children(small: Steps) -> None:
    (menu,) = [step.draft for step in small if isinstance(step.draft, MenuDraft)]
    assert [
        (i.source_id, i.parent_source_id, i.target, i.target_source_id) for i in menu.items
    ] == [
        ("21", None, "node", "14"),
        ("20", "21", "url", None),
    ]


def test_the_password_itself_is_not_taken(small: Steps) -> None:
    page = nodes(small)["14"]
    assert page.is_password_protected
    assert "secret" not in repr(small)
    assert page.body_html == "<p>one</p>\n<p>two</p>"
    assert (page.status, page.parent_source_id) == ("draft", "10")


def test_what_is_left_out_is_said_with_its_line(small: Steps) -> None:
    assert [(s.kind, s.source_id, s.outcome) for s in small if s.outcome is not None] == [
        ("media", "12", "failed"),
        ("node", "13", "skipped"),
        ("node", "14", "skipped"),
    ]
    assert Counter(issue.code for step in small for issue in step.issues) == {
        "parent_missing": 1,
        "title_markup_removed": 1,
        "block_malformed": 2,
        "comment_url_unreadable": 1,
        "comment_parent_missing": 1,
        "url_unreadable": 1,
        "kind_unsupported": 1,
        "status_unknown": 1,
        "password_dropped": 1,
        "item_repeated": 1,
    }
    failed = next(step for step in small if step.outcome == "failed")
    assert failed.issues[0].row == 43


def test_other_kinds_are_taken_when_named(fixture_files: Path) -> None:
    options = WordPressOptions(kinds=frozenset({"product"}))
    steps = list(parse_wordpress(fixture_files / "wordpress.xml", options))
    assert {node.kind for node in nodes(steps).values()} == {"product"}


def test_a_stopped_run_goes_on_where_it_was(fixture_files: Path, small: Steps) -> None:
    options = WordPressOptions(timezone="Europe/Berlin")
    for done in (1, 5, len(small) - 1):
        rest = list(parse_wordpress(fixture_files / "wordpress.xml", options, skip=done))
        assert rest == small[done:]


@pytest.mark.parametrize(
    "start",
    [
        '<!DOCTYPE rss [<!ENTITY a "b">]>',
        '<!DOCTYPE rss SYSTEM "file:///etc/passwd">',
        "<!DOCTYPE rss>",
    ],
)
def test_a_dtd_is_refused(tmp_path: Path, start: str) -> None:
    with pytest.raises(ImportFileRefused) as refused:
        from_text(tmp_path, start + HEAD + "</channel></rss>")
    assert refused.value.reason == "forbidden_xml"


def test_a_feed_a_page_and_no_xml_are_refused(tmp_path: Path) -> None:
    feed = "<rss><channel><item><title>x</title></item></channel></rss>"
    reasons = []
    for text in (feed, "<html><body/></html>", "Handle,Title\n"):
        with pytest.raises(ImportFileRefused) as refused:
            from_text(tmp_path, text)
        reasons.append(refused.value.reason)
    assert reasons == ["wrong_format", "wrong_format", "malformed"]


def test_a_file_cut_short_gives_what_was_whole(tmp_path: Path) -> None:
    steps = from_text(tmp_path, HEAD + "\n" + POST.format("One", 1) + "\n<item><title>Tw")
    assert list(nodes(steps)) == ["1"]
    assert [(i.code, i.severity) for i in steps[-1].issues] == [("xml_malformed", "error")]


def test_characters_xml_forbids_and_broken_bytes_do_not_stop_it(tmp_path: Path) -> None:
    text = (HEAD + POST.format("On\x0be", 1)).encode() + POST.format("caf\xe9", 2).encode("latin-1")
    steps = from_text(tmp_path, text + b"</channel></rss>")
    assert [node.title for node in nodes(steps).values()] == ["One", "caf\ufffd"]
    assert [issue.code for step in steps for issue in step.issues] == ["characters_replaced"]


def test_a_declared_encoding_is_followed(tmp_path: Path) -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?>' + HEAD + POST.format("café", 1)
    steps = from_text(tmp_path, (text + "</channel></rss>").encode("latin-1"))
    assert nodes(steps)["1"].title == "café"
    with pytest.raises(ImportFileRefused):
        from_text(tmp_path, '<?xml version="1.0" encoding="zip"?>' + HEAD)


def test_a_record_beyond_the_limits_is_refused(tmp_path: Path) -> None:
    text = HEAD + POST.format("x" * 500, 1) + "</channel></rss>"
    deep = HEAD + "<item>" + "<a>" * 50
    for content, limits in ((text, XmlLimits(max_record_chars=100)), (deep, XmlLimits())):
        with pytest.raises(ImportFileRefused) as refused:
            from_text(tmp_path, content, limits)
        assert refused.value.reason == "record_too_big"
