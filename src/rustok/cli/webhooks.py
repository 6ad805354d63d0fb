"""`rustok webhooks`: shows endpoints and what was delivered to them, sends again, sends a test event.

It sends nothing itself: the running server or worker does, within a second. It shows no secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast, get_args
from uuid import UUID

import click
import msgspec

from rustok.cli.invocation import Invocation
from rustok.cli.listing import cell, columns, every_page
from rustok.cli.params import ID, TENANT_REF
from rustok.cli.session import tenant_of, with_platform
from rustok.core.pagination import PageRequest
from rustok.core.tenancy import context_for
from rustok.platform.webhooks import api as webhooks
from rustok.platform.webhooks.schemas import (
    WebhookDeliveryLog,
    WebhookDeliveryView,
    WebhookEndpointView,
    delivery_log,
    delivery_view,
    endpoint_view,
)
from rustok.server.platform import Platform

MAX_LISTED = 100
STATES: Sequence[str] = get_args(webhooks.DeliveryState)

EPILOG = """\b
Examples:
  rustok webhooks list --tenant nordlicht
  rustok webhooks deliveries --tenant nordlicht --status failed
  rustok webhooks show --tenant nordlicht 0190b5a4-7c1e-7d3a-9f10-5b2c3d4e5f60
  rustok webhooks redeliver --tenant nordlicht 0190b5a4-7c1e-7d3a-9f10-5b2c3d4e5f61
  rustok webhooks ping --tenant nordlicht 0190b5a4-7c1e-7d3a-9f10-5b2c3d4e5f60"""

tenant_option = click.option(
    "--tenant", "tenant_ref", type=TENANT_REF, required=True, help="Slug or id of the tenant."
)


@click.group("webhooks", epilog=EPILOG)
def webhooks_group() -> None:
    """Show webhook endpoints and deliveries, send again, send a test event."""


@webhooks_group.command("list")
@tenant_option
@click.pass_obj
def list_endpoints(invocation: Invocation, tenant_ref: UUID | str) -> None:
    """List the endpoints of a tenant, the oldest first."""

    async def work(platform: Platform) -> list[webhooks.Endpoint]:
        profile = await tenant_of(platform, tenant_ref)
        async with platform.db.read(context_for(profile)) as tx:
            return await every_page(lambda page: webhooks.list_endpoints(tx, page))

    found = [endpoint_view(one) for one in with_platform(invocation, work)]
    invocation.emit(
        found,
        lambda: columns(
            ("STATUS", "URL", "EVENTS", "MODE", "ORDERED", "FAILURES", "ID"),
            [
                (e.status, e.url, e.event_filters, e.mode, e.is_ordered, e.failure_count, e.id)
                for e in found
            ],
            empty="There is no webhook endpoint here.",
        ),
    )


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What `show` found under the id: an endpoint, or a delivery with its attempts."""

    endpoint: WebhookEndpointView | None = None
    delivery: WebhookDeliveryLog | None = None


@webhooks_group.command()
@click.argument("thing_id", metavar="ID", type=ID)
@tenant_option
@click.pass_obj
def show(invocation: Invocation, thing_id: UUID, tenant_ref: UUID | str) -> None:
    """Show the endpoint ID, or the delivery ID with all its attempts."""

    async def work(platform: Platform) -> Shown:
        profile = await tenant_of(platform, tenant_ref)
        async with platform.db.read(context_for(profile)) as tx:
            try:
                return Shown(endpoint=endpoint_view(await webhooks.get(tx, thing_id)))
            except webhooks.WebhookEndpointNotFound:
                return Shown(delivery=delivery_log(*await webhooks.get_delivery(tx, thing_id)))

    found = with_platform(invocation, work)
    if found.delivery is not None:
        log = found.delivery
        invocation.emit(log, lambda: _delivery_text(log))
    else:
        view = found.endpoint
        invocation.emit(view, lambda: _fields(view))


def _fields(view: msgspec.Struct | None) -> str:
    """A line for each field."""
    if view is None:
        return ""
    return "\n".join(f"{name:<16}  {cell(getattr(view, name))}" for name in view.__struct_fields__)


def _delivery_text(log: WebhookDeliveryLog) -> str:
    attempts = columns(
        ("NUMBER", "AT", "STATUS", "ERROR", "MS", "ANSWER"),
        [
            (
                one.number,
                one.attempted_at,
                one.response_status,
                one.error,
                one.latency_ms,
                (one.response_body or "")[:80],
            )
            for one in log.attempts
        ],
        empty="Nothing was tried yet.",
    )
    return f"{_fields(log.delivery)}\n\n{attempts}"


@webhooks_group.command()
@tenant_option
@click.option("--endpoint", "endpoint_id", type=ID, help="Of this endpoint only.")
@click.option("--status", type=click.Choice(STATES), help="In this state only.")
@click.option(
    "--limit", type=click.IntRange(1, MAX_LISTED), default=20, show_default=True, help="At most."
)
@click.pass_obj
def deliveries(
    invocation: Invocation,
    tenant_ref: UUID | str,
    endpoint_id: UUID | None,
    status: str | None,
    limit: int,
) -> None:
    """List deliveries, the newest first."""

    async def work(platform: Platform) -> list[WebhookDeliveryView]:
        profile = await tenant_of(platform, tenant_ref)
        async with platform.db.read(context_for(profile)) as tx:
            page = await webhooks.list_deliveries(
                tx,
                PageRequest(limit=limit),
                endpoint_id=endpoint_id,
                status=cast("webhooks.DeliveryState | None", status),
            )
        return [delivery_view(one) for one in page.items]

    found = with_platform(invocation, work)
    invocation.emit(
        found,
        lambda: columns(
            ("CREATED", "STATUS", "TYPE", "ATTEMPTS", "NEXT", "LAST", "ENDPOINT", "ID"),
            [
                (
                    d.created_at,
                    d.status,
                    d.event_type,
                    d.attempt_count,
                    d.next_attempt_at,
                    d.last_error or d.last_status,
                    d.endpoint_id,
                    d.id,
                )
                for d in found
            ],
            empty="There is no such delivery.",
        ),
    )


@webhooks_group.command()
@click.argument("delivery_id", type=ID)
@tenant_option
@click.pass_obj
def redeliver(invocation: Invocation, delivery_id: UUID, tenant_ref: UUID | str) -> None:
    """Send the ended delivery DELIVERY_ID once more."""

    async def work(platform: Platform) -> WebhookDeliveryView:
        profile = await tenant_of(platform, tenant_ref)
        async with platform.db.write(context_for(profile)) as tx:
            return delivery_view(await webhooks.redeliver(tx, delivery_id))

    view = with_platform(invocation, work)
    invocation.emit(view, lambda: f"Delivery {view.id} is due; the running server sends it.")


@webhooks_group.command()
@click.argument("endpoint_id", type=ID)
@tenant_option
@click.pass_obj
def ping(invocation: Invocation, endpoint_id: UUID, tenant_ref: UUID | str) -> None:
    """Send a test event (webhook.ping) to the endpoint ENDPOINT_ID."""

    async def work(platform: Platform) -> WebhookDeliveryView:
        profile = await tenant_of(platform, tenant_ref)
        async with platform.db.write(context_for(profile)) as tx:
            return delivery_view(await webhooks.ping(tx, endpoint_id))

    view = with_platform(invocation, work)
    invocation.emit(
        view,
        lambda: (
            f"The test event is due as delivery {view.id}; the running server sends it.\n"
            f"See: rustok webhooks show --tenant {tenant_ref} {view.id}"
        ),
    )
