"""Who asks for what under load: readers, shoppers who fill carts, shoppers who buy.

What is popular follows Zipf's law: the product of rank r is asked for 1/r^1.1 times as often as the
first. Refuses: measuring (`bench_client` does) and knowing the server beyond its public API.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from typing import Final, Literal
from urllib.parse import quote

import msgspec

from rustok.cli.bench_client import Answered, Ask, Shopper, fetch
from rustok.core.errors import NotFound
from rustok.core.ids import new_id_text

Scenario = Literal["mix", "list", "page", "not-modified", "search", "checkout"]
SCENARIOS: Final[tuple[Scenario, ...]] = (
    "mix", "list", "page", "not-modified", "search", "checkout",
)  # fmt: skip
READS, CARTS = 0.90, 0.09
"""Shares of the mix; the rest are checkouts."""
PAGE_SIZE: Final = 20
_ZIPF: Final = 1.1
_MOST_PRODUCTS: Final = 2_000
_SHOP: Final = "/api/v1/storefront"
_WORDS: Final = ("linen", "oak", "cup", "wool", "lamp", "bowl", "table", "glass")


class NothingForSale(NotFound):
    code = "nothing_for_sale"
    title = "The tenant has no products that can be bought"
    mend = "Name a tenant with products (--tenant), or prepare the demo: rustok demo --seed-only"


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A product as the driver knows it."""

    handle: str
    title: str
    variant_id: str | None
    in_stock: bool


class _Page(msgspec.Struct, frozen=True, kw_only=True):
    items: list[Item]
    next_cursor: str | None


class _Made(msgspec.Struct, frozen=True, kw_only=True):
    id: str


class Shop:
    """A tenant of a running server, and what it sells.

    Args:
        tenant: sent as X-Tenant; None where the host or the only tenant says it.
    """

    def __init__(self, host: str, port: int, tenant: str | None) -> None:
        self.host, self.port = host, port
        lines = [f"host: {host}:{port}", "accept-encoding: gzip, br", "accept-language: en"]
        if tenant is not None:
            lines.append(f"x-tenant: {tenant}")
        self._head = "".join(f"{line}\r\n" for line in lines)
        self.items: list[Item] = []
        self.buyable: list[Item] = []

    def get(self, path: str, *headers: str) -> bytes:
        more = "".join(f"{one}\r\n" for one in headers)
        return f"GET {_SHOP}{path} HTTP/1.1\r\n{self._head}{more}\r\n".encode()

    def post(self, path: str, content: object, *headers: str) -> bytes:
        body = msgspec.json.encode(content)
        more = "".join(f"{one}\r\n" for one in headers)
        head = (
            f"POST {_SHOP}{path} HTTP/1.1\r\n{self._head}{more}"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    async def learn(self) -> None:
        """Find what there is.

        Raises:
            NothingForSale: no product.
            OSError: nobody listens there.
        """
        cursor: str | None = None
        while len(self.items) < _MOST_PRODUCTS:
            path = "/products?limit=100" + (f"&cursor={cursor}" if cursor else "")
            # Plain: what is read here is not compressed.
            request = self.get(path).replace(b"accept-encoding: gzip, br\r\n", b"")
            answer = await fetch(self.host, self.port, request)
            if answer.status != 200:
                raise NothingForSale(
                    f"The list of products answers {answer.status}: "
                    f"{answer.body[:200].decode(errors='replace')}"
                )
            page = msgspec.json.decode(answer.body, type=_Page)
            self.items += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        if not self.items:
            raise NothingForSale("The list of products is empty.")
        self.buyable = [one for one in self.items if one.in_stock and one.variant_id]

    def popular(self, items: Sequence[Item], rng: random.Random) -> Iterator[Item]:
        """Endlessly, by Zipf's law; drawn ahead, so that drawing is not measured."""
        weights = [1 / rank**_ZIPF for rank in range(1, len(items) + 1)]
        return itertools.cycle(rng.choices(items, weights, k=5_000))


_ADDRESS: Final = {
    "name": "Ada Lovelace",
    "line1": "Lindenallee 5",
    "postal_code": "20095",
    "city": "Hamburg",
    "country": "DE",
}


def _same(ask: Ask) -> Shopper:
    while True:
        yield ask


def list_reader(shop: Shop) -> Shopper:
    """Reads the first page of the list, again and again."""
    return _same(Ask("list", shop.get(f"/products?limit={PAGE_SIZE}")))


def page_reader(shop: Shop, rng: random.Random) -> Shopper:
    """Reads product pages by popularity."""
    for item in shop.popular(shop.items, rng):
        yield Ask("page", shop.get(f"/products/{quote(item.handle)}"))


def known_reader(shop: Shop) -> Shopper:
    """Asks for a list it has."""
    answer = yield Ask("", shop.get(f"/products?limit={PAGE_SIZE}"))
    etag = _header(answer, b"etag")
    ask = Ask("not-modified", shop.get(f"/products?limit={PAGE_SIZE}", f"if-none-match: {etag}"))
    while True:
        yield ask


def searcher(shop: Shop, rng: random.Random) -> Shopper:
    """Searches for words of titles."""
    words = sorted({word.lower() for one in shop.items[:500] for word in one.title.split()})
    found = [quote(word) for word in words if len(word) > 2] or list(_WORDS)
    while True:
        yield Ask("search", shop.get(f"/products?limit={PAGE_SIZE}&q={rng.choice(found)}"))


def buyer(shop: Shop, rng: random.Random, *, carts: int) -> tuple[Shopper, Shopper]:
    """Two shoppers: one that fills `carts` carts of two lines, one that then orders them all."""
    ready: list[str] = []
    pairs = max(1, len(shop.buyable) // 2)

    def fill() -> Shopper:
        for _ in range(carts):
            answer = yield Ask("", shop.post("/carts", {}))
            if answer.status != 201:
                continue
            cart = msgspec.json.decode(answer.body, type=_Made).id
            first = rng.randrange(pairs) * 2
            for item in (shop.buyable[first], shop.buyable[(first + 1) % len(shop.buyable)]):
                line = {"variant_id": item.variant_id, "quantity": 1}
                yield Ask("", shop.post(f"/carts/{cart}/lines", line))
            ready.append(cart)

    def order() -> Shopper:
        for cart in ready:
            yield Ask("checkout", _checkout(shop, cart))

    return fill(), order()


def _checkout(shop: Shop, cart: str) -> bytes:
    return shop.post(
        "/checkout",
        {"cart_id": cart, "email": "ada@example.com", "shipping_address": _ADDRESS},
        f"idempotency-key: {new_id_text()}",
    )


def visitor(shop: Shop, rng: random.Random) -> Shopper:
    """One of the mix: mostly reads, now and then puts something in a cart, seldom buys it."""
    popular = shop.popular(shop.items, rng)
    wanted = shop.popular(shop.buyable, rng) if shop.buyable else None
    lists = [
        shop.get(f"/products?limit={PAGE_SIZE}{more}")
        for more in ("", "&sort=price_asc", "&sort=title", "&in_stock=true")
    ]
    search = searcher(shop, rng)
    next(search)
    cart: str | None = None
    filled = False
    while True:
        roll = rng.random()
        if roll < READS or wanted is None:
            if roll < READS * 0.35:
                yield Ask("list", rng.choice(lists))
            elif roll < READS * 0.90:
                yield Ask("page", shop.get(f"/products/{quote(next(popular).handle)}"))
            else:
                yield search.send(Answered(200, b"", b""))
            continue
        if cart is None:
            answer = yield Ask("cart", shop.post("/carts", {}))
            if answer.status != 201:
                continue
            cart, filled = msgspec.json.decode(answer.body, type=_Made).id, False
        if roll < READS + CARTS or not filled:
            line = {"variant_id": next(wanted).variant_id, "quantity": 1}
            answer = yield Ask("cart", shop.post(f"/carts/{cart}/lines", line))
            filled = filled or answer.status == 201
        else:
            yield Ask("checkout", _checkout(shop, cart))
            cart = None


def _header(answer: Answered, name: bytes) -> str:
    for line in answer.head.split(b"\r\n")[1:]:
        key, _, value = line.partition(b": ")
        if key.lower() == name:
            return value.decode("latin-1")
    return ""


def shoppers(scenario: Scenario, shop: Shop, count: int, *, seed: int = 1) -> list[Shopper]:
    """`count` shoppers of a scenario, the same for the same seed; `checkout` has `buyer` instead."""
    made: list[Shopper] = []
    for number in range(count):
        rng = random.Random(seed * 1_000 + number)  # noqa: S311 - a load, the same every time
        match scenario:
            case "list":
                made.append(list_reader(shop))
            case "page":
                made.append(page_reader(shop, rng))
            case "not-modified":
                made.append(known_reader(shop))
            case "search":
                made.append(searcher(shop, rng))
            case _:
                made.append(visitor(shop, rng))
    return made
