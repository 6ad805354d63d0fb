"""Content over HTTP for readers: stored JSON, out as it was made."""

from __future__ import annotations

from rustok.core.cache import showing
from rustok.core.pagination import InvalidCursor, Page
from rustok.core.routing import PUBLIC, RawReply, ReadCall, Routes
from rustok.index.nodes import service
from rustok.index.nodes.errors import NodeNotPublished
from rustok.index.nodes.schemas import NodeCard, NodeDocument, NodeFilters

CACHE_SECONDS = 30

storefront = Routes("nodes", surface="storefront", tag="Content")


@storefront.get(
    "/nodes",
    permission=PUBLIC,
    summary="List and search published content",
    cache_seconds=CACHE_SECONDS,
    shows=("nodes",),
    one_statement=True,
    errors=[InvalidCursor],
    response_model=Page[NodeCard],
)
async def list_published_nodes(call: ReadCall, query: NodeFilters) -> RawReply:
    """Values of one parameter are alternatives; parameters narrow each other down."""
    hits = await service.list_nodes(call.tx, query)
    return RawReply(content_type="application/json", content=hits.page_json(), etag=hits.etag())


@storefront.get(
    "/nodes/{kind}/{handle}",
    permission=PUBLIC,
    summary="Show published content",
    cache_seconds=CACHE_SECONDS,
    shows=("node",),
    one_statement=True,
    errors=[NodeNotPublished],
    response_model=NodeDocument,
)
async def get_published_node(call: ReadCall, kind: str, handle: str) -> RawReply:
    found = await service.get_node(call.tx, kind, handle)
    return RawReply(
        content_type="application/json",
        content=found.document,
        etag=found.etag,
        shows=(showing.thing("node", found.subject_id),),
    )
