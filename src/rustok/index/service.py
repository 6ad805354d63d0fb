"""The use cases that concern all read models: searching them at once, their state, rebuilding them."""

from __future__ import annotations

from typing import Final

import msgspec

from rustok.core.db import Query, ReadTx, WriteTx
from rustok.index import repository
from rustok.index.events import IndexName
from rustok.index.hits import Hits
from rustok.index.nodes.schemas import NodeFilters
from rustok.index.nodes.service import list_nodes
from rustok.index.products.schemas import ProductFilters
from rustok.index.products.service import list_products
from rustok.index.projections import PROJECTIONS
from rustok.index.rebuild import request
from rustok.index.repository import Mark, Rebuild, count_documents
from rustok.index.storing import clear

_COUNTS: Final[dict[str, Query[int]]] = {
    name: count_documents(projection.shelf) for name, projection in PROJECTIONS.items()
}


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The most relevant products and nodes."""

    products: Hits
    nodes: Hits

    def json(self) -> bytes:
        """As a response body; the cards go out as they are stored."""
        return b'{"products":[%b],"nodes":[%b]}' % (self.products.joined, self.nodes.joined)


async def search(tx: ReadTx, text: str, *, limit: int) -> Found:
    """What fits the words best, in the locale and currency of the context; two statements.

    A module that is switched off for the tenant finds nothing.

    Args:
        limit: of each kind.
    """
    on = tx.ctx.tenant.modules
    nothing = Hits()
    return Found(
        products=await list_products(tx, ProductFilters(q=text, limit=limit))
        if "products" in on
        else nothing,
        nodes=await list_nodes(tx, NodeFilters(q=text, limit=limit)) if "nodes" in on else nothing,
    )


async def request_rebuild(tx: WriteTx, name: IndexName | None) -> list[Rebuild]:
    """Ask for an index, or for all of them, to be built anew; it goes on serving meanwhile.

    Emits: index.reindex_requested for each
    """
    return [
        await request(tx, projection, reason="requested")
        for projection in PROJECTIONS.values()
        if name in (None, projection.name)
    ]


async def erase(tx: WriteTx) -> None:
    """Remove all read models of the tenant, as when the tenant is erased."""
    for projection in PROJECTIONS.values():
        await clear(tx, projection.shelf)


class IndexState(msgspec.Struct, frozen=True, kw_only=True):
    """One index of the tenant; `mark` None before the first event."""

    name: str
    documents: int
    mark: Mark | None
    rebuild: Rebuild | None


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """All indexes of the tenant; `lag_seconds` is the age of the oldest event that waits, or 0."""

    lag_seconds: float
    indexes: list[IndexState]


async def status(tx: ReadTx) -> Status:
    """Where the tenant's indexes stand."""
    marks = {one.name: one for one in await repository.list_marks(tx)}
    oldest = await repository.oldest_pending_at(tx)
    return Status(
        lag_seconds=max(0.0, (tx.now - oldest).total_seconds()) if oldest is not None else 0.0,
        indexes=[
            IndexState(
                name=name,
                documents=await tx.one(_COUNTS[name]) or 0,
                mark=marks.get(name),
                rebuild=await repository.find_latest(tx, name),
            )
            for name in PROJECTIONS
        ],
    )
