"""Products over HTTP for shoppers: stored JSON, out as it was made."""

from __future__ import annotations

from rustok.core.cache import showing
from rustok.core.pagination import InvalidCursor, Page
from rustok.core.routing import PUBLIC, RawReply, ReadCall, Routes
from rustok.index.products import service
from rustok.index.products.errors import ProductNotOnOffer
from rustok.index.products.schemas import (
    ProductCard,
    ProductDocument,
    ProductFacets,
    ProductFilters,
)

CACHE_SECONDS = 30

storefront = Routes("products", surface="storefront", tag="Shop")


@storefront.get(
    "/products",
    permission=PUBLIC,
    summary="List and search products",
    cache_seconds=CACHE_SECONDS,
    shows=("products",),
    one_statement=True,
    errors=[InvalidCursor],
    response_model=Page[ProductCard],
)
async def list_products(call: ReadCall, query: ProductFilters) -> RawReply:
    """Values of one parameter are alternatives; parameters narrow each other down."""
    hits = await service.list_products(call.tx, query)
    return RawReply(content_type="application/json", content=hits.page_json(), etag=hits.etag())


@storefront.get(
    "/products/facets",
    permission=PUBLIC,
    summary="Count what products could be filtered by",
    rate="search",
    cache_seconds=CACHE_SECONDS,
    shows=("products",),
)
async def count_product_facets(call: ReadCall, query: ProductFilters) -> ProductFacets:
    """Takes the filters of the list; `sort`, `limit` and `cursor` change nothing here."""
    return await service.count_facets(call.tx, query)


@storefront.get(
    "/products/{handle}",
    permission=PUBLIC,
    summary="Show a product",
    cache_seconds=CACHE_SECONDS,
    shows=("product",),
    one_statement=True,
    errors=[ProductNotOnOffer],
    response_model=ProductDocument,
)
async def get_product(call: ReadCall, handle: str) -> RawReply:
    found = await service.get_product(call.tx, handle)
    return RawReply(
        content_type="application/json",
        content=found.document,
        etag=found.etag,
        shows=(showing.thing("product", found.subject_id),),
    )
