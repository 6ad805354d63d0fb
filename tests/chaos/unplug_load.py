"""Shoppers and an editor who use the server while something is unplugged, and what they were answered."""

from __future__ import annotations

import asyncio
import os
import struct
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from uuid import UUID, uuid4

import httpx

SHOP: Final = "unplugged"
"""Where orders and uploads come in all the time."""
WINDOW: Final = "window"
"""A shop that nobody edits at the moment: what is kept of it stays true."""
KINDS: Final = ("read", "checkout", "upload")
IN_A_ROW: Final = {"read": 4, "checkout": 3, "upload": 6}
PAUSE_SECONDS: Final = 0.05
ADDRESS: Final = {
    "name": "Ada Lovelace",
    "line1": "Lindenallee 5",
    "postal_code": "20095",
    "city": "Hamburg",
    "country": "DE",
}
PNG: Final = (
    b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">II", 64, 48)
    + b"\x08\x06\x00\x00\x00"
)  # fmt: skip


class Load:
    """Shoppers and an editor until told to stop.

    Args:
        in_a_row: how many customers of each kind at once.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        variant: UUID,
        handle: str,
        *,
        in_a_row: Mapping[str, int] = IN_A_ROW,
    ) -> None:
        self._client = httpx.AsyncClient(
            base_url=base_url,
            headers={"x-tenant": SHOP},
            timeout=60,
            limits=httpx.Limits(max_connections=100),
        )
        self._token, self._variant, self._handle = token, variant, handle
        self._seen: dict[str, list[tuple[float, float, str]]] = {kind: [] for kind in KINDS}
        self._tasks: list[asyncio.Task[None]] = []
        self._number = 0
        self._pages = 0
        self._under_way: dict[int, float] = {}
        self._in_a_row = in_a_row

    def start(self) -> None:
        calls: dict[str, Callable[[], Awaitable[httpx.Response]]] = {
            "read": self.read,
            "checkout": self.checkout,
            "upload": self.upload,
        }
        for kind, count in self._in_a_row.items():
            for _ in range(count):
                self._tasks.append(asyncio.create_task(self._repeat(kind, calls[kind])))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def close(self) -> None:
        await self._client.aclose()

    async def _repeat(self, kind: str, call: Callable[[], Awaitable[httpx.Response]]) -> None:
        while True:
            started = time.perf_counter()
            self._number += 1
            number = self._number
            self._under_way[number] = started
            try:
                answer = _described(await call())
            except httpx.HTTPError:
                answer = "none"
            finally:
                del self._under_way[number]
            self._seen[kind].append((started, time.perf_counter() - started, answer))
            await asyncio.sleep(PAUSE_SECONDS)

    def between(
        self, started: float, ended: float
    ) -> tuple[dict[str, list[float]], dict[str, dict[str, int]]]:
        """Latencies in seconds and answers by kind, of what was under way between two moments."""
        rows = {
            kind: [one for one in self._seen[kind] if one[0] < ended and started < one[0] + one[1]]
            for kind in KINDS
        }
        return (
            {kind: [one[1] for one in found] for kind, found in rows.items()},
            {kind: dict(Counter(one[2] for one in found)) for kind, found in rows.items()},
        )

    def begun(self, started: float, ended: float) -> dict[str, list[float]]:
        """Latencies in seconds by kind, of what began between two moments."""
        return {
            kind: [one[1] for one in self._seen[kind] if started <= one[0] < ended]
            for kind in KINDS
        }

    async def answered(self, ended: float) -> None:
        """Wait until all that began before a moment has its answer."""
        while any(started < ended for started in self._under_way.values()):
            await asyncio.sleep(0.05)

    def well_since(self, started: float) -> bool:
        """Whether the last answers to every kind of request that began after `started` are good."""
        for kind in KINDS:
            last = [one[2] for one in self._seen[kind] if one[0] >= started][-2:]
            if len(last) < 2 or not all(answer.startswith("2") for answer in last):
                return False
        return True

    async def read(self) -> httpx.Response:
        """A page of the shop next door, every other one of a kind nobody asked for before."""
        self._pages += 1
        path = f"/api/v1/storefront/products/{self._handle}"
        if self._pages % 2:
            path = f"/api/v1/storefront/products?min_price={self._pages}"
        return await self._client.get(path, headers={"x-tenant": WINDOW})

    async def checkout(self) -> httpx.Response:
        store = "/api/v1/storefront"
        cart = await self._client.post(f"{store}/carts", json={})
        if cart.status_code != 201:
            return cart
        line = await self._client.post(
            f"{store}/carts/{cart.json()['id']}/lines",
            json={"variant_id": str(self._variant), "quantity": 1},
            headers=_owner(cart),
        )
        if line.status_code >= 300:
            return line
        return await self._client.post(
            f"{store}/checkout",
            json={
                "cart_id": cart.json()["id"],
                "email": "ada@example.com",
                "shipping_address": ADDRESS,
            },
            headers={"idempotency-key": str(uuid4()), **_owner(cart)},
        )

    async def upload(self) -> httpx.Response:
        return await self._client.post(
            "/api/v1/admin/media",
            content=PNG + os.urandom(2_000),
            headers={"authorization": f"Bearer {self._token}", "content-type": "image/png"},
        )

    async def circuits(self) -> dict[str, str]:
        """The circuits as health tells them."""
        answer = await self._client.get("/health/ready")
        return {
            one["name"].removeprefix("circuit "): one.get("reason", "")
            for one in answer.json()["checks"]
            if one["name"].startswith("circuit ")
        }


def _described(answer: httpx.Response) -> str:
    """The status, of a problem its code, and whether it is a kept answer past its time."""
    if answer.status_code < 400:
        is_stale = "stale" in answer.headers.get("cache-status", "")
        return f"{answer.status_code} stale" if is_stale else str(answer.status_code)
    try:
        return f"{answer.status_code} {answer.json()['code']}"
    except (ValueError, KeyError):
        return str(answer.status_code)


def _owner(cart: httpx.Response) -> dict[str, str]:
    token = cart.json().get("token")
    return {"x-cart-token": token} if token else {}
