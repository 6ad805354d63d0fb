"""What the tests of webhooks share: an endpoint, events to tell of, a worker with short bounds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from standardwebhooks import Webhook

from rustok.core.pagination import PageRequest
from rustok.core.resilience.breaker_registry import BreakerRegistry
from rustok.core.tenancy import TenantProfile
from rustok.platform.identity.service import roles
from rustok.platform.tenants import api as tenants
from rustok.platform.webhooks import api as webhooks
from rustok.platform.webhooks.service.courier import Courier
from rustok.platform.webhooks.service.sending import Sender
from rustok.server.settings import Settings, WebhooksSettings
from tests.conftest import World
from tests.integration.platform.receiver import Received

LOCAL = WebhooksSettings(allow_http=True, allow_private=True)
"""Receivers of the tests live on this machine."""


def local_receivers(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, webhooks=LOCAL)


class Clock:
    """The clock of the database, which a test can put forward."""

    def __init__(self, world: World) -> None:
        self._ahead = timedelta()
        world.db.now = lambda: datetime.now(UTC) + self._ahead

    def forward(self, **duration: float) -> None:
        self._ahead += timedelta(**duration)


def courier(world: World, **bounds: Any) -> Courier:
    """A worker of its own, with breakers that know nothing yet."""
    bounds = {"total_seconds": 1.5, "connect_seconds": 1.2, **bounds}
    parts = msgspec.structs.replace(world.parts, breakers=BreakerRegistry())
    return Courier(parts, Sender(world.parts.outbound, **bounds))


async def add_endpoint(
    world: World,
    tenant: TenantProfile,
    url: str,
    filters: Sequence[str] = ("tenant.*",),
    **options: Any,
) -> webhooks.NewEndpoint:
    """An endpoint; all before it is relayed already, and so is that it was made."""
    await world.drain()
    async with world.write(tenant) as tx:
        made = await webhooks.create(
            tx,
            world.parts.sealer,
            world.parts.outbound,
            url=url,
            event_filters=filters,
            **options,
        )
    await world.drain()
    return made


async def rename(world: World, tenant: TenantProfile, *names: str) -> None:
    """One `tenant.updated` for each name, relayed; they are all of one aggregate."""
    for name in names:
        async with world.write(tenant) as tx:
            await tenants.update(tx, expected_version=None, name=name)
    await world.drain()


async def add_roles(world: World, tenant: TenantProfile, count: int) -> None:
    """As many `role.created`, each of an aggregate of its own, relayed."""
    async with world.write(tenant) as tx:
        for number in range(count):
            await roles.create(tx, slug=f"role-{number}", name="Role", permissions=["orders:read"])
    await world.drain()


async def deliveries_of(world: World, tenant: TenantProfile) -> list[webhooks.Delivery]:
    """The oldest first."""
    async with world.read(tenant) as tx:
        page = await webhooks.list_deliveries(tx, PageRequest(limit=100))
    return page.items[::-1]


async def log_of(world: World, tenant: TenantProfile, delivery_id: UUID) -> list[webhooks.Attempt]:
    """The oldest attempt first."""
    async with world.read(tenant) as tx:
        _, attempts = await webhooks.get_delivery(tx, delivery_id)
    return attempts[::-1]


async def endpoint_of(world: World, tenant: TenantProfile, endpoint_id: UUID) -> webhooks.Endpoint:
    async with world.read(tenant) as tx:
        return await webhooks.get(tx, endpoint_id)


def verified(received: Received, secret: str) -> Any:
    """The body, after the library of the standard has found the signature right."""
    Webhook(secret).verify(received.body, received.headers)
    return json.loads(received.body)
