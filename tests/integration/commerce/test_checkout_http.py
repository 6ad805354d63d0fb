"""From an empty cart to a delivered parcel over HTTP, as a shop and its staff do it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from rustok.core.tenancy import TenantProfile
from tests.conftest import World
from tests.integration.commerce.shop import add_variant

SHOP = "/api/v1/storefront"
STAFF = "/api/v1/admin"
ADDRESS = {
    "name": "Ada Lovelace",
    "line1": "Lindenallee 5",
    "postal_code": "20095",
    "city": "Hamburg",
    "country": "DE",
}


@pytest.fixture
async def tenant(world: World) -> TenantProfile:
    return await world.tenant()


@pytest.fixture
async def shop(world: World, tenant: TenantProfile) -> AsyncIterator[httpx.AsyncClient]:
    async with world.client(tenant) as client:
        yield client


@pytest.fixture
async def staff(world: World, tenant: TenantProfile) -> AsyncIterator[httpx.AsyncClient]:
    async with world.client(tenant, token=await world.token(tenant)) as client:
        yield client


@pytest.fixture
async def variant_id(world: World, tenant: TenantProfile) -> UUID:
    async with world.write(tenant) as tx:
        return await add_variant(tx, on_hand=5, amount_minor=1_990)


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex}


def ok(response: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert response.status_code == status, response.text
    body: dict[str, Any] = response.json()
    return body


async def cart_with(shop: httpx.AsyncClient, variant_id: UUID, quantity: int = 2) -> str:
    made = ok(await shop.post(f"{SHOP}/carts", json={}), 201)
    body = {"variant_id": str(variant_id), "quantity": quantity}
    ok(await shop.post(f"{SHOP}/carts/{made['id']}/lines", json=body), 201)
    return str(made["id"])


def order_of(cart_id: str, **more: object) -> dict[str, object]:
    return {
        "cart_id": cart_id,
        "email": "ada@example.com",
        "shipping_address": ADDRESS,
        **more,
    }


async def test_a_purchase_from_cart_to_delivery(
    shop: httpx.AsyncClient, staff: httpx.AsyncClient, variant_id: UUID
) -> None:
    cart_id = await cart_with(shop, variant_id)
    cart = ok(await shop.get(f"{SHOP}/carts/{cart_id}"))
    assert (cart["total_minor"], cart["orderable"], cart["status"]) == (3_980, True, "active")
    ok(
        await shop.patch(
            f"{SHOP}/carts/{cart_id}",
            json={"email": "ada@example.com", "shipping_address": ADDRESS},
        )
    )
    placed = ok(
        await shop.post(
            f"{SHOP}/checkout",
            json={"cart_id": cart_id, "expected_total_minor": 3_980},
            headers=key(),
        ),
        201,
    )
    assert (placed["number"], placed["status"]) == ("1001", "confirmed")
    assert placed["allowed_actions"] == ["pay", "cancel"]
    where = f"{STAFF}/orders/{placed['id']}"
    pay = {"method": "bank_transfer", "reference": "line 4"}
    assert ok(await staff.post(f"{where}/pay", json=pay, headers=key()))["status"] == "paid"
    ship = {"carrier": "DHL", "tracking_number": "0034"}
    assert ok(await staff.post(f"{where}/ship", json=ship, headers=key()))["status"] == "shipped"
    arrived = ok(await staff.post(f"{where}/deliver", json={"signature": "Ada"}, headers=key()))
    assert (arrived["status"], arrived["allowed_actions"]) == ("delivered", [])
    full = ok(await staff.get(where))
    assert (full["delivered_signature"], full["carrier"]) == ("Ada", "DHL")
    assert full["lines"][0]["shipped_quantity"] == 2
    parcels = (await staff.get(f"{where}/fulfilments")).json()
    assert [one["status"] for one in parcels] == ["delivered"]
    money = (await staff.get(f"{where}/payments")).json()
    assert [(one["status"], one["captured_minor"]) for one in money] == [("captured", 3_980)]
    stock = ok(await staff.get(f"{STAFF}/variants/{variant_id}/stock"))
    assert (stock["on_hand"], stock["reserved"], stock["available"]) == (3, 0, 3)
    ledger = ok(await staff.get(f"{STAFF}/variants/{variant_id}/stock/movements"))
    assert [one["quantity_delta"] for one in ledger["items"]] == [-2, 5]
    listed = ok(await staff.get(f"{STAFF}/orders?status=delivered&email=ADA@example.com"))
    assert [one["id"] for one in listed["items"]] == [placed["id"]]


async def test_the_same_key_places_one_order_and_another_key_is_refused(
    shop: httpx.AsyncClient, variant_id: UUID
) -> None:
    cart_id = await cart_with(shop, variant_id)
    headers = key()
    first = ok(await shop.post(f"{SHOP}/checkout", json=order_of(cart_id), headers=headers), 201)
    again = ok(await shop.post(f"{SHOP}/checkout", json=order_of(cart_id), headers=headers), 201)
    assert again["id"] == first["id"]
    other = await shop.post(f"{SHOP}/checkout", json=order_of(cart_id), headers=key())
    body = ok(other, 409)
    assert (body["code"], body["order_id"]) == ("cart_completed", first["id"])


async def test_an_order_without_a_key_is_refused(shop: httpx.AsyncClient, variant_id: UUID) -> None:
    cart_id = await cart_with(shop, variant_id)
    response = await shop.post(f"{SHOP}/checkout", json=order_of(cart_id))
    assert response.status_code == 400, response.text
    assert ok(await shop.get(f"{SHOP}/carts/{cart_id}"))["status"] == "active"


async def test_problems_of_checkout_say_what_to_mend(
    shop: httpx.AsyncClient, variant_id: UUID
) -> None:
    cart_id = await cart_with(shop, variant_id, quantity=6)
    body = ok(await shop.post(f"{SHOP}/checkout", json=order_of(cart_id), headers=key()), 409)
    assert (body["code"], body["wanted"], body["available"]) == ("stock_insufficient", [6], [5])
    changed = order_of(cart_id, expected_total_minor=1)
    body = ok(await shop.post(f"{SHOP}/checkout", json=changed, headers=key()), 409)
    assert (body["code"], body["total_minor"]) == ("price_changed", 11_940)
    body = ok(await shop.post(f"{SHOP}/checkout", json={"cart_id": cart_id}, headers=key()), 422)
    assert (body["code"], len(body["errors"])) == ("checkout_incomplete", 2)
    nowhere = order_of(cart_id, shipping_address={**ADDRESS, "country": "XX"})
    body = ok(await shop.post(f"{SHOP}/checkout", json=nowhere, headers=key()), 400)
    assert body["errors"][0]["pointer"].startswith("/shipping_address")
    body = ok(await shop.post(f"{SHOP}/checkout", json=order_of(str(uuid4())), headers=key()), 404)
    assert body["code"] == "cart_not_found"


async def test_shipping_an_unpaid_order_lists_what_can_be_done(
    shop: httpx.AsyncClient, staff: httpx.AsyncClient, variant_id: UUID
) -> None:
    cart_id = await cart_with(shop, variant_id)
    placed = ok(await shop.post(f"{SHOP}/checkout", json=order_of(cart_id), headers=key()), 201)
    where = f"{STAFF}/orders/{placed['id']}"
    body = ok(await staff.post(f"{where}/ship", json={"carrier": "DHL"}, headers=key()), 409)
    assert (body["code"], body["allowed_actions"]) == ("illegal_transition", ["pay", "cancel"])
    blank = await staff.post(f"{where}/cancel", json={"reason": "  "}, headers=key())
    assert blank.status_code == 400
    cancelled = await staff.post(f"{where}/cancel", json={"reason": "no money"}, headers=key())
    assert ok(cancelled)["status"] == "cancelled"
    stock = ok(await staff.get(f"{STAFF}/variants/{variant_id}/stock"))
    assert stock["available"] == 5


async def test_an_order_is_shown_with_its_token_only(
    world: World, tenant: TenantProfile, shop: httpx.AsyncClient, variant_id: UUID
) -> None:
    cart_id = await cart_with(shop, variant_id)
    placed = ok(await shop.post(f"{SHOP}/checkout", json=order_of(cart_id), headers=key()), 201)
    where = f"{SHOP}/orders/{placed['id']}"
    token = placed["access_token"]
    assert ok(await shop.get(where, headers={"X-Order-Token": token}))["number"] == "1001"
    assert ok(await shop.get(where, params={"token": token}))["email"] == "ada@example.com"
    assert ok(await shop.get(where), 404)["code"] == "order_not_found"
    ok(await shop.get(where, headers={"X-Order-Token": "x" * 43}), 404)
    ok(await shop.get(f"{SHOP}/orders"), 401)
    token = await world.token(tenant, "customer")
    async with world.client(tenant, token=token) as customer:
        assert ok(await customer.get(f"{SHOP}/orders"))["items"] == []
        cart_id = await cart_with(customer, variant_id, quantity=1)
        own = await customer.post(f"{SHOP}/checkout", json=order_of(cart_id), headers=key())
        ok(own, 201)
        listed = ok(await customer.get(f"{SHOP}/orders"))
        assert [one["number"] for one in listed["items"]] == ["1002"]
        ok(await customer.get(f"{SHOP}/orders/{listed['items'][0]['id']}"))
    ok(await shop.get(f"{SHOP}/carts/{cart_id}"), 404)


async def test_lines_answer_with_new_totals(shop: httpx.AsyncClient, variant_id: UUID) -> None:
    cart_id = await cart_with(shop, variant_id)
    cart = ok(await shop.get(f"{SHOP}/carts/{cart_id}"))
    line = f"{SHOP}/carts/{cart_id}/lines/{cart['lines'][0]['id']}"
    assert ok(await shop.patch(line, json={"quantity": 3}))["total_minor"] == 5_970
    assert (await shop.patch(line, json={"quantity": 1_000})).status_code == 400
    assert ok(await shop.delete(line))["lines"] == []
    ok(await shop.delete(line), 404)


async def test_staff_books_stock_and_customers_may_not(
    world: World, tenant: TenantProfile, staff: httpx.AsyncClient, variant_id: UUID
) -> None:
    where = f"{STAFF}/variants/{variant_id}/stock"
    body = {"delta": 3, "reason": "received", "reference": "note 1"}
    assert ok(await staff.post(f"{where}/adjust", json=body, headers=key()))["on_hand"] == 8
    assert ok(await staff.put(where, json={"on_hand": 4}))["on_hand"] == 4
    made = ok(await staff.post(f"{STAFF}/stock-locations", json={"code": "hh", "name": "HH"}), 201)
    taken = await staff.post(f"{STAFF}/stock-locations", json={"code": "hh", "name": "HH"})
    assert ok(taken, 409)["code"] == "location_code_taken"
    closed = await staff.patch(
        f"{STAFF}/stock-locations/{made['id']}", json={"active": False}, headers={"If-Match": "*"}
    )
    assert ok(closed)["active"] is False
    there = {"on_hand": 1, "location_id": made["id"]}
    assert ok(await staff.put(where, json=there), 422)["code"] == "location_inactive"
    token = await world.token(tenant, "customer")
    async with world.client(tenant, token=token) as customer:
        ok(await customer.post(f"{where}/adjust", json=body, headers=key()), 403)
