"""Every figure the project promises, measured beside its limit in the same run, with pass or fail.

    python -m benchmarks.proof [hot] [checkout] [relay] [import] [startup] [calls] [--json FILE]

Without names all parts run, in about ten minutes. PostgreSQL, pgbench and nats-server are used where
they are found; a part that misses one says so and is no failure. Ratios are medians of rounds that
alternate between ours and the limit; on a busy machine only they mean something.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import msgspec
import uvloop

from benchmarks import figures, limits
from benchmarks.figures import Figure
from benchmarks.servers import POSTGRES, TENANT, database, fill, server
from rustok.cli.bench import measure
from rustok.cli.bench_client import load
from rustok.cli.bench_shoppers import Scenario, Shop, buyer
from rustok.telemetry import logs

ROUNDS: Final = 5
CLIENTS: Final = 8
Show = Callable[[Figure], None]


async def hot(folder: Path, show: Show) -> None:
    """Storefront reads on one worker, with everything on, beside Granian alone."""
    async with database("sqlite", folder) as settings:
        await fill(settings, count=60)
        wanted: tuple[tuple[str, Scenario, float], ...] = (
            ("product list of 20, hot", "list", 0.45),
            ("product page, hot", "page", 0.45),
            ("not modified", "not-modified", 0.55),
        )
        with server(settings, **UNLIMITED) as (port, pid):
            for name, scenario, at_least in wanted:
                await _beside_granian(name, scenario, at_least, port, pid, show)
        with server(settings, HTTP__STOREFRONT_CACHE_BYTES="0", **UNLIMITED) as (port, pid):
            await _beside_granian("product list of 20, cold", "list", 0.15, port, pid, show)
            await _beside_granian("product page, cold", "page", 0.15, port, pid, show)


UNLIMITED: Final = {"TELEMETRY__LOG_LEVEL": "INFO"}
"""The limits stay on, and are higher than one client on one address ever asks."""


async def _beside_granian(
    name: str, scenario: Scenario, at_least: float, port: int, pid: int, show: Show
) -> None:
    found = await measure(
        Shop("127.0.0.1", port, TENANT),
        scenario,
        seconds=1.5,
        rounds=ROUNDS,
        connections=16,
        with_limit=True,
        pid=pid,
    )
    show(
        Figure(
            name=name,
            ours=found.per_second,
            limit=found.limit_per_second,
            ratio=found.ratio,
            at_least=at_least,
            unit="requests/s",
            note=f"errors {found.errors}, refused {found.refused}; processor time "
            f"{found.cpu_us or 0:.0f} us beside {found.limit_cpu_us or 0:.0f} us, "
            f"ratio {found.cpu_ratio or 0:.2f}",
        )
    )


async def checkout(folder: Path, show: Show) -> None:
    """Placed orders beside the least a transaction costs, on both databases."""

    async def bare_sqlite() -> float:
        return await asyncio.to_thread(limits.sqlite_inserts, folder, 1.5, synchronous="FULL")

    await _orders("sqlite", folder, bare_sqlite, 0.25, "sqlite3 inserts, FULL", show)
    try:
        await asyncio.to_thread(limits.pgbench, POSTGRES, 1, clients=CLIENTS, prepare=True)
    except RuntimeError as error:
        show(figures.skipped("checkout on PostgreSQL", str(error)))
        return

    async def bare_postgres() -> float:
        return await asyncio.to_thread(limits.pgbench, POSTGRES, 2, clients=CLIENTS, prepare=False)

    await _orders("postgres", folder, bare_postgres, 0.10, "pgbench -N, 8 clients", show)
    bare = await limits.asyncpg_inserts(POSTGRES, 2, clients=CLIENTS)
    show(Figure(name="asyncpg inserts, 8 tasks (for comparison)", ours=bare, unit="tx/s"))


async def _orders(
    kind: str,
    folder: Path,
    bare: Callable[[], Awaitable[float]],
    at_least: float,
    beside: str,
    show: Show,
) -> None:
    import random  # late: a load only

    rates: list[float] = []
    bares: list[float] = []
    errors = 0
    async with database(kind, folder) as settings:
        await fill(settings, count=100)
        with server(settings) as (port, _):
            shop = Shop("127.0.0.1", port, TENANT)
            await shop.learn()
            for number in range(ROUNDS + 1):
                pairs = [
                    buyer(shop, random.Random(number * 100 + one), carts=40)
                    for one in range(CLIENTS)
                ]
                await load("127.0.0.1", port, [one for one, _ in pairs], seconds=None)
                await asyncio.sleep(1)  # the relay has its say before the clock runs
                measured = await load("127.0.0.1", port, [two for _, two in pairs], seconds=None)
                other = await bare()
                if number:
                    rates.append(measured.per_second)
                    bares.append(other)
                    errors += sum(measured.errors.values()) + sum(measured.refused.values())
    ratios = [ours / other for ours, other in zip(rates, bares, strict=True)]
    show(
        Figure(
            name=f"checkout over HTTP on {kind}",
            ours=statistics.median(rates),
            limit=statistics.median(bares),
            ratio=statistics.median(ratios),
            at_least=at_least,
            unit="orders/s",
            note=f"beside {beside}; {min(ratios):.2f} to {max(ratios):.2f}; failed {errors}",
        )
    )


async def relay(folder: Path, show: Show) -> None:
    """Events from the outbox to the committed effect."""
    from benchmarks import relay_proof  # late: needs nats-server

    await relay_proof.run(folder, show)


async def imports(folder: Path, show: Show) -> None:
    """10,000 products of a Shopify export into SQLite."""
    from benchmarks import import_proof  # late: of this part alone

    await import_proof.run(folder, show)


async def startup(folder: Path, show: Show) -> None:
    """Cold start and idle memory, with the demo's data."""
    from benchmarks import startup as measured  # late: of this part alone

    for figure in await asyncio.to_thread(measured.figures, 5):
        show(figure)


async def calls(folder: Path, show: Show) -> None:
    """Single calls, beside a library that does the same."""
    from benchmarks import calls as measured  # late: of this part alone

    for figure in await asyncio.to_thread(measured.figures):
        show(figure)


PARTS: Final[dict[str, Callable[[Path, Show], Awaitable[None]]]] = {
    "hot": hot,
    "checkout": checkout,
    "relay": relay,
    "import": imports,
    "startup": startup,
    "calls": calls,
}


async def run(names: list[str]) -> list[Figure]:
    found: list[Figure] = []

    def show(figure: Figure) -> None:
        found.append(figure)
        print(figures.line(figure), flush=True)

    for name in names:
        with tempfile.TemporaryDirectory(prefix="rustok-proof-") as folder:
            await PARTS[name](Path(folder), show)
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    arguments.add_argument("--json", type=Path)
    given = arguments.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        arguments.error(f"no such part: {', '.join(sorted(unknown))}")
    logs.configure(level="WARNING", log_format="console")
    found = uvloop.run(run(given.parts or list(PARTS)))
    if given.json is not None:
        given.json.write_bytes(msgspec.json.format(msgspec.json.encode(found)))
    missed = [one.name for one in found if one.passed is False]
    print(f"{sum(one.passed is True for one in found)} met, {len(missed)} missed"
          + (f": {', '.join(missed)}" if missed else ""))  # fmt: skip
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
