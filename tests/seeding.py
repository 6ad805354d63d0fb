"""Fills a tenant with rows in every table there is, through the features' own doors.

`seed_everything` writes one marker into every free text, so that a leak of any of it is seen;
`dump` reads all of a tenant's rows raw. A table that stays empty fails an architecture test.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Table, bindparam, select

from rustok.commerce.carts import api as carts
from rustok.commerce.carts.service import claim as claim_cart
from rustok.commerce.checkout import api as checkout
from rustok.commerce.inventory import api as inventory
from rustok.commerce.orders import api as orders
from rustok.commerce.payments import api as payments
from rustok.commerce.pricing import api as pricing
from rustok.commerce.products import api as products
from rustok.commerce.promotions import api as promotions
from rustok.commerce.returns import api as returns
from rustok.core import dead_letters
from rustok.core.db import Id, Query, WriteTx
from rustok.core.db.schema import metadata
from rustok.core.postal import PostalAddress
from rustok.core.tenancy import ANONYMOUS, Actor, TenantProfile
from rustok.importers import runs
from rustok.importers.model import ImportOptions
from rustok.importers.report import Issue
from rustok.index import api as index
from rustok.platform.audit import api as audit
from rustok.platform.cdn import api as cdn
from rustok.platform.identity import api as identity
from rustok.platform.identity.service import roles
from rustok.platform.mail import api as mail
from rustok.platform.mail.service.testing import TEST
from rustok.platform.tenants import api as tenants
from rustok.platform.webhooks import api as webhooks
from rustok.platform.webhooks.service.courier import Courier
from rustok.platform.webhooks.service.sending import Sender
from rustok.server.tables import load_tables
from tests.conftest import World
from tests.integration.platform import people
from tests.seeding_content import seed_content
from tests.seeding_identity import seed_identity

PIXEL: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJg"
    "gg=="
)
"""A PNG of one pixel."""

Rows = dict[str, list[dict[str, Any]]]


class Seeded(msgspec.Struct, frozen=True, kw_only=True):
    """What was put into a tenant and cannot be read back from its rows.

    Attributes:
        profile: as it is after seeding.
        marker: in every free text; lower-case letters and digits.
        host: a domain of the tenant.
        admin_token, customer_token: access tokens of its own people.
        order_token: the secret that shows `order_id` to whoever holds it.
    """

    profile: TenantProfile
    marker: str
    host: str
    admin_token: str
    customer_token: str
    order_id: UUID
    order_token: str


@cache
def tenant_tables() -> tuple[Table, ...]:
    """Every table with rows of tenants."""
    load_tables()
    return tuple(t for t in metadata.sorted_tables if t.info.get("tenant"))


@cache
def _rows_of(table: Table) -> Query[dict[str, Any]]:
    column = table.c[table.info["tenant"]]
    return Query(
        select(*table.c).where(column == bindparam("whose", type_=Id())), dict, system="test"
    )


async def dump(world: World, tenant_id: UUID) -> Rows:
    """All rows of the tenant by table, in a stable order."""
    found: Rows = {}
    async with world.db.system("test", write=False) as tx:
        for table in tenant_tables():
            rows = await tx.all(_rows_of(table), whose=tenant_id)
            found[table.name] = sorted(rows, key=repr)
    return found


def _address(marker: str) -> PostalAddress:
    return PostalAddress(
        name=f"Ada {marker}",
        line1=f"Lindenallee 5 {marker}",
        postal_code="20095",
        city=f"Hamburg {marker}",
        country="DE",
    )


async def seed_everything(
    world: World, tenant: TenantProfile, marker: str, *, many: int = 1
) -> Seeded:
    """At least one row in every tenant table, `marker` in every free text, events drained.

    Args:
        tenant: with the locales en and de and the currencies EUR and USD.
        marker: lower-case letters and digits.
        many: how many children everything with children gets: variants, lines, comments, ...
    """
    admin, admin_token = await _people(world, tenant, marker, many)
    customer, customer_token = await _customer(world, tenant, f"customer-{marker}@example.com")
    async with world.write(tenant, actor=admin) as tx:
        await _webhooks(world, tx, marker)
    await _fail_one_delivery(world)
    async with world.write(tenant, actor=admin) as tx:
        await _platform(world, tx, marker)
        variant_ids = await _catalogue(tx, marker, many)
    async with world.write(tenant, actor=customer) as tx:
        for _ in range(many):
            await _place(tx, variant_ids[:1], marker)
        cart = await carts.create(tx, email=f"cart-{marker}@example.com")
        for variant_id in variant_ids[:many]:
            await carts.add_line(tx, cart.id, variant_id=variant_id, quantity=1)
        await claim_cart(tx, cart.id)
    async with world.write(tenant, actor=admin) as tx:
        await _promotions(tx, variant_ids[:1], marker, many)
        placed = await _orders(tx, variant_ids[:many], marker)
    await _through_a_provider(world, tenant, admin, variant_ids[:1], marker)
    async with world.write(tenant, actor=admin) as tx:
        await seed_content(tx, marker, admin, many)
    async with world.write(tenant, actor=admin) as tx:
        await _imports(tx, marker, many)
        for projection in index.PROJECTIONS.values():
            await index.request_rebuild(tx, projection, reason="requested")
    await seed_identity(world, tenant, marker, min(many, 5))
    await _over_http(world, tenant, admin_token, marker)
    await world.drain()
    await _bury_one(world, tenant, marker)
    await audit.seal_tenant(world.parts, tenant.id)
    async with world.db.system("test") as stx:
        await audit.checkpoint(world.parts, stx, tenant.id)  # and an entry that waits
    async with world.read(tenant) as tx:
        profile = (await tenants.get_own(tx)).profile()
    return Seeded(
        profile=profile,
        marker=marker,
        host=f"{marker}.example.com",
        admin_token=admin_token,
        customer_token=customer_token,
        order_id=placed[0],
        order_token=placed[1],
    )


async def _people(world: World, tenant: TenantProfile, marker: str, many: int) -> tuple[Actor, str]:
    email = f"admin-{marker}@example.com"
    await identity.create_first_admin(
        world.parts,
        tenant,
        email=email,
        password=people.PASSWORD,
        display_name=f"Admin {marker}",
        roles=["admin"],
    )

    async def sign_in() -> identity.SignedIn:
        return await identity.login(
            world.parts,
            people.anonymous(tenant),
            email=email,
            password=people.PASSWORD,
            device_label=f"Device {marker}",
            user_agent=f"Agent {marker}",
        )

    signed_in = [await sign_in() for _ in range(many)][-1]
    actor = await people.actor_of(world, tenant, signed_in)
    return actor, signed_in.access_token


async def _customer(world: World, tenant: TenantProfile, email: str) -> tuple[Actor, str]:
    await people.customer(world, tenant, email)
    signed_in = await people.sign_in(world, tenant, email)
    return await people.actor_of(world, tenant, signed_in), signed_in.access_token


async def _platform(world: World, tx: WriteTx, marker: str) -> None:
    await tenants.update(
        tx, expected_version=None, name=f"Tenant {marker}", settings={"store_name": marker}
    )
    await tenants.add_domain(tx, host=f"{marker}.example.com", is_primary=True)
    await roles.create(
        tx, slug=f"role-{marker}", name=f"Role {marker}", permissions=["orders:read"]
    )
    await identity.create_api_key(tx, name=f"Key {marker}", scopes=["orders:read"])
    await mail.queue(
        tx,
        world.parts.sealer,
        TEST,
        to=f"mail-{marker}@example.com",
        values={"recipient": f"Mail {marker}"},
    )
    await cdn.record(tx, {tx.ctx.tenant_id: ["products"]}, owner=tx.ctx.tenant_id)


async def _webhooks(world: World, tx: WriteTx, marker: str) -> None:
    """An endpoint with a test event that waits; a second one is disabled."""
    for reason in ("", f"Reason {marker}"):
        made = await webhooks.create(
            tx,
            world.parts.sealer,
            world.parts.outbound,
            url=f"https://{marker}.example.net/{marker}",
            event_filters=["webhook.*"],
            description=f"Hook {marker}",
        )
        await webhooks.ping(tx, made.endpoint.id)
        if reason:
            await webhooks.disable(tx, made.endpoint.id, reason=reason)


async def _fail_one_delivery(world: World) -> None:
    """What is due is tried once and kept from going out, so that there is an attempt in the log."""

    async def inside(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    await Courier(world.parts, Sender(world.parts.outbound, lookup=inside)).settle()


async def _catalogue(tx: WriteTx, marker: str, many: int) -> list[UUID]:
    """Products in every state, filed everywhere; returns the variants of the one on sale."""
    text = products.Text(name=f"Name {marker}", description=f"Text {marker}")
    category = await products.create_category(tx, handle=f"cat-{marker}", texts={"en": text})
    collection = await products.create_collection(tx, handle=f"col-{marker}", texts={"en": text})
    trees = {
        status: await products.create(
            tx,
            _product(f"{status}-{marker}", marker, many),
            category_ids=[category.category.id],
        )
        for status in ("draft", "active", "archived")
    }
    active = trees["active"]
    await products.publish(tx, active.product.id)
    await products.archive(tx, trees["archived"].product.id)
    await products.add_products(tx, collection.collection.id, [active.product.id])
    location = await inventory.open_location(tx, code=f"loc-{marker}", name=f"Place {marker}")
    for variant in active.variants:
        for currency in ("EUR", "USD"):
            await pricing.set_price(
                tx,
                variant.id,
                currency,
                amount_minor=1_990,
                compare_at_minor=2_490,
                sale=pricing.Sale(amount_minor=1_500, ends_at=datetime(2020, 1, 1, tzinfo=UTC)),
            )
        await inventory.set_level(
            tx, variant.id, on_hand=100, reference=f"ref {marker}", location_id=location.id
        )
    return [variant.id for variant in active.variants]


def _product(handle: str, marker: str, many: int) -> products.ProductInput:
    values = (f"S {marker}", "M", *(f"V{number}" for number in range(2, many)))
    url = f"https://cdn.example.com/{marker}.webp"
    return products.ProductInput(
        handle=handle,
        translations=tuple(
            products.TranslationInput(
                locale=locale,
                title=f"Thing {marker} {locale}",
                description_html=f"<p>About {marker}</p>",
                seo_title=f"Seo {marker}",
                seo_description=f"Seo text {marker}",
            )
            for locale in ("en", "de")
        ),
        vendor=f"Vendor {marker}",
        product_type=f"Type {marker}",
        tags=(f"tag {marker}",),
        metadata={"care": f"Care {marker}"},
        options=(products.ProductOption(name=f"Size {marker}", values=values),),
        variants=tuple(
            products.VariantInput(
                sku=f"{handle}-{number}",
                barcode=f"bar-{marker}",
                option_values=(value,),
                image_url=url,
            )
            for number, value in enumerate(values)
        ),
        images=(
            products.ImageInput(url=url, alt=f"Picture {marker}"),
            *(products.ImageInput(url=f"/{number}.png") for number in range(1, many)),
        ),
    )


async def _place(tx: WriteTx, variant_ids: Sequence[UUID], marker: str) -> tuple[UUID, str]:
    """An order of two of each: its id and its secret."""
    cart = await carts.create(tx, email=f"buyer-{marker}@example.com")
    for variant_id in variant_ids:
        await carts.add_line(tx, cart.id, variant_id=variant_id, quantity=2)
    address = _address(marker)
    placed = await checkout.place_order(
        tx, cart.id, shipping_address=address, billing_address=address
    )
    return placed.order.id, placed.access_token


async def _orders(tx: WriteTx, variant_ids: Sequence[UUID], marker: str) -> tuple[UUID, str]:
    """Orders at every step, sent in as many parcels as lines; returns a confirmed one."""
    confirmed = await _place(tx, variant_ids, marker)
    cancelled = (await _place(tx, variant_ids, marker))[0]
    await checkout.cancel(tx, cancelled, reason=f"Reason {marker}")
    paid, shipped, delivered = [(await _place(tx, variant_ids, marker))[0] for _ in range(3)]
    for order_id in (paid, shipped, delivered):
        await checkout.pay(tx, order_id, method="bank_transfer", reference=f"Line {marker}")
    for order_id in (shipped, delivered):
        for line in (await orders.get(tx, order_id))[1]:
            await checkout.ship(
                tx,
                order_id,
                carrier=f"Carrier {marker}",
                tracking_number=f"T-{marker}",
                quantities={line.id: 2},
            )
    await checkout.deliver(tx, delivered, signature=f"Signed {marker}")
    await _returns(tx, await _delivered(tx, variant_ids, marker), marker, many=len(variant_ids))
    return confirmed


async def _promotions(tx: WriteTx, variant_ids: Sequence[UUID], marker: str, many: int) -> None:
    """A promotion with coupons, one of them held by an order."""
    variants = await products.sellable_variants(tx, variant_ids, locale="en")
    made = await promotions.create(
        tx,
        promotions.PromotionTerms(
            name=f"Promotion {marker}",
            kind="percent",
            percent_basis_points=1_000,
            scope="products",
            target_ids=tuple(one.product_id for one in variants.values()),
        ),
    )
    for number in range(many):
        code = f"code{number}-{marker}"
        await promotions.add_coupon(tx, made.id, code=code, usage_limit=None)
    cart = await carts.create(tx, email=f"buyer-{marker}@example.com")
    await carts.add_line(tx, cart.id, variant_id=variant_ids[0], quantity=1)
    await carts.add_coupon(tx, cart.id, code=f"code0-{marker}")
    await checkout.place_order(tx, cart.id, shipping_address=_address(marker))


async def _delivered(tx: WriteTx, variant_ids: Sequence[UUID], marker: str) -> UUID:
    order_id = (await _place(tx, variant_ids, marker))[0]
    await checkout.pay(tx, order_id, method="cash", reference=f"Line {marker}")
    await checkout.ship(tx, order_id, carrier=f"Carrier {marker}")
    await checkout.deliver(tx, order_id)
    return order_id


async def _returns(tx: WriteTx, order_id: UUID, marker: str, *, many: int) -> None:
    """A return of every line that is received, and one of some that is asked for."""
    lines = [line.id for line in (await orders.get(tx, order_id))[1]]
    note = f"Note {marker}"
    received, _ = await returns.request(tx, order_id, dict.fromkeys(lines[:many], 1), note=note)
    await returns.approve(tx, received.id)
    await returns.receive(tx, received.id)
    await returns.request(tx, order_id, {lines[0]: 1}, note=note)


async def _through_a_provider(
    world: World, tenant: TenantProfile, admin: Actor, variant_ids: Sequence[UUID], marker: str
) -> None:
    """A payment that waits for its payer and one that is promised, at the provider "test"."""
    async with world.write(tenant, actor=admin) as tx:
        await payments.set_account(
            tx,
            world.parts.sealer,
            world.parts.options(payments.PaymentOptions),
            "test",
            enabled=True,
            capture="manual",
            public_key=f"pk_{marker}",
            secret_key=f"sk_{marker}",
            webhook_secret=f"whsec_{marker}",
        )
        placed = [await _place(tx, variant_ids, marker) for _ in range(2)]
    for (order_id, token), means in zip(placed, ("action", "ok"), strict=True):
        await checkout.start_payment(
            world.parts,
            world.ctx(tenant, actor=ANONYMOUS),
            order_id,
            access_token=token,
            provider="test",
            means=means,
        )


async def _imports(tx: WriteTx, marker: str, many: int) -> None:
    run = await runs.begin(
        tx,
        source="shopify",
        file=runs.FileFacts(name=f"{marker}.csv", digest=marker * 4, size_bytes=10),
        options=ImportOptions(currency="EUR", locale="en"),
        is_dry_run=False,
    )
    running = await runs.start(tx, run.id)
    issue = Issue(
        code="row_invalid", message=f"Row {marker}", severity="error", row=2, column="SKU"
    )
    await runs.advance(
        tx,
        running,
        next_index=1,
        bytes_read=10,
        outcomes=[("product", "created")],
        issues=[issue] * many,
    )


async def _over_http(world: World, tenant: TenantProfile, token: str, marker: str) -> None:
    """What only the edge writes: an uploaded file, and the answer kept for an Idempotency-Key."""
    async with world.client(tenant, token=token) as client:
        made = await client.post(
            "/api/v1/admin/tags",
            json={"name": f"Kept {marker}"},
            headers={"Idempotency-Key": f"key-of-{marker}"},
        )
        assert made.status_code == 201, made.text
        stored = await client.post(
            "/api/v1/admin/media",
            content=PIXEL,
            headers={"content-type": "image/png", "x-filename": f"{marker}.png"},
        )
        assert stored.status_code == 201, stored.text


async def _bury_one(world: World, tenant: TenantProfile, marker: str) -> None:
    """An event that a consumer gave up."""
    envelope = (await world.events(tenant, "order.placed"))[0]
    async with world.write(tenant) as tx:
        await dead_letters.bury(
            tx, f"consumer-{marker}", envelope, error=f"Error {marker}", attempts=3
        )
