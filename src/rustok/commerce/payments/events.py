"""Facts about payments; amounts in minor units of `currency`."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from rustok.core.events.event import Event, event
from rustok.core.types import AmountMinor, CurrencyCode, ShortText

Method = Annotated[str, Meta(min_length=1, max_length=50)]


@event("payment.requires_action", aggregate="payment", key="payment_id")
class PaymentRequiresAction(Event, frozen=True, kw_only=True):
    payment_id: UUID
    order_id: UUID


@event("payment.authorized", aggregate="payment", key="payment_id")
class PaymentAuthorized(Event, frozen=True, kw_only=True):
    payment_id: UUID
    order_id: UUID
    amount_minor: AmountMinor
    currency: CurrencyCode


@event("payment.captured", aggregate="payment", key="payment_id")
class PaymentCaptured(Event, frozen=True, kw_only=True):
    payment_id: UUID
    order_id: UUID
    amount_minor: AmountMinor
    currency: CurrencyCode
    method: Method


@event("payment.failed", aggregate="payment", key="payment_id", outcome="failed")
class PaymentFailed(Event, frozen=True, kw_only=True):
    payment_id: UUID
    order_id: UUID
    reason: ShortText


@event("payment.voided", aggregate="payment", key="payment_id")
class PaymentVoided(Event, frozen=True, kw_only=True):
    payment_id: UUID
    order_id: UUID


@event("payment.refunded", aggregate="payment", key="payment_id")
class PaymentRefunded(Event, frozen=True, kw_only=True):
    payment_id: UUID
    order_id: UUID
    amount_minor: AmountMinor
    refunded_total_minor: AmountMinor
    currency: CurrencyCode
