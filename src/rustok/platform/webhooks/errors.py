"""What can go wrong with webhooks."""

from __future__ import annotations

from rustok.core.errors import Conflict, NotFound, Unprocessable
from rustok.core.invalid_value import InvalidValue


class WebhookEndpointNotFound(NotFound):
    code = "webhook_endpoint_not_found"
    title = "There is no such webhook endpoint"

    def __init__(self) -> None:
        super().__init__("The tenant has no such webhook endpoint.")


class WebhookDeliveryNotFound(NotFound):
    code = "webhook_delivery_not_found"
    title = "There is no such webhook delivery"
    mend = "Check the id; deliveries are kept for a limited time."

    def __init__(self) -> None:
        super().__init__("The tenant has no such webhook delivery.")


class WebhookEndpointLimit(Unprocessable):
    code = "webhook_endpoint_limit"
    title = "The tenant has as many webhook endpoints as it may"
    mend = "Delete an endpoint that is no longer needed."

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"A tenant has at most {limit} webhook endpoints.", extensions={"limit": limit}
        )


class WebhookEndpointIsDisabled(Conflict):
    """A delivery was asked for at an endpoint that takes none."""

    code = "webhook_endpoint_disabled"
    title = "The webhook endpoint is disabled"
    mend = "Enable the endpoint first."

    def __init__(self) -> None:
        super().__init__("The endpoint is disabled; nothing is sent to it.")


class InvalidEventFilter(InvalidValue):
    code = "invalid_event_filter"
    title = "This is not an event filter"
