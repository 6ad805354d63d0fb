"""A rebuild beside live events: nobody's newer document is replaced by an older one."""

from __future__ import annotations

import asyncio

import pytest

from rustok.commerce.pricing import api as pricing
from rustok.commerce.products import api as products
from rustok.index import api as index
from rustok.index import rebuild, service
from rustok.index.api import PROJECTIONS, ProductFilters
from tests.conftest import World
from tests.integration.index.test_index_rebuild import offer


async def test_documents_are_the_newest_after_a_rebuild_beside_changes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuild, "BATCH", 2)
    tenant = await world.tenant()
    variants = []
    async with world.write(tenant) as tx:
        for number in range(10):
            product_id = await offer(tx, number)
            (described,) = await products.describe(tx, [product_id])
            variants.append(described.variants[0].id)
        (asked,) = await service.request_rebuild(tx, "products")

    async def change() -> None:
        for round_ in range(3):
            for number, variant_id in enumerate(variants):
                async with world.write(tenant) as tx:
                    amount = 1_000 * (round_ + 1) + number
                    await pricing.set_price(tx, variant_id, "EUR", amount_minor=amount)
            await world.drain()

    async def build() -> None:
        for _ in range(3):
            await rebuild.run(world.db, world.ctx(tenant), PROJECTIONS["products"], asked.id)
            async with world.write(tenant) as tx:
                await rebuild.request(tx, PROJECTIONS["products"], reason="requested")

    await asyncio.gather(change(), build())
    await world.drain()
    async with world.read(tenant) as rtx:
        page = await index.list_products(rtx, ProductFilters(sort="price_asc"))
    assert [one.price.min_minor for one in page.items if one.price is not None] == [
        3_000 + number for number in range(10)
    ]
