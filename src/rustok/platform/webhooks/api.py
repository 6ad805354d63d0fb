"""What others may call of webhooks: the command line, and features that tell of endpoints."""

from rustok.platform.webhooks.errors import WebhookDeliveryNotFound, WebhookEndpointNotFound
from rustok.platform.webhooks.model.delivery import Attempt, Delivery, DeliveryState
from rustok.platform.webhooks.model.endpoint import Endpoint
from rustok.platform.webhooks.model.signatures import message_id, signature_headers
from rustok.platform.webhooks.repository.sent import Sent
from rustok.platform.webhooks.service.deliveries import (
    get as get_delivery,
)
from rustok.platform.webhooks.service.deliveries import (
    list_deliveries,
    ping,
    redeliver,
)
from rustok.platform.webhooks.service.endpoints import (
    NewEndpoint,
    create,
    delete,
    disable,
    enable,
    get,
    list_endpoints,
    rotate_secret,
    update,
)
from rustok.platform.webhooks.service.sent import list_sent

__all__ = [
    "Attempt",
    "Delivery",
    "DeliveryState",
    "Endpoint",
    "NewEndpoint",
    "Sent",
    "WebhookDeliveryNotFound",
    "WebhookEndpointNotFound",
    "create",
    "delete",
    "disable",
    "enable",
    "get",
    "get_delivery",
    "list_deliveries",
    "list_endpoints",
    "list_sent",
    "message_id",
    "ping",
    "redeliver",
    "rotate_secret",
    "signature_headers",
    "update",
]
