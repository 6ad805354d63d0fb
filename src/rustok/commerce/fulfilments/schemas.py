"""Wire shapes of fulfilments."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from rustok.commerce.fulfilments.model import Fulfilment, FulfilmentLine
from rustok.commerce.fulfilments.states import FULFILMENT_LIFECYCLE


class FulfilmentLineView(msgspec.Struct, frozen=True, kw_only=True):
    order_line_id: UUID
    quantity: int


class FulfilmentView(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel of an order; times of states it has not reached are null."""

    id: UUID
    order_id: UUID
    status: str
    carrier: str | None
    tracking_number: str | None
    packed_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    cancelled_at: datetime | None
    lines: list[FulfilmentLineView]
    allowed_actions: list[str]
    version: int
    created_at: datetime
    updated_at: datetime


def fulfilment_view(fulfilment: Fulfilment, lines: list[FulfilmentLine]) -> FulfilmentView:
    return FulfilmentView(
        id=fulfilment.id,
        order_id=fulfilment.order_id,
        status=fulfilment.state,
        carrier=getattr(fulfilment, "carrier", None),
        tracking_number=getattr(fulfilment, "tracking_number", None),
        packed_at=getattr(fulfilment, "packed_at", None),
        shipped_at=getattr(fulfilment, "shipped_at", None),
        delivered_at=getattr(fulfilment, "delivered_at", None),
        cancelled_at=getattr(fulfilment, "cancelled_at", None),
        lines=[
            FulfilmentLineView(order_line_id=line.order_line_id, quantity=line.quantity)
            for line in lines
        ],
        allowed_actions=list(FULFILMENT_LIFECYCLE.allowed(fulfilment.state)),
        version=fulfilment.version,
        created_at=fulfilment.created_at,
        updated_at=fulfilment.updated_at,
    )
