"""How much slower lists and searches get with size: 100,000 products of 2,000 tenants beside 100 of one.

    python -m benchmarks.scale_reads [sqlite] [postgres] [--big URL] [--json FILE]

For each database two are filled by `benchmarks.scale`, a server is started on each, and both are asked
in turns over one connection, so that what is measured is the answer and not a queue. The caches of
answers are off. Tenants are asked for by Zipf's law, as they are large: the first, with an eighth of
all products, most often. A search is for the name of a thing the tenant has, two words, which finds
one or two on either side. A search for one word of it finds a hundred in the largest tenant and one
in the small: it is measured, too, without a goal, since the two answers are not the same work.

`--big` takes a database that `benchmarks.scale` has filled already: with `sqlite` its URL, with
`postgres` that of a superuser.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

import msgspec
import uvloop

from benchmarks import figures
from benchmarks.figures import Figure
from benchmarks.scale import Plan, fill
from benchmarks.scale_writing import open_writing
from benchmarks.servers import POSTGRES, database, server, settings_of
from rustok.cli.bench_client import Ask, Measured, Shopper, fetch, load
from rustok.cli.bench_shoppers import PAGE_SIZE, Shop
from rustok.server.settings import Settings
from rustok.telemetry import logs

ROUNDS: Final = 5
AT_MOST: Final = 1.5
SMALL: Final = Plan(tenants=1, products=100, nodes=10, orders=50)
_SORTS: Final = ("", "&sort=price_asc", "&sort=price_desc", "&sort=title")


class _Tenant(msgspec.Struct, frozen=True):
    shop: Shop
    names: list[str]


class _Page(msgspec.Struct, frozen=True):
    items: list[_Item]


class _Item(msgspec.Struct, frozen=True):
    title: str


@contextlib.asynccontextmanager
async def _filled(kind: str, folder: Path, plan: Plan) -> AsyncIterator[Settings]:
    folder.mkdir()  # noqa: ASYNC240 - nothing else runs yet
    async with database(kind, folder, name=f"rustok_scale_{plan.tenants}") as settings:
        writing = await open_writing(_owner_url(settings))
        done = await fill(writing, plan)
        print(f"      {kind}: {done.rows:,} rows in {done.seconds:.0f} s", flush=True)
        yield settings


def _owner_url(settings: Settings) -> str:
    url = str(settings.database.url)
    if url.startswith("sqlite"):
        return url
    return f"{POSTGRES.rpartition('/')[0]}/{url.rpartition('/')[2]}"


async def _tenants(port: int, plan: Plan, rng: random.Random, count: int) -> list[_Tenant]:
    """`count` tenants by Zipf's law, each with words of its own titles."""
    weights = [1 / rank for rank in range(1, plan.tenants + 1)]
    known: dict[int, _Tenant] = {}
    drawn = rng.choices(range(1, plan.tenants + 1), weights, k=count)
    for number in set(drawn):
        shop = Shop("127.0.0.1", port, f"scale{plan.seed}-{number:05}")
        request = shop.get("/products?limit=50").replace(b"accept-encoding: gzip, br\r\n", b"")
        answer = await fetch(shop.host, port, request)
        page = msgspec.json.decode(answer.body, type=_Page)
        names = sorted({" ".join(item.title.lower().split()[:2]) for item in page.items})
        known[number] = _Tenant(shop, names)
    return [known[number] for number in drawn]


def _asking(tenants: list[_Tenant], rng: random.Random, kind: str) -> Shopper:
    for tenant in tenants:
        words = rng.choice(tenant.names)
        if kind == "one-word search":
            words = rng.choice(words.split())
        more = rng.choice(_SORTS) if kind == "list" else f"&q={quote(words)}"
        yield Ask(kind, tenant.shop.get(f"/products?limit={PAGE_SIZE}{more}"))


async def _round(port: int, plan: Plan, seed: int, count: int, kind: str) -> Measured:
    rng = random.Random(f"{seed}/{kind}")
    tenants = await _tenants(port, plan, rng, count)
    found = await load("127.0.0.1", port, [_asking(tenants, rng, kind)], seconds=None)
    if found.errors or found.refused:
        raise RuntimeError(f"not all was answered: {found.errors} {found.refused}")
    return found


async def measure(
    kind: str, small: Settings, large: Settings, plan: Plan, *, count: int, rounds: int
) -> Iterator[Figure]:
    """p95 of lists and searches on both, in turns."""
    made = []
    off = {"HTTP__STOREFRONT_CACHE_BYTES": "0", "TELEMETRY__LOG_LEVEL": "WARNING"}
    with server(small, **off) as (small_port, _), server(large, **off) as (large_port, _):
        for what in ("list", "search", "one-word search"):
            pairs: list[tuple[Measured, Measured]] = []
            for number in range(rounds + 1):
                one = await _round(small_port, SMALL, number, count, what)
                other = await _round(large_port, plan, number, count, what)
                if number:
                    pairs.append((one, other))
            made.append(_figure(kind, what, pairs))
    return iter(made)


def _figure(kind: str, what: str, pairs: list[tuple[Measured, Measured]]) -> Figure:
    def ratio(part: float) -> float:
        return statistics.median(b.quantile(part) / a.quantile(part) for a, b in pairs)

    p95 = [
        statistics.median(one.quantile(0.95) for one in side) for side in zip(*pairs, strict=True)
    ]
    p50 = [
        statistics.median(one.quantile(0.5) for one in side) for side in zip(*pairs, strict=True)
    ]
    return Figure(
        name=f"{what} at size on {kind}: p95 over that of {SMALL.products}",
        ours=ratio(0.95),
        unit="times",
        at_most=None if what == "one-word search" else AT_MOST,
        note=f"p95 {p95[1]:.2f} ms beside {p95[0]:.2f} ms; p50 {p50[1]:.2f} beside {p50[0]:.2f} ms, "
        f"{ratio(0.5):.2f} times; {len(pairs)} rounds of {pairs[0][0].requests}",
    )


async def run(
    kinds: list[str], plan: Plan, *, big: str | None, count: int, rounds: int
) -> list[Figure]:
    found = []
    for kind in kinds:
        with tempfile.TemporaryDirectory(prefix="rustok-scale-") as name:
            folder = Path(name)
            async with contextlib.AsyncExitStack() as stack:
                small = await stack.enter_async_context(_filled(kind, folder / "small", SMALL))
                if big is not None:
                    large = settings_of(kind, big)
                else:
                    large = await stack.enter_async_context(_filled(kind, folder / "large", plan))
                for figure in await measure(kind, small, large, plan, count=count, rounds=rounds):
                    found.append(figure)
                    print(figures.line(figure), flush=True)
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("databases", nargs="*", metavar="DATABASE", help="sqlite, postgres")
    arguments.add_argument("--big", help="a filled database")
    arguments.add_argument("--tenants", type=int, default=Plan().tenants)
    arguments.add_argument("--products", type=int, default=Plan().products)
    arguments.add_argument("--count", type=int, default=400, help="requests of a round")
    arguments.add_argument("--rounds", type=int, default=ROUNDS)
    arguments.add_argument("--json", type=Path)
    given = arguments.parse_args()
    plan = msgspec.structs.replace(Plan(), tenants=given.tenants, products=given.products)
    logs.configure(level="WARNING", log_format="console")
    kinds = given.databases or ["sqlite", "postgres"]
    found = uvloop.run(run(kinds, plan, big=given.big, count=given.count, rounds=given.rounds))
    if given.json is not None:
        given.json.write_bytes(msgspec.json.format(msgspec.json.encode(found)))
    sys.exit(1 if any(one.passed is False for one in found) else 0)


if __name__ == "__main__":
    main()
