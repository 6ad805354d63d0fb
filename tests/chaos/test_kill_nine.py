"""kill -9 in the middle of 200 checkouts: nothing acknowledged is lost, nothing happens twice."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
from sqlalchemy import BigInteger, Integer, func, select

from rustok.commerce.inventory.tables import stock_levels
from rustok.commerce.orders.tables import order_lines, orders
from rustok.core import dead_letters, inbox, outbox
from rustok.core.db import Query, scalar
from rustok.core.tenancy import TenantProfile
from rustok.server.platform import Platform
from rustok.server.settings import Settings
from tests.chaos.server_process import ServerProcess
from tests.conftest import World
from tests.integration.commerce.shop import add_variant

CHECKOUTS = 200
STOCK = 10_000
ADDRESS = {
    "name": "Ada Lovelace",
    "line1": "Lindenallee 5",
    "postal_code": "20095",
    "city": "Hamburg",
    "country": "DE",
}


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    status: str


class Numbered(msgspec.Struct, frozen=True, kw_only=True):
    aggregate_id: UUID
    type: str
    sequence: int


_ORDERS = Query(select(orders.c.id, orders.c.status), Placed, system="test")
_EVENTS = Query(
    select(outbox.outbox.c.aggregate_id, outbox.outbox.c.type, outbox.outbox.c.sequence)
    .where(outbox.outbox.c.aggregate_type == "order")
    .order_by(outbox.outbox.c.position),
    Numbered,
    system="test",
)
_ORDERED = scalar(
    select(func.coalesce(func.sum(order_lines.c.quantity, type_=BigInteger()), 0)),
    int,
    system="test",
)
_RESERVED = scalar(
    select(func.coalesce(func.sum(stock_levels.c.reserved, type_=BigInteger()), 0)),
    int,
    system="test",
)
_NEGATIVE = scalar(
    select(func.count(type_=Integer())).where(stock_levels.c.on_hand < stock_levels.c.reserved),
    int,
    system="test",
)
_INBOX_EVENTS = Query(
    select(inbox.inbox.c.consumer, inbox.inbox.c.event_id), lambda **row: row, system="test"
)
_DEAD = scalar(select(func.count()).select_from(dead_letters.dead_letters), int, system="test")


async def prepare(settings: Settings) -> tuple[TenantProfile, list[UUID]]:
    platform = Platform(settings, observer=None)
    await platform.open()
    world = World(platform, [])
    tenant = await world.tenant("chaos")
    variants = []
    for _ in range(4):
        async with world.write(tenant) as tx:
            variants.append(await add_variant(tx, on_hand=STOCK))
    await platform.close()
    return tenant, variants


async def shop(base_url: str, variants: list[UUID], acknowledged: dict[str, str]) -> None:
    """200 customers, 8 at a time; each keeps its Idempotency-Key until it has an answer."""
    todo: asyncio.Queue[int] = asyncio.Queue()
    for number in range(CHECKOUTS):
        todo.put_nowait(number)

    async def customer(client: httpx.AsyncClient) -> None:
        while True:
            try:
                number = todo.get_nowait()
            except asyncio.QueueEmpty:
                return
            key = f"buy-{number}-{uuid4()}"
            cart: str | None = None
            filled = False
            while True:
                try:
                    if cart is None:
                        made = await client.post("/carts", json={})
                        made.raise_for_status()
                        cart = made.json()["id"]
                        for variant in (variants[number % 4], variants[(number + 1) % 4]):
                            line = await client.post(
                                f"/carts/{cart}/lines",
                                json={"variant_id": str(variant), "quantity": 1},
                            )
                            line.raise_for_status()
                        filled = True
                    answer = await client.post(
                        "/checkout",
                        json={
                            "cart_id": cart,
                            "email": "ada@example.com",
                            "shipping_address": ADDRESS,
                        },
                        headers={"Idempotency-Key": key},
                    )
                    if answer.status_code == 201:
                        acknowledged[key] = answer.json()["id"]
                        break
                    if answer.status_code < 500:
                        raise AssertionError(answer.text)
                except (httpx.TransportError, httpx.HTTPStatusError):
                    # No answer is no knowledge: the same key is sent again with the same cart. A cart
                    # that was not filled when the server died is left and another one taken.
                    if not filled:
                        cart = None
                await asyncio.sleep(0.05)

    async with httpx.AsyncClient(
        base_url=f"{base_url}/api/v1/storefront",
        headers={"X-Tenant": "chaos"},
        timeout=20,
    ) as client:
        await asyncio.gather(*(customer(client) for _ in range(8)))


@pytest.mark.chaos
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_killed_server_loses_no_acknowledged_order_and_doubles_nothing(
    database_settings: Settings, tmp_path: Path
) -> None:
    _, variants = asyncio.run(prepare(database_settings))
    database = database_settings.database
    server = ServerProcess(
        str(database.url),
        tmp_path,
        system_url=str(database.system_url) if database.system_url else None,
    )
    acknowledged: dict[str, str] = {}
    kills = 0

    async def run() -> None:
        nonlocal kills
        shopping = asyncio.create_task(shop(server.base_url, variants, acknowledged))
        for share in (0.2, 0.5, 0.8):
            while len(acknowledged) < CHECKOUTS * share and not shopping.done():
                await asyncio.sleep(0.005)
            server.kill_nine()
            kills += 1
            await asyncio.to_thread(server.start)
        await asyncio.wait_for(shopping, 180)

    server.start()
    try:
        asyncio.run(run())
    finally:
        server.stop()
    assert kills == 3
    assert len(acknowledged) == CHECKOUTS
    facts = asyncio.run(count(database_settings))

    placed: list[Placed] = facts["orders"]
    ids = {str(order.id) for order in placed}
    assert set(acknowledged.values()) <= ids, "an acknowledged order is gone"
    assert len(set(acknowledged.values())) == CHECKOUTS, "two keys were given one order"
    assert len(placed) == CHECKOUTS, "an order was placed twice"
    assert facts["ordered"] == facts["reserved"] == 2 * CHECKOUTS, "stock does not add up"
    assert facts["negative"] == 0

    by_order: dict[str, list[Numbered]] = {}
    for event in facts["events"]:
        by_order.setdefault(str(event.aggregate_id), []).append(event)
    assert set(by_order) == ids, "an order without events, or events without an order"
    for events in by_order.values():
        assert [event.sequence for event in events] == list(range(1, len(events) + 1))
        assert events[0].type == "order.placed"
    assert facts["pending"] == 0, "an event was not delivered"
    assert facts["dead"] == 0
    assert facts["applied_twice"] == 0


async def count(settings: Settings) -> dict[str, Any]:
    platform = Platform(settings, observer=None)
    await platform.open()
    try:
        await platform.relay.drain()
        async with platform.db.system("test", write=False) as tx:
            applied = [(row["consumer"], row["event_id"]) for row in await tx.all(_INBOX_EVENTS)]
            return {
                "orders": await tx.all(_ORDERS),
                "events": await tx.all(_EVENTS),
                "ordered": await tx.one(_ORDERED),
                "reserved": await tx.one(_RESERVED),
                "negative": await tx.one(_NEGATIVE),
                "pending": (await outbox.backlog(tx)).pending,
                "dead": await tx.one(_DEAD),
                "applied_twice": len(applied) - len(set(applied)),
            }
    finally:
        await platform.close()
