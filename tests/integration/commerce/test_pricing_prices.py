"""Prices in the database: set, changed, on sale, removed, and the events that tell it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest

from rustok.commerce.pricing import api as pricing
from rustok.commerce.pricing import service
from rustok.commerce.products import api as products
from rustok.commerce.products.service import parts
from rustok.core.errors import PreconditionFailed
from rustok.core.ids import new_id
from rustok.core.money import InvalidCurrency
from tests.conftest import World
from tests.integration.commerce.catalogue import stored

START = datetime(2026, 6, 1, tzinfo=UTC)


async def test_a_price_is_set_once_and_the_same_again_is_no_event(world: World) -> None:
    tenant = await world.tenant()
    variant_id = (await stored(world, tenant)).variant_ids[0]
    for _ in range(2):
        async with world.write(tenant) as tx:
            entry = await pricing.set_price(
                tx, variant_id, "EUR", amount_minor=4900, compare_at_minor=5900
            )
        assert entry.version == 1
    assert len(await world.events(tenant, "price.updated")) == 1


async def test_a_change_of_price_tells_the_old_and_the_new_amount(world: World) -> None:
    tenant = await world.tenant()
    variant_id = (await stored(world, tenant)).variant_ids[0]
    async with world.write(tenant) as tx:
        await pricing.set_price(tx, variant_id, "EUR", amount_minor=4900)
    async with world.write(tenant) as tx:
        await pricing.set_price(tx, variant_id, "EUR", amount_minor=3900, expected_version=1)
    async with world.write(tenant) as tx:
        await pricing.delete_price(tx, variant_id, "EUR", expected_version=2)
    told = [
        msgspec.json.decode(event.data) for event in await world.events(tenant, "price.updated")
    ]
    pairs = [(one.get("old_amount_minor"), one.get("new_amount_minor")) for one in told]
    assert pairs == [(None, 4900), (4900, 3900), (3900, None)]


async def test_prices_are_told_per_currency_at_a_moment(world: World) -> None:
    tenant = await world.tenant(currencies=["EUR", "USD"])
    small, medium = (await stored(world, tenant)).variant_ids
    window = pricing.Sale(
        amount_minor=4000,
        starts_at=START.astimezone(timezone(timedelta(hours=2))),
        ends_at=START + timedelta(days=1),
    )
    async with world.write(tenant) as tx:
        await pricing.set_price(tx, small, "EUR", amount_minor=5000, sale=window)
        await pricing.set_price(tx, small, "USD", amount_minor=5500)
        await pricing.set_price(tx, medium, "USD", amount_minor=5600)
    async with world.read(tenant) as tx:
        before = await pricing.prices_for(tx, [small, medium], "EUR", START - timedelta(seconds=1))
        during = await pricing.prices_for(tx, [small, medium], "EUR", START)
        everything = await pricing.all_prices(tx, [small, medium, new_id()])
    assert set(before) == {small}
    assert (before[small].amount_minor, during[small].amount_minor) == (5000, 4000)
    assert during[small].money.currency == "EUR"
    assert {key: [one.currency for one in entries] for key, entries in everything.items()} == {
        small: ["EUR", "USD"],
        medium: ["USD"],
    }
    sale = everything[small][0].sale
    assert sale is not None
    assert sale.starts_at == START


async def test_setting_the_same_sale_in_another_zone_is_no_change(world: World) -> None:
    tenant = await world.tenant()
    variant_id = (await stored(world, tenant)).variant_ids[0]
    for zone in (UTC, timezone(timedelta(hours=2))):
        async with world.write(tenant) as tx:
            sale = pricing.Sale(amount_minor=1, starts_at=START.astimezone(zone))
            entry = await pricing.set_price(tx, variant_id, "EUR", amount_minor=2, sale=sale)
        assert entry.version == 1


async def test_unknown_and_foreign_variants_have_no_price(world: World) -> None:
    mine, theirs = await world.tenant(), await world.tenant()
    foreign = (await stored(world, theirs)).variant_ids[0]
    async with world.write(theirs) as tx:
        await pricing.set_price(tx, foreign, "EUR", amount_minor=1)
    for variant_id in (new_id(), foreign):
        with pytest.raises(products.VariantNotFound):
            async with world.write(mine) as tx:
                await pricing.set_price(tx, variant_id, "EUR", amount_minor=1)
    async with world.read(mine) as tx:
        assert await pricing.prices_for(tx, [foreign], "EUR", tx.now) == {}
        with pytest.raises(products.VariantNotFound):
            await service.list_prices(tx, foreign)


async def test_a_price_in_no_currency_and_a_price_that_is_not_there_are_refused(
    world: World,
) -> None:
    tenant = await world.tenant()
    variant_id = (await stored(world, tenant)).variant_ids[0]
    async with world.write(tenant) as tx:
        with pytest.raises(InvalidCurrency):
            await pricing.set_price(tx, variant_id, "XXX1", amount_minor=1)
        with pytest.raises(pricing.PriceNotFound):
            await pricing.delete_price(tx, variant_id, "EUR")
        with pytest.raises(PreconditionFailed):
            await pricing.set_price(tx, variant_id, "EUR", amount_minor=1, expected_version=1)


async def test_a_removed_variant_takes_its_prices_along(world: World) -> None:
    tenant = await world.tenant()
    variant_id = (await stored(world, tenant)).variant_ids[0]
    async with world.write(tenant) as tx:
        await pricing.set_price(tx, variant_id, "EUR", amount_minor=1)
    async with world.write(tenant) as tx:
        await parts.delete_variant(tx, variant_id, expected_version=None)
    async with world.read(tenant) as tx:
        assert await pricing.all_prices(tx, [variant_id]) == {}
