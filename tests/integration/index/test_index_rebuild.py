"""Rebuilding while serving: resumable, complete, and without a gap, on both databases."""

from __future__ import annotations

from uuid import UUID

import pytest

from rustok.commerce.pricing import api as pricing
from rustok.commerce.products import api as products
from rustok.commerce.products.api import ProductInput, TranslationInput, VariantInput
from rustok.core.db import WriteTx
from rustok.index import api as index
from rustok.index import rebuild, service
from rustok.index.api import PROJECTIONS, ProductFilters
from rustok.index.jobs import go_on_with_rebuilds
from rustok.index.repository import Rebuild
from rustok.platform.tenants import api as tenants
from rustok.telemetry import metrics
from tests.conftest import World
from tests.integration.index.shelf import made, put

PRODUCTS = PROJECTIONS["products"]


async def offer(tx: WriteTx, number: int) -> UUID:
    plain = ProductInput(
        handle=f"lamp-{number}",
        status="active",
        translations=(TranslationInput(locale="en", title=f"Lamp {number}"),),
        variants=(VariantInput(sku=f"LAMP-{number}"),),
    )
    result = await products.upsert(tx, plain, source="test", source_id=str(number))
    await pricing.set_price(tx, result.variant_ids[0], "EUR", amount_minor=100 + number)
    return result.product_id


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuild, "BATCH", 3)


@pytest.mark.usefixtures("small_batches")
async def test_a_rebuild_repairs_what_is_missing_wrong_or_left_over(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        ids = [await offer(tx, number) for number in range(8)]
    await world.drain()
    async with world.write(tenant) as tx:
        await put(tx, made("Ghost", handle="ghost"))
        await put(tx, made("Wrong", subject_id=ids[4], handle="wrong"))
        await tx.delete(PRODUCTS.shelf.documents, subject_id=ids[0])
        (asked,) = await service.request_rebuild(tx, "products")
    assert asked.total == 8
    seen: list[Rebuild] = []
    done = await rebuild.run(world.db, world.ctx(tenant), PRODUCTS, asked.id, progress=seen.append)
    assert done is not None
    assert done.finished_at is not None
    assert (done.done, done.total, done.changed) == (8, 8, 3)
    assert [one.done for one in seen] == [3, 6, 8]
    async with world.read(tenant) as tx:
        page = await index.list_products(tx, ProductFilters(sort="price_asc"))
        assert [one.title for one in page.items] == [f"Lamp {number}" for number in range(8)]
        assert (await index.search(tx, "ghost")).products == []
    await world.drain()
    assert [one.type for one in await world.events(tenant, "index.updated")] == ["index.updated"]


@pytest.mark.usefixtures("small_batches")
async def test_a_stopped_rebuild_goes_on_where_it_was(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        for number in range(7):
            await offer(tx, number)
        (asked,) = await service.request_rebuild(tx, "products")
    ctx = world.ctx(tenant)
    stopped = await rebuild.run(world.db, ctx, PRODUCTS, asked.id, until=lambda: True)
    assert stopped is not None
    assert (stopped.done, stopped.finished_at) == (3, None)
    async with world.read(tenant) as tx:
        assert len((await index.list_products(tx, ProductFilters())).items) == 3
    seen: list[Rebuild] = []
    await rebuild.run(world.db, ctx, PRODUCTS, asked.id, progress=seen.append)
    assert [one.done for one in seen] == [6, 7]
    again = await rebuild.run(world.db, ctx, PRODUCTS, asked.id)
    assert again is not None
    assert again.finished_at is not None


async def test_asking_again_begins_anew_and_never_runs_twice(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        (first,) = await service.request_rebuild(tx, "products")
    async with world.write(tenant) as tx:
        (second,) = await service.request_rebuild(tx, "products")
    assert first.id == second.id
    assert await go_on_with_rebuilds(world.parts) == 1
    assert await go_on_with_rebuilds(world.parts) == 0


async def test_a_new_locale_and_currency_get_their_documents_from_the_job(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        await offer(tx, 1)
    await world.drain()
    async with world.write(tenant) as tx:
        await tenants.enable_locale(tx, "de")
        changed = await tenants.update(tx, expected_version=None, currencies=["EUR", "USD"])
    await world.drain()
    assert await go_on_with_rebuilds(world.parts) == 2
    async with world.read(changed.profile(), locale="de", currency="USD") as tx:
        page = await index.list_products(tx, ProductFilters())
        assert [(one.title, one.price) for one in page.items] == [("Lamp 1", None)]
    async with world.write(tenant) as tx:
        await tenants.update(tx, expected_version=None, currencies=["EUR"])
    await world.drain()
    await go_on_with_rebuilds(world.parts)
    async with world.read(tenant) as tx:
        state = await service.status(tx)
    assert [(one.name, one.documents) for one in state.indexes] == [("products", 2), ("nodes", 0)]


async def test_the_state_tells_the_lag(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        await offer(tx, 1)
    async with world.read(tenant) as tx:
        before = await service.status(tx)
    await world.drain()
    async with world.read(tenant) as tx:
        after = await service.status(tx)
    assert before.lag_seconds > 0
    assert before.indexes[0].mark is None
    assert after.lag_seconds == 0
    assert after.indexes[0].mark is not None
    assert after.indexes[0].documents == 1
    assert b'rustok_index_lag_seconds{projection="products"}' in metrics.render()[0]
