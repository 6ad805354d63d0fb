"""Events of orders and returns that a customer is told of by mail."""

from __future__ import annotations

from typing import Final

from rustok.commerce.notices import service
from rustok.commerce.orders.events import OrderCancelled, OrderPlaced, OrderShipped
from rustok.commerce.returns.events import ReturnApproved, ReturnRefunded, ReturnRejected
from rustok.core.bus.port import Consumer
from rustok.core.db import WriteTx
from rustok.core.events.envelope import Envelope


async def on_placed(tx: WriteTx, event: OrderPlaced, _envelope: Envelope) -> None:
    await service.tell(tx, service.PLACED, event.order_id)


async def on_shipped(tx: WriteTx, event: OrderShipped, _envelope: Envelope) -> None:
    await service.tell(tx, service.SHIPPED, event.order_id)


async def on_cancelled(tx: WriteTx, event: OrderCancelled, _envelope: Envelope) -> None:
    await service.tell(tx, service.CANCELLED, event.order_id)


async def on_return_approved(tx: WriteTx, event: ReturnApproved, _envelope: Envelope) -> None:
    await service.tell_of_return(tx, service.RETURN_APPROVED, event.return_id, event.order_id)


async def on_return_rejected(tx: WriteTx, event: ReturnRejected, _envelope: Envelope) -> None:
    await service.tell_of_return(tx, service.RETURN_REJECTED, event.return_id, event.order_id)


async def on_return_refunded(tx: WriteTx, event: ReturnRefunded, _envelope: Envelope) -> None:
    await service.tell_of_return(tx, service.RETURN_REFUNDED, event.return_id, event.order_id)


CONSUMER: Final = Consumer(
    name="notices",
    handlers={
        OrderPlaced.type: on_placed,
        OrderShipped.type: on_shipped,
        OrderCancelled.type: on_cancelled,
        ReturnApproved.type: on_return_approved,
        ReturnRejected.type: on_return_rejected,
        ReturnRefunded.type: on_return_refunded,
    },
)
