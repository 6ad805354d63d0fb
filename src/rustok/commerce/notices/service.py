"""Order mails: queued after the event, composed when they are sent, switched off by tenant settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from rustok.commerce.orders import api as orders
from rustok.core.db import ReadTx, WriteTx
from rustok.core.money import Money, format_localized
from rustok.core.parts import Parts
from rustok.core.security.sealing import SealBroken, Sealer
from rustok.platform.mail import api as mail
from rustok.platform.tenants import api as tenants

SWITCH: Final = "notify_{name}"
"""The tenant setting that switches a mail off when it is false: `notify_order_placed`, ..."""
_LINK: Final = b"order"


def _texts(
    subject: tuple[str, str], title: tuple[str, str], story: tuple[str, str], *, lines: bool = True
) -> dict[str, mail.MailText]:
    """English and German of an order mail; what differs is given in both."""
    words = (
        ("en", "Order {number}", "Show the order", "Hello {name},"),
        ("de", "Bestellung {number}", "Bestellung ansehen", "Guten Tag {name},"),
    )
    return {
        locale: mail.MailText(
            subject=subject[place],
            parts=(
                mail.Heading(title[place]),
                mail.Paragraph(hello),
                mail.Paragraph(story[place]),
                mail.Paragraph(number),
                *((mail.Rows("lines"),) if lines else ()),
                mail.Button(show, "link"),
            ),
        )
        for place, (locale, number, show, hello) in enumerate(words)
    }


PLACED: Final = mail.register_template(
    mail.Template(
        "notices.order_placed",
        _texts(
            ("Your order {number} at {store}", "Ihre Bestellung {number} bei {store}"),
            ("Thank you for your order", "Danke für Ihre Bestellung"),
            ("We have received it. The total is {total}.", "Sie ist da. Die Summe ist {total}."),
        ),
    )
)
SHIPPED: Final = mail.register_template(
    mail.Template(
        "notices.order_shipped",
        _texts(
            ("Your order {number} is on its way", "Ihre Bestellung {number} ist unterwegs"),
            ("It is on its way", "Sie ist unterwegs"),
            (
                "We have handed it to {carrier}. {tracking}",
                "Wir haben sie an {carrier} übergeben. {tracking}",
            ),
            lines=False,
        ),
    )
)
CANCELLED: Final = mail.register_template(
    mail.Template(
        "notices.order_cancelled",
        _texts(
            ("Your order {number} is cancelled", "Ihre Bestellung {number} ist storniert"),
            ("Your order is cancelled", "Ihre Bestellung ist storniert"),
            (
                "Reason: {reason}. Money paid back: {refunded}.",
                "Grund: {reason}. Erstattet: {refunded}.",
            ),
            lines=False,
        ),
    )
)


async def tell(tx: WriteTx, template: mail.Template, order_id: UUID) -> UUID | None:
    """Queue the mail of `template` about an order; None when the tenant has switched it off.

    Raises:
        OrderNotFound.
    """
    name = template.name.partition(".")[2]
    if tx.ctx.tenant.settings.get(SWITCH.format(name=name)) is False:
        return None
    order, _ = await orders.get(tx, order_id)
    return await mail.queue_reference(
        tx, template, to=order.email, reference_id=order_id, locale=order.locale
    )


@mail.composed(PLACED)
async def compose_placed(tx: ReadTx, parts: Parts, order_id: UUID) -> mail.MailContent:
    """Raises OrderNotFound."""
    order, lines = await orders.get(tx, order_id)
    values = {**await _common(tx, parts, order), "total": _money(tx, order, order.total_minor)}
    rows = [
        (f"{line.quantity} × {line.title}", _money(tx, order, line.total_minor)) for line in lines
    ]
    return PLACED.content(values, {"lines": rows})


@mail.composed(SHIPPED)
async def compose_shipped(tx: ReadTx, parts: Parts, order_id: UUID) -> mail.MailContent:
    """Raises OrderNotFound."""
    order, _ = await orders.get(tx, order_id)
    values: Mapping[str, str] = {
        **await _common(tx, parts, order),
        "carrier": str(getattr(order, "carrier", "") or "–"),
        "tracking": str(getattr(order, "tracking_number", "") or ""),
    }
    return SHIPPED.content(values, {})


@mail.composed(CANCELLED)
async def compose_cancelled(tx: ReadTx, parts: Parts, order_id: UUID) -> mail.MailContent:
    """Raises OrderNotFound."""
    order, _ = await orders.get(tx, order_id)
    reason, refunded = "–", 0
    if isinstance(order, orders.CancelledOrder):
        reason, refunded = order.cancelled_reason, order.refunded_minor
    values: Mapping[str, str] = {
        **await _common(tx, parts, order),
        "reason": reason,
        "refunded": _money(tx, order, refunded),
    }
    return CANCELLED.content(values, {})


async def _common(tx: ReadTx, parts: Parts, order: orders.Order) -> dict[str, str]:
    query = urlencode({"link": link_key(parts.sealer, tx.ctx.tenant_id, order.id)})
    return {
        "number": order.number,
        "name": order.billing_address.name,
        "link": f"{await _address_of_shop(tx, parts)}/orders/{order.id}?{query}",
    }


async def _address_of_shop(tx: ReadTx, parts: Parts) -> str:
    """Where the tenant's pages are: its first domain, else the address of the deployment."""
    for domain in await tenants.list_domains(tx):
        return f"{urlsplit(parts.public_url).scheme}://{domain.host}"
    return parts.public_url


def _money(tx: ReadTx, order: orders.Order, amount_minor: int) -> str:
    return format_localized(
        Money(amount_minor=amount_minor, currency=order.currency), tx.ctx.locale
    )


def link_key(sealer: Sealer, tenant_id: UUID, order_id: UUID) -> str:
    """What shows an order to whoever holds it, made anew for each mail; nothing of it is stored."""
    return sealer.seal(_LINK, belongs_to=_place(tenant_id, order_id))


def link_opens(sealer: Sealer, key: str, tenant_id: UUID, order_id: UUID) -> bool:
    """Whether `key` came from a mail about this order of this tenant."""
    try:
        return sealer.open(key, belongs_to=_place(tenant_id, order_id)) == _LINK
    except SealBroken:
        return False


def _place(tenant_id: UUID, order_id: UUID) -> str:
    return f"order_link/{tenant_id}/{order_id}"
