"""Fills a database with tenants, products, articles and orders by bulk writes, for tests at scale.

    rustok migrate                                        # the schema first
    python -m benchmarks.scale --url sqlite:///big.sqlite3
    python -m benchmarks.scale --url postgresql://postgres@127.0.0.1/big --tenants 2000 --products 100000

Products, articles and orders spread over the tenants by Zipf's law: the first has an eighth of all.
The rows are those the features write, read models and full text included; what only happened (events,
audit entries) is not there. The same seed gives the same rows, but for the salt of one password.
Ctrl-C stops between tenants; the same command goes on where it stopped.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import uvloop

from benchmarks.scale_copying import Copier, Counts, Rows, shares
from benchmarks.scale_shop import PASSWORD, make_patterns
from benchmarks.scale_writing import Writing, open_writing
from rustok.telemetry import logs

ROWS_AT_ONCE: Final = 50_000
Tick = Callable[[int], None]


class Plan(msgspec.Struct, frozen=True):
    """What is to be there at the end."""

    tenants: int = 2_000
    products: int = 100_000
    nodes: int = 10_000
    orders: int = 50_000
    seed: int = 1

    @property
    def name(self) -> str:
        return f"{self.tenants}/{self.products}/{self.nodes}/{self.orders}"

    def counts(self) -> list[Counts]:
        """By tenant, the largest first."""
        return [
            Counts(*one)
            for one in zip(
                shares(self.products, self.tenants),
                shares(self.nodes, self.tenants),
                shares(self.orders, self.tenants),
                strict=True,
            )
        ]


class OtherPlan(ValueError):
    """The database holds tenants of the same seed that were made by another plan."""


class Filled(msgspec.Struct, frozen=True):
    """What a run wrote."""

    tenants: int
    rows: int
    seconds: float


def _ignored(_products: int) -> None:
    return


async def fill(
    writing: Writing, plan: Plan, *, tick: Tick = _ignored, rows_at_once: int = ROWS_AT_ONCE
) -> Filled:
    """Write what is missing of the plan; what is committed stays when it is stopped.

    Args:
        tick: told of every batch written or found, with its number of products.
        rows_at_once: tenants are written together up to so many rows.

    Raises:
        OtherPlan: see there.
    """
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="rustok-scale-") as folder:
        patterns = await make_patterns(Path(folder))
    copier = Copier(patterns, seed=plan.seed, sqlite=writing.sqlite)
    done = await writing.done(f"scale{plan.seed}-")
    if others := {other for other in done.values() if other != plan.name}:
        raise OtherPlan(
            f"there are tenants of seed {plan.seed} from the plan {', '.join(sorted(others))}, "
            f"not {plan.name}: give the same numbers, another --seed, or an empty database"
        )
    waiting: Rows = {}
    products = rows = tenants = 0
    for number, counts in enumerate(plan.counts(), start=1):
        if copier.slug(number) in done:
            tick(counts.products)
            continue
        tenants += 1
        products += counts.products
        for name, more in copier.tenant(number, counts, plan.name).items():
            waiting.setdefault(name, []).extend(more)
        if sum(map(len, waiting.values())) >= rows_at_once or number == plan.tenants:
            rows += await writing.write(waiting)
            tick(products)
            waiting, products = {}, 0
    rows += await writing.write(waiting)
    await writing.finish()
    return Filled(tenants, rows, time.perf_counter() - started)


async def _run(url: str, plan: Plan, tick: Tick) -> Filled:
    writing = await open_writing(url)
    try:
        return await fill(writing, plan, tick=tick)
    finally:
        await writing.close()


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--url", required=True, help="sqlite:///path, or of a superuser")
    default = Plan()
    for name in ("tenants", "products", "nodes", "orders", "seed"):
        arguments.add_argument(f"--{name}", type=int, default=getattr(default, name))
    given = arguments.parse_args()
    plan = Plan(given.tenants, given.products, given.nodes, given.orders, given.seed)
    logs.configure(level="WARNING", log_format="console")
    from rich.console import Console  # late: only this command draws
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("products"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with (
            Progress(*columns, console=Console(stderr=True)) as bar,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            task = bar.add_task("products", total=plan.products)
            filled = runner.run(_run(given.url, plan, lambda more: bar.advance(task, more)))
    except KeyboardInterrupt:
        print("Stopped. The same command goes on where this one stopped.", file=sys.stderr)
        sys.exit(130)
    except OtherPlan as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    rate = filled.rows / max(filled.seconds, 0.001)
    print(
        f"{filled.tenants:,} tenants, {filled.rows:,} rows in {filled.seconds:.0f} s "
        f"({rate:,.0f} rows/s); staff admin@00001.example ..., password {PASSWORD}"
    )


if __name__ == "__main__":
    main()
