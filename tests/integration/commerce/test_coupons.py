"""Coupons over HTTP: quoted in the cart, taken with the order, free again when it is cancelled unpaid."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest

from rustok.core.tenancy import TenantProfile
from tests.conftest import World
from tests.integration.commerce.shop import add_variant

SHOP: Final = "/api/v1/storefront"
ADMIN: Final = "/api/v1/admin"
ADDRESS: Final = {
    "name": "Ada Lovelace",
    "line1": "Lindenallee 5",
    "postal_code": "20095",
    "city": "Hamburg",
    "country": "DE",
}


class Stall(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant with a product at 9.99, its staff and a buyer."""

    world: World
    tenant: TenantProfile
    variant_id: UUID
    staff: httpx.AsyncClient
    buyer: httpx.AsyncClient

    async def promotion(self, code: str, /, **terms: Any) -> dict[str, Any]:
        body = {"name": "A promotion", "kind": "percent", "percent_basis_points": 1_000, **terms}
        made = await self.staff.post(f"{ADMIN}/promotions", json=body)
        assert made.status_code == 201, made.text
        found: dict[str, Any] = made.json()
        coupon = await self.staff.post(
            f"{ADMIN}/promotions/{found['id']}/coupons", json={"code": code}
        )
        assert coupon.status_code == 201, coupon.text
        return found

    async def cart(self, quantity: int = 3) -> str:
        made = await self.buyer.post(f"{SHOP}/carts", json={})
        cart_id: str = made.json()["id"]
        line = {"variant_id": str(self.variant_id), "quantity": quantity}
        assert (await self.buyer.post(f"{SHOP}/carts/{cart_id}/lines", json=line)).is_success
        return cart_id

    async def enter(self, cart_id: str, code: str) -> httpx.Response:
        return await self.buyer.post(f"{SHOP}/carts/{cart_id}/coupon", json={"code": code})

    async def order(self, cart_id: str, email: str = "ada@example.com") -> httpx.Response:
        return await self.buyer.post(
            f"{SHOP}/checkout",
            json={"cart_id": cart_id, "email": email, "shipping_address": ADDRESS},
            headers={"Idempotency-Key": uuid4().hex},
        )


async def _open(world: World) -> Stall:
    tenant = await world.tenant(currencies=["EUR", "USD"])
    async with world.write(tenant) as tx:
        variant_id = await add_variant(tx, on_hand=500, amount_minor=999)
    return Stall(
        world=world,
        tenant=tenant,
        variant_id=variant_id,
        staff=world.client(tenant, token=await world.token(tenant)),
        buyer=world.client(tenant),
    )


async def test_a_coupon_is_quoted_in_the_cart_and_comes_off_the_order(world: World) -> None:
    shop = await _open(world)
    promotion = await shop.promotion("SPRING10")
    cart_id = await shop.cart()
    entered = await shop.enter(cart_id, " spring10 ".strip())
    assert entered.status_code == 200, entered.text
    assert (entered.json()["discount_minor"], entered.json()["total_minor"]) == (300, 2_697)
    assert entered.json()["coupons"][0]["code"] == "SPRING10"
    placed = await shop.order(cart_id)
    assert placed.status_code == 201, placed.text
    assert (placed.json()["subtotal_minor"], placed.json()["total_minor"]) == (2_997, 2_697)
    assert placed.json()["lines"][0]["discount_minor"] == 300
    (redeemed,) = await world.events(shop.tenant, "coupon.redeemed")
    assert msgspec.json.decode(msgspec.json.encode(redeemed.data))["discount_minor"] == 300
    path = f"{ADMIN}/promotions/{promotion['id']}"
    assert (await shop.staff.get(path)).json()["used_count"] == 1
    cancelled = await shop.staff.post(
        f"{ADMIN}/orders/{placed.json()['id']}/cancel",
        json={"reason": "Changed mind"},
        headers={"Idempotency-Key": uuid4().hex},
    )
    assert cancelled.status_code == 200, cancelled.text
    assert (await shop.staff.get(path)).json()["used_count"] == 0
    (coupon,) = (await shop.staff.get(f"{path}/coupons")).json()["items"]
    assert coupon["used_count"] == 0


async def test_sixteen_buyers_of_one_coupon_with_one_use_get_exactly_one(world: World) -> None:
    shop = await _open(world)
    await shop.promotion("ONCE", usage_limit=1)
    carts = [await shop.cart(1) for _ in range(16)]
    for cart_id in carts:
        assert (await shop.enter(cart_id, "ONCE")).status_code == 200
    answers = await asyncio.gather(
        *(shop.order(one, f"buyer{number}@example.com") for number, one in enumerate(carts))
    )
    assert Counter(answer.status_code for answer in answers) == {201: 1, 422: 15}
    refused = [answer.json() for answer in answers if answer.status_code == 422]
    assert {(one["code"], one["reason"]) for one in refused} == {
        ("coupon_not_applicable", "exhausted")
    }
    assert len(await world.events(shop.tenant, "coupon.redeemed")) == 1
    assert len(await world.events(shop.tenant, "order.placed")) == 1
    without = await shop.buyer.request("DELETE", f"{SHOP}/carts/{carts[-1]}/coupon")
    assert (without.json()["coupons"], without.json()["orderable"]) in (([], True), ([], True))


async def test_a_customer_uses_a_coupon_as_often_as_it_says_also_side_by_side(
    world: World,
) -> None:
    shop = await _open(world)
    await shop.promotion("MINE", usage_limit_per_customer=1)
    carts = [await shop.cart(1) for _ in range(4)]
    for cart_id in carts:
        await shop.enter(cart_id, "MINE")
    answers = await asyncio.gather(*(shop.order(one, "Ada@Example.com") for one in carts))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 422: 3}
    assert {a.json()["reason"] for a in answers if a.status_code == 422} == {"used_by_customer"}
    other = await shop.cart(1)
    await shop.enter(other, "MINE")
    assert (await shop.order(other, "grace@example.com")).status_code == 201


async def test_coupons_go_together_only_when_all_of_them_do(world: World) -> None:
    shop = await _open(world)
    await shop.promotion("ALONE")
    await shop.promotion(
        "WITH5",
        combinable=True,
        kind="amount",
        percent_basis_points=None,
        amount_minor=500,
        currency="EUR",
    )
    await shop.promotion("WITH10", combinable=True)
    cart_id = await shop.cart()
    assert (await shop.enter(cart_id, "WITH5")).json()["discount_minor"] == 500
    assert (await shop.enter(cart_id, "WITH10")).json()["discount_minor"] == 500 + 250
    alone = await shop.enter(cart_id, "ALONE")
    assert (alone.status_code, alone.json()["reason"]) == (422, "not_combinable")
    seen = (await shop.buyer.get(f"{SHOP}/carts/{cart_id}")).json()
    assert [one["code"] for one in seen["coupons"]] == ["WITH5", "WITH10"]
    gone = await shop.buyer.request("DELETE", f"{SHOP}/carts/{cart_id}/coupon?code=with5")
    assert (gone.json()["discount_minor"], len(gone.json()["coupons"])) == (300, 1)


async def test_what_a_coupon_waits_for_is_said_and_what_is_over_is_refused(world: World) -> None:
    shop = await _open(world)
    await shop.promotion("BIG", min_total_minor=5_000, currency="EUR")
    await shop.promotion(
        "DOLLAR", kind="amount", percent_basis_points=None, amount_minor=100, currency="USD"
    )
    await shop.promotion("OLD", ends_at="2020-01-01T00:00:00Z")
    cart_id = await shop.cart()
    waits = await shop.enter(cart_id, "BIG")
    assert waits.json()["coupons"][0]["problem"] == "below_minimum"
    assert waits.json()["orderable"] is False
    refused = await shop.order(cart_id)
    assert (refused.status_code, refused.json()["reason"]) == (422, "below_minimum")
    line = waits.json()["lines"][0]["id"]
    more = await shop.buyer.patch(f"{SHOP}/carts/{cart_id}/lines/{line}", json={"quantity": 10})
    assert (more.json()["discount_minor"], more.json()["orderable"]) == (999, True)
    other = await shop.cart()
    for code, reason in (("DOLLAR", "other_currency"), ("OLD", "ended"), ("NOPE", "unknown")):
        answer = await shop.enter(other, code)
        assert (answer.status_code, answer.json()["reason"]) == (422, reason)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_promotion_of_products_takes_off_those_only(world: World) -> None:
    shop = await _open(world)
    async with world.write(shop.tenant) as tx:
        other = await add_variant(tx, on_hand=5, amount_minor=4_000)
    cart_id = await shop.cart()
    added = await shop.buyer.post(
        f"{SHOP}/carts/{cart_id}/lines", json={"variant_id": str(other), "quantity": 1}
    )
    product_id = next(
        one["product_id"] for one in added.json()["lines"] if one["variant_id"] == str(other)
    )
    await shop.promotion("THAT", scope="products", target_ids=[product_id])
    entered = (await shop.enter(cart_id, "THAT")).json()
    assert [line["discount_minor"] for line in entered["lines"]] == [0, 400]
    bad = await shop.staff.post(
        f"{ADMIN}/promotions",
        json={
            "name": "X",
            "kind": "percent",
            "percent_basis_points": 1,
            "scope": "collections",
            "target_ids": [str(uuid4())],
        },
    )
    assert bad.json()["code"] == "promotion_target_unknown"


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_terms_that_do_not_go_together_are_named(world: World) -> None:
    shop = await _open(world)
    bad = await shop.staff.post(
        f"{ADMIN}/promotions",
        json={"name": "X", "kind": "amount", "percent_basis_points": 5, "scope": "products"},
    )
    assert bad.status_code == 400
    assert {one["pointer"] for one in bad.json()["errors"]} == {
        "/percent_basis_points",
        "/amount_minor",
        "/target_ids",
    }
    promotion = await shop.promotion("USED", usage_limit=5)
    cart_id = await shop.cart(1)
    await shop.enter(cart_id, "USED")
    await shop.order(cart_id)
    path = f"{ADMIN}/promotions/{promotion['id']}"
    terms = {"name": "New", "kind": "percent", "percent_basis_points": 2_000}
    changed = await shop.staff.put(path, json=terms, headers={"If-Match": "1"})
    assert changed.status_code == 200, changed.text
    taken = await shop.staff.post(f"{path}/coupons", json={"code": "used"})
    assert taken.json()["code"] == "coupon_code_taken"
    assert (await shop.staff.delete(path, headers={"If-Match": "2"})).status_code == 204
    assert (await shop.staff.get(path)).status_code == 404
    other = await shop.cart(1)
    assert (await shop.enter(other, "USED")).json()["reason"] == "unknown"


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_checkout_without_a_coupon_runs_no_statement_about_coupons(world: World) -> None:
    shop = await _open(world)
    cart_id = await shop.cart(1)
    with world.counting() as count:
        assert (await shop.order(cart_id)).status_code == 201
    named = [sql for sql in count.sql if "coupons" in sql or "promotions" in sql]
    assert named == []
