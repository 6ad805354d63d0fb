"""What one consumer has in hand of one lane, in the order of the stream, and what of it is due.

Refuses: applying, waiting and talking to a broker; it keeps the books and notices a missing page.

The broker numbers its deliveries to a consumer. A number left out means that a delivery was lost on
the way (a connection broke, another worker asked too), and what comes after it must not be applied
before it: `Gap` is raised and the lane reads again from the last acknowledged event.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

import msgspec
from nats.aio.msg import Msg

from rustok.core.bus.port import Outcome
from rustok.core.outbox import PendingEvent
from rustok.core.relay import ABSENCE_ATTEMPTS, retry_delay_seconds

LIMIT: Final = 256
"""Events in hand, waiting ones included; the broker keeps the rest."""

Aggregate = tuple[UUID, str, UUID]


class Gap(Exception):
    """A delivery is missing; everything not acknowledged has to be read again."""


class Held(msgspec.Struct, kw_only=True):
    """An event in hand.

    Attributes:
        message: its latest delivery; None when it was read again past the durable consumer, which
            will deliver it once more.
    """

    event: PendingEvent
    aggregate: Aggregate
    message: Msg | None = None


class Window:
    """The books of one consumer on one lane."""

    def __init__(self) -> None:
        self.held: dict[int, Held] = {}
        self.high = 0
        self._expected = 0
        self._attempts: dict[int, int] = {}
        self._waiting: dict[Aggregate, float] = {}

    @property
    def room(self) -> int:
        return LIMIT - len(self.held)

    def restart(self, *, high: int, expected: int) -> None:
        """Nothing is in hand; the attempts made are remembered.

        Args:
            high: stream sequence up to which all is acknowledged.
            expected: number of the next delivery.
        """
        made = self._attempts | {n: held.event.attempts for n, held in self.held.items()}
        self._attempts = {n: count for n, count in made.items() if n > high and count}
        self.held.clear()
        self._waiting.clear()
        self.high, self._expected = high, expected

    def go_live(self, *, high: int, expected: int) -> None:
        """What was read again is done or in hand; deliveries go on with number `expected`."""
        self.high, self._expected = max(self.high, high), expected

    def seen(self, position: int, delivery: int) -> bool:
        """Whether the event at `position` came before: then it is in hand, or done.

        Raises:
            Gap: a delivery before this one is missing.
        """
        if delivery != self._expected:
            raise Gap(f"delivery {delivery} came in place of {self._expected}")
        self._expected += 1
        if position <= self.high:
            return True
        self.high = position
        return False

    def hold(self, event: PendingEvent, message: Msg | None) -> None:
        """Take an event in hand; its position is above all taken before."""
        envelope = event.envelope
        attempts = self._attempts.pop(event.position, 0)
        if attempts:
            event = msgspec.structs.replace(event, attempts=attempts)
        self.held[event.position] = Held(
            event=event,
            aggregate=(envelope.tenant_id, envelope.aggregate_type, envelope.aggregate_id),
            message=message,
        )

    def due(self, now: float) -> list[PendingEvent]:
        """What may be applied now, in order; aggregates with a failure wait for their time."""
        for aggregate in [a for a, at in self._waiting.items() if at <= now]:
            del self._waiting[aggregate]
        return [h.event for h in self.held.values() if h.aggregate not in self._waiting]

    def next_due(self) -> float | None:
        """When the first waiting aggregate may be tried again; None when none waits."""
        return min(self._waiting.values(), default=None)

    def settle(self, outcome: Outcome, now: float) -> Held | None:
        """Note what became of an event; gives it back when it is done."""
        if outcome.result == "published":
            return self.held.pop(outcome.position)
        if outcome.result == "retry":
            held = self.held[outcome.position]
            if outcome.counts:
                attempts = held.event.attempts + 1
                held.event = msgspec.structs.replace(held.event, attempts=attempts)
                delay = retry_delay_seconds(attempts)
            else:
                delay = retry_delay_seconds(ABSENCE_ATTEMPTS)
            self._waiting[held.aggregate] = now + delay
        return None
