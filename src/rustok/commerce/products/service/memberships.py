"""Which categories and collections products are in, for those who sell by them.

Refuses: names and order; `documents` has these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from rustok.commerce.products.repository import categories, collections
from rustok.commerce.products.repository import products as repository
from rustok.core.db import ReadTx

Target = Literal["products", "categories", "collections"]


async def categories_of(tx: ReadTx, product_ids: Sequence[UUID]) -> dict[UUID, frozenset[UUID]]:
    """The categories of each product and all above them; two statements."""
    links = await categories.list_links(tx, product_ids)
    ends = sorted({link.category_id for link in links})
    paths = {one.id: one.path_ids for one in await categories.list_by_ids(tx, ends)}
    found: dict[UUID, set[UUID]] = {}
    for link in links:
        found.setdefault(link.product_id, set()).update(paths.get(link.category_id, ()))
    return {product_id: frozenset(ids) for product_id, ids in found.items()}


async def collections_of(tx: ReadTx, product_ids: Sequence[UUID]) -> dict[UUID, frozenset[UUID]]:
    """The collections of each product; one statement."""
    found: dict[UUID, set[UUID]] = {}
    for link in await collections.list_links(tx, product_ids):
        found.setdefault(link.product_id, set()).add(link.collection_id)
    return {product_id: frozenset(ids) for product_id, ids in found.items()}


async def find_targets(tx: ReadTx, kind: Target, ids: Sequence[UUID]) -> frozenset[UUID]:
    """Those of the ids that are products, categories or collections of the tenant."""
    match kind:
        case "products":
            return frozenset(one.id for one in await repository.list_by_ids(tx, ids))
        case "categories":
            return frozenset(one.id for one in await categories.list_by_ids(tx, ids))
        case "collections":
            return frozenset(one.id for one in await collections.list_by_ids(tx, ids))
