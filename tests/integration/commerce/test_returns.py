"""Pieces that come back: what may, what it does to stock and money, and who may ask."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from rustok.commerce.checkout.service import settle_due
from rustok.commerce.inventory import api as inventory
from tests.conftest import World
from tests.integration.commerce.paying import ADMIN, SHOP, Shop, open_shop
from tests.integration.commerce.shop import add_variant, buy


async def _delivered(
    shop: Shop, *, pieces: int = 3, provider: bool = True, means: str = "ok"
) -> tuple[tuple[str, str], dict[str, Any], UUID]:
    """A delivered order of one line at 9.99: its id and token, the line, the variant."""
    async with shop.world.write(shop.tenant) as tx:
        variant_id = await add_variant(tx, on_hand=5, amount_minor=999)
        placed = await buy(tx, {variant_id: pieces})
    order = (str(placed.order.id), placed.access_token)
    if provider:
        paid = await shop.pay(order, means)
        assert paid.json()["order_status"] == "paid", paid.text
    else:
        await shop.step(order[0], "pay", method="cash")
    await shop.step(order[0], "ship", carrier="DHL")
    delivered = await shop.step(order[0], "deliver")
    assert delivered.status_code == 200, delivered.text
    seen = await shop.see(f"orders/{order[0]}")
    return order, seen["lines"][0], variant_id


async def _ask(shop: Shop, order: tuple[str, str], line_id: str, count: int) -> httpx.Response:
    return await shop.payer.post(
        f"{SHOP}/orders/{order[0]}/returns",
        json={"lines": [{"order_line_id": line_id, "quantity": count}], "note": "Too small"},
        headers={"X-Order-Token": order[1]},
    )


async def _step(shop: Shop, return_id: str, action: str, **body: Any) -> httpx.Response:
    return await shop.staff.post(
        f"{ADMIN}/returns/{return_id}/{action}",
        json=body,
        headers={"Idempotency-Key": uuid4().hex},
    )


async def _received(shop: Shop, order: tuple[str, str], line_id: str, count: int) -> str:
    asked = await _ask(shop, order, line_id, count)
    assert asked.status_code == 201, asked.text
    return_id: str = asked.json()["id"]
    for action in ("approve", "receive"):
        answer = await _step(shop, return_id, action)
        assert answer.status_code == 200, answer.text
    return return_id


async def _on_hand(shop: Shop, variant_id: UUID) -> int:
    async with shop.world.read(shop.tenant) as tx:
        return (await inventory.list_levels(tx, [variant_id]))[0].on_hand


async def test_a_return_brings_pieces_to_the_shelf_and_money_to_the_customer(world: World) -> None:
    shop = await open_shop(world)
    order, line, variant_id = await _delivered(shop)
    first = await _received(shop, order, line["id"], 1)
    assert await _on_hand(shop, variant_id) == 3
    paid_back = await _step(shop, first, "refund")
    assert paid_back.status_code == 200, paid_back.text
    assert (paid_back.json()["status"], paid_back.json()["refunded_minor"]) == ("refunded", 999)
    seen = await shop.see(f"orders/{order[0]}")
    assert (seen["payment_status"], seen["fulfilment_status"]) == (
        "partially_refunded",
        "delivered",
    )
    second = await _received(shop, order, line["id"], 2)
    await _step(shop, second, "refund")
    seen = await shop.see(f"orders/{order[0]}")
    assert (seen["payment_status"], seen["fulfilment_status"]) == ("refunded", "returned")
    assert (
        await shop.types("return.requested", "return.received", "return.refunded")
        == [
            "return.requested",
            "return.received",
            "return.refunded",
        ]
        * 2
    )


async def test_no_more_comes_back_than_was_delivered_also_side_by_side(world: World) -> None:
    shop = await open_shop(world)
    order, line, _ = await _delivered(shop)
    answers = await asyncio.gather(*(_ask(shop, order, line["id"], 2) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 422, 422, 422]
    assert {a.json()["code"] for a in answers if a.status_code == 422} == {"return_too_large"}
    (asked,) = [a.json() for a in answers if a.status_code == 201]
    assert (await _step(shop, asked["id"], "reject", reason="Worn")).json()["status"] == "rejected"
    assert (await _ask(shop, order, line["id"], 3)).json()["value_minor"] == 2_997
    assert await shop.types("return.rejected") == ["return.rejected"]


async def test_steps_that_do_not_exist_are_refused_with_those_that_do(world: World) -> None:
    shop = await open_shop(world)
    order, line, _ = await _delivered(shop)
    asked = (await _ask(shop, order, line["id"], 1)).json()
    early = await _step(shop, asked["id"], "refund")
    assert (early.status_code, early.json()["allowed_actions"]) == (409, ["approve", "reject"])
    await _step(shop, asked["id"], "approve")
    cancelled = await _step(shop, asked["id"], "cancel")
    assert (cancelled.json()["status"], cancelled.json()["allowed_actions"]) == ("cancelled", [])
    assert (await _step(shop, asked["id"], "receive")).status_code == 409


async def test_only_whoever_placed_the_order_asks_and_sees(world: World) -> None:
    shop = await open_shop(world)
    order, line, _ = await _delivered(shop, provider=False)
    assert (await _ask(shop, (order[0], "x" * 43), line["id"], 1)).status_code == 404
    assert (await _ask(shop, order, line["id"], 1)).status_code == 201
    path = f"{SHOP}/orders/{order[0]}/returns"
    seen = await shop.payer.get(path, headers={"X-Order-Token": order[1]})
    assert [one["lines"][0]["quantity"] for one in seen.json()["items"]] == [1]
    assert (await shop.payer.get(path)).status_code == 404


async def test_what_is_not_delivered_does_not_come_back(world: World) -> None:
    shop = await open_shop(world)
    order = await shop.order()
    line = (await shop.see(f"orders/{order[0]}"))["lines"][0]
    assert (await _ask(shop, order, line["id"], 1)).json()["code"] == "nothing_delivered"


async def test_a_return_paid_by_hand_is_paid_back_by_hand_and_may_stay_off_the_shelf(
    world: World,
) -> None:
    shop = await open_shop(world)
    order, line, variant_id = await _delivered(shop, provider=False)
    asked = (await _ask(shop, order, line["id"], 2)).json()
    await _step(shop, asked["id"], "approve")
    one = {"return_line_id": asked["lines"][0]["id"], "quantity": 1}
    assert (await _step(shop, asked["id"], "receive", restocked=[one])).status_code == 200
    assert await _on_hand(shop, variant_id) == 3
    too_much = await _step(shop, asked["id"], "refund", amount_minor=1_999)
    assert too_much.json()["code"] == "return_refund_too_large"
    less = await _step(shop, asked["id"], "refund", amount_minor=1_500)
    assert less.json()["refunded_minor"] == 1_500
    assert (await shop.see(f"orders/{order[0]}"))["payment_status"] == "partially_refunded"


async def test_a_refund_the_provider_refuses_leaves_the_return_to_be_tried_again(
    world: World,
) -> None:
    shop = await open_shop(world)
    order, line, _ = await _delivered(shop, means="norefund")
    return_id = await _received(shop, order, line["id"], 1)
    for _ in range(2):
        refused = await _step(shop, return_id, "refund")
        assert refused.json()["code"] == "payment_refused"
        assert (await shop.see(f"returns/{return_id}"))["status"] == "received"
    assert await settle_due(world.parts) == 0


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_two_refunds_of_one_return_pay_once(world: World) -> None:
    shop = await open_shop(world)
    order, line, _ = await _delivered(shop)
    return_id = await _received(shop, order, line["id"], 1)
    answers = await asyncio.gather(*(_step(shop, return_id, "refund") for _ in range(4)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    (payment,) = await shop.see(f"orders/{order[0]}/payments")
    assert payment["refunded_minor"] == 999
    assert len(await shop.types("return.refunded")) == 1
