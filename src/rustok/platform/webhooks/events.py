"""Facts about webhook endpoints; a URL may hold a secret of the receiver, so only its host is told."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from rustok.core.events.event import Event, event
from rustok.core.types import PositiveQuantity, ShortText

Host = Annotated[str, Meta(min_length=1, max_length=253)]
EventType = Annotated[str, Meta(min_length=3, max_length=100)]
DisabledBy = Literal["staff", "gone", "failing"]
"""A person did it; the receiver said 410; everything failed for a day."""
FailureReason = Literal["exhausted", "refused", "gone"]
"""All retries failed; an answer that no retry changes; the receiver said 410."""


@event("webhook.endpoint_created", aggregate="webhook_endpoint", key="endpoint_id")
class WebhookEndpointCreated(Event, frozen=True, kw_only=True):
    endpoint_id: UUID
    host: Host
    event_filters: tuple[str, ...]


@event("webhook.endpoint_updated", aggregate="webhook_endpoint", key="endpoint_id")
class WebhookEndpointUpdated(Event, frozen=True, kw_only=True):
    endpoint_id: UUID
    changed: tuple[str, ...]

    def rule_broken(self) -> tuple[str, str] | None:
        return None if self.changed else ("changed", "at least one field must have changed")


@event("webhook.endpoint_disabled", aggregate="webhook_endpoint", key="endpoint_id")
class WebhookEndpointDisabled(Event, frozen=True, kw_only=True):
    endpoint_id: UUID
    by: DisabledBy
    reason: ShortText


@event("webhook.endpoint_enabled", aggregate="webhook_endpoint", key="endpoint_id")
class WebhookEndpointEnabled(Event, frozen=True, kw_only=True):
    endpoint_id: UUID


@event("webhook.endpoint_deleted", aggregate="webhook_endpoint", key="endpoint_id")
class WebhookEndpointDeleted(Event, frozen=True, kw_only=True):
    endpoint_id: UUID


@event("webhook.secret_rotated", aggregate="webhook_endpoint", key="endpoint_id")
class WebhookSecretRotated(Event, frozen=True, kw_only=True):
    """The former secret stays valid for `overlap_seconds`; 0 ended it at once."""

    endpoint_id: UUID
    overlap_seconds: Annotated[int, Meta(ge=0)]


@event(
    "webhook.delivery_failed",
    aggregate="webhook_endpoint",
    key="endpoint_id",
    unaudited="deliveries have a log of their own",
)
class WebhookDeliveryFailed(Event, frozen=True, kw_only=True):
    """A delivery was given up after `attempts`."""

    endpoint_id: UUID
    delivery_id: UUID
    event_id: UUID
    event_type: EventType
    attempts: PositiveQuantity
    reason: FailureReason
