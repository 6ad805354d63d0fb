"""The use cases of the content read model: making it, and reading it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from rustok.content.nodes import api as nodes
from rustok.content.taxonomy import api as taxonomy
from rustok.core.db import ReadTx, WriteTx
from rustok.index.hits import Hits
from rustok.index.nodes.errors import NodeNotPublished
from rustok.index.nodes.projection import make
from rustok.index.nodes.repository import CATALOGUE
from rustok.index.nodes.schemas import NodeFilters
from rustok.index.nodes.tables import NODES
from rustok.index.rebuild import Projection
from rustok.index.search import FacetCount, Selection, Stored, find_by_handle
from rustok.index.storing import replace
from rustok.index.words import Terms, parse_terms


async def project(tx: WriteTx, node_ids: Sequence[UUID]) -> int:
    """Make the documents of some nodes anew; returns how many nodes changed.

    The number of statements does not depend on the number of nodes. The caller holds the index.
    """
    described = await nodes.describe(tx, node_ids)
    upper = {above for one in described for own in one.categories for above in own.ancestor_ids}
    above = await taxonomy.describe_categories(tx, sorted(upper)) if upper else {}
    made = [make(one, tx.ctx.tenant, above=above) for one in described]
    return await replace(tx, NODES, node_ids, made)


PROJECTION: Final = Projection(name="nodes", shelf=NODES, list_ids=nodes.list_ids, project=project)


@functools.lru_cache(maxsize=1_024)
def selection_of(filters: NodeFilters, terms: Terms | None) -> Selection:
    """The filters of a request as a selection of the shelf."""
    facets: list[tuple[str, tuple[str, ...]]] = []
    if filters.category is not None:
        facets.append(("category", (filters.category,)))
    if filters.tag:
        facets.append(("tag", tuple(filters.tag)))
    values: dict[str, object] = {"kind": filters.kind, "is_sticky": filters.is_sticky}
    return Selection(
        terms=terms,
        facets=tuple(facets),
        values={name: value for name, value in values.items() if value is not None},
    )


async def list_nodes(tx: ReadTx, filters: NodeFilters) -> Hits:
    """A page of node cards; words nothing could be found by find nothing.

    Raises:
        InvalidCursor: see there.
    """
    terms = parse_terms(filters.q) if filters.q is not None else None
    if filters.q is not None and terms is None:
        return Hits()
    return await CATALOGUE.list_hits(
        tx,
        selection_of(filters, terms),
        order_name=filters.sort,
        limit=filters.limit,
        cursor=filters.cursor,
    )


async def count_facets(tx: ReadTx, filters: NodeFilters) -> list[FacetCount]:
    """What the content that matches could be filtered by, the most frequent of a kind first."""
    terms = parse_terms(filters.q) if filters.q is not None else None
    if filters.q is not None and terms is None:
        return []
    return await CATALOGUE.count_facets(tx, selection_of(filters, terms))


async def get_node(tx: ReadTx, kind: str, handle: str) -> Stored:
    """A published node by its kind and its handle in the locale of the context; one statement.

    Raises:
        NodeNotPublished: nothing published is there.
    """
    found = await find_by_handle(tx, CATALOGUE, handle, kind=kind)
    if found is None:
        raise NodeNotPublished(kind, handle)
    return found
