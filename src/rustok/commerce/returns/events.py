"""Facts about returns; amounts in minor units of `currency`. They carry no reason in a person's words."""

from __future__ import annotations

from uuid import UUID

from rustok.core.events.event import Event, event
from rustok.core.types import AmountMinor, CurrencyCode, PositiveQuantity, Quantity


@event("return.requested", aggregate="return", key="return_id")
class ReturnRequested(Event, frozen=True, kw_only=True):
    return_id: UUID
    order_id: UUID
    piece_count: PositiveQuantity


@event("return.approved", aggregate="return", key="return_id")
class ReturnApproved(Event, frozen=True, kw_only=True):
    return_id: UUID
    order_id: UUID


@event("return.rejected", aggregate="return", key="return_id")
class ReturnRejected(Event, frozen=True, kw_only=True):
    return_id: UUID
    order_id: UUID


@event("return.received", aggregate="return", key="return_id")
class ReturnReceived(Event, frozen=True, kw_only=True):
    return_id: UUID
    order_id: UUID
    restocked_count: Quantity


@event("return.refunded", aggregate="return", key="return_id")
class ReturnRefunded(Event, frozen=True, kw_only=True):
    return_id: UUID
    order_id: UUID
    amount_minor: AmountMinor
    currency: CurrencyCode
