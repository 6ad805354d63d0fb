"""An endpoint as types, one per state; steps return the new state with its event."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Final, Literal
from uuid import UUID

import msgspec

from rustok.platform.webhooks.events import (
    DisabledBy,
    WebhookEndpointDisabled,
    WebhookEndpointEnabled,
)

MAX_ENDPOINTS: Final = 50
MAX_SECRETS: Final = 5
"""Valid at once; a rotation beyond it ends the oldest."""
DEFAULT_OVERLAP_SECONDS: Final = 24 * 3_600
FAILING_FOR: Final = timedelta(hours=24)
FAILING_ATTEMPTS: Final = 20

Mode = Literal["standard", "cloudevents"]
EndpointState = Literal["active", "disabled"]


class EndpointData(msgspec.Struct, frozen=True, kw_only=True):
    """What every endpoint has, whatever its state.

    Attributes:
        url: checked and in its normal form; may hold a secret of the receiver.
        mode: the shape of the body: Standard Webhooks, or a CloudEvents 1.0 structured event.
        is_ordered: the events of one aggregate arrive one after the other.
        failing_since: the first failure after the last success; None while all is well.
        failure_count: failed attempts since then.
    """

    state: ClassVar[EndpointState]

    id: UUID
    url: str
    description: str
    event_filters: list[str]
    mode: Mode
    is_ordered: bool
    failing_since: datetime | None
    failure_count: int
    version: int
    created_at: datetime
    updated_at: datetime


class ActiveEndpoint(EndpointData, frozen=True, kw_only=True):
    state: ClassVar[EndpointState] = "active"

    def disable(
        self, *, by: DisabledBy, reason: str, at: datetime
    ) -> tuple[DisabledEndpoint, WebhookEndpointDisabled]:
        """Send nothing to it any more; what waits stays waiting."""
        fields = {name: getattr(self, name) for name in EndpointData.__struct_fields__}
        return (
            DisabledEndpoint(**fields, disabled_at=at, disabled_by=by, disabled_reason=reason),
            WebhookEndpointDisabled(endpoint_id=self.id, by=by, reason=reason),
        )

    def has_failed_too_long(self, now: datetime) -> bool:
        """Nothing but failures for a day, and enough of them to be no accident."""
        return (
            self.failing_since is not None
            and now - self.failing_since >= FAILING_FOR
            and self.failure_count >= FAILING_ATTEMPTS
        )


class DisabledEndpoint(EndpointData, frozen=True, kw_only=True):
    state: ClassVar[EndpointState] = "disabled"

    disabled_at: datetime
    disabled_by: DisabledBy
    disabled_reason: str

    def enable(self) -> tuple[ActiveEndpoint, WebhookEndpointEnabled]:
        """Send to it again, with a clean slate; deliveries that waited go out."""
        fields = {name: getattr(self, name) for name in EndpointData.__struct_fields__}
        fields |= {"failing_since": None, "failure_count": 0}
        return ActiveEndpoint(**fields), WebhookEndpointEnabled(endpoint_id=self.id)


Endpoint = ActiveEndpoint | DisabledEndpoint


class SigningSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A sealed secret of an endpoint; `expires_at` None is the current one."""

    id: UUID
    endpoint_id: UUID
    sealed_secret: str
    created_at: datetime
    expires_at: datetime | None

    def is_valid(self, now: datetime) -> bool:
        return self.expires_at is None or self.expires_at > now


def secret_place(endpoint_id: UUID) -> str:
    """What a sealed secret belongs to."""
    return f"webhook_endpoint/{endpoint_id}"
