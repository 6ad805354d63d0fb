"""What RusToK is for, told by three stories against a running deployment, over real sockets.

Each is told twice: to one process on SQLite, and to a web process and a worker on PostgreSQL with
JetStream and Redis. The stories know nothing of which it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from standardwebhooks import Webhook

from tests.integration.flows.running import Deployment, deploy, eventually, ok
from tests.integration.telemetry.processes import WebhookReceiver

SITE = "/api/v1/storefront"
STAFF = "/api/v1/admin"
ADDRESS = {
    "name": "Ada Lovelace",
    "line1": "Lindenallee 5",
    "postal_code": "20095",
    "city": "Hamburg",
    "country": "DE",
}


@pytest.fixture(
    scope="module", params=["embedded", pytest.param("services", marks=pytest.mark.nats)]
)
def deployment(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    yield from deploy(request.param, request, tmp_path_factory.mktemp(request.param))


def sell_a_shirt(staff: httpx.Client, *, on_hand: int) -> str:
    """A product from the draft to the shelf; returns its variant."""
    made = staff.post(
        f"{STAFF}/products",
        json={
            "handle": "linen-shirt",
            "translations": [{"locale": "en", "title": "Linen shirt"}],
            "variants": [{"sku": "SHIRT-M"}],
        },
    )
    variant: str = ok(made, 201)["variants"][0]["id"]
    ok(staff.put(f"{STAFF}/variants/{variant}/prices/EUR", json={"amount_minor": 4_990}))
    stock = f"{STAFF}/variants/{variant}/stock"
    ok(staff.put(stock, json={"on_hand": on_hand, "reference": "delivery 17"}))
    assert ok(staff.post(f"{made.headers['location']}/publish"))["status"] == "active"
    return variant


def test_an_order_goes_from_the_shelf_to_the_door(deployment: Deployment) -> None:
    shop = deployment.open_shop()
    with deployment.administrator(shop) as staff, deployment.visitor(shop) as shopper:
        variant = sell_a_shirt(staff, on_hand=5)

        # The shopper searches, finds the shirt and puts two of them into a cart.
        def found() -> list[dict[str, Any]]:
            answer = ok(shopper.get(f"{SITE}/products", params={"q": "shirt"}))
            return [one for one in answer["items"] if one["in_stock"] and one["price"]]

        (card,) = eventually(found)
        assert (card["handle"], card["variant_id"]) == ("linen-shirt", variant)
        cart = ok(shopper.post(f"{SITE}/carts", json={}), 201)["id"]
        line = {"variant_id": variant, "quantity": 2}
        filled = ok(shopper.post(f"{SITE}/carts/{cart}/lines", json=line), 201)
        assert (filled["total_minor"], filled["currency"]) == (9_980, "EUR")

        # The connection breaks at checkout and the shopper's browser sends it again: one order.
        key = {"Idempotency-Key": uuid4().hex}
        order = {"cart_id": cart, "email": "ada@example.com", "shipping_address": ADDRESS}
        placed = ok(shopper.post(f"{SITE}/checkout", json=order, headers=key), 201)
        again = shopper.post(f"{SITE}/checkout", json=order, headers=key)
        assert again.headers["idempotent-replayed"] == "true"
        assert ok(again, 201) == placed
        assert len(ok(staff.get(f"{STAFF}/orders"))["items"]) == 1

        # Nobody ships what is not paid.
        path = f"{STAFF}/orders/{placed['id']}"
        parcel = {"carrier": "DHL", "tracking_number": "00340434161094042557"}
        early = staff.post(f"{path}/ship", json=parcel, headers=fresh_key())
        assert (early.status_code, early.json()["allowed_actions"]) == (409, ["pay", "cancel"])

        # The staff pays it in, ships and delivers it; two pieces have left the shelf.
        ok(staff.post(f"{path}/pay", json={"method": "bank_transfer"}, headers=fresh_key()))
        ok(staff.post(f"{path}/ship", json=parcel, headers=fresh_key()))
        done = ok(staff.post(f"{path}/deliver", json={"signature": "Ada"}))
        assert (done["status"], done["allowed_actions"]) == ("delivered", [])
        stock = ok(staff.get(f"{STAFF}/variants/{variant}/stock"))
        assert (stock["on_hand"], stock["reserved"]) == (3, 0)


def test_an_article_goes_from_the_draft_to_its_readers(deployment: Deployment) -> None:
    site = deployment.open_shop()
    with deployment.administrator(site) as author, deployment.visitor(site) as reader:
        article = f"{SITE}/nodes/post/ferry-timetable"
        text = {
            "title": "Ferry timetable",
            "body": {"format": "markdown", "text": "# Winter\n\nTwo boats. <script>x()</script>"},
        }

        # A draft is nobody's but the author's.
        made = author.post(f"{STAFF}/nodes", json={"kind": "post", "translations": {"en": text}})
        node = f"{STAFF}/nodes/{ok(made, 201)['id']}"
        assert reader.get(article).status_code == 404

        # Published, it is read, found, and not sent twice to who has it; script did not survive.
        ok(author.post(f"{node}/publish"))
        shown = eventually(lambda: answered(reader.get(article)))
        assert "<h1>" in shown.text
        assert "<script" not in shown.text
        known = {"If-None-Match": shown.headers["etag"]}
        assert reader.get(article, headers=known).status_code == 304
        hits = ok(reader.get(f"{SITE}/search", params={"q": "ferry"}))["nodes"]
        assert [one["handle"] for one in hits] == ["ferry-timetable"]

        # A change has another ETag: what readers keep is not shown for long.
        draft = author.get(node)
        better = {**text, "title": "Ferry timetable, corrected"}
        changed = {"If-Match": draft.headers["etag"]}
        ok(author.put(f"{node}/translations/en", json=better, headers=changed))
        newer = eventually(lambda: answered(reader.get(article, headers=known)))
        assert newer.json()["title"] == "Ferry timetable, corrected"

        # Archived, it is gone from the site.
        ok(author.post(f"{node}/archive", json={"reason": "The ferry was sold."}))
        eventually(lambda: reader.get(article).status_code == 404)


def test_an_event_reaches_the_log_and_a_webhook_once_and_signed(deployment: Deployment) -> None:
    shop = deployment.open_shop()
    receiver = WebhookReceiver()
    with deployment.administrator(shop) as staff:
        # The shop wants to be told of orders and products, at an address of its own.
        made = staff.post(
            f"{STAFF}/webhooks",
            json={"url": receiver.url, "event_filters": ["product.published", "price.*"]},
        )
        hook = ok(made, 201)
        sell_a_shirt(staff, on_hand=1)

        # What happened stands in the log of events, in the order in which it happened.
        logged = ok(staff.get(f"{STAFF}/events", params={"limit": 100}))["items"]
        events = [one["envelope"] for one in reversed(logged)]
        told = [one for one in events if one["type"] in ("product.published", "price.updated")]
        assert [one["type"] for one in told] == ["price.updated", "product.published"]

        # Each of those is told once, under its own id, signed as Standard Webhooks asks.
        eventually(lambda: len(receiver.taken) >= len(told))
        bodies = {}
        for headers, body in receiver.taken:
            Webhook(hook["secret"]).verify(body, headers)
            event = json.loads(body)
            assert headers["webhook-id"] not in bodies
            bodies[headers["webhook-id"]] = event
        assert {one["id"] for one in bodies.values()} == {one["id"] for one in told}

        # And the shop can see that it was told.
        deliveries = eventually(
            lambda: all_delivered(ok(staff.get(f"{STAFF}/webhook-deliveries"))["items"])
        )
        assert len(deliveries) == len(told)
    receiver.close()


def fresh_key() -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex}


def answered(response: httpx.Response) -> httpx.Response | None:
    return response if response.status_code == 200 else None


def all_delivered(deliveries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    done = [one for one in deliveries if one["status"] == "delivered"]
    return done if len(done) == len(deliveries) else []
