"""Events that administrators are told of by mail."""

from __future__ import annotations

from typing import Final

from rustok.core.bus.port import Consumer
from rustok.core.db import WriteTx
from rustok.core.events.envelope import Envelope
from rustok.platform.notifications import service
from rustok.platform.webhooks.events import WebhookEndpointDisabled


async def on_webhook_disabled(
    tx: WriteTx, event: WebhookEndpointDisabled, _envelope: Envelope
) -> None:
    if event.by != "staff":  # who did it by hand knows
        await service.tell_of_disabled_webhook(tx, event.endpoint_id)


CONSUMER: Final = Consumer(
    name="notifications", handlers={WebhookEndpointDisabled.type: on_webhook_disabled}
)
