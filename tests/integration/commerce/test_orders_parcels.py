"""Parcels and payments beside an order: planned, packed, given up; one live payment at a time."""

from __future__ import annotations

import pytest

from rustok.commerce.fulfilments import api as fulfilments
from rustok.commerce.orders import api as orders
from rustok.commerce.payments import api as payments
from rustok.commerce.payments.tables import payments as payments_table
from rustok.core.db import CheckViolation
from rustok.core.errors import IllegalTransition, PreconditionFailed
from rustok.core.ids import new_id
from rustok.core.tenancy import TenantProfile
from tests.conftest import World
from tests.integration.commerce.shop import add_variant, buy


async def ordered(world: World, tenant: TenantProfile) -> orders.PlacedOrder:
    async with world.write(tenant) as tx:
        variant_id = await add_variant(tx, on_hand=5, amount_minor=1_000)
        return await buy(tx, {variant_id: 2})


async def test_a_parcel_is_planned_packed_and_given_up(world: World) -> None:
    tenant = await world.tenant()
    placed = await ordered(world, tenant)
    async with world.write(tenant) as tx:
        planned = await fulfilments.create(tx, placed.order.id, {placed.lines[0].id: 2})
        with pytest.raises(PreconditionFailed):
            await fulfilments.pack(tx, planned.id, expected_version=9)
        packed = await fulfilments.pack(tx, planned.id, expected_version=1)
        assert (packed.state, packed.version) == ("packed", 2)
        with pytest.raises(IllegalTransition) as refused:
            await fulfilments.pack(tx, planned.id)
        assert refused.value.allowed_actions == ("ship", "cancel")
        assert (await fulfilments.cancel(tx, planned.id)).state == "cancelled"
        with pytest.raises(IllegalTransition):
            await fulfilments.cancel(tx, planned.id)
        with pytest.raises(fulfilments.FulfilmentNotFound):
            await fulfilments.pack(tx, new_id())
    async with world.read(tenant) as rtx:
        found = await fulfilments.list_fulfilments(rtx, placed.order.id)
    assert [(one.state, len(lines)) for one, lines in found] == [("cancelled", 1)]
    kinds = [e.type for e in await world.events(tenant) if e.type.startswith("fulfilment.")]
    assert kinds == ["fulfilment.created", "fulfilment.cancelled"]


async def test_an_order_has_one_live_payment(world: World) -> None:
    tenant = await world.tenant()
    placed = await ordered(world, tenant)
    order_id = placed.order.id
    with pytest.raises(payments.PaymentExists):
        async with world.write(tenant) as tx:
            await payments.open_payment(tx, order_id=order_id, amount_minor=1, currency="EUR")
    async with world.write(tenant) as tx:
        ended = await payments.give_up(tx, order_id, reason="bounced")
        assert ended is not None
        assert ended.state == "failed"
        assert await payments.give_up(tx, order_id, reason="bounced") is None
        await payments.open_payment(tx, order_id=order_id, amount_minor=2_000, currency="EUR")
    async with world.read(tenant) as rtx:
        found = await payments.list_payments(rtx, order_id)
    assert [one.state for one in found] == ["failed", "pending"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"captured_minor": 2_001},
        {"refunded_minor": 1},
        {"status": "captured"},
        {"status": "refunded"},
        {"status": "failed"},
        {"provider": "nobody"},
    ],
    ids=str,
)
async def test_the_database_refuses_money_that_does_not_add_up(
    world: World, wrong: dict[str, object]
) -> None:
    tenant = await world.tenant()
    placed = await ordered(world, tenant)
    with pytest.raises(CheckViolation):
        async with world.write(tenant) as tx:
            await tx.update(payments_table, {"order_id": placed.order.id}, **wrong)
