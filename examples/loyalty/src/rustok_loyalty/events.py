"""Facts about points."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from rustok.core.events.event import Event, event

Points = Annotated[int, Meta(ge=1, le=2**31 - 1)]


@event("loyalty_account.points_earned", aggregate="loyalty_account", key="customer_id")
class PointsEarned(Event, frozen=True, kw_only=True):
    customer_id: UUID
    order_id: UUID
    points: Points
