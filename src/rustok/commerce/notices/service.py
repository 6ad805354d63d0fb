"""Mails about orders and returns: queued after the event, composed when sent, switched off by settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from rustok.commerce.orders import api as orders
from rustok.commerce.returns import api as returns
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


RETURN_APPROVED: Final = mail.register_template(
    mail.Template(
        "notices.return_approved",
        _texts(
            ("Your return for order {number}", "Ihre Rücksendung zu Bestellung {number}"),
            ("We expect your return", "Wir erwarten Ihre Rücksendung"),
            (
                "You may send back {pieces} of your order. The money follows when they are here.",
                "Sie können {pieces} Stück zurücksenden. Das Geld folgt, wenn sie hier sind.",
            ),
            lines=False,
        ),
    )
)
RETURN_REJECTED: Final = mail.register_template(
    mail.Template(
        "notices.return_rejected",
        _texts(
            ("Your return for order {number}", "Ihre Rücksendung zu Bestellung {number}"),
            ("We cannot take it back", "Wir können sie nicht annehmen"),
            ("Reason: {reason}", "Grund: {reason}"),
            lines=False,
        ),
    )
)
RETURN_REFUNDED: Final = mail.register_template(
    mail.Template(
        "notices.return_refunded",
        _texts(
            ("Money back for order {number}", "Erstattung zu Bestellung {number}"),
            ("Your return is here", "Ihre Rücksendung ist da"),
            ("We have paid back {refunded}.", "Wir haben {refunded} erstattet."),
            lines=False,
        ),
    )
)


async def tell(tx: WriteTx, template: mail.Template, order_id: UUID) -> UUID | None:
    """Queue the mail of `template` about an order; None when the tenant has switched it off.

    Raises:
        OrderNotFound.
    """
    return await _queue(tx, template, order_id, reference_id=order_id)


async def tell_of_return(
    tx: WriteTx, template: mail.Template, return_id: UUID, order_id: UUID
) -> UUID | None:
    """The same about a return of an order."""
    return await _queue(tx, template, order_id, reference_id=return_id)


async def _queue(
    tx: WriteTx, template: mail.Template, order_id: UUID, *, reference_id: UUID
) -> UUID | None:
    name = template.name.partition(".")[2]
    if tx.ctx.tenant.settings.get(SWITCH.format(name=name)) is False:
        return None
    order = await orders.get_head(tx, order_id)
    return await mail.queue_reference(
        tx, template, to=order.email, reference_id=reference_id, locale=order.locale
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
    order = await orders.get_head(tx, order_id)
    values: Mapping[str, str] = {
        **await _common(tx, parts, order),
        "carrier": str(getattr(order, "carrier", "") or "–"),
        "tracking": str(getattr(order, "tracking_number", "") or ""),
    }
    return SHIPPED.content(values, {})


@mail.composed(CANCELLED)
async def compose_cancelled(tx: ReadTx, parts: Parts, order_id: UUID) -> mail.MailContent:
    """Raises OrderNotFound."""
    order = await orders.get_head(tx, order_id)
    reason, refunded = "–", 0
    if isinstance(order, orders.CancelledOrder):
        reason, refunded = order.cancelled_reason, order.refunded_minor
    values: Mapping[str, str] = {
        **await _common(tx, parts, order),
        "reason": reason,
        "refunded": _money(tx, order, refunded),
    }
    return CANCELLED.content(values, {})


@mail.composed(RETURN_APPROVED)
async def compose_return_approved(tx: ReadTx, parts: Parts, return_id: UUID) -> mail.MailContent:
    """Raises ReturnNotFound."""
    found, lines = await returns.get(tx, return_id)
    order = await orders.get_head(tx, found.order_id)
    pieces = sum(line.quantity for line in lines)
    return RETURN_APPROVED.content({**await _common(tx, parts, order), "pieces": str(pieces)}, {})


@mail.composed(RETURN_REJECTED)
async def compose_return_rejected(tx: ReadTx, parts: Parts, return_id: UUID) -> mail.MailContent:
    """Raises ReturnNotFound."""
    found, _ = await returns.get(tx, return_id)
    order = await orders.get_head(tx, found.order_id)
    reason = found.rejected_reason if isinstance(found, returns.RejectedReturn) else "–"
    return RETURN_REJECTED.content({**await _common(tx, parts, order), "reason": reason}, {})


@mail.composed(RETURN_REFUNDED)
async def compose_return_refunded(tx: ReadTx, parts: Parts, return_id: UUID) -> mail.MailContent:
    """Raises ReturnNotFound."""
    found, _ = await returns.get(tx, return_id)
    order = await orders.get_head(tx, found.order_id)
    refunded = found.refunded_minor if isinstance(found, returns.RefundedReturn) else 0
    return RETURN_REFUNDED.content(
        {**await _common(tx, parts, order), "refunded": _money(tx, order, refunded)}, {}
    )


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
