"""Which stock events a document has to be made anew for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rustok.commerce.inventory.events import (
    InventoryAdjusted,
    InventoryReleased,
    InventoryReserved,
)
from rustok.core.ids import new_id
from rustok.index.products.handlers import StockEvent, crosses_zero


@given(
    before=st.integers(0, 20),
    moved=st.integers(1, 20),
    kind=st.sampled_from(["more", "less", "reserved", "released"]),
)
def test_an_event_that_crosses_zero_is_never_left_out(before: int, moved: int, kind: str) -> None:
    after = max(0, before + (moved if kind in ("more", "released") else -moved))
    variant_id, other = new_id(), new_id()
    event: StockEvent
    match kind:
        case "reserved":
            event = InventoryReserved(
                variant_id=variant_id,
                order_id=other,
                quantity=moved,
                backordered=max(0, moved - before),
                available=after,
            )
        case "released":
            event = InventoryReleased(
                variant_id=variant_id, order_id=other, quantity=moved, available=after
            )
        case _:
            delta = moved if kind == "more" else -moved
            event = InventoryAdjusted(
                variant_id=variant_id,
                location_id=other,
                reason="counted",
                quantity_delta=delta,
                on_hand_before=before,
                on_hand_after=before + delta,
                available=after,
            )
    if (before > 0) != (after > 0):
        assert crosses_zero(event)


def test_a_reservation_that_leaves_some_changes_no_document() -> None:
    event = InventoryReserved(
        variant_id=new_id(), order_id=new_id(), quantity=2, backordered=0, available=1
    )
    assert not crosses_zero(event)
