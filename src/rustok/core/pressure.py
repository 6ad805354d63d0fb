"""How full the outbox is, in states, and the refusal of writes that can wait when it is full.

Refuses: slowing anything down itself. Events already written are always delivered; what it turns
away is work that would add to them, and it recovers with the next measurement.

    normal   below 70 % of the limit
    warning  from 70 %
    critical from 90 %
    full     at the limit: non-essential writes get 503 with Retry-After
"""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import Final, Literal, get_args

import msgspec

from rustok.core import outbox
from rustok.core.db import Database
from rustok.core.errors import Unavailable
from rustok.telemetry import metrics

State = Literal["normal", "warning", "critical", "full"]
STATES: Final[tuple[State, ...]] = get_args(State)
WARNING_PERCENT: Final = 70
CRITICAL_PERCENT: Final = 90
COUNTED_UP_TO: Final = 2
"""Counting ends at so many times the limit, which keeps a measurement short however deep the flood."""
FRESH_SECONDS: Final = 1.0
RETRY_AFTER_SECONDS: Final = 5


class BacklogFull(Unavailable):
    """More events wait for delivery than the platform lets pile up; only essential writes go on."""

    code = "backlog_full"
    title = "Too much is waiting to be processed"
    mend = "Wait as long as Retry-After says and send the same request again; reading goes on."

    def __init__(self) -> None:
        super().__init__(
            "Too many events wait for delivery; this change can wait. Reads, sign-in, carts, "
            "checkouts and orders go on.",
            retry_after_seconds=RETRY_AFTER_SECONDS,
        )


class Pressure(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement.

    Attributes:
        pending: events not published yet; counted up to COUNTED_UP_TO times the limit.
        oldest_at: when the oldest of them happened; None when nothing waits.
    """

    state: State
    pending: int
    limit: int
    oldest_at: datetime | None


def state_of(pending: int, limit: int) -> State:
    """The state of `pending` events where `limit` are allowed."""
    if pending >= limit:
        return "full"
    if pending * 100 >= limit * CRITICAL_PERCENT:
        return "critical"
    return "warning" if pending * 100 >= limit * WARNING_PERCENT else "normal"


class BacklogWatch:
    """Measures the outbox at most once per `fresh_seconds`, however many ask.

    Args:
        limit: events that may wait.
        fresh_seconds: how long a measurement counts.
    """

    def __init__(self, db: Database, *, limit: int, fresh_seconds: float = FRESH_SECONDS) -> None:
        self._db = db
        self.limit = limit
        self._fresh_seconds = fresh_seconds
        self._measured_at = float("-inf")
        self._last = Pressure(state="normal", pending=0, limit=limit, oldest_at=None)
        self._measuring = asyncio.Lock()

    async def measure(self) -> Pressure:
        """The newest measurement, taken now if the last one is too old.

        Raises:
            DatabaseUnavailable.
            RuntimeError: this task has a transaction open.
        """
        if self._is_fresh():
            return self._last
        async with self._measuring:
            if not self._is_fresh():
                async with self._db.system("backlog of the outbox", write=False) as tx:
                    found = await outbox.backlog(tx, at_most=self.limit * COUNTED_UP_TO)
                    age = (tx.now - found.oldest_at).total_seconds() if found.oldest_at else 0.0
                self._last = Pressure(
                    state=state_of(found.pending, self.limit),
                    pending=found.pending,
                    limit=self.limit,
                    oldest_at=found.oldest_at,
                )
                self._measured_at = time.monotonic()
                self._tell(max(0.0, age))
        return self._last

    async def require_room(self) -> None:
        """Let a write that can wait pass only while there is room.

        Raises:
            BacklogFull: the outbox is at its limit.
            DatabaseUnavailable: nobody knows; the write could not be made either.
        """
        if (await self.measure()).state == "full":
            metrics.EVENTS_REJECTED.labels(reason=BacklogFull.code).inc()
            raise BacklogFull

    def _is_fresh(self) -> bool:
        return time.monotonic() - self._measured_at < self._fresh_seconds

    def _tell(self, age_seconds: float) -> None:
        metrics.OUTBOX_PENDING.set(self._last.pending)
        metrics.OUTBOX_OLDEST_AGE.set(age_seconds)
        for state in STATES:
            metrics.OUTBOX_STATE.labels(state=state).set(state == self._last.state)
