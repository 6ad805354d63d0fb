"""What the server's pages may call of the read models: typed documents, in locale and currency of the context."""

from __future__ import annotations

from typing import Final

import msgspec

from rustok.core.db import ReadTx
from rustok.core.pagination import Page
from rustok.index import service
from rustok.index.hits import Hits
from rustok.index.nodes import service as nodes
from rustok.index.nodes.errors import NodeNotPublished
from rustok.index.nodes.schemas import (
    NodeCard,
    NodeDocument,
    NodeFilters,
    PictureView,
    TermView,
)
from rustok.index.products import service as products
from rustok.index.products.errors import ProductNotOnOffer
from rustok.index.products.schemas import (
    FacetValue,
    PriceRange,
    PriceView,
    ProductCard,
    ProductDocument,
    ProductFacets,
    ProductFilters,
    ProductSort,
    VariantView,
)
from rustok.index.products.service import count_facets
from rustok.index.projections import PROJECTIONS
from rustok.index.rebuild import Projection, resume_or_request
from rustok.index.rebuild import request as request_rebuild
from rustok.index.rebuild import run as run_rebuild
from rustok.index.repository import Rebuild
from rustok.index.schemas import SearchResults
from rustok.index.service import erase

__all__ = [
    "PROJECTIONS",
    "FacetValue",
    "NodeCard",
    "NodeDocument",
    "NodeFilters",
    "NodeNotPublished",
    "PictureView",
    "PriceRange",
    "PriceView",
    "ProductCard",
    "ProductDocument",
    "ProductFacets",
    "ProductFilters",
    "ProductNotOnOffer",
    "ProductSort",
    "Projection",
    "Rebuild",
    "SearchResults",
    "TermView",
    "VariantView",
    "count_facets",
    "count_node_facets",
    "erase",
    "get_node",
    "get_product",
    "list_nodes",
    "list_products",
    "request_rebuild",
    "resume_or_request",
    "run_rebuild",
    "search",
]

_product_list: Final = msgspec.json.Decoder(list[ProductCard])
_product: Final = msgspec.json.Decoder(ProductDocument)
_node_list: Final = msgspec.json.Decoder(list[NodeCard])
_node: Final = msgspec.json.Decoder(NodeDocument)


def _product_cards(hits: Hits) -> list[ProductCard]:
    return _product_list.decode(b"[%b]" % hits.joined)


def _node_cards(hits: Hits) -> list[NodeCard]:
    return _node_list.decode(b"[%b]" % hits.joined)


async def list_products(tx: ReadTx, filters: ProductFilters) -> Page[ProductCard]:
    """A page of products; one statement. Raises InvalidCursor."""
    hits = await products.list_products(tx, filters)
    return Page(items=_product_cards(hits), next_cursor=hits.next_cursor)


async def get_product(tx: ReadTx, handle: str) -> ProductDocument:
    """A product by its handle; one statement. Raises ProductNotOnOffer."""
    return _product.decode((await products.get_product(tx, handle)).document)


async def list_nodes(tx: ReadTx, filters: NodeFilters) -> Page[NodeCard]:
    """A page of content; one statement. Raises InvalidCursor."""
    hits = await nodes.list_nodes(tx, filters)
    return Page(items=_node_cards(hits), next_cursor=hits.next_cursor)


async def count_node_facets(tx: ReadTx, filters: NodeFilters) -> dict[str, list[FacetValue]]:
    """What the content that matches could be filtered by, by kind; one statement."""
    found: dict[str, list[FacetValue]] = {}
    for one in await nodes.count_facets(tx, filters):
        value = FacetValue(value=one.value, label=one.label, count=one.count)
        found.setdefault(one.kind, []).append(value)
    return found


async def get_node(tx: ReadTx, kind: str, handle: str) -> NodeDocument:
    """Content by its kind and handle; one statement. Raises NodeNotPublished."""
    return _node.decode((await nodes.get_node(tx, kind, handle)).document)


async def search(tx: ReadTx, text: str, *, limit: int = 10) -> SearchResults:
    """What fits the words best, `limit` of each kind; two statements."""
    found = await service.search(tx, text, limit=limit)
    return SearchResults(products=_product_cards(found.products), nodes=_node_cards(found.nodes))
