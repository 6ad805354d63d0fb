"""The in-process transport: the relay's own process applies each event to all consumers.

Refuses: crossing processes; for that there is NATS JetStream.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from rustok.core.bus.applying import Applier
from rustok.core.bus.port import Consumer, Outcome, ProfileOf
from rustok.core.db import Database
from rustok.core.outbox import PendingEvent

ROUND_SECONDS: Final = 0.2
HURRIED_ROUND_SECONDS: Final = 0.02
"""Of a round during which somebody emitted: who comes while a flood is applied waits so long."""


class EmbeddedTransport:
    """Args:
    db: where inbox and effects are written.
    consumers: all receivers, in a fixed order.
    profile_of: gives the tenant's profile for the handler's context.
    max_attempts: after so many failures a consumer's event becomes a dead letter.
    """

    def __init__(
        self,
        db: Database,
        consumers: Sequence[Consumer],
        *,
        profile_of: ProfileOf,
        max_attempts: int = 10,
    ) -> None:
        self._applier = Applier(db, consumers, profile_of=profile_of, max_attempts=max_attempts)
        self._is_hurried = False

    def hurry(self) -> None:
        self._is_hurried = True

    async def publish(self, events: Sequence[PendingEvent]) -> list[Outcome]:
        self._is_hurried = False
        began = time.monotonic()

        def is_over() -> bool:
            seconds = HURRIED_ROUND_SECONDS if self._is_hurried else ROUND_SECONDS
            return time.monotonic() - began >= seconds

        return await self._applier.apply(events, is_over=is_over)
