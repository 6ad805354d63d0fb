"""The books of a lane: nothing out of order, nothing forgotten, a missing delivery noticed."""

from __future__ import annotations

from uuid import UUID

import msgspec
import pytest

from rustok.core.bus.jetstream_window import LIMIT, Gap, Window
from rustok.core.bus.port import Outcome
from rustok.core.clock import DEFAULT_START
from rustok.core.events.envelope import Envelope
from rustok.core.ids import new_id
from rustok.core.outbox import PendingEvent

TENANT = new_id()


def event(position: int, aggregate: UUID) -> PendingEvent:
    envelope = Envelope(
        id=new_id(),
        type="order.placed",
        schema_version=1,
        tenant_id=TENANT,
        aggregate_type="order",
        aggregate_id=aggregate,
        sequence=position,
        occurred_at=DEFAULT_START,
        correlation_id=new_id(),
        data=msgspec.Raw(b"{}"),
    )
    return PendingEvent(position=position, attempts=0, envelope=envelope)


def window(*aggregates: UUID) -> Window:
    made = Window()
    made.restart(high=0, expected=1)
    for number, aggregate in enumerate(aggregates, 1):
        assert not made.seen(number, number)
        made.hold(event(number, aggregate), None)
    return made


def positions(found: list[PendingEvent]) -> list[int]:
    return [one.position for one in found]


def test_a_failure_holds_its_aggregate_back_until_its_time_has_come() -> None:
    a, b = new_id(), new_id()
    made = window(a, b, a)
    assert positions(made.due(0.0)) == [1, 2, 3]
    made.settle(Outcome(position=1, result="retry", error="no"), 100.0)
    made.settle(Outcome(position=2, result="published"), 100.0)
    made.settle(Outcome(position=3, result="blocked"), 100.0)
    assert positions(made.due(100.0)) == []
    at = made.next_due()
    assert at is not None
    assert at > 100.0
    assert positions(made.due(at)) == [1, 3]
    assert made.held[1].event.attempts == 1


def test_an_absence_uses_up_no_attempt() -> None:
    made = window(new_id())
    made.settle(Outcome(position=1, result="retry", error="gone", counts=False), 0.0)
    assert made.held[1].event.attempts == 0


def test_a_missing_delivery_is_a_gap() -> None:
    made = window(new_id())
    with pytest.raises(Gap):
        made.seen(3, 3)


def test_a_redelivery_is_known_whether_it_is_in_hand_or_done() -> None:
    made = window(new_id(), new_id())
    made.settle(Outcome(position=1, result="published"), 0.0)
    assert made.seen(1, 3)
    assert 1 not in made.held
    assert made.seen(2, 4)
    assert 2 in made.held


def test_attempts_outlive_a_restart_of_the_lane() -> None:
    aggregate = new_id()
    made = window(aggregate)
    made.settle(Outcome(position=1, result="retry", error="no"), 0.0)
    made.restart(high=0, expected=1)
    assert made.held == {}
    assert not made.seen(1, 1)
    made.hold(event(1, aggregate), None)
    assert made.held[1].event.attempts == 1


def test_what_is_in_hand_is_bounded() -> None:
    made = window(*(new_id() for _ in range(LIMIT)))
    assert made.room == 0
