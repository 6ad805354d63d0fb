"""Stock as values: spreading lines over locations, summing what moves."""

from __future__ import annotations

import pytest

from rustok.commerce.inventory.events import (
    InventoryAdjusted,
    InventoryBackInStock,
    InventoryLow,
    InventoryOutOfStock,
)
from rustok.commerce.inventory.model import (
    ActiveReservation,
    Availability,
    ConsumedReservation,
    ReleasedReservation,
    ReserveLine,
    Shift,
    StockLevel,
    allocate,
    crossing,
    sum_shifts,
)
from rustok.core.events.event import InvalidEvent, encode_event
from rustok.core.ids import new_id

VARIANT, NEAR, FAR = new_id(), new_id(), new_id()


def level(location_id, on_hand: int, **kw) -> StockLevel:  # type: ignore[no-untyped-def]
    fields = {"reserved": 0, "backordered": 0, **kw}
    return StockLevel(variant_id=VARIANT, location_id=location_id, on_hand=on_hand, **fields)


def line(quantity: int, *, allow_backorder: bool = False) -> ReserveLine:
    return ReserveLine(
        order_line_id=new_id(),
        variant_id=VARIANT,
        quantity=quantity,
        sku="A",
        allow_backorder=allow_backorder,
    )


def test_lines_are_served_in_turn_from_the_nearest_location() -> None:
    allocations, short = allocate([line(2), line(2)], {VARIANT: [level(NEAR, 3), level(FAR, 3)]})
    assert short == []
    assert [(a.location_id, a.quantity) for a in allocations] == [(NEAR, 2), (NEAR, 1), (FAR, 1)]


def test_a_shortage_counts_all_lines_of_the_variant() -> None:
    _, short = allocate([line(2), line(2)], {VARIANT: [level(NEAR, 3)]})
    assert [(s.wanted, s.available, s.sku) for s in short] == [(4, 3, "A")]


def test_what_is_missing_is_backordered_where_that_is_allowed() -> None:
    allocations, short = allocate([line(5, allow_backorder=True)], {VARIANT: [level(NEAR, 3)]})
    assert short == []
    assert [(a.quantity, a.backorder) for a in allocations] == [(3, False), (2, True)]


def test_a_closed_location_and_earlier_backorders_leave_nothing_free() -> None:
    assert level(NEAR, 3, active=False).free == 0
    assert level(NEAR, 3, backordered=5).free == 0
    assert level(NEAR, 3, reserved=1, backordered=1).free == 1


def test_every_count_of_a_shift_is_added() -> None:
    one = Shift(variant_id=VARIANT, location_id=NEAR, on_hand=1, reserved=10, backordered=100)
    two = Shift(variant_id=VARIANT, location_id=NEAR, on_hand=2, reserved=20, backordered=200)
    (both,) = sum_shifts([one, two])
    assert (both.on_hand, both.reserved, both.backordered) == (3, 30, 300)


def test_shifts_of_one_level_are_added_and_sorted() -> None:
    low, high = sorted([NEAR, FAR])
    shifts = sum_shifts(
        [
            Shift(variant_id=VARIANT, location_id=high, reserved=1),
            Shift(variant_id=VARIANT, location_id=low, reserved=2),
            Shift(variant_id=VARIANT, location_id=high, reserved=3),
        ]
    )
    assert [(s.location_id, s.reserved) for s in shifts] == [(low, 2), (high, 4)]


@pytest.mark.parametrize(
    ("quantity", "tracked", "backorder", "covered"),
    [
        (3, True, False, True),
        (4, True, False, False),
        (4, True, True, True),
        (4, False, False, True),
    ],
)
def test_what_can_be_promised(quantity: int, tracked: bool, backorder: bool, covered: bool) -> None:
    stock = Availability(on_hand=3, available=3)
    found = stock.covers(quantity, track_inventory=tracked, allow_backorder=backorder)
    assert found is covered


@pytest.mark.parametrize(("delta", "after"), [(0, 5), (1, 5)])
def test_an_adjustment_that_does_not_add_up_is_no_event(delta: int, after: int) -> None:
    event = InventoryAdjusted(
        variant_id=VARIANT,
        location_id=NEAR,
        reason="counted",
        quantity_delta=delta,
        on_hand_before=5,
        on_hand_after=after,
        available=5,
    )
    with pytest.raises(InvalidEvent):
        encode_event(event, tenant_id=new_id())


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (1, 0, InventoryOutOfStock),
        (9, 0, InventoryOutOfStock),
        (0, 1, InventoryBackInStock),
        (0, 9, InventoryBackInStock),
        (4, 3, InventoryLow),
        (9, 1, InventoryLow),
        (9, 4, None),
        (3, 2, None),
        (3, 4, None),
        (0, 0, None),
        (1, 1, None),
    ],
)
def test_only_a_step_over_a_bound_is_announced(
    before: int, after: int, kind: type[object] | None
) -> None:
    fact = crossing(VARIANT, before=before, after=after, threshold=3)
    assert (type(fact) if fact is not None else None) is kind
    if isinstance(fact, InventoryBackInStock | InventoryLow):
        assert fact.available == after


def reservation(quantity: int, *, backorder: bool = False) -> ActiveReservation:
    return ActiveReservation(
        id=new_id(),
        order_id=new_id(),
        order_line_id=new_id(),
        variant_id=VARIANT,
        location_id=NEAR,
        backorder=backorder,
        quantity=quantity,
        consumed=0,
        released=0,
        expires_at=None,
        version=1,
    )


def test_a_reservation_ends_when_nothing_is_left_of_it() -> None:
    part, _ = reservation(3).consume(2)
    assert isinstance(part, ActiveReservation)
    assert (part.remaining, part.version) == (1, 2)
    shipped, _ = part.consume(1)
    assert isinstance(shipped, ConsumedReservation)
    assert (shipped.remaining, shipped.version) == (0, 3)
    given_back, _ = part.release(1)
    assert isinstance(given_back, ConsumedReservation)
    released, _ = reservation(3).release(3)
    assert isinstance(released, ReleasedReservation)


@pytest.mark.parametrize("backorder", [False, True])
def test_what_ships_leaves_the_shelf_and_the_promise(backorder: bool) -> None:
    _, shipped = reservation(3, backorder=backorder).consume(2)
    _, released = reservation(3, backorder=backorder).release(2)
    promised, behind = (0, -2) if backorder else (-2, 0)
    assert (shipped.on_hand, shipped.reserved, shipped.backordered) == (-2, promised, behind)
    assert (released.on_hand, released.reserved, released.backordered) == (0, promised, behind)
