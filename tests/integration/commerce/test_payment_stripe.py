"""Stripe's own library against localstripe: what the adapter says and reads is what Stripe means."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any, Final

import httpx
import msgspec
import pytest
import stripe

from rustok.commerce.checkout.service import settle_due
from rustok.commerce.payments.service.signatures import signed_header
from rustok.server.platform import Platform
from rustok.server.settings import PaymentsSettings, Settings
from tests.conftest import World
from tests.integration.commerce.paying import SHOP, WEBHOOK_SECRET, Shop, open_shop

# Stripe's library hands httpx its form the old way.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
KEY: Final = {"Authorization": "Bearer sk_test_12345"}


def _free_port() -> int:
    with socket.socket(socket.AF_INET6) as found:
        found.bind(("::", 0))
        port: int = found.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def stripe_url() -> Iterator[str]:
    """The address of a localstripe that ends with the module."""
    port = _free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "localstripe", "--port", str(port), "--from-scratch"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        transport = httpx.HTTPTransport(retries=10)
        with httpx.Client(transport=transport, timeout=10) as client:
            assert client.get(f"{url}/v1/balance", headers=KEY).status_code == 200
        yield url
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture
async def shop(database_settings: Settings, stripe_url: str) -> AsyncIterator[Shop]:
    settings = msgspec.structs.replace(
        database_settings, payments=PaymentsSettings(stripe_url=stripe_url)
    )
    platform = Platform(settings)
    await platform.open()
    try:
        yield await open_shop(World(platform, []), provider="stripe")
    finally:
        await platform.close()


@pytest.fixture
def database_kind() -> str:
    """The conversation is the same on both databases; the books are tested with the provider "test"."""
    return "sqlite"


async def _intent(stripe_url: str, shop: Shop, order_id: str) -> dict[str, Any]:
    payments = await shop.see(f"orders/{order_id}/payments")
    reference = payments[-1]["reference"]
    async with httpx.AsyncClient(base_url=stripe_url, headers=KEY) as stripe:
        found: dict[str, Any] = (await stripe.get(f"/v1/payment_intents/{reference}")).json()
        return found


async def _card(stripe_url: str, number: str) -> str:
    async with httpx.AsyncClient(base_url=stripe_url, headers=KEY) as stripe:
        card = {"number": number, "exp_month": "12", "exp_year": "2030", "cvc": "123"}
        form = {"type": "card", **{f"card[{name}]": text for name, text in card.items()}}
        made = await stripe.post("/v1/payment_methods", data=form)
        found: str = made.json()["id"]
        return found


async def _told(shop: Shop, kind: str, thing: dict[str, Any]) -> httpx.Response:
    body = json.dumps({"id": "evt_1", "type": kind, "data": {"object": thing}}).encode()
    header = signed_header(body, WEBHOOK_SECRET, at=shop.world.db.now())
    return await shop.payer.post(
        f"{SHOP}/payments/stripe/notices", content=body, headers={"Stripe-Signature": header}
    )


async def test_a_card_pays_an_order_and_part_of_it_goes_back(shop: Shop, stripe_url: str) -> None:
    paid = await shop.paid(means="pm_card_visa")
    assert (paid["order_status"], paid["status"]) == ("paid", "captured")
    intent = await _intent(stripe_url, shop, paid["order_id"])
    assert (intent["status"], intent["amount"], intent["currency"]) == ("succeeded", 2_000, "eur")
    assert intent["metadata"]["payment_id"] == paid["payment_id"]

    # One after the other: localstripe, unlike Stripe, does not know idempotency keys.
    for _ in range(2):
        answer = await shop.refund(paid["payment_id"], 500, key="refund-key-1")
        assert answer.status_code == 200, answer.text
    async with httpx.AsyncClient(base_url=stripe_url, headers=KEY) as stripe:
        listed = await stripe.get("/v1/refunds", params={"payment_intent": intent["id"]})
    (refund,) = listed.json()["data"]
    assert refund["amount"] == 500

    for _ in range(2):
        answer = await _told(shop, "refund.updated", refund)
        assert answer.json() == {"is_known": True}
    outside = {**refund, "id": "re_outside", "amount": 300, "metadata": {}}
    for _ in range(2):
        await _told(shop, "refund.created", outside)
    (payment,) = await shop.see(f"orders/{paid['order_id']}/payments")
    assert payment["refunded_minor"] == 800, "ours once, the one made at Stripe once"


async def test_a_declined_card_fails_the_payment(shop: Shop, stripe_url: str) -> None:
    order = await shop.order()
    declined = await shop.pay(order, await _card(stripe_url, "4000000000000341"))
    assert declined.status_code == 200, declined.text
    assert declined.json()["status"] == "failed"
    assert "declined" in declined.json()["failure_reason"]
    assert (await shop.pay(order, "pm_card_visa")).json()["order_status"] == "paid"


async def test_a_card_that_wants_authentication_waits_for_its_payer(
    shop: Shop, stripe_url: str
) -> None:
    order = await shop.order()
    waiting = (await shop.pay(order, await _card(stripe_url, "4000002500003155"))).json()
    assert waiting["status"] == "requires_action"
    intent = await _intent(stripe_url, shop, order[0])
    assert waiting["client_secret"] == intent["client_secret"]
    async with httpx.AsyncClient(base_url=stripe_url, headers=KEY) as stripe:
        done = await stripe.post(
            f"/v1/payment_intents/{intent['id']}/_authenticate",
            data={"client_secret": intent["client_secret"], "success": "true"},
        )
    succeeded = done.json()
    for _ in range(2):
        answer = await _told(shop, "payment_intent.succeeded", succeeded)
        assert answer.json() == {"is_known": True}
    assert (await shop.pay(order)).json()["order_status"] == "paid"
    assert len(await shop.types("payment.captured")) == 1


async def test_promised_money_is_taken_in_part_and_a_cancelled_order_gives_it_back(
    shop: Shop, stripe_url: str
) -> None:
    account = "/api/v1/admin/payment-accounts/stripe"
    assert (await shop.staff.put(account, json={"capture": "manual"})).json()["has_secret_key"]
    promised = await shop.paid(means="pm_card_visa")
    assert promised["status"] == "authorized"
    part = await shop.staff.post(
        f"/api/v1/admin/payments/{promised['payment_id']}/capture", json={"amount_minor": 700}
    )
    assert part.json()["captured_minor"] == 700

    other = await shop.paid(means="pm_card_visa")
    await shop.step(other["order_id"], "cancel", reason="Changed mind")
    assert await settle_due(shop.world.parts) == 1
    assert (await _intent(stripe_url, shop, other["order_id"]))["status"] == "canceled"
    (payment,) = await shop.see(f"orders/{other['order_id']}/payments")
    assert payment["status"] == "voided"


async def test_stripes_own_library_agrees_with_our_reading_of_signatures() -> None:
    header = signed_header(b'{"id": 1}', WEBHOOK_SECRET, at=datetime.now(UTC))
    assert stripe.WebhookSignature.verify_header('{"id": 1}', header, WEBHOOK_SECRET, 300)
