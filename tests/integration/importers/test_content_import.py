"""Sites coming in: what is shown, what is not, and how things find each other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rustok.content.comments import api as comments
from rustok.core.pagination import PageRequest
from rustok.importers.model import ImportOptions
from tests.conftest import World
from tests.integration.importers.running import imported, issues_of, nodes_of

Write = Callable[[str, str], Path]

WXR = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/"
 xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:wp="http://wordpress.org/export/1.2/">
<channel><wp:wxr_version>1.2</wp:wxr_version>
<wp:author><wp:author_id>1</wp:author_id><wp:author_login>ada</wp:author_login>
<wp:author_display_name>Ada Lovelace</wp:author_display_name></wp:author>
<wp:category><wp:term_id>2</wp:term_id><wp:category_nicename>child</wp:category_nicename>
<wp:category_parent>top</wp:category_parent><wp:cat_name>Child</wp:cat_name></wp:category>
<wp:category><wp:term_id>1</wp:term_id><wp:category_nicename>top</wp:category_nicename>
<wp:cat_name>Top</wp:cat_name></wp:category>
%s
</channel></rss>
"""


def item(
    number: int, slug: str, *, kind: str = "post", status: str = "publish", **more: str
) -> str:
    """One item; `body`, `date`, `parent`, `extra` (further XML) may be given."""
    date = more.get("date", "2020-01-02 03:04:05")
    return f"""<item><title>{slug.title()}</title><dc:creator>ada</dc:creator>
<content:encoded><![CDATA[{more.get("body", "<p>Words.</p>")}]]></content:encoded>
<excerpt:encoded></excerpt:encoded><wp:post_id>{number}</wp:post_id>
<wp:post_date>{date}</wp:post_date><wp:post_date_gmt>{date}</wp:post_date_gmt>
<wp:comment_status>open</wp:comment_status><wp:post_name>{slug}</wp:post_name>
<wp:status>{status}</wp:status><wp:post_parent>{more.get("parent", "0")}</wp:post_parent>
<wp:post_type>{kind}</wp:post_type>{more.get("extra", "")}</item>
"""


def picture(number: int) -> str:
    return item(
        number,
        "boat",
        kind="attachment",
        status="inherit",
        extra="<wp:attachment_url>https://x.example/boat.jpg</wp:attachment_url>",
    )


def comment(number: int, parent: int, words: str, approved: str = "1") -> str:
    return f"""<wp:comment><wp:comment_id>{number}</wp:comment_id>
<wp:comment_author>Bo</wp:comment_author><wp:comment_author_email>bo@x.example</wp:comment_author_email>
<wp:comment_date_gmt>2020-02-0{number} 00:00:00</wp:comment_date_gmt>
<wp:comment_content><![CDATA[{words}]]></wp:comment_content>
<wp:comment_approved>{approved}</wp:comment_approved>
<wp:comment_parent>{parent}</wp:comment_parent></wp:comment>"""


async def test_a_node_finds_parent_picture_and_terms_that_come_after_it(
    world: World, written: Write
) -> None:
    tenant = await world.tenant()
    thumbnail = (
        "<wp:postmeta><wp:meta_key>_thumbnail_id</wp:meta_key><wp:meta_value>9</wp:meta_value>"
        '</wp:postmeta><category domain="category" nicename="child">Child</category>'
        '<category domain="post_tag" nicename="sea">Sea</category>'
    )
    text = item(5, "leaf", kind="page", parent="6", extra=thumbnail)
    path = written("a.xml", WXR % (text + item(6, "root", kind="page") + picture(9)))
    run = await imported(world, tenant, "wordpress", path)
    found = await nodes_of(world, tenant)
    leaf = found["leaf"]
    assert leaf.parent_id == found["root"].id
    assert leaf.featured_media is not None
    assert leaf.featured_media.url == "https://x.example/boat.jpg"
    assert [one.path for one in leaf.categories] == [("top", "child")]
    assert [one.handle for one in leaf.tags] == ["sea"]
    assert leaf.author_name == "Ada Lovelace"
    assert await issues_of(world, tenant, run) == []
    seen = len(await world.events(tenant))
    await imported(world, tenant, "wordpress", path)
    assert len(await world.events(tenant)) == seen
    assert (await nodes_of(world, tenant))["leaf"] == leaf


async def test_a_parent_that_is_nowhere_is_a_warning_at_its_line(
    world: World, written: Write
) -> None:
    tenant = await world.tenant()
    path = written("a.xml", WXR % item(5, "leaf", kind="page", parent="77"))
    run = await imported(world, tenant, "wordpress", path)
    [issue] = await issues_of(world, tenant, run)
    assert (issue.code, issue.severity, issue.column) == (
        "parent_missing",
        "warning",
        "wp:post_parent",
    )
    assert issue.row is not None
    assert (await nodes_of(world, tenant))["leaf"].parent_id is None


async def test_every_state_finds_its_own_and_nothing_private_is_shown(
    world: World, written: Write
) -> None:
    tenant = await world.tenant()
    later = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%d %H:%M:%S")
    protected = "<wp:post_password>sesame</wp:post_password>"
    text = "".join(
        [
            item(1, "shown"),
            item(2, "drafted", status="draft"),
            item(3, "planned", status="future", date=later),
            item(4, "waiting", status="pending"),
            item(5, "hidden", status="private"),
            item(6, "binned", status="trash"),
            item(7, "locked", extra=protected),
        ]
    )
    run = await imported(world, tenant, "wordpress", written("a.xml", WXR % text))
    assert run.report.counts["node"] == {"created": 6, "skipped": 1}
    found = await nodes_of(world, tenant)
    assert {handle: one.status for handle, one in found.items()} == {
        "shown": "published",
        "drafted": "draft",
        "planned": "scheduled",
        "waiting": "in_review",
        "hidden": "draft",
        "locked": "published",
    }
    assert found["locked"].is_protected
    assert found["locked"].texts["en"].body_html == ""
    assert found["shown"].published_at == datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)


async def test_a_node_that_went_to_the_bin_is_no_longer_shown(world: World, written: Write) -> None:
    tenant = await world.tenant()
    await imported(world, tenant, "wordpress", written("a.xml", WXR % item(1, "shown")))
    path = written("b.xml", WXR % item(1, "shown", status="trash"))
    run = await imported(world, tenant, "wordpress", path)
    assert run.report.counts["node"] == {"updated": 1}
    assert (await nodes_of(world, tenant))["shown"].status == "draft"


async def test_what_could_run_in_a_page_does_not_come_in(world: World, written: Write) -> None:
    tenant = await world.tenant()
    blocks = (
        '<!-- wp:html --><img src=x onerror="alert(1)"><script>alert(2)</script>'
        '<iframe src="https://evil.example"></iframe><!-- /wp:html -->'
        "<!-- wp:paragraph --><p>Fine words</p><!-- /wp:paragraph -->"
    )
    plain = '<p>Fine words</p><svg onload="alert(1)"></svg><a href="javascript:alert(1)">x</a>'
    talk = comment(1, 0, "Good <script>alert(1)</script><b onclick=x()>words</b>")
    text = item(1, "blocks", body=blocks, extra=talk) + item(2, "plain", body=plain)
    await imported(world, tenant, "wordpress", written("a.xml", WXR % text))
    found = await nodes_of(world, tenant)
    async with world.read(tenant) as tx:
        page = await comments.list_threads(tx, found["blocks"].id, PageRequest())
    shown = [one.texts["en"].body_html for one in found.values()]
    for html in [*shown, *(one.comment.content_html for one in page.items)]:
        assert "words" in html
        for word in ("<script", "onerror", "onload", "onclick", "javascript:", "<iframe", "<svg"):
            assert word not in html


async def test_comments_keep_their_threads_and_only_approved_ones_are_shown(
    world: World, written: Write
) -> None:
    tenant = await world.tenant()
    talk = comment(1, 0, "First") + comment(2, 1, "Answer") + comment(3, 0, "Buy!", "spam")
    path = written("a.xml", WXR % item(1, "talk", extra=talk))
    run = await imported(world, tenant, "wordpress", path)
    assert run.report.counts["comment"] == {"created": 3}
    node = (await nodes_of(world, tenant))["talk"]
    async with world.read(tenant) as tx:
        [thread] = (await comments.list_threads(tx, node.id, PageRequest())).items
    assert "First" in thread.comment.content_html
    assert ["Answer" in one.comment.content_html for one in thread.replies] == [True]
    again = await imported(world, tenant, "wordpress", path)
    assert again.report.counts["comment"] == {"unchanged": 3}


async def test_two_sites_with_the_same_ids_stay_apart_by_name(world: World, written: Write) -> None:
    tenant = await world.tenant()
    for site in ("one", "two"):
        path = written(f"{site}.xml", WXR % item(1, f"post-of-{site}"))
        run = await imported(world, tenant, "wordpress", path, options=ImportOptions(site=site))
        assert run.report.counts["node"] == {"created": 1}
    assert set(await nodes_of(world, tenant)) == {"post-of-one", "post-of-two"}


async def test_a_refused_node_names_its_line_and_leaves_no_comment(
    world: World, written: Write
) -> None:
    tenant = await world.tenant()
    deep = "<div>" * 400 + "deep" + "</div>" * 400
    bad = item(2, "deep", body=deep, extra=comment(1, 0, "Words"))
    path = written("a.xml", WXR % (item(1, "first") + bad + item(3, "third")))
    run = await imported(world, tenant, "wordpress", path)
    assert run.report.counts["node"] == {"created": 2, "failed": 1}
    assert "comment" not in run.report.counts
    [issue] = await issues_of(world, tenant, run)
    assert (issue.code, issue.severity) == ("invalid_node_body", "error")
    assert issue.column == "content:encoded"
    line = path.read_text("utf-8").split("<title>Deep</title>")[0].count("\n") + 1
    assert issue.row == line
    types = [event.type for event in await world.events(tenant)]
    assert "comment.submitted" not in types
