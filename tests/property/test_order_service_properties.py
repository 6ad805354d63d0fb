"""The order service on a real database, driven at random beside a model of order, stock and money."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from rustok.commerce.checkout import api as checkout
from rustok.commerce.inventory import api as inventory
from rustok.commerce.orders import api as orders
from rustok.commerce.payments import api as payments
from rustok.core.db import WriteTx
from rustok.core.errors import IllegalTransition
from rustok.core.tenancy import TenantProfile
from rustok.server.platform import Platform
from tests.conftest import World, settings_for
from tests.integration.commerce.shop import add_variant, buy
from tests.schema_for_tests import create_sqlite_schema

T = TypeVar("T")
PRICE = 250
STOCK = 100_000
ALLOWED = {
    "confirmed": {"pay", "cancel"},
    "paid": {"ship", "cancel_with_refund"},
    "shipped": {"deliver"},
    "delivered": set[str](),
    "cancelled": set[str](),
}


@dataclass(kw_only=True)
class Shop:
    """One platform with one thing to sell, for all examples; what is sold stays sold."""

    runner: asyncio.Runner
    world: World
    tenant: TenantProfile
    variant_id: UUID
    on_hand: int = STOCK
    reserved: int = 0


class OrderServiceMachine(RuleBasedStateMachine):
    shop: ClassVar[Shop]

    @initialize(quantity=st.integers(1, 4))
    def an_order_is_placed(self, quantity: int) -> None:
        placed = self.write(lambda tx: buy(tx, {self.shop.variant_id: quantity}))
        self.id, self.line_id = placed.order.id, placed.lines[0].id
        self.state, self.quantity, self.shipped, self.refunded = "confirmed", quantity, 0, 0
        self.paid = False
        self.shop.reserved += quantity

    def write(self, step: Callable[[WriteTx], Awaitable[T]]) -> T:
        async def transaction() -> T:
            async with self.shop.world.write(self.shop.tenant) as tx:
                return await step(tx)

        return self.shop.runner.run(transaction())

    def attempt(self, action: str, step: Callable[[WriteTx], Awaitable[orders.Order]]) -> bool:
        """Take the step; whether the model has it. Where it has not, the refusal says what there is."""
        if action in ALLOWED[self.state]:
            self.state = self.write(step).state
            return True
        with pytest.raises(IllegalTransition) as refused:
            self.write(step)
        assert set(refused.value.allowed_actions) == ALLOWED[self.state]
        return False

    @rule()
    def the_money_comes_in(self) -> None:
        if self.attempt("pay", lambda tx: checkout.pay(tx, self.id, method="cash")):
            assert self.state == "paid"
            self.paid = True

    @rule(pieces=st.integers(1, 4))
    def pieces_are_shipped(self, pieces: int) -> None:
        left = self.quantity - self.shipped
        wanted = {self.line_id: pieces}
        if self.state == "paid" and pieces > left:
            with pytest.raises(orders.ShipmentTooLarge):
                self.write(lambda tx: checkout.ship(tx, self.id, carrier="DHL", quantities=wanted))
            return
        if self.attempt(
            "ship", lambda tx: checkout.ship(tx, self.id, carrier="DHL", quantities=wanted)
        ):
            self.shipped += pieces
            self.shop.on_hand -= pieces
            self.shop.reserved -= pieces
            assert self.state == ("shipped" if pieces == left else "paid")

    @rule()
    def it_arrives(self) -> None:
        if self.attempt("deliver", lambda tx: checkout.deliver(tx, self.id)):
            assert self.state == "delivered"

    @rule()
    def it_is_cancelled(self) -> None:
        if self.attempt("cancel", lambda tx: checkout.cancel(tx, self.id, reason="no")):
            assert self.state == "cancelled"
            self.shop.reserved -= self.quantity

    @rule(refund=st.integers(0, 1_001))
    def it_is_cancelled_and_paid_back(self, refund: int) -> None:
        def step(tx: WriteTx) -> Awaitable[orders.Order]:
            return checkout.cancel_with_refund(tx, self.id, reason="no", refund_minor=refund)

        if self.state == "paid" and self.shipped:
            with pytest.raises(orders.OrderPartlyShipped):
                self.write(step)
        elif self.state == "paid" and refund > self.quantity * PRICE:
            with pytest.raises(orders.RefundOutOfRange):
                self.write(step)
        elif self.attempt("cancel_with_refund", step):
            assert self.state == "cancelled"
            self.shop.reserved -= self.quantity
            self.refunded = refund

    @rule()
    def it_is_confirmed_again(self) -> None:
        self.attempt("confirm", lambda tx: checkout.confirm(tx, self.id))

    @invariant()
    def order_stock_and_money_are_the_models(self) -> None:
        if not hasattr(self, "id"):
            return

        async def look() -> None:
            async with self.shop.world.read(self.shop.tenant) as tx:
                order, lines = await orders.get(tx, self.id)
                stock = await inventory.available(tx, [self.shop.variant_id])
                money = await payments.list_payments(tx, self.id)
            assert (order.state, set(order.allowed_actions)) == (self.state, ALLOWED[self.state])
            assert [line.shipped_quantity for line in lines] == [self.shipped]
            level = stock[self.shop.variant_id]
            assert (level.on_hand, level.reserved) == (self.shop.on_hand, self.shop.reserved)
            is_paid = hasattr(order, "paid_at") and order.paid_at is not None
            taken = self.quantity * PRICE if is_paid else 0
            assert sum(one.captured_minor for one in money) == taken
            assert sum(one.refunded_minor for one in money) == self.refunded

        self.shop.runner.run(look())


class TestOrderService(OrderServiceMachine.TestCase):  # type: ignore[misc,valid-type]  # made at run time
    settings = settings(
        max_examples=12,
        stateful_step_count=10,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(tempfile.mkdtemp(prefix="rustok-orders-"))
        path = cls.folder / "rustok.sqlite3"
        create_sqlite_schema(path)
        cls.runner = asyncio.Runner()
        cls.platform = Platform(settings_for(f"sqlite:///{path}", cls.folder))
        OrderServiceMachine.shop = cls.runner.run(cls.opened())

    @classmethod
    async def opened(cls) -> Shop:
        await cls.platform.open()
        world = World(cls.platform, [])
        tenant = await world.tenant()
        async with world.write(tenant) as tx:
            variant_id = await add_variant(tx, on_hand=STOCK, amount_minor=PRICE)
        return Shop(runner=cls.runner, world=world, tenant=tenant, variant_id=variant_id)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.runner.run(cls.platform.close())
        cls.runner.close()
        shutil.rmtree(cls.folder)
