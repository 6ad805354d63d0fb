"""Wire shapes of webhooks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from rustok.core.pagination import PageRequest
from rustok.core.types import ShortText
from rustok.platform.webhooks.model.delivery import (
    Attempt,
    DeliveredDelivery,
    Delivery,
    DeliveryState,
    PendingDelivery,
)
from rustok.platform.webhooks.model.endpoint import (
    DEFAULT_OVERLAP_SECONDS,
    DisabledEndpoint,
    Endpoint,
    Mode,
)
from rustok.platform.webhooks.service.endpoints import NewEndpoint
from rustok.platform.webhooks.states import DELIVERY_LIFECYCLE, ENDPOINT_LIFECYCLE

HookUrl = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=2_048,
        description="Where events are sent: https, a public host, port 443, 80 or 1024 and above.",
        examples=["https://hooks.example.com/rustok"],
    ),
]
EventFilter = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=100,
        description="An event type, all of a kind (`order.*`), or `*`.",
        examples=["order.*"],
    ),
]
EventFilters = Annotated[list[EventFilter], Meta(min_length=1, max_length=100)]
Overlap = Annotated[
    int,
    Meta(
        ge=0,
        le=7 * 86_400,
        description="Seconds for which the secrets in use stay valid; 0 ends them at once.",
        examples=[86_400],
    ),
]


class CreateWebhookEndpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new endpoint. `mode` is the shape of the body; `is_ordered` keeps each aggregate's order."""

    url: HookUrl
    event_filters: EventFilters
    description: ShortText = ""
    mode: Mode = "standard"
    is_ordered: bool = False


class UpdateWebhookEndpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes; absent fields stay as they are."""

    url: HookUrl | None = None
    event_filters: EventFilters | None = None
    description: ShortText | None = None
    mode: Mode | None = None
    is_ordered: bool | None = None


class DisableWebhookEndpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Annotated[ShortText, Meta(min_length=1, examples=["The receiver moves"])]


class RotateWebhookSecret(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    overlap_seconds: Overlap = DEFAULT_OVERLAP_SECONDS


class WebhookEndpointView(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint. `failing_since` is the first failure after the last success."""

    id: UUID
    url: str
    description: str
    event_filters: list[str]
    status: str
    mode: str
    is_ordered: bool
    disabled_at: datetime | None
    disabled_by: str | None
    disabled_reason: str | None
    failing_since: datetime | None
    failure_count: int
    allowed_actions: list[str]
    version: int
    created_at: datetime
    updated_at: datetime


class WebhookSecretView(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint with its new signing secret, shown this once."""

    endpoint: WebhookEndpointView
    secret: str


class WebhookDeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """One event on its way to one endpoint. `last_error` is a class such as timeout or http_500."""

    id: UUID
    endpoint_id: UUID
    event_id: UUID
    event_type: str
    status: str
    mode: str
    attempt_count: int
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    last_status: int | None
    last_error: str | None
    allowed_actions: list[str]
    version: int
    created_at: datetime
    updated_at: datetime


class WebhookAttemptView(msgspec.Struct, frozen=True, kw_only=True):
    """One request and what answered it; `response_body` is its first 2 KB."""

    number: int
    attempted_at: datetime
    request_url: str
    request_headers: dict[str, str]
    response_status: int | None
    response_body: str | None
    latency_ms: int
    error: str | None


class WebhookDeliveryLog(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery with its body and its latest 100 attempts, the newest first."""

    delivery: WebhookDeliveryView
    payload: str
    attempts: list[WebhookAttemptView]


class DeliveryQuery(PageRequest, frozen=True, kw_only=True):
    """Which deliveries are listed."""

    endpoint_id: UUID | None = None
    status: DeliveryState | None = None


def endpoint_view(endpoint: Endpoint) -> WebhookEndpointView:
    disabled = endpoint if isinstance(endpoint, DisabledEndpoint) else None
    return WebhookEndpointView(
        id=endpoint.id,
        url=endpoint.url,
        description=endpoint.description,
        event_filters=endpoint.event_filters,
        status=endpoint.state,
        mode=endpoint.mode,
        is_ordered=endpoint.is_ordered,
        disabled_at=disabled.disabled_at if disabled else None,
        disabled_by=disabled.disabled_by if disabled else None,
        disabled_reason=disabled.disabled_reason if disabled else None,
        failing_since=endpoint.failing_since,
        failure_count=endpoint.failure_count,
        allowed_actions=list(ENDPOINT_LIFECYCLE.allowed(endpoint.state)),
        version=endpoint.version,
        created_at=endpoint.created_at,
        updated_at=endpoint.updated_at,
    )


def secret_view(made: NewEndpoint) -> WebhookSecretView:
    return WebhookSecretView(endpoint=endpoint_view(made.endpoint), secret=made.secret)


def delivery_view(delivery: Delivery) -> WebhookDeliveryView:
    waits = isinstance(delivery, PendingDelivery)
    # What the platform itself does to a waiting delivery is nobody's to ask for.
    allowed = [] if waits else list(DELIVERY_LIFECYCLE.allowed(delivery.state))
    return WebhookDeliveryView(
        id=delivery.id,
        endpoint_id=delivery.endpoint_id,
        event_id=delivery.event_id,
        event_type=delivery.event_type,
        status=delivery.state,
        mode=delivery.mode,
        attempt_count=delivery.attempt_count,
        next_attempt_at=delivery.next_attempt_at if isinstance(delivery, PendingDelivery) else None,
        delivered_at=delivery.delivered_at if isinstance(delivery, DeliveredDelivery) else None,
        last_status=delivery.last_status,
        last_error=delivery.last_error,
        allowed_actions=allowed,
        version=delivery.version,
        created_at=delivery.created_at,
        updated_at=delivery.updated_at,
    )


def attempt_view(attempt: Attempt) -> WebhookAttemptView:
    return WebhookAttemptView(
        number=attempt.number,
        attempted_at=attempt.attempted_at,
        request_url=attempt.request_url,
        request_headers=attempt.request_headers,
        response_status=attempt.response_status,
        response_body=attempt.response_body,
        latency_ms=attempt.latency_ms,
        error=attempt.error,
    )


def delivery_log(delivery: Delivery, attempts: list[Attempt]) -> WebhookDeliveryLog:
    return WebhookDeliveryLog(
        delivery=delivery_view(delivery),
        payload=delivery.payload,
        attempts=[attempt_view(one) for one in attempts],
    )
