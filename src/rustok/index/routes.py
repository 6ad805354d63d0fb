"""All read models at once over HTTP: one search for shoppers, state and rebuilding for the staff."""

from __future__ import annotations

import msgspec

from rustok.core.routing import PUBLIC, RawReply, ReadCall, Routes, WriteCall
from rustok.index import service
from rustok.index.repository import Rebuild
from rustok.index.schemas import (
    IndexStatus,
    IndexView,
    RebuildView,
    RequestRebuild,
    SearchQuery,
    SearchResults,
)

storefront = Routes("index", surface="storefront", tag="Search")
admin = Routes("index", surface="admin", tag="Index")


@storefront.get(
    "/search",
    permission=PUBLIC,
    summary="Search products and content",
    rate="search",
    cache_seconds=30,
    shows=("products", "nodes"),
    response_model=SearchResults,
)
async def search_everything(call: ReadCall, query: SearchQuery) -> RawReply:
    found = await service.search(call.tx, query.q, limit=query.limit)
    return RawReply(content_type="application/json", content=found.json())


@admin.get("/index/status", permission="settings:read", summary="Show the state of the indexes")
async def show_index_status(call: ReadCall) -> IndexStatus:
    found = await service.status(call.tx)
    return IndexStatus(
        lag_seconds=found.lag_seconds,
        indexes=[
            IndexView(
                index=one.name,
                documents=one.documents,
                last_event_at=one.mark.last_event_at if one.mark is not None else None,
                applied_at=one.mark.applied_at if one.mark is not None else None,
                rebuild=_view(one.rebuild) if one.rebuild is not None else None,
            )
            for one in found.indexes
        ],
    )


@admin.post(
    "/index/rebuild",
    permission="settings:update",
    status=202,
    summary="Build indexes anew",
    example=RequestRebuild(index="products"),
)
async def request_index_rebuild(call: WriteCall, data: RequestRebuild) -> list[RebuildView]:
    """Readers are served meanwhile; follow the progress in the state of the indexes."""
    return [_view(one) for one in await service.request_rebuild(call.tx, data.index)]


def _view(rebuild: Rebuild) -> RebuildView:
    fields = msgspec.structs.asdict(rebuild)
    fields.pop("position")
    return RebuildView(index=fields.pop("name"), **fields)
