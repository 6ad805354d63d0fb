"""64 buyers at once want one of ten pieces: ten get one, and the books add up."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Final
from uuid import UUID, uuid4

import httpx

from rustok.commerce.inventory import api as inventory
from rustok.core.tenancy import TenantProfile
from tests.conftest import World
from tests.integration.commerce.shop import add_variant

BUYERS: Final = 64
UNITS: Final = 10
SHOP: Final = "/api/v1/storefront"
ADDRESS: Final = {
    "name": "Ada Lovelace",
    "line1": "Lindenallee 5",
    "postal_code": "20095",
    "city": "Hamburg",
    "country": "DE",
}


async def _cart(client: httpx.AsyncClient, variant_id: UUID) -> str:
    made = await client.post(f"{SHOP}/carts", json={})
    assert made.status_code == 201, made.text
    cart_id: str = made.json()["id"]
    line = {"variant_id": str(variant_id), "quantity": 1}
    added = await client.post(f"{SHOP}/carts/{cart_id}/lines", json=line)
    assert added.status_code == 201, added.text
    return cart_id


async def _buy(client: httpx.AsyncClient, cart_id: str, start: asyncio.Event) -> httpx.Response:
    await start.wait()
    return await client.post(
        f"{SHOP}/checkout",
        json={"cart_id": cart_id, "email": "ada@example.com", "shipping_address": ADDRESS},
        headers={"Idempotency-Key": uuid4().hex},
    )


async def _watch(world: World, tenant: TenantProfile, variant_id: UUID, done: asyncio.Event) -> int:
    """The least that was ever free while they bought."""
    least = UNITS
    while not done.is_set():
        async with world.read(tenant) as tx:
            for level in await inventory.list_levels(tx, [variant_id]):
                least = min(least, level.on_hand - level.reserved)
        await asyncio.sleep(0.02)
    return least


async def test_sixty_four_buyers_of_ten_units_get_ten_orders(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        variant_id = await add_variant(tx, on_hand=UNITS)
    start, done = asyncio.Event(), asyncio.Event()
    async with world.client(tenant) as client:
        carts = [await _cart(client, variant_id) for _ in range(BUYERS)]
        watcher = asyncio.create_task(_watch(world, tenant, variant_id, done))
        buyers = [asyncio.create_task(_buy(client, cart_id, start)) for cart_id in carts]
        start.set()
        answers = await asyncio.gather(*buyers)
        done.set()
        least_free = await watcher

    assert Counter(answer.status_code for answer in answers) == {201: UNITS, 409: BUYERS - UNITS}
    refusals = [answer.json() for answer in answers if answer.status_code == 409]
    assert {refusal["code"] for refusal in refusals} == {"stock_insufficient"}
    numbers = {answer.json()["number"] for answer in answers if answer.status_code == 201}
    assert len(numbers) == UNITS, "every order has a number of its own"
    assert least_free >= 0
    await _assert_books_add_up(world, tenant, variant_id)


async def _assert_books_add_up(world: World, tenant: TenantProfile, variant_id: UUID) -> None:
    async with world.read(tenant) as tx:
        (level,) = await inventory.list_levels(tx, [variant_id])
        ledger = await inventory.sum_ledger(tx, variant_id, level.location_id)
    assert (level.on_hand, level.reserved) == (UNITS, UNITS)
    assert ledger == level.on_hand
    placed = await world.events(tenant, "order.placed")
    reserved = await world.events(tenant, "inventory.reserved")
    assert (len(placed), len(reserved)) == (UNITS, UNITS)
