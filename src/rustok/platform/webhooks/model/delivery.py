"""A delivery as types, one per state, and the attempts made for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from rustok.platform.webhooks.events import FailureReason, WebhookDeliveryFailed
from rustok.platform.webhooks.model.endpoint import Mode

DeliveryState = Literal["pending", "delivered", "failed", "gone"]


class DeliveryData(msgspec.Struct, frozen=True, kw_only=True):
    """One event on its way to one endpoint.

    Attributes:
        payload: the body, byte for byte as it is sent and signed each time.
        sequence: the event's within its aggregate.
        attempt_count: all attempts ever made.
        run_count: those since it was made or asked for again; the retry schedule counts them.
        last_error: a class of failure (`timeout`, `http_500`), None after a success.
    """

    state: ClassVar[DeliveryState]

    id: UUID
    endpoint_id: UUID
    event_id: UUID
    event_type: str
    aggregate_type: str
    aggregate_id: UUID
    sequence: int
    mode: Mode
    payload: str
    correlation_id: UUID
    traceparent: str | None
    attempt_count: int
    run_count: int
    last_status: int | None
    last_error: str | None
    version: int
    created_at: datetime
    updated_at: datetime


def _fields(delivery: DeliveryData) -> dict[str, object]:
    return {name: getattr(delivery, name) for name in DeliveryData.__struct_fields__}


class PendingDelivery(DeliveryData, frozen=True, kw_only=True):
    """Waits until `next_attempt_at`."""

    state: ClassVar[DeliveryState] = "pending"

    next_attempt_at: datetime

    def tried(self, *, status: int | None, error: str | None) -> PendingDelivery:
        """One attempt more, whatever comes of it."""
        return msgspec.structs.replace(
            self,
            attempt_count=self.attempt_count + 1,
            run_count=self.run_count + 1,
            last_status=status,
            last_error=error,
        )

    def retry(self, *, after_seconds: float, now: datetime) -> PendingDelivery:
        """Wait for the next attempt."""
        return msgspec.structs.replace(self, next_attempt_at=now + timedelta(seconds=after_seconds))

    def deliver(self, *, at: datetime) -> DeliveredDelivery:
        """The receiver took it."""
        return DeliveredDelivery(**_fields(self), delivered_at=at)  # type: ignore[arg-type]  # same fields

    def fail(self, *, reason: FailureReason) -> tuple[FailedDelivery, WebhookDeliveryFailed]:
        """Give up."""
        return FailedDelivery(**_fields(self)), self._given_up(reason)  # type: ignore[arg-type]  # same fields

    def go(self) -> tuple[GoneDelivery, WebhookDeliveryFailed]:
        """The receiver says that it is gone (410)."""
        return GoneDelivery(**_fields(self)), self._given_up("gone")  # type: ignore[arg-type]  # same fields

    def _given_up(self, reason: FailureReason) -> WebhookDeliveryFailed:
        return WebhookDeliveryFailed(
            endpoint_id=self.endpoint_id,
            delivery_id=self.id,
            event_id=self.event_id,
            event_type=self.event_type,
            attempts=self.attempt_count,
            reason=reason,
        )


class EndedDelivery(DeliveryData, frozen=True, kw_only=True):
    """Nothing more is tried by itself."""

    def redeliver(self, *, now: datetime) -> PendingDelivery:
        """Send the same body once more, with the whole retry schedule ahead."""
        fields = {**_fields(self), "run_count": 0}
        return PendingDelivery(**fields, next_attempt_at=now)  # type: ignore[arg-type]  # same fields


class DeliveredDelivery(EndedDelivery, frozen=True, kw_only=True):
    state: ClassVar[DeliveryState] = "delivered"

    delivered_at: datetime


class FailedDelivery(EndedDelivery, frozen=True, kw_only=True):
    state: ClassVar[DeliveryState] = "failed"


class GoneDelivery(EndedDelivery, frozen=True, kw_only=True):
    state: ClassVar[DeliveryState] = "gone"


Delivery = PendingDelivery | DeliveredDelivery | FailedDelivery | GoneDelivery


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What one attempt met with.

    Attributes:
        status: None when no complete answer came.
        body: the first 2 KB as text.
        error: the class of what went wrong on the way; None when an answer came.
        retry_after_seconds: as the receiver asked.
    """

    request_url: str
    request_headers: dict[str, str]
    latency_ms: int
    status: int | None = None
    body: str | None = None
    error: str | None = None
    retry_after_seconds: float | None = None

    @property
    def failure(self) -> str | None:
        """The class of failure; None for a success."""
        if self.error is not None:
            return self.error
        if self.status is not None and 200 <= self.status < 300:
            return None
        return f"http_{self.status}"


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """An answer in the log; `number` counts from 1 within the delivery."""

    id: UUID
    delivery_id: UUID
    number: int
    attempted_at: datetime
    request_url: str
    request_headers: dict[str, str]
    response_status: int | None
    response_body: str | None
    latency_ms: int
    error: str | None
