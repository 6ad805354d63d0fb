"""Wire structs on the state of the read models and on searching all of them at once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from rustok.index.events import IndexName
from rustok.index.nodes.schemas import NodeCard
from rustok.index.products.schemas import ProductCard


class RequestRebuild(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which index to build anew; None is all of them."""

    index: IndexName | None = None


class RebuildView(msgspec.Struct, frozen=True, kw_only=True):
    """Where a rebuild is. `finished_at` None: it is under way."""

    id: UUID
    index: str
    reason: str
    done: int
    total: int
    changed: int
    requested_at: datetime
    updated_at: datetime
    finished_at: datetime | None


class IndexView(msgspec.Struct, frozen=True, kw_only=True):
    """One index of the tenant.

    Attributes:
        documents: stored documents, over all locales and currencies.
        last_event_at: when the event happened that was applied last; None before the first.
        applied_at: when it was applied.
    """

    index: str
    documents: int
    last_event_at: datetime | None
    applied_at: datetime | None
    rebuild: RebuildView | None


class IndexStatus(msgspec.Struct, frozen=True, kw_only=True):
    """All indexes of the tenant. `lag_seconds`: how old the oldest event is that waits; 0 without any."""

    lag_seconds: float
    indexes: list[IndexView]


class SearchQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Words, and how many results of each kind at most."""

    q: Annotated[str, Meta(min_length=1, max_length=200, examples=["linen"])]
    limit: Annotated[int, Meta(ge=1, le=50)] = 10


class SearchResults(msgspec.Struct, frozen=True, kw_only=True):
    """The most relevant products and content."""

    products: list[ProductCard]
    nodes: list[NodeCard]
