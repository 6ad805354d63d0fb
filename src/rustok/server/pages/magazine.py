"""The pages of the magazine: the list of posts, one post, and the site's own pages.

Refuses: drafts; it shows what the read models hold.
"""

from __future__ import annotations

from rustok.server.message import Answer
from rustok.server.pages import node_reads
from rustok.server.pages.models import Link, PostList, PostQuery
from rustok.server.pages.site import address_with
from rustok.server.pages.visit import NoSuchPage, Visit


async def posts(visit: Visit) -> Answer:
    """Posts, newest first, perhaps of one category or tag."""
    query = PostQuery(
        text=visit.parameter("q"),
        category=visit.parameter("category", limit=100) or None,
        tag=visit.parameter("tag", limit=100) or None,
        cursor=visit.parameter("cursor", limit=513) or None,
    )
    async with visit.desk.parts.db.read(visit.ctx) as tx:
        found = await node_reads.list_posts(tx, query, facets=True)
    return await visit.page(
        "posts.html",
        list=found,
        query=query,
        heading=_heading(visit, query, found),
        find_text=query.text,
        next_href=address_with(visit.request, cursor=found.next_cursor)
        if found.next_cursor
        else None,
        first_href=address_with(visit.request, drop=("cursor",)),
    )


def _heading(visit: Visit, query: PostQuery, found: PostList) -> str:
    """What the list shows, by the names readers know."""
    if query.text:
        return visit.t("search.for", text=query.text)
    labels = {one.value: one.label for one in (*found.tags, *found.categories)}
    if query.tag:
        return visit.t("posts.tagged", tag=labels.get(query.tag, query.tag))
    if query.category:
        return labels.get(query.category, query.category)
    return visit.t("posts.title")


async def post(visit: Visit, slug: str) -> Answer:
    """One post with its comments. Raises NoSuchPage when none is published there."""
    async with visit.desk.parts.db.read(visit.ctx) as tx:
        found = await node_reads.find_post(tx, slug)
    if found is None:
        raise NoSuchPage
    crumbs = (Link(label=visit.t("magazine"), href="/posts"),)
    return await visit.page(
        "node.html", alternates=found.alternates, node=found, crumbs=crumbs, is_post=True
    )


async def page(visit: Visit, path: str) -> Answer:
    """A page by its handles from the top, `about/team`; any other way to it leads there.

    Raises:
        NoSuchPage: none is published.
    """
    async with visit.desk.parts.db.read(visit.ctx) as tx:
        found = await node_reads.find_page(tx, path)
    if found is None:
        raise NoSuchPage
    if found.path != visit.request.path.rstrip("/"):
        return visit.see_other(found.path)
    return await visit.page(
        "node.html",
        alternates=found.alternates,
        node=found,
        crumbs=found.parents,
        is_post=False,
    )
