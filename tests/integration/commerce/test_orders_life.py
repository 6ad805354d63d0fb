"""The life of an order: what each step does to stock and money, and which steps there are."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from rustok.commerce.checkout import api as checkout
from rustok.commerce.fulfilments import api as fulfilments
from rustok.commerce.inventory import api as inventory
from rustok.commerce.orders import api as orders
from rustok.commerce.orders import repository, service
from rustok.commerce.orders.tables import orders as orders_table
from rustok.commerce.payments import api as payments
from rustok.core.db import CheckViolation, WriteTx
from rustok.core.errors import IllegalTransition, PreconditionFailed
from rustok.core.ids import new_id
from rustok.core.pagination import PageRequest
from rustok.core.tenancy import TenantProfile
from tests.conftest import World
from tests.integration.commerce.shop import add_variant, buy


async def ordered(
    world: World, tenant: TenantProfile, *, quantity: int = 2, on_hand: int = 5
) -> tuple[orders.PlacedOrder, UUID]:
    async with world.write(tenant) as tx:
        variant_id = await add_variant(tx, on_hand=on_hand, amount_minor=1_000)
        return await buy(tx, {variant_id: quantity}), variant_id


async def free(world: World, tenant: TenantProfile, variant_id: UUID) -> inventory.Availability:
    async with world.read(tenant) as tx:
        return (await inventory.available(tx, [variant_id]))[variant_id]


async def test_an_order_goes_from_placed_to_delivered(world: World) -> None:
    tenant = await world.tenant()
    placed, variant_id = await ordered(world, tenant)
    order_id = placed.order.id
    async with world.write(tenant) as tx:
        paid = await checkout.pay(tx, order_id, method="bank_transfer", reference="line 4")
    assert (paid.state, paid.payment_status, paid.version) == ("paid", "captured", 2)
    async with world.write(tenant) as tx:
        shipped = await checkout.ship(tx, order_id, carrier="DHL", tracking_number="0034")
    assert isinstance(shipped, orders.ShippedOrder)
    assert (shipped.fulfilment_status, shipped.carrier) == ("shipped", "DHL")
    stock = await free(world, tenant, variant_id)
    assert (stock.on_hand, stock.reserved, stock.available) == (3, 0, 3)
    async with world.write(tenant) as tx:
        delivered = await checkout.deliver(tx, order_id, signature="A. Lovelace")
    assert delivered.fulfilment_status == "delivered"
    async with world.read(tenant) as rtx:
        stored, lines = await orders.get(rtx, order_id)
        parcels = await fulfilments.list_fulfilments(rtx, order_id)
        money = await payments.list_payments(rtx, order_id)
    assert stored == delivered
    assert [line.shipped_quantity for line in lines] == [2]
    assert [(one.state, [line.quantity for line in ls]) for one, ls in parcels] == [
        ("delivered", [2])
    ]
    assert [(p.state, p.captured_minor, p.method) for p in money] == [
        ("captured", 2_000, "bank_transfer")
    ]
    kinds = [e.type for e in await world.events(tenant) if e.type.startswith("order.")]
    assert kinds == [
        "order.placed",
        "order.status_changed",
        "order.confirmed",
        "order.status_changed",
        "order.paid",
        "order.status_changed",
        "order.shipped",
        "order.status_changed",
        "order.delivered",
        "order.status_changed",
    ]


async def test_an_unpaid_order_cannot_ship_and_says_what_can_be_done(world: World) -> None:
    tenant = await world.tenant()
    placed, _ = await ordered(world, tenant)
    async with world.write(tenant) as tx:
        with pytest.raises(IllegalTransition) as refused:
            await checkout.ship(tx, placed.order.id, carrier="DHL")
    assert refused.value.state == "confirmed"
    assert refused.value.allowed_actions == ("pay", "cancel")


async def test_a_delivered_order_cannot_move(world: World) -> None:
    tenant = await world.tenant()
    placed, _ = await ordered(world, tenant)
    order_id = placed.order.id
    async with world.write(tenant) as tx:
        await checkout.pay(tx, order_id, method="cash")
        await checkout.ship(tx, order_id, carrier="DHL")
        await checkout.deliver(tx, order_id)
        for step in (
            checkout.pay(tx, order_id, method="cash"),
            checkout.ship(tx, order_id, carrier="DHL"),
            checkout.deliver(tx, order_id),
            checkout.cancel(tx, order_id, reason="late"),
            checkout.cancel_with_refund(tx, order_id, reason="late"),
            checkout.confirm(tx, order_id),
        ):
            with pytest.raises(IllegalTransition) as refused:
                await step
            assert refused.value.allowed_actions == ()


async def test_cancelling_gives_the_stock_back_and_ends_the_payment(world: World) -> None:
    tenant = await world.tenant()
    placed, variant_id = await ordered(world, tenant, quantity=5)
    assert (await free(world, tenant, variant_id)).available == 0
    async with world.write(tenant) as tx:
        cancelled = await checkout.cancel(tx, placed.order.id, reason="changed their mind")
    assert (cancelled.payment_status, cancelled.refunded_minor) == ("voided", 0)
    stock = await free(world, tenant, variant_id)
    assert (stock.on_hand, stock.reserved, stock.available) == (5, 0, 5)
    async with world.read(tenant) as rtx:
        assert [p.state for p in await payments.list_payments(rtx, placed.order.id)] == ["failed"]
    async with world.write(tenant) as tx:
        with pytest.raises(IllegalTransition):
            await checkout.cancel(tx, placed.order.id, reason="again")


async def test_a_paid_order_is_cancelled_with_a_refund(world: World) -> None:
    tenant = await world.tenant()
    placed, variant_id = await ordered(world, tenant)
    order_id = placed.order.id
    async with world.write(tenant) as tx:
        await checkout.pay(tx, order_id, method="cash")
        with pytest.raises(IllegalTransition) as refused:
            await checkout.cancel(tx, order_id, reason="no")
        assert refused.value.allowed_actions == ("ship", "cancel_with_refund")
        with pytest.raises(orders.RefundOutOfRange):
            await checkout.cancel_with_refund(tx, order_id, reason="no", refund_minor=2_001)
    async with world.write(tenant) as tx:
        cancelled = await checkout.cancel_with_refund(
            tx, order_id, reason="lost", refund_minor=1_500
        )
    assert (cancelled.payment_status, cancelled.refunded_minor) == ("partially_refunded", 1_500)
    async with world.read(tenant) as rtx:
        stored, _ = await orders.get(rtx, order_id)
        money = await payments.list_payments(rtx, order_id)
    assert stored == cancelled
    assert [(p.state, p.refunded_minor) for p in money] == [("partially_refunded", 1_500)]
    assert (await free(world, tenant, variant_id)).available == 5


async def test_an_order_ships_in_parts(world: World) -> None:
    tenant = await world.tenant()
    placed, variant_id = await ordered(world, tenant, quantity=3)
    order_id, line_id = placed.order.id, placed.lines[0].id
    async with world.write(tenant) as tx:
        await checkout.pay(tx, order_id, method="cash")
        first = await checkout.ship(tx, order_id, carrier="DHL", quantities={line_id: 1})
        assert (first.state, first.fulfilment_status) == ("paid", "partially_shipped")
        with pytest.raises(orders.ShipmentTooLarge):
            await checkout.ship(tx, order_id, carrier="DHL", quantities={line_id: 3})
        with pytest.raises(orders.OrderLineNotFound):
            await checkout.ship(tx, order_id, carrier="DHL", quantities={new_id(): 1})
        with pytest.raises(orders.OrderPartlyShipped):
            await checkout.cancel_with_refund(tx, order_id, reason="late")
        stock = (await inventory.available(tx, [variant_id]))[variant_id]
        assert (stock.on_hand, stock.reserved) == (4, 2)
        await checkout.ship(tx, order_id, carrier="DHL", quantities={line_id: 1})
        last = await checkout.ship(tx, order_id, carrier="UPS")
    assert (last.state, last.fulfilment_status) == ("shipped", "shipped")
    assert len(await world.events(tenant, "order.partially_shipped")) == 2
    assert len(await world.events(tenant, "order.shipped")) == 1
    assert len(await world.events(tenant, "fulfilment.shipped")) == 3


async def test_a_backordered_piece_ships_only_when_it_arrived(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        variant_id = await add_variant(tx, on_hand=1, allow_backorder=True)
        placed = await buy(tx, {variant_id: 2})
        await checkout.pay(tx, placed.order.id, method="cash")
        with pytest.raises(inventory.StockInsufficient):
            await checkout.ship(tx, placed.order.id, carrier="DHL")
    async with world.write(tenant) as tx:
        await inventory.adjust(tx, variant_id, delta=1, reason="received")
        shipped = await checkout.ship(tx, placed.order.id, carrier="DHL")
    assert shipped.state == "shipped"


async def test_only_the_whole_total_pays_an_order(world: World) -> None:
    tenant = await world.tenant()
    placed, _ = await ordered(world, tenant)
    for amount in (0, 1_999, 2_001):
        async with world.write(tenant) as tx:
            with pytest.raises(payments.CaptureOutOfRange):
                await checkout.pay(tx, placed.order.id, method="cash", amount_minor=amount)
    async with world.write(tenant) as tx:
        await checkout.pay(tx, placed.order.id, method="cash", amount_minor=2_000)
        with pytest.raises(IllegalTransition):
            await checkout.pay(tx, placed.order.id, method="cash")


async def refund(tx: WriteTx, order_id: UUID, amount_minor: int) -> str:
    live = await payments.lock_live(tx, order_id)
    return (await payments.request_refund(tx, live, amount_minor=amount_minor)).payment.state


async def test_a_refund_never_exceeds_what_was_captured(world: World) -> None:
    tenant = await world.tenant()
    placed, _ = await ordered(world, tenant)
    async with world.write(tenant) as tx:
        with pytest.raises(IllegalTransition):
            await refund(tx, placed.order.id, 1)
        await checkout.pay(tx, placed.order.id, method="cash")
        assert await refund(tx, placed.order.id, 1_500) == "partially_refunded"
        with pytest.raises(payments.RefundTooLarge):
            await refund(tx, placed.order.id, 501)
        assert await refund(tx, placed.order.id, 500) == "refunded"


async def test_a_step_from_a_stale_version_is_refused(world: World) -> None:
    tenant = await world.tenant()
    placed, _ = await ordered(world, tenant)
    async with world.write(tenant) as tx:
        await checkout.pay(tx, placed.order.id, method="cash", expected_version=1)
        with pytest.raises(PreconditionFailed):
            await checkout.ship(tx, placed.order.id, carrier="DHL", expected_version=1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "paid"},
        {"status": "cancelled"},
        {"status": "shipped"},
        {"status": "lost"},
        {"total_minor": 1},
        {"refunded_minor": 1},
        {"payment_status": "stolen"},
    ],
    ids=str,
)
async def test_the_database_refuses_a_row_that_lies_about_its_state(
    world: World, wrong: dict[str, object]
) -> None:
    tenant = await world.tenant()
    placed, _ = await ordered(world, tenant)
    with pytest.raises(CheckViolation):
        async with world.write(tenant) as tx:
            await tx.update(orders_table, {"id": placed.order.id}, **wrong)


async def test_a_pending_order_is_confirmed_by_reserving_its_stock(world: World) -> None:
    tenant = await world.tenant()
    placed, variant_id = await ordered(world, tenant, quantity=2)
    pending = orders.PendingOrder(
        **{
            name: getattr(placed.order, name)
            for name in orders.PendingOrder.__struct_fields__
            if name not in ("id", "number", "cart_id")
        },
        id=new_id(),
        number="9001",
        cart_id=new_id(),
    )
    async with world.write(tenant) as tx:
        line = placed.lines[0]
        own = orders.OrderLine(
            **{
                name: getattr(line, name)
                for name in line.__struct_fields__
                if name not in ("id", "order_id")
            },
            id=new_id(),
            order_id=pending.id,
        )
        repository.add(tx, pending, [own])
        confirmed = await checkout.confirm(tx, pending.id)
    assert (confirmed.state, confirmed.version) == ("confirmed", 2)
    assert (await free(world, tenant, variant_id)).reserved == 4
    async with world.write(tenant) as tx:
        assert (await checkout.cancel(tx, pending.id, reason="no")).state == "cancelled"


async def test_an_order_is_seen_by_its_customer_or_with_its_token(world: World) -> None:
    tenant = await world.tenant()
    ada, bob = world.actor("customer", kind="customer"), world.actor("customer", kind="customer")
    async with world.write(tenant) as tx:
        variant_id = await add_variant(tx, on_hand=5)
    async with world.write(tenant, actor=ada) as tx:
        placed = await buy(tx, {variant_id: 1})
    assert placed.access_token not in placed.order.access_token_digest
    async with world.read(tenant, actor=ada) as rtx:
        assert (await orders.get_own(rtx, placed.order.id, access_token=None))[0] == placed.order
        assert len((await service.list_own(rtx, PageRequest())).items) == 1
    async with world.read(tenant, actor=bob) as rtx:
        own = await orders.get_own(rtx, placed.order.id, access_token=placed.access_token)
        assert own[0] == placed.order
        assert (await service.list_own(rtx, PageRequest())).items == []
        for token in (None, "x" * 43):
            with pytest.raises(orders.OrderNotFound):
                await orders.get_own(rtx, placed.order.id, access_token=token)
    async with world.read(tenant) as rtx:
        assert (await service.list_own(rtx, PageRequest())).items == []
    other = await world.tenant()
    async with world.read(other) as rtx:
        with pytest.raises(orders.OrderNotFound):
            await orders.get_own(rtx, placed.order.id, access_token=placed.access_token)


async def test_orders_are_listed_newest_first_and_filtered(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        variant_id = await add_variant(tx, on_hand=50)
        made = [await buy(tx, {variant_id: 1}) for _ in range(5)]
        await checkout.pay(tx, made[2].order.id, method="cash")
        now = tx.now

    async def numbers(filter_: orders.OrderFilter, page: PageRequest | None = None) -> list[str]:
        async with world.read(tenant) as rtx:
            found = await orders.list_orders(rtx, filter_, page or PageRequest())
        return [one.number for one in found.items]

    assert await numbers(orders.OrderFilter()) == ["1005", "1004", "1003", "1002", "1001"]
    assert await numbers(orders.OrderFilter(status="paid")) == ["1003"]
    assert await numbers(orders.OrderFilter(number="1002")) == ["1002"]
    assert len(await numbers(orders.OrderFilter(email="ADA@example.com"))) == 5
    assert await numbers(orders.OrderFilter(email="bob@example.com")) == []
    assert len(await numbers(orders.OrderFilter(placed_from=now))) == 5
    assert await numbers(orders.OrderFilter(placed_before=now)) == []
    async with world.read(tenant) as rtx:
        first = await orders.list_orders(rtx, orders.OrderFilter(), PageRequest(limit=2))
    rest = PageRequest(limit=100, cursor=first.next_cursor)
    assert await numbers(orders.OrderFilter(), rest) == ["1003", "1002", "1001"]


async def test_order_numbers_of_tenants_do_not_mix(world: World) -> None:
    one, other = await world.tenant(), await world.tenant()
    assert (await ordered(world, one))[0].order.number == "1001"
    assert (await ordered(world, other))[0].order.number == "1001"
    assert (await ordered(world, one))[0].order.number == "1002"


async def test_paying_and_cancelling_at_once_leaves_one_winner(world: World) -> None:
    tenant = await world.tenant()
    placed, variant_id = await ordered(world, tenant)

    async def pay() -> str:
        try:
            async with world.write(tenant) as tx:
                await checkout.pay(tx, placed.order.id, method="cash")
        except IllegalTransition as refused:
            return f"refused as {refused.state}"
        return "paid"

    async def cancel() -> str:
        try:
            async with world.write(tenant) as tx:
                await checkout.cancel(tx, placed.order.id, reason="late")
        except IllegalTransition as refused:
            return f"refused as {refused.state}"
        return "cancelled"

    outcomes = await asyncio.gather(pay(), cancel(), pay(), cancel())
    won = [one for one in outcomes if not one.startswith("refused")]
    assert len(won) == 1
    assert outcomes.count(f"refused as {won[0]}") == 3
    async with world.read(tenant) as rtx:
        order, _ = await orders.get(rtx, placed.order.id)
        money = await payments.list_payments(rtx, placed.order.id)
    assert order.state == won[0]
    assert [p.state for p in money] == ["captured" if won[0] == "paid" else "failed"]
    reserved = (await free(world, tenant, variant_id)).reserved
    assert reserved == (2 if won[0] == "paid" else 0)


async def test_a_failed_shipment_changes_nothing(world: World) -> None:
    tenant = await world.tenant()
    placed, variant_id = await ordered(world, tenant)
    async with world.write(tenant) as tx:
        await checkout.pay(tx, placed.order.id, method="cash")
    before = len(await world.events(tenant))
    with pytest.raises(CheckViolation):
        async with world.write(tenant) as tx:
            await checkout.ship(tx, placed.order.id, carrier="DHL")
            await tx.update(orders_table, {"id": placed.order.id}, status="lost")
    async with world.read(tenant) as rtx:
        assert (await orders.get(rtx, placed.order.id))[0].state == "paid"
        assert await fulfilments.list_fulfilments(rtx, placed.order.id) == []
    assert (await free(world, tenant, variant_id)).on_hand == 5
    assert len(await world.events(tenant)) == before
