"""A Shopify export into SQLite: products a second, to the last committed row.

Run by `python -m benchmarks.proof import`. The database syncs as a deployment does (FULL); the file
has two variants a product, prices, stock, tags and an image. The read models follow afterwards, as
in a running server; what they take is said beside it.
"""

from __future__ import annotations

import asyncio
import csv
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from benchmarks.figures import Figure
from benchmarks.servers import database
from rustok.core.tenancy import RequestContext, context_for
from rustok.importers import runs
from rustok.importers.model import FinishedRun, ImportOptions
from rustok.importers.sources import settled
from rustok.importers.worker import work
from rustok.platform.tenants import api as tenants
from rustok.server.platform import Platform

PRODUCTS: Final = 10_000
COLUMNS: Final = (
    "Handle", "Title", "Body (HTML)", "Vendor", "Type", "Tags", "Published", "Option1 Name",
    "Option1 Value", "Variant SKU", "Variant Grams", "Variant Inventory Tracker",
    "Variant Inventory Qty", "Variant Inventory Policy", "Variant Fulfillment Service",
    "Variant Price", "Variant Requires Shipping", "Variant Taxable", "Image Src", "Image Position",
    "Status",
)  # fmt: skip


def write_export(path: Path, products: int) -> None:
    """An export of `products` products, two rows each."""
    with path.open("w", newline="") as file:
        rows = csv.DictWriter(file, COLUMNS)
        rows.writeheader()
        for number in range(products):
            handle = f"shirt-{number}"
            shared = {"Handle": handle, "Variant Grams": "200", "Variant Inventory Tracker": "shopify",
                      "Variant Inventory Qty": "25", "Variant Inventory Policy": "deny",
                      "Variant Fulfillment Service": "manual", "Variant Price": "25.00",
                      "Variant Requires Shipping": "true", "Variant Taxable": "true"}  # fmt: skip
            rows.writerow(
                shared
                | {"Title": f"Linen shirt {number}", "Vendor": f"Maker {number % 40}",
                   "Body (HTML)": "<p>Light as a summer evening, woven by hand.</p>",
                   "Type": "Shirt", "Tags": "summer, linen", "Published": "true",
                   "Option1 Name": "Size", "Option1 Value": "S", "Variant SKU": f"SH-{number}-S",
                   "Image Src": f"https://cdn.example.com/{number}.jpg", "Image Position": "1",
                   "Status": "active"}
            )  # fmt: skip
            rows.writerow(shared | {"Option1 Value": "M", "Variant SKU": f"SH-{number}-M"})


async def prepare(platform: Platform) -> RequestContext:
    """A tenant with every module."""
    async with platform.db.system("benchmark") as tx:
        made = await tenants.create(
            tx,
            slug="import",
            name="Import",
            default_locale="en",
            modules=frozenset(module.slug for module in platform.modules),
        )
    return context_for(made.profile())


async def bring_in(platform: Platform, ctx: RequestContext, path: Path) -> float:
    """Import the file; seconds it took."""
    started = time.perf_counter()
    async with platform.db.write(ctx) as tx:
        begun = await runs.begin(
            tx,
            source="shopify",
            file=runs.facts_of(path),
            options=settled(ImportOptions(), ctx.tenant),
            is_dry_run=False,
        )
    async with runs.claimed(platform.db, begun.id) as claim:
        async with platform.db.write(ctx) as tx:
            run = await runs.start(tx, begun.id)
        done = await work(platform.db, ctx, run, path, claim)
    if not isinstance(done, FinishedRun):
        raise TypeError(f"the import did not finish: {done.state}")
    return time.perf_counter() - started


async def run(folder: Path, show: Callable[[Figure], None], *, products: int = PRODUCTS) -> None:
    path = folder / "products.csv"
    await asyncio.to_thread(write_export, path, products)
    async with database("sqlite", folder) as settings:
        platform = Platform(settings, observer=None)
        await platform.open()
        try:
            ctx = await prepare(platform)
            used = time.process_time()
            seconds = await bring_in(platform, ctx, path)
            used = time.process_time() - used
            started = time.perf_counter()
            await platform.relay.drain(timeout_seconds=1_800)
            followed = time.perf_counter() - started
        finally:
            await platform.close()
    show(
        Figure(
            name=f"import of {products:,} products, SQLite",
            ours=products / seconds,
            unit="products/s",
            at_least=500,
            note=f"{products / used:.0f} a second of processor time; read models after {followed:.0f} s",
        )
    )
