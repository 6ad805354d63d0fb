"""An order from the shelf to the door, over HTTP, as the README tells it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from rustok.commerce.inventory import api as inventory
from rustok.commerce.pricing import api as pricing
from rustok.commerce.products import api as products
from rustok.core.tenancy import TenantProfile
from tests.conftest import World

SHOP = "/api/v1/storefront"
STAFF = "/api/v1/admin"


@pytest.fixture
async def tenant(world: World) -> TenantProfile:
    """A shop that sells linen shirts, in stock, for 49.90 EUR."""
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        shirt = await products.create(
            tx,
            products.ProductInput(
                handle="linen-shirt",
                translations=(products.TranslationInput(locale="en", title="Linen shirt"),),
                variants=(products.VariantInput(sku="SHIRT-M"),),
            ),
        )
        await products.publish(tx, shirt.product.id)
        await pricing.set_price(tx, shirt.variants[0].id, "EUR", amount_minor=4_990)
        await inventory.set_level(tx, shirt.variants[0].id, on_hand=5)
    await world.drain()
    return tenant


@pytest.fixture
async def customer(world: World, tenant: TenantProfile) -> AsyncIterator[httpx.AsyncClient]:
    token = await world.token(tenant, "customer", email="ada@example.com")
    async with world.client(tenant, token=token) as client:
        yield client


@pytest.fixture
async def staff(world: World, tenant: TenantProfile) -> AsyncIterator[httpx.AsyncClient]:
    async with world.client(tenant, token=await world.token(tenant)) as client:
        yield client


def fresh_key() -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex}


def ok(response: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert response.status_code == status, response.text
    body: dict[str, Any] = response.json()
    return body


async def test_an_order_from_the_shelf_to_the_door(
    world: World, tenant: TenantProfile, customer: httpx.AsyncClient, staff: httpx.AsyncClient
) -> None:
    # The customer looks around and finds a shirt.
    listed = ok(await customer.get(f"{SHOP}/products"))
    assert [card["handle"] for card in listed["items"]] == ["linen-shirt"]
    found = ok(await customer.get(f"{SHOP}/search", params={"q": "linen"}))
    handle = found["products"][0]["handle"]
    page = await customer.get(f"{SHOP}/products/{handle}")
    variant = ok(page)["variants"][0]

    # Asked again with the ETag, the page costs no body.
    again = await customer.get(
        f"{SHOP}/products/{handle}", headers={"If-None-Match": page.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")

    # Two of them go into a cart.
    cart = ok(await customer.post(f"{SHOP}/carts", json={}), 201)
    line = {"variant_id": variant["id"], "quantity": 2}
    cart = ok(await customer.post(f"{SHOP}/carts/{cart['id']}/lines", json=line), 201)
    assert (cart["total_minor"], cart["currency"]) == (9_980, "EUR")

    # Checkout: the line breaks, the customer sends it again under the same key. One order.
    checkout = {
        "cart_id": cart["id"],
        "email": "ada@example.com",
        "shipping_address": {
            "name": "Ada Lovelace",
            "line1": "Lindenallee 5",
            "postal_code": "20095",
            "city": "Hamburg",
            "country": "DE",
        },
        "expected_total_minor": 9_980,
    }
    key = fresh_key()
    first = await customer.post(f"{SHOP}/checkout", json=checkout, headers=key)
    second = await customer.post(f"{SHOP}/checkout", json=checkout, headers=key)
    placed = ok(first, 201)
    assert ok(second, 201) == placed
    assert second.headers["idempotent-replayed"] == "true"
    own = ok(await customer.get(f"{SHOP}/orders"))
    assert [order["id"] for order in own["items"]] == [placed["id"]]

    # The same key for something else is refused.
    other = await customer.post(
        f"{SHOP}/checkout", json={**checkout, "expected_total_minor": 1}, headers=key
    )
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")

    # Nobody ships what is not paid; the problem says what can be done instead.
    order = f"{STAFF}/orders/{placed['id']}"
    parcel = {"carrier": "DHL", "tracking_number": "00340434161094042557"}
    early = await staff.post(f"{order}/ship", json=parcel, headers=fresh_key())
    assert early.status_code == 409
    problem = early.json()
    assert early.headers["content-type"] == "application/problem+json"
    assert (problem["state"], problem["allowed_actions"]) == ("confirmed", ["pay", "cancel"])

    # Paid, by who has seen the order as it is now; an old ETag is told so.
    seen = (await staff.get(order)).headers["etag"]
    payment = {"method": "bank_transfer", "reference": "statement 41, line 4"}
    paid = await staff.post(f"{order}/pay", json=payment, headers={**fresh_key(), "If-Match": seen})
    assert ok(paid)["status"] == "paid"
    stale = await staff.post(
        f"{order}/ship", json=parcel, headers={**fresh_key(), "If-Match": seen}
    )
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")

    # Shipped and delivered.
    shipped = ok(await staff.post(f"{order}/ship", json=parcel, headers=fresh_key()))
    assert (shipped["status"], shipped["allowed_actions"]) == ("shipped", ["deliver"])
    delivered = ok(await staff.post(f"{order}/deliver", json={"signature": "Ada"}))
    assert (delivered["status"], delivered["allowed_actions"]) == ("delivered", [])

    # The customer sees it, and two pieces have left the shelf.
    mine = ok(await customer.get(f"{SHOP}/orders/{placed['id']}"))
    assert (mine["status"], mine["tracking_number"]) == ("delivered", "00340434161094042557")
    stock = ok(await staff.get(f"{STAFF}/variants/{variant['id']}/stock"))
    assert (stock["on_hand"], stock["reserved"]) == (3, 0)

    # What happened, in the order's own words: gapless, once, and told to everybody.
    story = [e for e in await world.events(tenant) if e.aggregate_id == UUID(placed["id"])]
    assert [e.sequence for e in story] == list(range(1, len(story) + 1))
    assert [e.type for e in story if e.type != "order.status_changed"] == [
        "order.placed",
        "order.confirmed",
        "order.paid",
        "order.shipped",
        "order.delivered",
    ]
    assert await world.drain() > 0
    assert await world.drain() == 0
