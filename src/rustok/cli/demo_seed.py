"""Fills the demo's database once: two tenants, their staff, the sample exports, the read models.

It goes through the same doors as everybody: tenants, identity and the importers. A seeding that was
interrupted goes on where it stopped.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from rustok.commerce.promotions import api as promotions
from rustok.core.tenancy import PLATFORM_TENANT_ID, TenantProfile, context_for
from rustok.importers import runs
from rustok.importers.model import ImportOptions, Source
from rustok.importers.sources import settled
from rustok.importers.worker import work
from rustok.platform.identity import api as identity
from rustok.platform.tenants import api as tenants
from rustok.server.platform import Platform

DATA: Final = Path(__file__).parent / "demo_data"
PASSWORD: Final = "try-rustok-today"  # noqa: S105 - the demo listens on this machine only
COUPON: Final = "NORD10"
SEEDED: Final = "seeded"
INDEX_SECONDS: Final = 300.0


class DemoTenant(msgspec.Struct, frozen=True, kw_only=True):
    """One of the demo's tenants and the export it is filled from."""

    slug: str
    name: str
    locales: tuple[str, ...]
    currencies: tuple[str, ...]
    source: Source
    file: Path

    @property
    def host(self) -> str:
        return f"{self.slug}.localhost"

    @property
    def admin(self) -> str:
        return f"admin@{self.slug}.example"


TENANTS: Final = (
    DemoTenant(
        slug="nordlicht",
        name="Nordlicht",
        locales=("en", "de"),
        currencies=("EUR", "USD"),
        source="shopify",
        file=DATA / "shop" / "products.csv",
    ),
    DemoTenant(
        slug="kante",
        name="Kante",
        locales=("en",),
        currencies=("EUR",),
        source="wordpress",
        file=DATA / "magazine" / "posts.xml",
    ),
)


def throw_away(folder: Path) -> None:
    """Delete the demo's data. Only a folder that holds a demo's database is deleted."""
    if (folder / "rustok.sqlite3").exists():
        shutil.rmtree(folder)


async def seed(platform: Platform, folder: Path, *, note: Callable[[str], None]) -> None:
    """Make what is missing of the demo; a second call finds all there and returns at once.

    Args:
        folder: where the mark of a finished seeding is kept.
        note: told what is being done.
    """
    mark = folder / SEEDED
    if mark.exists():
        return
    note("Preparing the demo's data, once:")
    for wanted in TENANTS:
        tenant = await _tenant(platform, wanted)
        await _staff(platform, tenant, wanted.admin)
        note(f"  {wanted.name}: importing {wanted.file.name}")
        await _import(platform, tenant, wanted)
    await _coupon(platform)
    await _staff(
        platform, await platform.parts.profile_of(PLATFORM_TENANT_ID), "root@platform.example"
    )
    note("  search and read models")
    await platform.relay.drain(timeout_seconds=INDEX_SECONDS)
    mark.touch()


async def _tenant(platform: Platform, wanted: DemoTenant) -> TenantProfile:
    async with platform.db.system("demo") as tx:
        try:
            profile = await tenants.resolve(tx, slug=wanted.slug)
        except tenants.TenantNotFound:
            made = await tenants.create(
                tx,
                slug=wanted.slug,
                name=wanted.name,
                default_locale=wanted.locales[0],
                locales=list(wanted.locales),
                currencies=list(wanted.currencies),
                modules=platform.modules.default_on,
            )
            profile = made.profile()
    async with platform.db.write(context_for(profile)) as own:
        if not await tenants.list_domains(own):
            await tenants.add_domain(own, host=wanted.host, is_primary=True)
    return profile


async def _staff(platform: Platform, tenant: TenantProfile, email: str) -> None:
    try:
        await identity.create_first_admin(
            platform.parts,
            tenant,
            email=email,
            password=PASSWORD,
            display_name=f"{tenant.name} admin",
        )
    except identity.EmailTaken:
        return


async def _coupon(platform: Platform) -> None:
    """One coupon of the shop, to try."""
    async with platform.db.system("demo", write=False) as system:
        shop = await tenants.resolve(system, slug=TENANTS[0].slug)
    async with platform.db.write(context_for(shop)) as tx:
        made = await promotions.create(
            tx,
            promotions.PromotionTerms(
                name="Welcome", kind="percent", percent_basis_points=1_000, usage_limit=1_000
            ),
        )
        try:
            await promotions.add_coupon(tx, made.id, code=COUPON, usage_limit=None)
        except promotions.CouponCodeTaken:
            # Seeded before it was interrupted: the promotion made twice goes again.
            await promotions.delete(tx, made.id, expected_version=None)


async def _import(platform: Platform, tenant: TenantProfile, wanted: DemoTenant) -> None:
    ctx = context_for(tenant)
    facts = await asyncio.to_thread(runs.facts_of, wanted.file)
    options = settled(ImportOptions(), tenant)
    async with platform.db.write(ctx) as tx:
        begun = await runs.begin(
            tx, source=wanted.source, file=facts, options=options, is_dry_run=False
        )
    async with runs.claimed(platform.db, begun.id, wait_seconds=runs.LEASE_SECONDS + 2) as claim:
        async with platform.db.write(ctx) as tx:
            run = await runs.start(tx, begun.id)
        await work(platform.db, ctx, run, wanted.file, claim)


def what_to_try(port: int) -> str:
    """What a newcomer can do with the running demo."""
    shop, magazine = TENANTS
    base = f"http://127.0.0.1:{port}"
    return f"""
RusToK serves two tenants from one process and one SQLite file (Ctrl-C stops):

  {shop.name}, a shop       http://{shop.host}:{port}/
  {magazine.name}, a magazine       http://{magazine.host}:{port}/
  API reference         {base}/docs        (OpenAPI: {base}/openapi.json)
  Health and metrics    {base}/health/ready  {base}/metrics

Try, in another terminal:

  curl -s '{base}/api/v1/storefront/products?q=lamp&limit=2' -H 'X-Tenant: {shop.slug}'
  curl -s '{base}/api/v1/storefront/nodes?q=bridge&limit=2' -H 'X-Tenant: {magazine.slug}'
  curl -s '{base}/api/v1/auth/login' -H 'X-Tenant: {shop.slug}' -H 'Content-Type: application/json' \\
       -d '{{"email": "{shop.admin}", "password": "{PASSWORD}"}}'

The coupon {COUPON} takes 10 % off a cart of the shop.
Staff of the shop: {shop.admin}, of the magazine: {magazine.admin}, of the platform
(X-Tenant: platform): root@platform.example; the password of each is {PASSWORD}.
The README has the tour: search, cart, checkout, pay, ship, deliver."""
