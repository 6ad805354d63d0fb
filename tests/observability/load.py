"""What shoppers, staff and strangers do all day, in a small form: every kind of request, again and again."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from typing import Any
from uuid import uuid4

import httpx

from rustok.cli.demo_seed import PASSWORD

SHOP = {"X-Tenant": "nordlicht"}
MAGAZINE = {"X-Tenant": "kante"}
ADDRESS = {
    "name": "Ada Lovelace",
    "line1": "Lindenallee 5",
    "postal_code": "20095",
    "city": "Hamburg",
    "country": "DE",
}


class Load:
    """Args:
    url: of the server.
    receiver_port: where webhooks may go.
    pace: pause between two actions of one actor, in seconds.
    """

    def __init__(self, url: str, receiver_port: int, *, pace_seconds: float = 0.15) -> None:
        self._client = httpx.AsyncClient(base_url=f"{url}/api/v1", timeout=60)
        self._receiver_port = receiver_port
        self._pace = pace_seconds
        self._staff: dict[str, dict[str, str]] = {}
        self._handles: list[str] = []
        self._variants: list[str] = []
        self._draw = random.Random(7)
        self._tasks: list[asyncio.Task[None]] = []
        self.statuses: Counter[int] = Counter()

    async def __aenter__(self) -> Load:
        for tenant in (SHOP, MAGAZINE):
            name = tenant["X-Tenant"]
            signed_in = await self._client.post(
                "/auth/login",
                headers=tenant,
                json={"email": f"admin@{name}.example", "password": PASSWORD},
            )
            token = signed_in.json()["access_token"]
            self._staff[name] = {**tenant, "Authorization": f"Bearer {token}"}
        listed = await self._client.get("/storefront/products?limit=50", headers=SHOP)
        for item in listed.json()["items"]:
            self._handles.append(item["handle"])
            if item.get("in_stock") and item.get("variant_id"):
                self._variants.append(item["variant_id"])
        for variant in self._variants:
            await self._client.put(
                f"/admin/variants/{variant}/stock",
                headers=self._staff["nordlicht"],
                json={"on_hand": 5_000},
            )
        made = await self._client.post(
            "/admin/webhooks",
            headers=self._staff["nordlicht"],
            json={
                "url": f"http://127.0.0.1:{self._receiver_port}/hook",
                "event_filters": ["order.*"],
            },
        )
        assert made.status_code == 201, made.text
        actors = (self._browse, self._browse, self._buy, self._edit, self._price, self._stranger)
        self._tasks = [asyncio.create_task(self._forever(actor)) for actor in actors]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    async def _forever(self, actor: Any) -> None:
        while True:
            with contextlib.suppress(httpx.HTTPError, KeyError, ValueError):
                await actor()
            await asyncio.sleep(self._pace)

    async def _ask(
        self, method: str, path: str, headers: dict[str, str], **options: Any
    ) -> httpx.Response:
        answer = await self._client.request(method, path, headers=headers, **options)
        self.statuses[answer.status_code] += 1
        return answer

    async def _browse(self) -> None:
        handle = self._draw.choice(self._handles)
        await self._ask("GET", "/storefront/products?limit=20", SHOP)
        await self._ask("GET", f"/storefront/products/{handle}", SHOP)
        word = self._draw.choice(["lamp", "mug", "tent", "chair", uuid4().hex[:5]])
        await self._ask("GET", f"/storefront/search?q={word}", SHOP)
        posts = await self._ask("GET", "/storefront/nodes?limit=10", MAGAZINE)
        node = self._draw.choice(posts.json()["items"])
        await self._ask("GET", f"/storefront/nodes/{node['kind']}/{node['handle']}", MAGAZINE)
        await self._ask("GET", "/", {"Host": "nordlicht.localhost"}, follow_redirects=False)

    async def _buy(self) -> None:
        cart = (await self._ask("POST", "/storefront/carts", SHOP, json={})).json()["id"]
        variant = self._draw.choice(self._variants)
        quantity = 1 if self._draw.random() < 0.9 else 90_000
        await self._ask(
            "POST",
            f"/storefront/carts/{cart}/lines",
            SHOP,
            json={"variant_id": variant, "quantity": min(quantity, 900)},
        )
        key = {"Idempotency-Key": uuid4().hex}
        placed = await self._ask(
            "POST",
            "/storefront/checkout",
            {**SHOP, **key},
            json={"cart_id": cart, "email": "ada@example.com", "shipping_address": ADDRESS},
        )
        order = placed.json()["id"]
        staff = self._staff["nordlicht"]
        for step, body in (("pay", {"method": "bank_transfer"}), ("ship", {"carrier": "DHL"})):
            await self._ask(
                "POST",
                f"/admin/orders/{order}/{step}",
                {**staff, "Idempotency-Key": uuid4().hex},
                json=body,
            )
        await self._ask("GET", "/admin/orders", staff)

    async def _edit(self) -> None:
        staff = self._staff["kante"]
        made = await self._ask(
            "POST",
            "/admin/nodes",
            staff,
            json={
                "kind": "post",
                "translations": {
                    "en": {
                        "title": f"Note {uuid4().hex[:8]}",
                        "body": {"format": "markdown", "text": "Light **matters**."},
                    }
                },
            },
        )
        await self._ask("POST", f"/admin/nodes/{made.json()['id']}/publish", staff)
        # A step that is not possible: refused commands are counted, too.
        await self._ask("POST", f"/admin/nodes/{made.json()['id']}/publish", staff)
        await self._ask("GET", "/admin/nodes", staff)

    async def _price(self) -> None:
        await self._ask(
            "PUT",
            f"/admin/variants/{self._draw.choice(self._variants)}/prices/EUR",
            self._staff["nordlicht"],
            json={"amount_minor": self._draw.randrange(500, 9_000)},
        )

    async def _stranger(self) -> None:
        wrong = {"email": "nobody@example.com", "password": "not the password"}
        await self._ask("POST", "/auth/login", SHOP, json=wrong)
        await self._ask("GET", f"/nowhere/{uuid4().hex}", SHOP)
        await asyncio.sleep(2)
