"""The menu of each site, kept for half a minute: what it has, its categories and its pages.

Refuses: anything of a visitor; an outline is the same for all who read in one language.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from rustok.core.cache.cache import Cache
from rustok.core.cache.register import load_times
from rustok.core.cache.settings import CacheSettings
from rustok.core.parts import Parts
from rustok.core.tenancy import ANONYMOUS, RequestContext, context_for
from rustok.server.pages import node_reads, product_reads
from rustok.server.pages.models import Outline, PostQuery

NAME: Final = "page_outlines"
_KEEP: Final = CacheSettings(
    capacity=5_000, ttl_seconds=30, negative_ttl_seconds=3, idle_seconds=300, stale_seconds=300
)

_CATEGORIES: Final = 10
_PAGES: Final = 12
_MENU: Final = 8


class Outlines:
    """Args:
    parts: to read with.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._cache: Cache[tuple[UUID, str], Outline] = Cache(
            NAME, self._load, _KEEP, on_event=load_times(NAME)
        )
        parts.caches.add(self._cache.stats)

    async def get(self, ctx: RequestContext) -> Outline:
        """The outline of the context's tenant in its locale."""
        return await self._cache.get((ctx.tenant_id, ctx.locale))

    async def _load(self, key: tuple[UUID, str]) -> Outline:
        tenant_id, locale = key
        profile = await self._parts.profile_of(tenant_id)
        ctx = context_for(profile, actor=ANONYMOUS, locale=locale)
        async with self._parts.db.read(ctx) as tx:
            total, categories = await product_reads.overview(tx, limit=_CATEGORIES)
            has_posts = bool((await node_reads.list_posts(tx, PostQuery(limit=1))).items)
            pages = await node_reads.top_pages(tx, limit=_PAGES)
            menu = await node_reads.header_menu(tx, limit=_MENU)
        return Outline(
            has_products=total > 0,
            has_posts=has_posts,
            categories=categories,
            pages=pages,
            menu=menu,
        )
