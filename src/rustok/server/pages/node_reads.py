"""Posts and pages as the site shows them, out of the documents of the index.

Refuses: queries; the index answers in one statement each and this only puts its answers in shape.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote
from uuid import UUID

from rustok.content.comments import api as comments
from rustok.content.menus import api as menus
from rustok.content.nodes import api as nodes
from rustok.core.db import ReadTx
from rustok.core.pagination import PageRequest
from rustok.index import api as index
from rustok.server.pages.models import (
    Address,
    CommentView,
    FacetValue,
    Image,
    Link,
    NodeDetail,
    PostCard,
    PostList,
    PostQuery,
)

POST: Final = "post"
PAGE: Final = "page"
_FACET_VALUES: Final = 20
_HEADER_MENUS: Final = ("main", "main-menu", "primary", "primary-menu")
_COMMENT_THREADS: Final = 50
_MAX_PAGES: Final = 300
"""Pages of one site that are looked through for its menu and for what lies below a page."""


async def list_posts(tx: ReadTx, query: PostQuery, *, facets: bool = False) -> PostList:
    """A page of posts, and with `facets` the categories and tags of all posts.

    Raises:
        InvalidCursor: the cursor is of another list.
    """
    filters = index.NodeFilters(
        q=query.text or None,
        kind=POST,
        category=query.category,
        tag=(query.tag,) if query.tag else (),
        limit=query.limit,
        cursor=query.cursor,
    )
    hits = await index.list_nodes(tx, filters)
    items = tuple(_to_card(one) for one in hits.items)
    if not facets:
        return PostList(items=items, next_cursor=hits.next_cursor)
    counted = await index.count_node_facets(tx, index.NodeFilters(kind=POST))
    return PostList(
        items=items,
        next_cursor=hits.next_cursor,
        categories=_values(counted.get("category", ())),
        tags=_values(counted.get("tag", ())),
    )


def _values(found: Sequence[index.FacetValue]) -> tuple[FacetValue, ...]:
    return tuple(
        FacetValue(value=one.value, label=one.label, count=one.count)
        for one in found[:_FACET_VALUES]
    )


def _to_card(card: index.NodeCard) -> PostCard:
    return PostCard(
        slug=card.handle,
        title=card.title,
        excerpt=card.excerpt,
        image=_picture(card.image),
        author=card.author_name,
        published_at=card.published_at,
        category=_category(card.categories[0]) if card.categories else None,
    )


def _picture(picture: index.PictureView | None) -> Image | None:
    return Image(url=picture.url, alt=picture.alt) if picture else None


def _category(term: index.TermView) -> Link:
    return Link(label=term.name, href=f"/posts?category={quote(term.handle, safe='')}")


def post_path(handle: str) -> str:
    """Where a post stands."""
    return f"/posts/{quote(handle, safe='')}"


def page_path(handles: Sequence[str]) -> str:
    """Where a page stands, by the handles from the top to it."""
    return f"/pages/{'/'.join(quote(one, safe='') for one in handles)}"


async def find_post(tx: ReadTx, handle: str) -> NodeDetail | None:
    """The post at this handle in the locale of the context; None when none is published."""
    found = await _find(tx, POST, handle)
    if found is None:
        return None
    return _detail(
        found,
        path=post_path(found.handle),
        shown=await _comments(tx, found.id),
        alternates={locale: post_path(other) for locale, other in found.alternates.items()},
    )


async def find_page(tx: ReadTx, path: str) -> NodeDetail | None:
    """The page whose handle ends this path, with the pages above and below it; None for none."""
    found = await _find(tx, PAGE, path.rpartition("/")[2])
    if found is None:
        return None
    pages = await _pages(tx)
    titles = {tuple(one.path): one.title for one in pages}
    above = [tuple(found.path[:depth]) for depth in range(1, len(found.path))]
    below = sorted(
        (one for one in pages if one.parent_id == found.id),
        key=lambda one: (one.menu_order, one.title),
    )
    return _detail(
        found,
        path=page_path(found.path),
        # Only the handle of this page is known in other locales: enough, it finds the page.
        alternates={
            locale: page_path([other])
            for locale, other in found.alternates.items()
            if other != found.handle
        },
        parents=tuple(Link(label=titles.get(one, one[-1]), href=page_path(one)) for one in above),
        children=tuple(Link(label=one.title, href=page_path(one.path)) for one in below),
    )


async def _comments(tx: ReadTx, node_id: UUID) -> tuple[CommentView, ...]:
    """The first comments of a post, each followed by its answers."""
    if "comments" not in tx.ctx.tenant.modules:
        return ()
    try:
        threads = await comments.list_threads(tx, node_id, PageRequest(limit=_COMMENT_THREADS))
    except nodes.NodeNotFound:
        # Taken down since its document was made: the index will follow.
        return ()
    shown: list[CommentView] = []
    for thread in threads.items:
        _unroll(thread, shown)
    return tuple(shown)


def _unroll(thread: comments.Thread, into: list[CommentView]) -> None:
    one = thread.comment
    into.append(
        CommentView(
            author=one.author_name,
            content_html=one.content_html,
            created_at=one.created_at,
            depth=one.depth - 1,
        )
    )
    for reply in thread.replies:
        _unroll(reply, into)


async def _find(tx: ReadTx, kind: str, handle: str) -> index.NodeDocument | None:
    try:
        return await index.get_node(tx, kind, handle)
    except index.NodeNotPublished:
        return None


def _detail(
    found: index.NodeDocument,
    *,
    path: str,
    alternates: dict[str, str],
    parents: tuple[Link, ...] = (),
    children: tuple[Link, ...] = (),
    shown: tuple[CommentView, ...] = (),
) -> NodeDetail:
    return NodeDetail(
        card=PostCard(
            slug=found.handle,
            title=found.title,
            excerpt=found.excerpt,
            image=_picture(found.image),
            author=found.author_name,
            published_at=found.published_at,
        ),
        path=path,
        locale=found.text_locale,
        # Pictures inside the text, as `assets.image_src` does for all others.
        body_html=found.body_html.replace(' src="demo://', ' src="/demo/'),
        categories=tuple(_category(one) for one in found.categories),
        tags=tuple(
            Link(label=one.name, href=f"/posts?tag={quote(one.handle, safe='')}")
            for one in found.tags
        ),
        parents=parents,
        children=children,
        comments=shown,
        seo_title=found.seo_title,
        seo_description=found.seo_description,
        alternates=alternates,
    )


async def _pages(tx: ReadTx) -> list[index.NodeCard]:
    filters = index.NodeFilters(kind=PAGE, sort="title", limit=_MAX_PAGES)
    return (await index.list_nodes(tx, filters)).items


async def top_pages(tx: ReadTx, *, limit: int) -> tuple[Link, ...]:
    """The pages that lie below no other, in the order of the menu."""
    top = [one for one in await _pages(tx) if one.parent_id is None]
    top.sort(key=lambda one: (one.menu_order, one.title))
    return tuple(Link(label=one.title, href=page_path(one.path)) for one in top[:limit])


async def header_menu(tx: ReadTx, *, limit: int) -> tuple[Link, ...]:
    """The top of the tenant's main menu, known by its handle; nothing when there is none."""
    if "menus" not in tx.ctx.tenant.modules:
        return ()
    for handle in _HEADER_MENUS:
        with contextlib.suppress(menus.MenuNotFound):
            found = await menus.get_resolved(tx, handle)
            links = [Link(label=one.label, href=one.href) for one in found.items if one.href]
            return tuple(links[:limit])
    return ()


async def list_addresses(tx: ReadTx, *, limit: int) -> list[Address]:
    """Where the newest posts and pages stand."""
    hits = await index.list_nodes(tx, index.NodeFilters(limit=limit))
    return [
        Address(
            path=post_path(one.handle) if one.kind == POST else page_path(one.path),
            changed_at=one.updated_at,
        )
        for one in hits.items
        if one.kind in (POST, PAGE)
    ]
