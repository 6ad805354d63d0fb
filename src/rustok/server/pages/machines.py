"""What machines read of a site: the Atom feed, the site map, robots.txt.

Refuses: anything of a visitor; these are the same for everybody.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from rustok.server.message import Answer
from rustok.server.pages import answers, node_reads, product_reads
from rustok.server.pages.models import Address, PostQuery
from rustok.server.pages.visit import NoSuchPage, Visit

_FEED_POSTS: Final = 30
# A site map has at most 50,000 addresses; these are the newest products and as many texts.
_MAP_ADDRESSES: Final = 20_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


async def feed(visit: Visit) -> Answer:
    """The newest posts as Atom (RFC 4287)."""
    outline = await visit.desk.outlines.get(visit.ctx)
    if not outline.has_posts:
        raise NoSuchPage
    async with visit.desk.parts.db.read(visit.ctx) as tx:
        posts = (await node_reads.list_posts(tx, PostQuery(limit=_FEED_POSTS))).items
    updated_at = max((one.published_at for one in posts if one.published_at), default=_EPOCH)
    body = visit.desk.renderer.render(
        "feed.xml",
        name=visit.ctx.tenant.name,
        locale=visit.ctx.locale,
        origin=visit.origin,
        updated_at=updated_at.isoformat(),
        posts=posts,
    )
    return answers.text(body, "application/atom+xml", shows=("nodes",))


async def sitemap(visit: Visit) -> Answer:
    """Every address worth finding (sitemaps.org protocol 0.9)."""
    async with visit.desk.parts.db.read(visit.ctx) as tx:
        addresses = [Address(path="/", changed_at=None)]
        addresses += await product_reads.list_addresses(tx, limit=_MAP_ADDRESSES)
        addresses += await node_reads.list_addresses(tx, limit=_MAP_ADDRESSES)
    body = visit.desk.renderer.render("sitemap.xml", origin=visit.origin, addresses=addresses)
    return answers.text(body, "application/xml", shows=("products", "nodes"))


async def robots(visit: Visit) -> Answer:
    """What crawlers may read: all but what belongs to one visitor (RFC 9309)."""
    lines = [
        "User-agent: *",
        "Disallow: /cart",
        "Disallow: /checkout",
        "Disallow: /orders/",
        "Disallow: /search",
        "Disallow: /api/",
        f"Sitemap: {visit.origin}/sitemap.xml",
    ]
    return answers.text("\n".join(lines) + "\n", "text/plain", shows=())
