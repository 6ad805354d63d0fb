"""Mails to administrators: queued after the event, composed when they are sent."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from rustok.core.db import ReadTx, WriteTx
from rustok.core.pagination import PageRequest
from rustok.core.parts import Parts
from rustok.platform.identity import api as identity
from rustok.platform.mail import api as mail
from rustok.platform.webhooks import api as webhooks

SWITCH: Final = "notify_webhook_disabled"
"""The tenant setting that switches the mail off when it is false."""
ADMIN: Final = "admin"
MAX_READERS: Final = 20

WEBHOOK_DISABLED: Final = mail.register_template(
    mail.Template(
        "notifications.webhook_disabled",
        {
            "en": mail.MailText(
                subject="{store}: the webhook to {host} was disabled",
                parts=(
                    mail.Heading("A webhook was disabled"),
                    mail.Paragraph("Nothing is sent to {host} any more. Reason: {reason}"),
                    mail.Paragraph(
                        "Enable the endpoint {endpoint} once its receiver works again; what waits is "
                        "sent then."
                    ),
                ),
            ),
            "de": mail.MailText(
                subject="{store}: der Webhook zu {host} wurde abgeschaltet",
                parts=(
                    mail.Heading("Ein Webhook wurde abgeschaltet"),
                    mail.Paragraph("An {host} wird nichts mehr gesendet. Grund: {reason}"),
                    mail.Paragraph(
                        "Schalten Sie den Endpunkt {endpoint} wieder ein, sobald sein Empfänger "
                        "arbeitet; was wartet, wird dann gesendet."
                    ),
                ),
            ),
        },
    )
)


async def tell_of_disabled_webhook(tx: WriteTx, endpoint_id: UUID) -> int:
    """Queue a mail to each administrator of the tenant; returns to how many."""
    if tx.ctx.tenant.settings.get(SWITCH) is False:
        return 0
    page = await identity.list_users(tx, PageRequest(limit=100), kind="staff", is_disabled=False)
    admins = [user for user in page.items if ADMIN in user.roles][:MAX_READERS]
    for user in admins:
        await mail.queue_reference(
            tx, WEBHOOK_DISABLED, to=user.email, reference_id=endpoint_id, locale=user.locale
        )
    return len(admins)


@mail.composed(WEBHOOK_DISABLED)
async def compose_disabled(tx: ReadTx, _parts: Parts, endpoint_id: UUID) -> mail.MailContent:
    """Raises WebhookEndpointNotFound."""
    endpoint = await webhooks.get(tx, endpoint_id)
    return WEBHOOK_DISABLED.content(
        {
            # The URL may hold a secret of the receiver; its host says enough.
            "host": urlsplit(endpoint.url).hostname or "–",
            "reason": str(getattr(endpoint, "disabled_reason", "") or "–"),
            "endpoint": str(endpoint.id),
        },
        {},
    )
