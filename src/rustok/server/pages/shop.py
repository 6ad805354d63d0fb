"""The pages of the shop window: home, the grid with its filters, one product, and search.

Refuses: carts and orders.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from rustok.core.money import InvalidAmount, parse_decimal
from rustok.server.message import Answer
from rustok.server.pages import node_reads, product_reads
from rustok.server.pages.models import Link, PostQuery, ProductDetail, ProductQuery
from rustok.server.pages.site import address_with
from rustok.server.pages.visit import NoSuchPage, Visit

SORTS: Final = ("newest", "price_asc", "price_desc", "title")
SORTS_WITH_WORDS: Final = ("relevance", *SORTS)
_HOME_PRODUCTS: Final = 8
_HOME_POSTS: Final = 7
_SEARCH_PRODUCTS: Final = 8
_SEARCH_POSTS: Final = 6
_MAX_OPTIONS: Final = 20


async def home(visit: Visit) -> Answer:
    """The newest products and posts, whichever the site has."""
    outline = await visit.desk.outlines.get(visit.ctx)
    async with visit.desk.parts.db.read(visit.ctx) as tx:
        products = (
            (await product_reads.list_products(tx, ProductQuery(limit=_HOME_PRODUCTS))).items
            if outline.has_products
            else ()
        )
        posts = (
            (await node_reads.list_posts(tx, PostQuery(limit=_HOME_POSTS))).items
            if outline.has_posts
            else ()
        )
    return await visit.page(
        "home.html", products=products, posts=posts, categories=outline.categories[:10]
    )


async def products(visit: Visit) -> Answer:
    """All products, narrowed by the filter form."""
    return await _grid(visit, _product_query(visit), heading=visit.t("products.title"))


async def category(visit: Visit, handle: str) -> Answer:
    """The products of a category. Raises NoSuchPage when there is none of that name."""
    async with visit.desk.parts.db.read(visit.ctx) as tx:
        name = await product_reads.category_name(tx, handle)
    if name is None:
        raise NoSuchPage
    return await _grid(visit, _product_query(visit, category=handle), heading=name)


async def collection(visit: Visit, handle: str) -> Answer:
    """The products of a collection. Raises NoSuchPage when there is none of that name."""
    async with visit.desk.parts.db.read(visit.ctx) as tx:
        name = await product_reads.collection_name(tx, handle)
    if name is None:
        raise NoSuchPage
    return await _grid(visit, _product_query(visit, collection=handle), heading=name)


async def product(visit: Visit, handle: str, *, problem: str = "") -> Answer:
    """One product. Raises NoSuchPage when it is not on sale."""
    async with visit.desk.parts.db.read(visit.ctx) as tx:
        found = await product_reads.find_product(tx, handle)
    if found is None:
        raise NoSuchPage
    return await visit.page(
        "product.html",
        alternates=found.alternates,
        status=409 if problem else 200,
        product=found,
        chosen=_chosen(found),
        crumbs=(Link(label=visit.t("shop"), href="/products"), *found.categories),
        problem=problem,
    )


async def search(visit: Visit) -> Answer:
    """Products and posts that have the words."""
    text = visit.parameter("q")
    outline = await visit.desk.outlines.get(visit.ctx)
    async with visit.desk.parts.db.read(visit.ctx) as tx:
        found_products = (
            (
                await product_reads.list_products(
                    tx, ProductQuery(text=text, sort="relevance", limit=_SEARCH_PRODUCTS)
                )
            ).items
            if text and outline.has_products
            else ()
        )
        found_posts = (
            (await node_reads.list_posts(tx, PostQuery(text=text, limit=_SEARCH_POSTS))).items
            if text and outline.has_posts
            else ()
        )
    return await visit.page(
        "search.html", find_text=text, products=found_products, posts=found_posts
    )


async def _grid(visit: Visit, query: ProductQuery, *, heading: str) -> Answer:
    async with visit.desk.parts.db.read(visit.ctx) as tx:
        grid = await product_reads.list_products(tx, query, facets=True)
    next_href = address_with(visit.request, cursor=grid.next_cursor) if grid.next_cursor else None
    return await visit.page(
        "products.html",
        grid=grid,
        query=query,
        heading=heading,
        sorts=SORTS_WITH_WORDS if query.text else SORTS,
        show_categories=bool(grid.categories) and visit.request.path == "/products",
        min_text=visit.parameter("min", limit=12),
        max_text=visit.parameter("max", limit=12),
        is_narrowed=_is_narrowed(visit, query),
        next_href=next_href,
        first_href=address_with(visit.request, drop=("cursor",)),
    )


def _product_query(
    visit: Visit, *, category: str | None = None, collection: str | None = None
) -> ProductQuery:
    """What the address asks for. What makes no sense is left out: an address is no form to refuse."""
    text = visit.parameter("q")
    sort = visit.parameter("sort")
    return ProductQuery(
        text=text,
        category=category or visit.parameter("category", limit=100) or None,
        collection=collection,
        tag=visit.parameter("tag", limit=100) or None,
        min_price_minor=_amount(visit, "min"),
        max_price_minor=_amount(visit, "max"),
        in_stock=visit.parameter("in_stock") == "1",
        options=tuple(one[:200] for one in visit.query.get("option", [])[:_MAX_OPTIONS]),
        sort=sort if sort in SORTS_WITH_WORDS else ("relevance" if text else "newest"),
        cursor=visit.parameter("cursor", limit=513) or None,
    )


def _amount(visit: Visit, name: str) -> int | None:
    """An amount a reader typed: "12", "12.50" or "12,50"."""
    text = visit.parameter(name, limit=12).replace(",", ".")
    if not text:
        return None
    try:
        amount = parse_decimal(text, visit.ctx.currency).amount_minor
    except InvalidAmount:
        return None
    return amount if amount >= 0 else None


def _is_narrowed(visit: Visit, query: ProductQuery) -> bool:
    return bool(
        query.text
        or query.tag
        or query.options
        or query.in_stock
        or query.min_price_minor is not None
        or query.max_price_minor is not None
        or (query.category and visit.request.path == "/products")
    )


def _chosen(found: ProductDetail) -> UUID | None:
    """The variant that is chosen at first: the first that can be bought."""
    return next((one.id for one in found.variants if one.in_stock and one.price is not None), None)
