"""Registration of webhooks."""

from __future__ import annotations

import asyncio
from typing import Final

from rustok.core.modules import Job, Module, Service
from rustok.core.parts import Parts
from rustok.platform.webhooks import handlers, routes
from rustok.platform.webhooks.events import (
    WebhookDeliveryFailed,
    WebhookEndpointCreated,
    WebhookEndpointDeleted,
    WebhookEndpointDisabled,
    WebhookEndpointEnabled,
    WebhookEndpointUpdated,
    WebhookSecretRotated,
)
from rustok.platform.webhooks.service.courier import Courier
from rustok.platform.webhooks.service.deliveries import purge_old
from rustok.platform.webhooks.service.posting import SenderOnDemand


async def _deliver(parts: Parts, stop: asyncio.Event) -> None:
    await Courier(parts, SenderOnDemand(parts.outbound)).run(stop)


MODULE: Final = Module(
    slug="webhooks",
    title="Webhooks",
    routes=(routes.admin,),
    consumers=(handlers.CONSUMER,),
    jobs=(Job(name="webhooks.purge_old_deliveries", every_seconds=3_600.0, run=purge_old),),
    services=(Service(name="webhooks.deliver", run=_deliver),),
    event_types=tuple(
        kind.type
        for kind in (
            WebhookEndpointCreated,
            WebhookEndpointUpdated,
            WebhookEndpointDisabled,
            WebhookEndpointEnabled,
            WebhookEndpointDeleted,
            WebhookSecretRotated,
            WebhookDeliveryFailed,
        )
    ),
)
