"""The same thing asked for many times at once, on the running server: what there is once is given once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, Final, TypeVar
from uuid import uuid4

import httpx
import pytest

from tests.security.live import Live

T = TypeVar("T")
SHOP: Final = "/api/v1/storefront"
ADMIN: Final = "/api/v1/admin"
AT_ONCE: Final = 8
ADDRESS: Final = {
    "name": "Ada Lovelace",
    "line1": "Lindenallee 5",
    "postal_code": "20095",
    "city": "Hamburg",
    "country": "DE",
}


@pytest.fixture
def staff(live: Live) -> Iterator[httpx.Client]:
    with live.admin() as client:
        yield client


def at_once(asks: Sequence[Callable[[], T]]) -> list[T]:
    """What each answered; all begin at the same moment."""
    start = Barrier(len(asks))

    def go(ask: Callable[[], T]) -> T:
        start.wait()
        return ask()

    with ThreadPoolExecutor(len(asks)) as pool:
        return list(pool.map(go, asks))


def ok(answer: httpx.Response) -> Any:
    assert answer.is_success, answer.text
    return answer.json()


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex}


def variant(staff: httpx.Client, *, on_hand: int) -> str:
    """A published product of one variant at 10.00."""
    name = uuid4().hex[:10]
    product = {
        "handle": f"race-{name}",
        "translations": [{"locale": "en", "title": f"Race {name}"}],
        "variants": [{"sku": f"RACE-{name}", "track_inventory": True}],
    }
    made = ok(staff.post(f"{ADMIN}/products", json=product))
    variant_id: str = made["variants"][0]["id"]
    ok(staff.post(f"{ADMIN}/products/{made['id']}/publish", headers={"If-Match": "*"}))
    price = f"{ADMIN}/variants/{variant_id}/prices/EUR"
    ok(staff.put(price, json={"amount_minor": 1_000}))
    ok(staff.put(f"{ADMIN}/variants/{variant_id}/stock", json={"on_hand": on_hand}))
    return variant_id


def cart(live: Live, variant_id: str) -> str:
    with live.client() as buyer:
        made = ok(buyer.post(f"{SHOP}/carts", json={"currency": "EUR"}))
        line = {"variant_id": variant_id, "quantity": 1}
        ok(buyer.post(f"{SHOP}/carts/{made['id']}/lines", json=line))
    return str(made["id"])


def order(live: Live, cart_id: str) -> httpx.Response:
    body = {
        "cart_id": cart_id,
        "email": f"{uuid4().hex[:8]}@example.com",
        "shipping_address": ADDRESS,
    }
    with live.client() as buyer:
        return buyer.post(f"{SHOP}/checkout", json=body, headers=key())


def test_of_many_buyers_of_the_last_piece_one_gets_it(live: Live, staff: httpx.Client) -> None:
    variant_id = variant(staff, on_hand=1)
    carts = [cart(live, variant_id) for _ in range(AT_ONCE)]
    answers = at_once([lambda one=one: order(live, one) for one in carts])  # type: ignore[misc]
    assert Counter(one.status_code for one in answers) == {201: 1, 409: AT_ONCE - 1}


def test_of_many_orders_with_a_coupon_of_one_use_one_has_it(
    live: Live, staff: httpx.Client
) -> None:
    variant_id, code = variant(staff, on_hand=50), f"ONCE{uuid4().hex[:6]}".upper()
    terms = {"name": "Once", "kind": "percent", "percent_basis_points": 5_000}
    promotion = ok(staff.post(f"{ADMIN}/promotions", json=terms))
    coupon = {"code": code, "usage_limit": 1}
    ok(staff.post(f"{ADMIN}/promotions/{promotion['id']}/coupons", json=coupon))
    carts = [cart(live, variant_id) for _ in range(AT_ONCE)]
    for one in carts:
        ok(staff.post(f"{SHOP}/carts/{one}/coupon", json={"code": code}))
    answers = at_once([lambda one=one: order(live, one) for one in carts])  # type: ignore[misc]
    assert Counter(one.status_code for one in answers) == {201: 1, 422: AT_ONCE - 1}
    assert ok(staff.get(f"{ADMIN}/promotions/{promotion['id']}"))["used_count"] == 1


def test_of_many_refunds_of_one_payment_no_more_is_paid_back_than_was_taken(
    live: Live, staff: httpx.Client
) -> None:
    placed = order(live, cart(live, variant(staff, on_hand=1))).json()
    path = f"{ADMIN}/orders/{placed['id']}"
    ok(staff.post(f"{path}/pay", json={"method": "cash"}, headers={**key(), "If-Match": "*"}))
    (payment,) = ok(staff.get(f"{path}/payments"))

    def refund() -> httpx.Response:
        with live.admin() as client:
            body = {"amount_minor": 400}
            return client.post(f"{ADMIN}/payments/{payment['id']}/refund", json=body, headers=key())

    answers = at_once([refund] * AT_ONCE)
    done = [one for one in answers if one.is_success]
    assert len(done) == 2, [one.text for one in answers]
    assert {one.status_code for one in answers if not one.is_success} <= {400, 409, 422}
    (after,) = ok(staff.get(f"{path}/payments"))
    assert after["refunded_minor"] == 800


def test_of_many_captures_of_one_order_one_takes_the_money(live: Live, staff: httpx.Client) -> None:
    placed = order(live, cart(live, variant(staff, on_hand=1))).json()

    def pay() -> httpx.Response:
        with live.admin() as client:
            path = f"{ADMIN}/orders/{placed['id']}/pay"
            return client.post(path, json={"method": "cash"}, headers={**key(), "If-Match": "*"})

    answers = at_once([pay] * AT_ONCE)
    assert Counter(one.is_success for one in answers) == {True: 1, False: AT_ONCE - 1}
    (payment,) = ok(staff.get(f"{ADMIN}/orders/{placed['id']}/payments"))
    assert payment["captured_minor"] == placed["total_minor"]


def test_one_order_comes_of_a_request_that_is_sent_many_times(
    live: Live, staff: httpx.Client
) -> None:
    cart_id, same = cart(live, variant(staff, on_hand=50)), key()
    body = {"cart_id": cart_id, "email": "same@example.com", "shipping_address": ADDRESS}

    def ask() -> httpx.Response:
        with live.client() as buyer:
            return buyer.post(f"{SHOP}/checkout", json=body, headers=same)

    answers = at_once([ask] * AT_ONCE)
    placed = {one.json()["id"] for one in answers if one.status_code == 201}
    assert len(placed) == 1
    assert {one.status_code for one in answers} <= {201, 409}


def test_of_many_uses_of_a_refresh_token_one_counts_and_its_family_ends(live: Live) -> None:
    email, password = f"{uuid4().hex[:8]}@example.com", "correct horse battery staple"
    with live.client() as client:
        person = {"email": email, "password": password, "display_name": "Ada"}
        ok(client.post(f"{SHOP}/customers/register", json=person))
        mine = {"email": email, "password": password}
        token = ok(client.post("/api/v1/auth/login", json=mine))["refresh_token"]

        def refresh() -> httpx.Response:
            with live.client() as own:
                return own.post("/api/v1/auth/refresh", json={"refresh_token": token})

        answers = at_once([refresh] * AT_ONCE)
        won = [one.json() for one in answers if one.status_code == 200]
        assert Counter(one.status_code for one in answers) == {200: 1, 401: AT_ONCE - 1}
        headers = {"Authorization": f"Bearer {won[0]['access_token']}"}
        assert client.get("/api/v1/auth/me", headers=headers).status_code == 401
