"""Products as the pages show them, out of the documents of the index.

Refuses: queries; the index answers in one statement each and this only puts its answers in shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from rustok.core.db import ReadTx
from rustok.core.money import Money
from rustok.index import api as index
from rustok.server.pages.models import (
    Address,
    FacetValue,
    Image,
    Link,
    OptionChoice,
    OptionFacet,
    ProductCard,
    ProductDetail,
    ProductGrid,
    ProductQuery,
    VariantRow,
)

SORTS: Final[tuple[index.ProductSort, ...]] = (
    "relevance",
    "newest",
    "price_asc",
    "price_desc",
    "title",
)
_FACET_VALUES: Final = 14
_OPTION_FACETS: Final = 4


async def list_products(tx: ReadTx, query: ProductQuery, *, facets: bool = False) -> ProductGrid:
    """A page of products, and with `facets` what the products found could be filtered by.

    Raises:
        InvalidCursor: the cursor is of another list.
    """
    filters = _filters(query)
    hits = await index.list_products(tx, filters)
    items = tuple(_to_card(one) for one in hits.items)
    if not facets:
        return ProductGrid(items=items, next_cursor=hits.next_cursor)
    counted = await index.count_facets(tx, filters)
    return ProductGrid(
        items=items,
        next_cursor=hits.next_cursor,
        total=counted.total,
        categories=tuple(
            FacetValue(value=one.value, label=one.label, count=one.count)
            for one in counted.facets.get("category", ())[:_FACET_VALUES]
        ),
        options=_option_facets(counted.facets.get("option", ())),
    )


def _filters(query: ProductQuery) -> index.ProductFilters:
    return index.ProductFilters(
        q=query.text or None,
        category=query.category,
        collection=query.collection,
        tag=(query.tag,) if query.tag else (),
        option=tuple(one for one in query.options if ":" in one),
        min_price=query.min_price_minor,
        max_price=query.max_price_minor,
        in_stock=True if query.in_stock else None,
        sort=next((sort for sort in SORTS if sort == query.sort), None),
        limit=query.limit,
        cursor=query.cursor,
    )


def _option_facets(values: Sequence[index.FacetValue]) -> tuple[OptionFacet, ...]:
    """Grouped by option, as a reader names it: the label is "Colour: Moss"."""
    groups: dict[str, list[FacetValue]] = {}
    for one in values:
        name, _, label = one.label.partition(": ")
        groups.setdefault(name, []).append(
            FacetValue(value=one.value, label=label or one.label, count=one.count)
        )
    return tuple(
        OptionFacet(name=name, values=tuple(found[:_FACET_VALUES]))
        for name, found in list(groups.items())[:_OPTION_FACETS]
    )


def _to_card(card: index.ProductCard) -> ProductCard:
    return ProductCard(
        handle=card.handle,
        title=card.title,
        image=Image(url=card.image.url, alt=card.image.alt) if card.image else None,
        price=_lowest(card.price),
        has_range=card.price is not None and card.price.min_minor != card.price.max_minor,
        compare_at=_compared(card.price),
        in_stock=card.in_stock,
        vendor=card.vendor,
    )


def _lowest(price: index.PriceRange | None) -> Money | None:
    return Money(amount_minor=price.min_minor, currency=price.currency) if price else None


def _compared(price: index.PriceRange | index.PriceView | None) -> Money | None:
    if price is None or price.compare_at_minor is None:
        return None
    return Money(amount_minor=price.compare_at_minor, currency=price.currency)


async def find_product(tx: ReadTx, handle: str) -> ProductDetail | None:
    """The product at this handle in the locale of the context; None when none is on offer."""
    try:
        found = await index.get_product(tx, handle)
    except index.ProductNotOnOffer:
        return None
    return ProductDetail(
        card=ProductCard(
            handle=found.handle,
            title=found.title,
            image=Image(url=found.images[0].url, alt=found.images[0].alt) if found.images else None,
            price=_lowest(found.price),
            has_range=found.price is not None and found.price.min_minor != found.price.max_minor,
            compare_at=_compared(found.price),
            in_stock=found.in_stock,
            vendor=found.vendor,
        ),
        description_html=found.description_html,
        images=tuple(Image(url=one.url, alt=one.alt) for one in found.images),
        options=tuple(
            OptionChoice(name=one.label, values=tuple(value.label for value in one.values))
            for one in found.options
        ),
        variants=tuple(_to_row(one) for one in found.variants),
        categories=tuple(
            Link(label=step.name, href=f"/categories/{quote(step.handle, safe='')}")
            for step in (found.categories[0] if found.categories else ())
        ),
        tags=tuple(found.tags),
        seo_title=found.seo_title,
        seo_description=found.seo_description,
        external_url=found.external_url,
        alternates={
            locale: f"/products/{quote(other, safe='')}"
            for locale, other in found.alternates.items()
        },
    )


def _to_row(variant: index.VariantView) -> VariantRow:
    price = variant.price
    return VariantRow(
        id=variant.id,
        title=variant.title,
        sku=variant.sku,
        price=Money(amount_minor=price.amount_minor, currency=price.currency) if price else None,
        compare_at=_compared(price),
        in_stock=variant.in_stock,
    )


async def overview(tx: ReadTx, *, limit: int) -> tuple[int, tuple[Link, ...]]:
    """How many products are on offer, and the categories with the most of them."""
    counted = await index.count_facets(tx, index.ProductFilters())
    links = tuple(
        Link(label=one.label, href=f"/categories/{quote(one.value, safe='')}", count=one.count)
        for one in counted.facets.get("category", ())[:limit]
    )
    return counted.total, links


async def list_addresses(tx: ReadTx, *, limit: int) -> list[Address]:
    """Where the newest products stand."""
    hits = await index.list_products(tx, index.ProductFilters(limit=limit))
    return [
        Address(path=f"/products/{quote(one.handle, safe='')}", changed_at=one.published_at)
        for one in hits.items
    ]


async def category_name(tx: ReadTx, handle: str) -> str | None:
    """What a category is called; None when no product on offer is in it."""
    return await _facet_label(tx, "category", handle)


async def collection_name(tx: ReadTx, handle: str) -> str | None:
    """What a collection is called; None when no product on offer is in it."""
    return await _facet_label(tx, "collection", handle)


async def _facet_label(tx: ReadTx, kind: str, handle: str) -> str | None:
    filters = (
        index.ProductFilters(category=handle)
        if kind == "category"
        else index.ProductFilters(collection=handle)
    )
    counted = await index.count_facets(tx, filters)
    return next((one.label for one in counted.facets.get(kind, ()) if one.value == handle), None)
