"""Fulfilments as values."""

from __future__ import annotations

from datetime import UTC, datetime

from rustok.commerce.fulfilments.model import PendingFulfilment
from rustok.commerce.fulfilments.states import FULFILMENT_LIFECYCLE
from rustok.core.ids import new_id

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PENDING = PendingFulfilment(
    id=new_id(), order_id=new_id(), version=1, created_at=NOW, updated_at=NOW
)


def test_a_parcel_keeps_its_history_until_it_arrives() -> None:
    shipped, sent = PENDING.pack(at=NOW).ship(carrier="DHL", tracking_number="1", at=NOW)
    delivered, arrived = shipped.deliver(at=NOW)
    assert (delivered.packed_at, delivered.shipped_at, delivered.carrier) == (NOW, NOW, "DHL")
    assert (sent.type, arrived.type) == ("fulfilment.shipped", "fulfilment.delivered")


def test_a_parcel_can_be_cancelled_until_the_carrier_has_it() -> None:
    assert PENDING.cancel(at=NOW)[0].state == "cancelled"
    assert PENDING.pack(at=NOW).cancel(at=NOW)[1].type == "fulfilment.cancelled"
    assert "cancel" not in FULFILMENT_LIFECYCLE.allowed("shipped")
