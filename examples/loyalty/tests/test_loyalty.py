"""The module works in the running application, beside the platform's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import UUID

import pytest
from rustok_loyalty.model import points_for

from rustok.commerce.orders.events import OrderPaid, OrderPlaced
from rustok.core.ids import new_id
from rustok.server import migrations
from rustok.server.settings import Settings
from tests.conftest import World


@pytest.mark.parametrize(
    ("amount_minor", "currency", "points"),
    [(1_234, "EUR", 12), (99, "EUR", 0), (500, "JPY", 500), (1_999, "KWD", 1)],
)
def test_a_whole_unit_is_a_point(amount_minor: int, currency: str, points: int) -> None:
    assert points_for(amount_minor, currency) == points


async def test_a_paid_order_earns_points_once_and_its_customer_sees_them(world: World) -> None:
    tenant, other = await world.tenant(), await world.tenant()
    token = await world.token(tenant, "customer", email="ada@example.com")
    async with world.client(tenant, token=token) as client:
        me = (await client.get("/api/v1/auth/me")).json()
        order_id = new_id()
        async with world.write(tenant) as tx:
            tx.emit(
                OrderPlaced(
                    order_id=order_id,
                    number="1001",
                    cart_id=new_id(),
                    customer_id=UUID(me["id"]),
                    currency="EUR",
                    total_minor=2_860,
                    line_count=1,
                    piece_count=2,
                )
            )
            tx.emit(
                OrderPaid(
                    order_id=order_id,
                    payment_id=new_id(),
                    method="manual",
                    amount_minor=2_860,
                    currency="EUR",
                )
            )
        await world.drain()
        await world.drain()
        answer = await client.get("/api/v1/storefront/loyalty")
        assert (answer.status_code, answer.json()) == (200, {"points": 28})
    earned = await world.events(tenant, "loyalty_account.points_earned")
    assert len(earned) == 1
    assert await world.events(other, "loyalty_account.points_earned") == []


async def test_where_the_module_is_off_its_route_says_so(world: World) -> None:
    tenant = await world.tenant()
    staff = await world.token(tenant)
    async with world.client(tenant, token=staff) as client:
        off = await client.delete("/api/v1/admin/tenant/modules/loyalty", headers={"If-Match": "*"})
        assert off.status_code in (200, 204), off.text
        answer = await client.get("/api/v1/storefront/loyalty")
        assert (answer.status_code, answer.json()["code"]) == (404, "module_disabled")


def test_its_tables_come_and_go_with_the_platforms(
    owner: Settings, tables: Callable[[], set[str]]
) -> None:
    asyncio.run(migrations.migrate(owner))
    assert "loyalty_earnings" in tables()
    assert asyncio.run(migrations.modules_behind(owner)) == []
    asyncio.run(migrations.migrate(owner, "base"))
    assert "loyalty_earnings" not in tables()
