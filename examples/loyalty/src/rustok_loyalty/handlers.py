"""Events of orders, turned into points. The inbox sees to it that each counts once."""

from __future__ import annotations

from typing import Final

from rustok.commerce.orders.events import OrderPaid, OrderPlaced
from rustok.core.bus.port import Consumer
from rustok.core.db import WriteTx
from rustok.core.events.envelope import Envelope
from rustok_loyalty import service


async def placed(tx: WriteTx, event: OrderPlaced, _envelope: Envelope) -> None:
    if event.customer_id is not None:
        await service.remember(tx, event.order_id, event.customer_id)


async def paid(tx: WriteTx, event: OrderPaid, _envelope: Envelope) -> None:
    await service.earn(tx, event.order_id, amount_minor=event.amount_minor, currency=event.currency)


CONSUMER: Final = Consumer(name="loyalty", handlers={"order.placed": placed, "order.paid": paid})
