"""The transport port the relay publishes to, and the consumers that receive."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, Protocol
from uuid import UUID

import msgspec

from rustok.core.db import WriteTx
from rustok.core.events.envelope import Envelope
from rustok.core.outbox import PendingEvent
from rustok.core.tenancy import TenantProfile

Handler = Callable[[WriteTx, Any, Envelope], Awaitable[None]]
"""(transaction of the event's tenant, typed event, envelope) -> effect written in that transaction."""

ProfileOf = Callable[[UUID], Awaitable[TenantProfile]]
"""The profile of a tenant by id; raises NotFound."""


class Consumer(msgspec.Struct, frozen=True, kw_only=True):
    """A named receiver; its name is its identity in the inbox and never changes.

    Attributes:
        handlers: by event type; other types are not for it.
    """

    name: str
    handlers: Mapping[str, Handler]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one event: "published", "retry" after a failure, or "blocked" behind one.

    `counts` is False where the failure was another party's absence, which uses up no attempt.
    """

    position: int
    result: Literal["published", "retry", "blocked"]
    error: str | None = None
    counts: bool = True


class Transport(Protocol):
    """Carries events from the relay towards the consumers, in order per aggregate, at least once."""

    async def publish(self, events: Sequence[PendingEvent]) -> list[Outcome]:
        """Carry `events`; one outcome each, in their order. Never raises for a single event's failure.

        Raises:
            Unavailable: the transport itself is away; nothing is known to be published.
        """
        ...

    def hurry(self) -> None:
        """Something new was emitted: a `publish` under way may leave part of its events "blocked"."""
        ...
