"""What the tests of the CDN share: a shop of which nothing waits, the keys that do, a worker."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from rustok.core.resilience.breaker_registry import BreakerRegistry
from rustok.core.security.ssrf import OutboundPolicy
from rustok.core.tenancy import TenantProfile
from rustok.platform.cdn import repository
from rustok.platform.cdn.api import CdnOptions
from rustok.platform.cdn.model.options import Provider
from rustok.platform.cdn.service.purging import Purger
from rustok.server.settings import CdnSettings, Secret, Settings
from tests.conftest import World
from tests.integration.index.test_index_products import offer, shop
from tests.integration.platform.receiver import Receiver

TOKEN = "tok-4f1e9c0d7b"
STOREFRONT = "/api/v1/storefront"


def with_cdn(settings: Settings) -> Settings:
    """Settings of a platform behind a CDN."""
    cdn = CdnSettings(provider="webhook", url="https://in.example", token=Secret(TOKEN))
    return msgspec.structs.replace(settings, cdn=cdn)


def purger(
    world: World, receiver: Receiver, provider: Provider = "webhook", **changes: Any
) -> Purger:
    """A worker whose provider is `receiver`, with breakers that know nothing yet."""
    base = receiver.url.partition("/hook")[0]
    options = CdnOptions(
        provider=provider,
        place=f"{base}/purge" if provider == "webhook" else "PLACE1",
        api_url=base,
        token=TOKEN,
        wait_seconds=0,
        policy=OutboundPolicy(allow_http=True, allow_private=True),
    )
    options = msgspec.structs.replace(options, **changes)
    parts = msgspec.structs.replace(
        world.parts, feature_options=(options,), breakers=BreakerRegistry()
    )
    return Purger(parts)


async def waiting(world: World) -> list[repository.Waiting]:
    async with world.db.system("test", write=False) as tx:
        return await repository.list_due(tx, until=tx.now + timedelta(days=1), limit=1_000)


async def keys_waiting(world: World) -> set[str]:
    return {key for row in await waiting(world) for key in row.keys}


async def forget_rows(world: World) -> None:
    rows = await waiting(world)
    async with world.db.system("test") as tx:
        await repository.remove(tx, [row.id for row in rows])


@asynccontextmanager
async def quiet_shop(world: World) -> AsyncIterator[tuple[TenantProfile, UUID]]:
    """A shop with one product on offer, of which nothing waits to be purged."""
    tenant = await shop(world)
    async with world.write(tenant) as tx:
        made = await offer(tx)
    await world.drain()
    await forget_rows(world)
    yield tenant, made.product_id
