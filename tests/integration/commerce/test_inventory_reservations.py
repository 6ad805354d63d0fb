"""Stock under orders: nothing is oversold, everything adds up."""

from __future__ import annotations

import asyncio
import random
from uuid import UUID

import pytest

from rustok.commerce.inventory import api as inventory
from rustok.commerce.inventory import service
from rustok.commerce.inventory.errors import QuantityOutOfRange
from rustok.commerce.products.api import VariantNotFound
from rustok.core.db import WriteTx
from rustok.core.ids import new_id
from rustok.core.pagination import PageRequest
from rustok.core.tenancy import TenantProfile
from tests.conftest import World
from tests.integration.commerce.shop import add_variant


def line(
    variant_id: UUID,
    quantity: int,
    *,
    order_line_id: UUID | None = None,
    sku: str = "",
    track_inventory: bool = True,
    allow_backorder: bool = False,
) -> inventory.ReserveLine:
    return inventory.ReserveLine(
        order_line_id=order_line_id or new_id(),
        variant_id=variant_id,
        quantity=quantity,
        sku=sku,
        track_inventory=track_inventory,
        allow_backorder=allow_backorder,
    )


async def free(world: World, tenant: TenantProfile, variant_id: UUID) -> inventory.Availability:
    async with world.read(tenant) as tx:
        return (await inventory.available(tx, [variant_id]))[variant_id]


async def stocked(tx: WriteTx, on_hand: int, *, location_id: UUID | None = None) -> UUID:
    variant_id = await add_variant(tx, amount_minor=None, published=False)
    await inventory.set_level(tx, variant_id, on_hand=on_hand, location_id=location_id)
    return variant_id


async def test_the_last_piece_is_sold_once_to_many_who_want_it(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        variant_id = await stocked(tx, 10)

    async def buy() -> bool:
        try:
            async with world.write(tenant) as tx:
                await inventory.reserve(tx, new_id(), [line(variant_id, 1, sku="A")])
        except inventory.StockInsufficient:
            return False
        return True

    outcomes = await asyncio.gather(*(buy() for _ in range(32)))
    assert sum(outcomes) == 10
    left = await free(world, tenant, variant_id)
    assert (left.on_hand, left.reserved, left.available) == (10, 10, 0)


async def test_orders_that_want_the_same_two_variants_in_opposite_order_do_not_deadlock(
    world: World,
) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        one, other = await stocked(tx, 100), await stocked(tx, 100)

    async def buy(first: UUID, second: UUID) -> None:
        async with world.write(tenant) as tx:
            await inventory.reserve(tx, new_id(), [line(first, 1), line(second, 1)])

    await asyncio.gather(*(buy(*((one, other) if i % 2 else (other, one))) for i in range(20)))
    assert (await free(world, tenant, one)).reserved == 20
    assert (await free(world, tenant, other)).reserved == 20


async def test_two_lines_of_one_variant_are_judged_together(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        variant_id = await stocked(tx, 5)
    async with world.write(tenant) as tx:
        with pytest.raises(inventory.StockInsufficient) as refused:
            await inventory.reserve(
                tx, new_id(), [line(variant_id, 3, sku="A"), line(variant_id, 3, sku="A")]
            )
    assert refused.value.short == ((variant_id, "A", 6, 5),)
    async with world.write(tenant) as tx:
        made = await inventory.reserve(tx, new_id(), [line(variant_id, 3), line(variant_id, 2)])
    assert [one.quantity for one in made] == [3, 2]
    assert (await free(world, tenant, variant_id)).available == 0


async def test_a_refusal_names_every_short_line_and_reserves_nothing(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        plenty, few, none = await stocked(tx, 9), await stocked(tx, 1), new_id()
    with pytest.raises(inventory.StockInsufficient) as refused:
        async with world.write(tenant) as tx:
            await inventory.reserve(
                tx,
                new_id(),
                [line(plenty, 2), line(few, 2, sku="FEW"), line(none, 1, sku="NONE")],
            )
    assert sorted(refused.value.extensions["skus"]) == ["FEW", "NONE"]  # type: ignore[arg-type]
    assert len(refused.value.fields) == 2
    assert (await free(world, tenant, plenty)).reserved == 0


async def test_stock_is_sold_from_the_location_of_the_lowest_priority_number(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        far = await inventory.open_location(tx, code="far", name="Far", priority=20)
        near = await inventory.open_location(tx, code="near", name="Near", priority=10)
        variant_id = await stocked(tx, 4, location_id=far.id)
        await inventory.set_level(tx, variant_id, on_hand=3, location_id=near.id)
    async with world.write(tenant) as tx:
        made = await inventory.reserve(tx, new_id(), [line(variant_id, 5)])
    assert [(one.location_id, one.quantity) for one in made] == [(near.id, 3), (far.id, 2)]


async def test_released_stock_can_be_sold_again(world: World) -> None:
    tenant = await world.tenant()
    order_id, line_id = new_id(), new_id()
    async with world.write(tenant) as tx:
        variant_id = await stocked(tx, 3)
        await inventory.reserve(tx, order_id, [line(variant_id, 3, order_line_id=line_id)])
    async with world.write(tenant) as tx:
        assert await inventory.release(tx, order_id, {line_id: 1}) == 1
    assert (await free(world, tenant, variant_id)).available == 1
    async with world.write(tenant) as tx:
        assert await inventory.release(tx, order_id) == 2
        assert await inventory.release(tx, order_id) == 0
    assert (await free(world, tenant, variant_id)).available == 3
    async with world.read(tenant) as tx:
        assert [one.state for one in await inventory.list_reservations(tx, order_id)] == [
            "released"
        ]
    kinds = [event.type for event in await world.events(tenant)]
    assert kinds.count("inventory.released") == 2
    assert "inventory.back_in_stock" in kinds


async def test_shipped_stock_leaves_the_shelf_in_parts_and_the_ledger_proves_it(
    world: World,
) -> None:
    tenant = await world.tenant()
    order_id, line_id = new_id(), new_id()
    async with world.write(tenant) as tx:
        variant_id = await stocked(tx, 5)
        await inventory.adjust(tx, variant_id, delta=-1, reason="damaged", reference="dropped")
        await inventory.reserve(tx, order_id, [line(variant_id, 3, order_line_id=line_id)])
    async with world.write(tenant) as tx:
        assert await inventory.consume(tx, order_id, {line_id: 1}) == 1
        assert await inventory.consume(tx, order_id) == 2
        with pytest.raises(inventory.ReservationTooSmall):
            await inventory.consume(tx, order_id, {line_id: 1})
    stock = await free(world, tenant, variant_id)
    assert (stock.on_hand, stock.reserved, stock.available) == (1, 0, 1)
    async with world.read(tenant) as tx:
        location = (await inventory.list_locations(tx))[0]
        assert await inventory.sum_ledger(tx, variant_id, location.id) == 1
        page = await service.list_movements(tx, variant_id, PageRequest())
    assert [one.quantity_delta for one in page.items] == [-2, -1, -1, 5]
    assert [one.on_hand_after for one in page.items] == [1, 3, 4, 5]
    assert [one.reason for one in page.items] == ["shipped", "shipped", "damaged", "counted"]


async def test_promised_pieces_cannot_be_corrected_away(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        variant_id = await stocked(tx, 5)
        await inventory.reserve(tx, new_id(), [line(variant_id, 4)])
    async with world.write(tenant) as tx:
        with pytest.raises(inventory.StockReserved):
            await inventory.set_level(tx, variant_id, on_hand=3)
        level = await inventory.set_level(tx, variant_id, on_hand=4)
    assert level.free == 0


async def test_a_count_that_changes_nothing_announces_nothing(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        variant_id = await stocked(tx, 5)
    before = len(await world.events(tenant))
    async with world.write(tenant) as tx:
        await inventory.set_level(tx, variant_id, on_hand=5)
    assert len(await world.events(tenant)) == before


async def test_backorders_are_counted_apart_and_served_first_when_stock_arrives(
    world: World,
) -> None:
    tenant = await world.tenant()
    order_id = new_id()
    async with world.write(tenant) as tx:
        variant_id = await stocked(tx, 1)
        await inventory.reserve(tx, order_id, [line(variant_id, 3, allow_backorder=True)])
    stock = await free(world, tenant, variant_id)
    assert (stock.on_hand, stock.reserved, stock.backordered) == (1, 1, 2)
    async with world.write(tenant) as tx:
        with pytest.raises(inventory.StockInsufficient):
            await inventory.consume(tx, order_id)
    async with world.write(tenant) as tx:
        await inventory.adjust(tx, variant_id, delta=3, reason="received")
    assert (await free(world, tenant, variant_id)).available == 1
    async with world.write(tenant) as tx:
        assert await inventory.consume(tx, order_id) == 3
    stock = await free(world, tenant, variant_id)
    assert (stock.on_hand, stock.backordered, stock.available) == (1, 0, 1)


async def test_a_variant_never_stocked_can_be_backordered(world: World) -> None:
    tenant = await world.tenant()
    variant_id = new_id()
    async with world.write(tenant) as tx:
        made = await inventory.reserve(tx, new_id(), [line(variant_id, 2, allow_backorder=True)])
    assert [one.backorder for one in made] == [True]


async def test_what_is_not_tracked_is_not_counted(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        assert (
            await inventory.reserve(tx, new_id(), [line(new_id(), 900, track_inventory=False)])
            == []
        )


async def test_thresholds_are_announced_once_when_crossed(world: World) -> None:
    tenant = await world.tenant(settings={"inventory_low_threshold": 2})
    async with world.write(tenant) as tx:
        variant_id = await stocked(tx, 4)
    for _ in range(4):
        async with world.write(tenant) as tx:
            await inventory.reserve(tx, new_id(), [line(variant_id, 1)])
    kinds = [event.type for event in await world.events(tenant)]
    assert kinds.count("inventory.low") == 1
    assert kinds.count("inventory.out_of_stock") == 1
    assert kinds.count("inventory.back_in_stock") == 1


async def test_a_reservation_past_its_time_is_given_back_by_the_job(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        variant_id = await stocked(tx, 2)
        await inventory.reserve(tx, new_id(), [line(variant_id, 1)], expires_at=tx.now)
        await inventory.reserve(tx, new_id(), [line(variant_id, 1)])
    assert await service.release_expired(world.parts) == 1
    assert await service.release_expired(world.parts) == 0
    assert (await free(world, tenant, variant_id)).available == 1


async def test_stock_of_a_variant_that_does_not_exist_is_refused(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        with pytest.raises(VariantNotFound):
            await inventory.adjust(tx, new_id(), delta=1, reason="received")


async def test_the_stock_of_another_tenant_is_not_there(world: World) -> None:
    tenant, other = await world.tenant(), await world.tenant()
    async with world.write(tenant) as tx:
        variant_id = await stocked(tx, 2)
    assert (await free(world, other, variant_id)).on_hand == 0
    async with world.write(other) as tx:
        with pytest.raises(inventory.StockInsufficient):
            await inventory.reserve(tx, new_id(), [line(variant_id, 1)])


async def test_reserving_many_lines_takes_a_fixed_number_of_statements(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        variants = [await stocked(tx, 5) for _ in range(20)]
    counts = []
    for some in (variants[:1], variants):
        with world.counting() as count:
            async with world.write(tenant) as tx:
                await inventory.reserve(tx, new_id(), [line(one, 1) for one in some])
        counts.append(count.total)
    assert counts[0] == counts[1]


async def test_many_levels_are_set_at_once_in_a_fixed_number_of_statements(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        variants = [await add_variant(tx, published=False) for _ in range(12)]
        await inventory.default_location(tx)
    totals = []
    for some in (variants[:1], variants[1:]):
        with world.counting() as count:
            async with world.write(tenant) as tx:
                changed = await inventory.set_levels(tx, dict.fromkeys(some, 7))
        assert changed == len(some)
        totals.append(count.total)
    assert totals[0] == totals[1]
    async with world.write(tenant) as tx:
        assert await inventory.set_levels(tx, dict.fromkeys(variants, 7)) == 0
        assert await inventory.set_levels(tx, {**dict.fromkeys(variants, 7), variants[0]: 2}) == 1
        assert await inventory.set_levels(tx, {}) == 0
        await inventory.reserve(tx, new_id(), [line(variants[0], 2)])
        with pytest.raises(inventory.StockReserved):
            await inventory.set_levels(tx, {variants[0]: 1, variants[1]: 9})
        with pytest.raises(VariantNotFound):
            await inventory.set_levels(tx, {new_id(): 1, variants[1]: 9})
    assert (await free(world, tenant, variants[1])).on_hand == 7


async def test_first_backorders_of_two_variants_at_once_do_not_block_each_other(
    world: World,
) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        one, other = await stocked(tx, 0), new_id()

    async def buy(first: UUID, second: UUID) -> None:
        async with world.write(tenant) as tx:
            lines = [line(first, 1, allow_backorder=True), line(second, 1, allow_backorder=True)]
            await inventory.reserve(tx, new_id(), lines)

    await asyncio.gather(*(buy(*((one, other) if i % 2 else (other, one))) for i in range(12)))
    assert (await free(world, tenant, other)).backordered == 12


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_the_tables_keep_up_with_a_plain_count_of_random_steps(
    world: World, seed: int
) -> None:
    tenant = await world.tenant()
    chance = random.Random(seed)
    on_hand = reserved = 0
    held: dict[UUID, int] = {}
    async with world.write(tenant) as tx:
        variant_id = await stocked(tx, 0)
    for _ in range(60):
        step = chance.choice(["adjust", "reserve", "release", "consume"])
        amount = chance.randint(1, 6)
        order_id = chance.choice(list(held)) if held else None
        async with world.write(tenant) as tx:
            if step == "adjust":
                delta = chance.choice([amount, amount, -amount])
                if on_hand + delta < reserved:
                    with pytest.raises((inventory.StockReserved, QuantityOutOfRange)):
                        await inventory.adjust(tx, variant_id, delta=delta, reason="corrected")
                else:
                    await inventory.adjust(tx, variant_id, delta=delta, reason="corrected")
                    on_hand += delta
            elif step == "reserve":
                line_id = new_id()
                wanted = [line(variant_id, amount, order_line_id=line_id)]
                if amount > on_hand - reserved:
                    with pytest.raises(inventory.StockInsufficient):
                        await inventory.reserve(tx, line_id, wanted)
                else:
                    await inventory.reserve(tx, line_id, wanted)
                    reserved += amount
                    held[line_id] = amount
            elif order_id is not None:
                move = inventory.release if step == "release" else inventory.consume
                if amount > held[order_id]:
                    with pytest.raises(inventory.ReservationTooSmall):
                        await move(tx, order_id, {order_id: amount})
                else:
                    assert await move(tx, order_id, {order_id: amount}) == amount
                    held[order_id] -= amount
                    reserved -= amount
                    on_hand -= amount if step == "consume" else 0
        stock = await free(world, tenant, variant_id)
        assert (stock.on_hand, stock.reserved) == (on_hand, reserved)
        assert stock.available == on_hand - reserved
    async with world.read(tenant) as rtx:
        location = (await inventory.list_locations(rtx))[0]
        assert await inventory.sum_ledger(rtx, variant_id, location.id) == on_hand
