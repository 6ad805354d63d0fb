"""The use cases of the product read model: making it, and reading it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from rustok.commerce.inventory import api as inventory
from rustok.commerce.pricing import api as pricing
from rustok.commerce.products import api as products
from rustok.core.db import ReadTx, WriteTx
from rustok.core.errors import NotFound
from rustok.core.parts import Parts
from rustok.core.tenancy import context_for
from rustok.index import repository as marks
from rustok.index.hits import Hits
from rustok.index.products import repository
from rustok.index.products.errors import ProductNotOnOffer
from rustok.index.products.projection import Sources, make
from rustok.index.products.repository import CATALOGUE
from rustok.index.products.schemas import FacetValue, ProductFacets, ProductFilters
from rustok.index.products.tables import PRODUCTS
from rustok.index.rebuild import Projection
from rustok.index.search import Selection, Stored, find_by_handle
from rustok.index.storing import replace
from rustok.index.words import Terms, parse_terms

_DUE_AT_ONCE: Final = 200
NOTHING: Final = Hits()


async def project(tx: WriteTx, product_ids: Sequence[UUID]) -> int:
    """Make the documents of some products anew; returns how many products changed.

    The number of statements does not depend on the number of products. The caller holds the index.
    """
    described = await products.describe(tx, product_ids)
    offered = [one for one in described if one.status == "active"]
    variant_ids = [variant.id for one in offered for variant in one.variants]
    prices = await pricing.all_prices(tx, variant_ids) if variant_ids else {}
    stock = await inventory.available(tx, variant_ids) if variant_ids else {}
    made = [
        make(
            Sources(
                product=one,
                prices={v.id: prices[v.id] for v in one.variants if v.id in prices},
                stock={v.id: stock[v.id] for v in one.variants if v.id in stock},
            ),
            tx.ctx.tenant,
            at=tx.now,
        )
        for one in offered
    ]
    return await replace(tx, PRODUCTS, product_ids, made)


async def product_of(tx: ReadTx, variant_id: UUID) -> UUID | None:
    """The product a variant belongs to; None when the variant is gone."""
    found = await products.find_variants(tx, [variant_id])
    return found[variant_id].product_id if variant_id in found else None


PROJECTION: Final = Projection(
    name="products", shelf=PRODUCTS, list_ids=products.list_ids, project=project
)


async def refresh_sales(parts: Parts) -> int:
    """Make the documents anew whose price has changed because a sale began or ended."""
    async with parts.db.system("sales that began or ended", write=False) as tx:
        due = await repository.list_due(tx, now=tx.now, limit=_DUE_AT_ONCE)
    by_tenant: dict[UUID, list[UUID]] = {}
    for one in due:
        by_tenant.setdefault(one.tenant_id, []).append(one.subject_id)
    for tenant_id, product_ids in by_tenant.items():
        try:
            ctx = context_for(await parts.profile_of(tenant_id))
        except NotFound:  # erased meanwhile
            continue
        async with parts.db.write(ctx) as write_tx:
            await marks.hold(write_tx, PROJECTION.name)
            await project(write_tx, product_ids)
    return len(due)


@functools.lru_cache(maxsize=1_024)
def selection_of(filters: ProductFilters, terms: Terms | None) -> Selection:
    """The filters of a request as a selection of the shelf."""
    facets: list[tuple[str, tuple[str, ...]]] = []
    if filters.category is not None:
        facets.append(("category", (filters.category,)))
    if filters.collection is not None:
        facets.append(("collection", (filters.collection,)))
    if filters.tag:
        facets.append(("tag", filters.tag))
    if filters.vendor:
        facets.append(("vendor", filters.vendor))
    if filters.product_type:
        facets.append(("product_type", filters.product_type))
    if filters.option:
        options: dict[str, list[str]] = {}
        for option in filters.option:
            options.setdefault(option.split(":", 1)[0], []).append(option)
        facets += [("option", tuple(values)) for values in options.values()]
    values: dict[str, object] = {}
    if filters.min_price is not None:
        values["min_price"] = filters.min_price
    if filters.max_price is not None:
        values["max_price"] = filters.max_price
    if filters.in_stock is not None:
        values["in_stock"] = filters.in_stock
    return Selection(terms=terms, facets=tuple(facets), values=values)


async def list_products(tx: ReadTx, filters: ProductFilters) -> Hits:
    """A page of product cards; words nothing could be found by find nothing.

    Raises:
        InvalidCursor: see there.
    """
    terms = parse_terms(filters.q) if filters.q is not None else None
    if filters.q is not None and terms is None:
        return NOTHING
    return await CATALOGUE.list_hits(
        tx,
        selection_of(filters, terms),
        order_name=filters.sort,
        limit=filters.limit,
        cursor=filters.cursor,
    )


async def count_facets(tx: ReadTx, filters: ProductFilters) -> ProductFacets:
    """What the products that match have in common; two statements."""
    terms = parse_terms(filters.q) if filters.q is not None else None
    if filters.q is not None and terms is None:
        return ProductFacets(
            total=0,
            in_stock=0,
            currency=tx.ctx.currency,
            min_price_minor=None,
            max_price_minor=None,
            facets={},
        )
    selection = selection_of(filters, terms)
    summary = await repository.summarise(tx, selection)
    facets: dict[str, list[FacetValue]] = {}
    for one in await CATALOGUE.count_facets(tx, selection):
        facets.setdefault(one.kind, []).append(
            FacetValue(value=one.value, label=one.label, count=one.count)
        )
    return ProductFacets(
        total=summary.total,
        in_stock=summary.in_stock,
        currency=tx.ctx.currency,
        min_price_minor=summary.min_price_minor,
        max_price_minor=summary.max_price_minor,
        facets=facets,
    )


async def get_product(tx: ReadTx, handle: str) -> Stored:
    """The page of a product by its handle in the locale of the context; one statement.

    Raises:
        ProductNotOnOffer: nothing on offer has this handle.
    """
    found = await find_by_handle(tx, CATALOGUE, handle)
    if found is None:
        raise ProductNotOnOffer(handle)
    return found
