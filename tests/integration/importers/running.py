"""Running imports in tests, through the same calls as the command line and the job."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from rustok.commerce.inventory import api as inventory
from rustok.commerce.pricing import api as pricing
from rustok.commerce.products import api as products
from rustok.content.nodes import api as nodes
from rustok.core.tenancy import TenantProfile, context_for
from rustok.importers import runs
from rustok.importers.model import ImportOptions, Run, RunningRun, Source
from rustok.importers.report import Issue
from rustok.importers.sources import settled
from rustok.importers.worker import work
from tests.conftest import World


class VariantFacts(msgspec.Struct, frozen=True):
    """What a variant costs by currency (amount, compare-at, sale) and how many lie there."""

    prices: dict[str, tuple[int, int | None, pricing.Sale | None]]
    on_hand: int | None


async def begun(
    world: World,
    tenant: TenantProfile,
    source: Source,
    path: Path,
    *,
    options: ImportOptions | None = None,
    is_dry_run: bool = False,
    restart: bool = False,
) -> RunningRun:
    async with world.db.write(context_for(tenant)) as tx:
        run = await runs.begin(
            tx,
            source=source,
            file=runs.facts_of(path),
            options=settled(options or ImportOptions(), tenant),
            is_dry_run=is_dry_run,
            restart=restart,
        )
        return await runs.start(tx, run.id)


async def imported(
    world: World,
    tenant: TenantProfile,
    source: Source,
    path: Path,
    *,
    options: ImportOptions | None = None,
    is_dry_run: bool = False,
    restart: bool = False,
    stop: asyncio.Event | None = None,
) -> Run:
    run = await begun(
        world, tenant, source, path, options=options, is_dry_run=is_dry_run, restart=restart
    )
    async with runs.claimed(world.db, run.id) as claim:
        return await work(world.db, context_for(tenant), run, path, claim, stop=stop)


async def issues_of(world: World, tenant: TenantProfile, run: Run) -> list[Issue]:
    async with world.read(tenant) as tx:
        return await runs.list_issues(tx, run.id, limit=10_000)


async def products_of(
    world: World, tenant: TenantProfile
) -> dict[str, tuple[products.ProductDescription, dict[str, VariantFacts]]]:
    """Every product by handle, with what its variants cost and have on hand, by SKU."""
    async with world.read(tenant) as tx:
        found = await products.describe(tx, await products.list_ids(tx, after=None, limit=1000))
        ids = [variant.id for one in found for variant in one.variants]
        prices = await pricing.all_prices(tx, ids)
        levels = {one.variant_id: one for one in await inventory.list_levels(tx, ids)}
    return {
        one.handle: (
            one,
            {
                variant.sku or "": VariantFacts(
                    prices={
                        price.currency: (price.amount_minor, price.compare_at_minor, price.sale)
                        for price in prices.get(variant.id, [])
                    },
                    on_hand=levels[variant.id].on_hand if variant.id in levels else None,
                )
                for variant in one.variants
            },
        )
        for one in found
    }


async def nodes_of(world: World, tenant: TenantProfile) -> dict[str, nodes.NodeDescription]:
    """Every node by its handle in the tenant's default locale."""
    async with world.read(tenant) as tx:
        found = await nodes.describe(tx, await nodes.list_ids(tx, after=None, limit=1000))
    return {one.texts[tenant.default_locale].handle: one for one in found}
