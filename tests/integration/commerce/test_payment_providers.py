"""Orders paid through a provider: asked outside transactions, told once, settled once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from rustok.commerce.checkout.service import settle_due
from rustok.commerce.payments.model import ProviderState
from rustok.commerce.payments.service.rehearsal import REHEARSAL
from tests.conftest import World
from tests.integration.commerce.paying import SHOP, Shop, open_shop


async def _reference(shop: Shop, order_id: str) -> str:
    (payment,) = await shop.see(f"orders/{order_id}/payments")
    found: str = payment["reference"]
    return found


async def _later(shop: Shop, **by: float) -> int:
    """The job, some time from now."""
    real = shop.world.db.now
    shop.world.db.now = lambda: real() + timedelta(**by)
    try:
        return await settle_due(shop.world.parts)
    finally:
        shop.world.db.now = real


async def test_a_payment_through_a_provider_pays_the_order(world: World) -> None:
    shop = await open_shop(world)
    order = await shop.order()
    answer = await shop.pay(order, "ok")
    assert answer.status_code == 200, answer.text
    assert answer.json()["order_status"] == "paid"
    assert answer.json()["captured_minor"] == 2_000
    seen = await shop.types("payment.authorized", "payment.captured", "order.paid")
    assert seen == ["payment.authorized", "payment.captured", "order.paid"]
    again = await shop.pay(order, "ok")
    assert again.json() == answer.json(), "sent again it shows what is"
    assert REHEARSAL.captures_of(await _reference(shop, order[0])) == 1


async def test_a_declined_payment_fails_and_the_next_one_may_pay(world: World) -> None:
    shop = await open_shop(world)
    order = await shop.order()
    declined = (await shop.pay(order, "decline")).json()
    assert (declined["status"], declined["order_status"]) == ("failed", "confirmed")
    assert declined["failure_reason"] == "The card was declined."
    assert (await shop.pay(order, "ok")).json()["order_status"] == "paid"
    assert await shop.types("payment.failed", "payment.captured") == [
        "payment.failed",
        "payment.captured",
    ]
    other = await shop.order()
    await shop.pay(other, "decline")
    by_hand = await shop.step(other[0], "pay", method="cash")
    assert by_hand.json()["status"] == "paid", by_hand.text


async def test_a_payer_who_must_act_comes_back_and_has_paid(world: World) -> None:
    shop = await open_shop(world)
    order = await shop.order()
    waiting = (await shop.pay(order, "action")).json()
    assert waiting["status"] == "requires_action"
    assert waiting["client_secret"].endswith("_secret")
    assert await _later(shop, seconds=61) == 1
    (payment,) = await shop.see(f"orders/{order[0]}/payments")
    assert payment["status"] == "captured"
    assert (await shop.see(f"orders/{order[0]}"))["status"] == "paid"
    assert "payment.requires_action" in await shop.types()


async def test_an_answer_that_was_lost_is_found_out_by_the_job(world: World) -> None:
    shop = await open_shop(world)
    order = await shop.order()
    lost = await shop.pay(order, "lost")
    assert lost.status_code == 503
    assert lost.json()["code"] == "payment_provider_unavailable"
    assert int(lost.headers["Retry-After"]) >= 1
    assert (await shop.see(f"orders/{order[0]}"))["status"] == "confirmed"
    assert await _later(shop, seconds=61) == 1
    assert (await shop.see(f"orders/{order[0]}"))["status"] == "paid"
    assert REHEARSAL.captures_of(await _reference(shop, order[0])) == 1


async def test_what_never_reached_the_provider_is_dropped_and_takes_no_money(world: World) -> None:
    shop = await open_shop(world)
    order = await shop.order()
    assert (await shop.pay(order, "down")).status_code == 503
    assert await _later(shop, seconds=61) == 1
    (operation,) = await shop.see(f"orders/{order[0]}/payment-operations")
    assert (operation["status"], operation["reference"]) == ("refused", None)
    assert (await shop.pay(order, "ok")).json()["order_status"] == "paid"


async def test_notice_and_request_in_any_order_and_repeated_capture_once(world: World) -> None:
    shop = await open_shop(world)
    for first in ("request", "notice", "both"):
        order = await shop.order()
        await shop.pay(order, "action")
        reference = await _reference(shop, order[0])
        told = ProviderState(
            reference=reference, state="captured", captured_minor=2_000, method="test"
        )
        if first == "request":
            await shop.pay(order)
            answers = [await shop.told(told) for _ in range(3)]
        elif first == "notice":
            answers = [await shop.told(told) for _ in range(3)]
            await shop.pay(order)
        else:
            answers = await asyncio.gather(
                *(shop.told(told) for _ in range(4)), *(shop.pay(order) for _ in range(4))
            )
        assert {answer.status_code for answer in answers} == {200}, [a.text for a in answers]
        assert (await shop.see(f"orders/{order[0]}"))["status"] == "paid"
    assert len(await shop.types("payment.captured")) == 3
    assert len(await shop.types("order.paid")) == 3


async def test_an_old_notice_takes_nothing_back(world: World) -> None:
    shop = await open_shop(world)
    paid = await shop.paid()
    reference = await _reference(shop, paid["order_id"])
    for state in ("waiting", "failed", "voided", "authorized"):
        told = ProviderState(reference=reference, state=state)
        assert (await shop.told(told)).json() == {"is_known": True}
    assert (await shop.see(f"orders/{paid['order_id']}"))["status"] == "paid"
    unknown = ProviderState(reference="test_unknown", state="captured")
    assert (await shop.told(unknown)).json() == {"is_known": False}


async def test_a_notice_without_a_fresh_signature_is_not_believed(world: World) -> None:
    shop = await open_shop(world)
    order = await shop.order()
    await shop.pay(order, "action")
    told = ProviderState(reference=await _reference(shop, order[0]), state="captured")
    body, headers = shop.notice(told)
    made_at, _, signature = headers["Test-Signature"].partition(",")
    old = f"t={int(made_at[2:]) - 301},{signature}"
    path = f"{SHOP}/payments/test/notices"
    for wrong in ("", "t=1", old, f"{made_at},v1=00", f"{made_at},v1=\u00e9", f"t=x,{signature}"):
        raw = [(b"test-signature", wrong.encode("latin-1")), (b"content-type", b"application/json")]
        answer = await shop.payer.post(path, content=body, headers=raw)
        assert answer.status_code == 400, wrong
        assert answer.json()["code"] == "payment_notice_not_trusted"
    changed = await shop.payer.post(path, content=body + b" ", headers=headers)
    assert changed.status_code == 400
    elsewhere = await shop.payer.post(f"{SHOP}/payments/stripe/notices", content=body)
    assert elsewhere.json()["code"] == "payment_notice_not_trusted"
    assert (await shop.see(f"orders/{order[0]}"))["status"] == "confirmed"


async def test_money_promised_is_taken_in_part_or_given_back_by_hand(world: World) -> None:
    shop = await open_shop(world, capture="manual")
    promised = await shop.paid()
    assert (promised["status"], promised["payment_status"]) == ("authorized", "authorized")
    path = f"/api/v1/admin/payments/{promised['payment_id']}"
    too_much = await shop.staff.post(f"{path}/capture", json={"amount_minor": 2_001})
    assert too_much.json()["code"] == "capture_out_of_range"
    part = await shop.staff.post(f"{path}/capture", json={"amount_minor": 700})
    assert part.status_code == 200, part.text
    assert part.json()["status"] == "partially_captured"
    assert part.json()["payment_status"] == "partially_captured"
    assert part.json()["order_status"] == "confirmed", "a part does not pay it"
    assert (await shop.staff.post(f"{path}/capture", json={})).status_code == 409

    whole = await shop.paid()
    taken = await shop.staff.post(f"/api/v1/admin/payments/{whole['payment_id']}/capture", json={})
    assert taken.json()["order_status"] == "paid"

    other = await shop.paid()
    voided = await shop.staff.post(f"/api/v1/admin/payments/{other['payment_id']}/void")
    assert (voided.json()["status"], voided.json()["payment_status"]) == ("voided", "not_paid")
    assert await shop.types("payment.voided") == ["payment.voided"]
    assert (await shop.see(f"orders/{other['order_id']}"))["allowed_actions"] == ["pay", "cancel"]


async def test_two_refunds_at_once_never_exceed_what_was_captured(world: World) -> None:
    shop = await open_shop(world)
    paid = await shop.paid()
    answers = await asyncio.gather(*(shop.refund(paid["payment_id"], 700) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 422, 422, 422, 422]
    assert {a.json()["code"] for a in answers if a.status_code == 422} == {"refund_too_large"}
    (payment,) = await shop.see(f"orders/{paid['order_id']}/payments")
    assert (payment["refunded_minor"], payment["refunding_minor"]) == (1_400, 0)
    assert REHEARSAL.refunded_of(payment["reference"]) == 1_400
    rest = await shop.refund(paid["payment_id"])
    assert (rest.json()["status"], rest.json()["payment_status"]) == ("refunded", "refunded")


async def test_the_same_refund_key_pays_back_once_also_side_by_side(world: World) -> None:
    shop = await open_shop(world)
    paid = await shop.paid()
    keyed = [shop.refund(paid["payment_id"], 500, key="refund-key-1") for _ in range(4)]
    assert {answer.status_code for answer in await asyncio.gather(*keyed)} == {200}
    other = await shop.refund(paid["payment_id"], 600, key="refund-key-1")
    assert other.json()["code"] == "idempotency_key_reused"
    assert REHEARSAL.refunded_of(await _reference(shop, paid["order_id"])) == 500
    assert len(await shop.types("payment.refunded")) == 1


async def test_a_refund_the_provider_refuses_sets_the_money_free_again(world: World) -> None:
    shop = await open_shop(world)
    paid = await shop.paid(means="norefund")
    answer = await shop.refund(paid["payment_id"], 500)
    assert (answer.status_code, answer.json()["code"]) == (422, "payment_refused")
    (payment,) = await shop.see(f"orders/{paid['order_id']}/payments")
    assert (payment["refunded_minor"], payment["refunding_minor"]) == (0, 0)
    operations = await shop.see(f"orders/{paid['order_id']}/payment-operations")
    assert [(one["kind"], one["status"]) for one in operations] == [
        ("authorize", "done"),
        ("refund", "refused"),
    ]


async def test_a_cancelled_paid_order_gets_its_money_back_from_the_provider(world: World) -> None:
    shop = await open_shop(world)
    paid = await shop.paid()
    cancelled = await shop.step(paid["order_id"], "cancel-with-refund", reason="Lost")
    assert cancelled.status_code == 200, cancelled.text
    assert cancelled.json()["payment_status"] == "captured", "not back yet"
    assert await settle_due(world.parts) == 1
    assert (await shop.see(f"orders/{paid['order_id']}"))["payment_status"] == "refunded"
    assert REHEARSAL.refunded_of(await _reference(shop, paid["order_id"])) == 2_000


async def test_cancelling_while_the_payer_acts_gives_the_payment_back_first(world: World) -> None:
    shop = await open_shop(world)
    order = await shop.order()
    await shop.pay(order, "action")
    assert (await shop.step(order[0], "cancel", reason="Changed mind")).status_code == 200
    assert await settle_due(world.parts) == 1
    (payment,) = await shop.see(f"orders/{order[0]}/payments")
    assert (payment["status"], payment["failure_reason"]) == ("failed", "The order was cancelled.")
    assert (await shop.pay(order, "ok")).status_code == 409


async def test_a_payer_faster_than_the_cancellation_gets_the_money_back(world: World) -> None:
    shop = await open_shop(world)
    order = await shop.order()
    await shop.pay(order, "action")
    reference = await _reference(shop, order[0])
    await shop.step(order[0], "cancel", reason="Changed mind")
    await REHEARSAL.ask(None, reference)  # type: ignore[arg-type]  # the payer pays there
    assert await settle_due(world.parts) == 1
    assert await settle_due(world.parts) == 1
    seen = await shop.see(f"orders/{order[0]}")
    assert (seen["status"], seen["payment_status"]) == ("cancelled", "refunded")
    assert REHEARSAL.refunded_of(reference) == 2_000


async def test_money_of_a_payment_given_up_goes_back_once(world: World) -> None:
    shop = await open_shop(world)
    order = await shop.order()
    await shop.pay(order, "decline")
    reference = await _reference(shop, order[0])
    REHEARSAL._take(REHEARSAL._of(reference))
    told = ProviderState(reference=reference, state="captured", captured_minor=2_000)
    for _ in range(3):
        await shop.told(told)
    assert await settle_due(world.parts) == 1
    assert REHEARSAL.refunded_of(reference) == 2_000
    (payment,) = await shop.see(f"orders/{order[0]}/payments")
    assert (payment["status"], payment["captured_minor"]) == ("failed", 0)


async def test_a_provider_that_is_down_opens_its_breaker_and_costs_no_waiting(
    world: World,
) -> None:
    shop = await open_shop(world)
    answers = [await shop.pay(await shop.order(), "down") for _ in range(4)]
    assert {answer.status_code for answer in answers} == {503}
    assert world.parts.breakers.breaker("payments.test").state == "open"
    order = await shop.order()
    rejected = await shop.pay(order, "ok")
    assert rejected.json()["code"] == "payment_provider_unavailable"
    assert 1 <= int(rejected.headers["Retry-After"]) <= 5
    world.parts.breakers.breaker("payments.test").reset("the test goes on")
    assert (await shop.pay(order, "ok")).json()["order_status"] == "paid"


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_an_order_that_costs_nothing_needs_no_provider(world: World) -> None:
    shop = await open_shop(world)
    answer = await shop.pay(await shop.order(amount_minor=0))
    assert (answer.json()["order_status"], answer.json()["provider"]) == ("paid", "manual")


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_only_whoever_placed_the_order_pays_it_through_an_offered_provider(
    world: World,
) -> None:
    shop = await open_shop(world)
    order = await shop.order()
    assert (await shop.pay((order[0], "x" * 43), "ok")).status_code == 404
    other = await shop.payer.post(
        f"{SHOP}/orders/{order[0]}/payment",
        json={"provider": "stripe"},
        headers={"X-Order-Token": order[1]},
    )
    assert other.json()["code"] == "payment_provider_not_offered"
    assert other.json()["providers"] == ["test"]
    gone = await shop.staff.delete("/api/v1/admin/payment-accounts/test")
    assert gone.status_code == 204
    assert (await shop.pay(order, "ok")).json()["providers"] == []
