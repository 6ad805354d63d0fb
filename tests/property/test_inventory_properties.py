"""Any mix of reserving, shipping, releasing and correcting keeps the stock in its bounds.

The rows of the database are played by the same pure functions the service stores; a plain model of
counters says what must come out.
"""

from __future__ import annotations

from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from rustok.commerce.inventory.model import (
    ActiveReservation,
    Reservation,
    ReserveLine,
    Shift,
    StockLevel,
    allocate,
    apply_shifts,
    crossing,
    free_by_variant,
    sum_shifts,
)
from rustok.commerce.inventory.states import RESERVATION_LIFECYCLE
from rustok.core.ids import new_id

VARIANTS = [UUID(int=0x70000 + i) for i in range(3)]
LOCATIONS = [UUID(int=0x80000 + i) for i in range(2)]

pieces = st.integers(0, 6)
variant = st.sampled_from(VARIANTS)
step = st.one_of(
    st.tuples(st.just("adjust"), variant, st.sampled_from(LOCATIONS), st.integers(-6, 12)),
    st.tuples(
        st.just("reserve"),
        st.lists(st.tuples(variant, st.integers(1, 6), st.booleans()), min_size=1, max_size=4),
        st.just(0),
        st.just(0),
    ),
    st.tuples(st.sampled_from(["consume", "release"]), st.integers(0, 30), pieces, st.just(0)),
)


class Store:
    """What the tables hold."""

    def __init__(self) -> None:
        self.levels = {
            (v, w): StockLevel(variant_id=v, location_id=w, on_hand=0, reserved=0, backordered=0)
            for v in VARIANTS
            for w in LOCATIONS
        }
        self.ledger = dict.fromkeys(self.levels, 0)
        self.reservations: list[Reservation] = []

    def shift(self, shifts: list[Shift]) -> bool:
        """The conditional UPDATE: all or nothing."""
        after = apply_shifts(self.levels.values(), shifts)
        for level in after.values():
            if not 0 <= level.reserved <= level.on_hand or level.backordered < 0:
                return False
        for one in shifts:
            self.ledger[(one.variant_id, one.location_id)] += one.on_hand
        self.levels = after
        return True

    def reserve(self, wanted: list[tuple[UUID, int, bool]]) -> None:
        lines = [
            ReserveLine(order_line_id=new_id(), variant_id=v, quantity=q, allow_backorder=back)
            for v, q, back in wanted
        ]
        free = free_by_variant(self.levels.values())
        by_variant = {v: [self.levels[(v, w)] for w in LOCATIONS] for v in VARIANTS}
        allocations, short = allocate(lines, by_variant)
        strict: dict[UUID, int] = {}
        for v, q, back in wanted:
            if not back:
                strict[v] = strict.get(v, 0) + q
        # Lines that must be served from the shelf are never promised more than lies free on it.
        if any(q > free[v] for v, q in strict.items()):
            assert short
        if not any(back for _, _, back in wanted):
            assert bool(short) == any(q > free[v] for v, q in strict.items())
        if short:
            return
        for line in lines:
            own = [a for a in allocations if a.order_line_id == line.order_line_id]
            assert sum(a.quantity for a in own) == line.quantity
            assert line.allow_backorder or not any(a.backorder for a in own)
        assert self.shift(
            sum_shifts(
                Shift(
                    variant_id=a.variant_id,
                    location_id=a.location_id,
                    reserved=0 if a.backorder else a.quantity,
                    backordered=a.quantity if a.backorder else 0,
                )
                for a in allocations
            )
        )
        for a in allocations:
            self.reservations.append(
                ActiveReservation(
                    id=new_id(),
                    order_id=new_id(),
                    order_line_id=a.order_line_id,
                    variant_id=a.variant_id,
                    location_id=a.location_id,
                    backorder=a.backorder,
                    quantity=a.quantity,
                    consumed=0,
                    released=0,
                    expires_at=None,
                    version=1,
                )
            )

    def settle(self, action: str, index: int, quantity: int) -> None:
        if not self.reservations:
            return
        at = index % len(self.reservations)
        one = self.reservations[at]
        if not isinstance(one, ActiveReservation):
            assert action not in RESERVATION_LIFECYCLE.allowed(one.state)
            return
        quantity = min(quantity, one.remaining)
        if quantity == 0:
            return
        after, shift = one.consume(quantity) if action == "consume" else one.release(quantity)
        assert after.remaining == one.remaining - quantity
        if self.shift([shift]):
            self.reservations[at] = after
        else:
            # Only a backordered piece that has not arrived can be refused.
            assert action == "consume"
            assert one.backorder


@settings(max_examples=200, deadline=None)
@given(st.lists(step, max_size=40))
def test_stock_stays_in_its_bounds_and_adds_up_whatever_happens(steps: list[tuple]) -> None:  # type: ignore[type-arg]
    store = Store()
    for kind, one, two, three in steps:
        if kind == "adjust":
            store.shift([Shift(variant_id=one, location_id=two, on_hand=three)])
        elif kind == "reserve":
            store.reserve(one)
        else:
            store.settle(kind, one, two)
        for key, level in store.levels.items():
            assert 0 <= level.reserved <= level.on_hand
            assert level.backordered >= 0
            assert store.ledger[key] == level.on_hand
            own = [r for r in store.reservations if (r.variant_id, r.location_id) == key]
            assert level.reserved == sum(r.remaining for r in own if not r.backorder)
            assert level.backordered == sum(r.remaining for r in own if r.backorder)
    for reservation in store.reservations:
        assert (reservation.state == "active") == (reservation.remaining > 0)


@given(before=st.integers(0, 20), after=st.integers(0, 20), threshold=st.integers(0, 20))
def test_a_crossing_is_announced_only_when_one_happens(
    before: int, after: int, threshold: int
) -> None:
    fact = crossing(VARIANTS[0], before=before, after=after, threshold=threshold)
    if before == after:
        assert fact is None
    if before > 0 and after == 0:
        assert fact is not None
        assert fact.type == "inventory.out_of_stock"
