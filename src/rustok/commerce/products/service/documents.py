"""Products as others need them, read in a constant number of statements however many are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from rustok.commerce.products.model import (
    ActiveProduct,
    CategoryPath,
    CategoryStep,
    CollectionMembership,
    ProductDescription,
    ProductTree,
    SellableVariant,
    variant_title,
)
from rustok.commerce.products.repository import categories, collections, products, sellable
from rustok.commerce.products.service import trees
from rustok.commerce.products.service.products import nearest
from rustok.core.db import ReadTx, SystemTx
from rustok.core.locale import fallback_chain


async def list_ids(tx: ReadTx, *, after: UUID | None = None, limit: int = 1_000) -> list[UUID]:
    """Ids of all products in ascending order, those beyond `after`; for rebuilding a read model."""
    return await products.list_ids(tx, after=after, limit=limit)


async def count_by_state(tx: SystemTx) -> dict[str, int]:
    """How many products of all tenants are in each state; for the metrics."""
    return await products.count_by_state(tx)


async def describe(tx: ReadTx, product_ids: Sequence[UUID]) -> list[ProductDescription]:
    """Everything about those of the products that exist, by id; at most ten statements."""
    found = await trees.load_many(tx, product_ids)
    paths = await _category_paths(tx, found)
    memberships = await _memberships(tx, found)
    return [
        ProductDescription(
            id=tree.product.id,
            status=tree.product.state,
            handle=tree.product.handle,
            kind=tree.product.kind,
            is_gift_card=tree.product.is_gift_card,
            vendor=tree.product.vendor,
            product_type=tree.product.product_type,
            external_url=tree.product.external_url,
            tags=tree.product.tags,
            options=tree.product.options,
            metadata=tree.product.metadata,
            translations=tree.translations,
            variants=tree.variants,
            images=tree.images,
            categories=tuple(paths[one] for one in tree.category_ids if one in paths),
            collections=tuple(memberships.get(tree.product.id, ())),
            published_at=(
                tree.product.published_at if isinstance(tree.product, ActiveProduct) else None
            ),
            version=tree.product.version,
            created_at=tree.product.created_at,
            updated_at=tree.product.updated_at,
        )
        for tree in found
    ]


async def _category_paths(tx: ReadTx, found: Sequence[ProductTree]) -> dict[UUID, CategoryPath]:
    ends = sorted({one for tree in found for one in tree.category_ids})
    known = {one.id: one for one in await categories.list_by_ids(tx, ends)}
    wanted = sorted({step for one in known.values() for step in one.path_ids})
    steps = {one.id: one for one in await categories.list_by_ids(tx, wanted)}
    names: dict[UUID, dict[str, str]] = {}
    for text in await categories.list_texts(tx, wanted):
        names.setdefault(text.category_id, {})[text.locale] = text.name
    return {
        end: CategoryPath(
            steps=tuple(
                CategoryStep(id=step, handle=steps[step].handle, names=names.get(step, {}))
                for step in category.path_ids
                if step in steps
            )
        )
        for end, category in known.items()
    }


async def _memberships(
    tx: ReadTx, found: Sequence[ProductTree]
) -> dict[UUID, list[CollectionMembership]]:
    links = await collections.list_links(tx, [tree.product.id for tree in found])
    names: dict[UUID, dict[str, str]] = {}
    for text in await collections.list_texts(tx, sorted({link.collection_id for link in links})):
        names.setdefault(text.collection_id, {})[text.locale] = text.name
    memberships: dict[UUID, list[CollectionMembership]] = {}
    for link in links:
        memberships.setdefault(link.product_id, []).append(
            CollectionMembership(
                id=link.collection_id,
                handle=link.handle,
                names=names.get(link.collection_id, {}),
                position=link.position,
            )
        )
    return memberships


async def sellable_variants(
    tx: ReadTx, variant_ids: Sequence[UUID], *, locale: str
) -> dict[UUID, SellableVariant]:
    """Those of the variants that exist and whose product is active; one statement.

    Args:
        locale: of titles and option values; the nearest there is stands in.
    """
    rows = await sellable.list_sellable(tx, variant_ids)
    chain = fallback_chain(locale, default=tx.ctx.tenant.default_locale)
    return {
        row.id: SellableVariant(
            id=row.id,
            product_id=row.product_id,
            product_handle=row.handle,
            title=nearest(dict(sorted((row.titles or {}).items())), chain) or row.handle,
            variant_title=variant_title(row.options, row.option_values, chain),
            sku=row.sku,
            requires_shipping=row.requires_shipping,
            taxable=row.taxable,
            track_inventory=row.track_inventory,
            allow_backorder=row.allow_backorder,
            is_gift_card=row.is_gift_card,
            weight_grams=row.weight_grams,
            image_url=row.image_url,
        )
        for row in rows
    }
