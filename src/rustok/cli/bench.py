"""`rustok bench`: loads a running server as its visitors would and says how it bears it.

Refuses: a server it was not pointed at; carts and orders of the mix are real ones, so point it at a
tenant made for this. How to read the figures: docs/guides/benchmarks.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import statistics
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import click
import msgspec
import uvloop

from rustok.cli import bench_limits
from rustok.cli.bench_client import Measured, fetch, load
from rustok.cli.bench_shoppers import PAGE_SIZE, SCENARIOS, Scenario, Shop, buyer, shoppers
from rustok.cli.invocation import Invocation

Tick = Callable[[Measured], None]

EPILOG = """\b
Examples:
  rustok bench http --tenant nordlicht
  rustok bench http --tenant nordlicht --scenario page --limit

The mix is 90 % reads, 9 % carts, 1 % orders; products are asked for by Zipf's law. --limit also
measures Granian alone with the same bytes, in turns, and says the ratio."""


class KindFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of request; times are milliseconds to the last byte."""

    kind: str
    requests: int
    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What a load showed: medians over the rounds, all requests together and by kind.

    Attributes:
        limit_per_second: Granian alone with the same bytes; None when not asked for.
        ratio: median of the rounds' ratios to it.
        cpu_ratio: processor time a request costs there over what it costs here; None without the pid.
    """

    scenario: str
    connections: int
    rounds: int
    seconds: float
    requests: int
    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    errors: int
    refused: int
    kinds: list[KindFigures]
    limit_per_second: float | None = None
    ratio: float | None = None
    ratio_min: float | None = None
    ratio_max: float | None = None
    cpu_us: float | None = None
    limit_cpu_us: float | None = None
    cpu_ratio: float | None = None


@click.group()
def bench() -> None:
    """Measure a running server."""


@bench.command(epilog=EPILOG)
@click.option("--url", default="http://127.0.0.1:8000", show_default=True, help="The server.")
@click.option("--tenant", help="Sent as X-Tenant.")
@click.option(
    "--scenario",
    type=click.Choice(SCENARIOS),
    default="mix",
    show_default=True,
    help="What is asked.",
)
@click.option("--seconds", type=click.FloatRange(0.1, 3600), default=5.0, show_default=True,
              help="Time of a round.")  # fmt: skip
@click.option("--rounds", type=click.IntRange(1, 100), default=3, show_default=True)
@click.option("--connections", type=click.IntRange(1, 1000), default=16, show_default=True)
@click.option("--limit", "with_limit", is_flag=True, help="Measure Granian alone in turns.")
@click.option("--pid", type=int, help="Process of the server, for its processor time.")
@click.pass_obj
def http(
    invocation: Invocation,
    url: str,
    tenant: str | None,
    scenario: Scenario,
    seconds: float,
    rounds: int,
    connections: int,
    with_limit: bool,
    pid: int | None,
) -> None:
    """Load a server with readers, carts and orders."""
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname is None:
        raise click.UsageError("--url is an http address such as http://127.0.0.1:8000")
    shop = Shop(parts.hostname, parts.port or 80, tenant)
    with _progress(invocation, rounds * seconds) as tick, uvloop_runner() as runner:
        figures = runner.run(
            measure(
                shop,
                scenario,
                seconds=seconds,
                rounds=rounds,
                connections=connections,
                with_limit=with_limit,
                pid=pid,
                tick=tick,
            )
        )
    invocation.emit(figures, lambda: table(figures))


@contextlib.contextmanager
def uvloop_runner() -> Iterator[asyncio.Runner]:
    """A loop as fast as the server's, so that the client is not what is measured."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        yield runner


async def measure(
    shop: Shop,
    scenario: Scenario,
    *,
    seconds: float,
    rounds: int,
    connections: int,
    with_limit: bool = False,
    pid: int | None = None,
    tick: Tick | None = None,
) -> Figures:
    """Load the server, and in turns its limit.

    Raises:
        NothingForSale: see there.
        OSError: nobody listens there.
    """
    await shop.learn()
    ours: list[_Round] = []
    limits: list[_Round] = []
    with contextlib.ExitStack() as stack:
        limit: tuple[int, int] | None = None
        if with_limit and scenario != "checkout":
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            # The limit of a 304 is the server alone with the whole answer.
            answer = await fetch(shop.host, shop.port, _sample(shop, scenario))
            limit = stack.enter_context(bench_limits.bare_granian(answer, folder))
        for number in range(rounds + 1):
            is_warm_up = number == 0
            span = min(1.0, seconds) if is_warm_up else seconds
            one = await _round(shop, scenario, span, connections, number, pid, tick)
            other = await _limit_round(limit, span, connections) if limit else None
            if not is_warm_up:
                ours.append(one)
                if other is not None:
                    limits.append(other)
    return _figures(scenario, connections, seconds, ours, limits)


class _Round(msgspec.Struct, frozen=True, kw_only=True):
    measured: Measured
    cpu_us: float | None


def _sample(shop: Shop, scenario: Scenario) -> bytes:
    if scenario == "page":
        return shop.get(f"/products/{shop.items[0].handle}")
    return shop.get(f"/products?limit={PAGE_SIZE}")


async def _round(
    shop: Shop,
    scenario: Scenario,
    seconds: float,
    connections: int,
    number: int,
    pid: int | None,
    tick: Tick | None,
) -> _Round:
    if scenario == "checkout":
        return await _checkout_round(shop, seconds, connections, number, pid)
    before = bench_limits.cpu_seconds(pid) if pid else 0.0
    measured = await load(
        shop.host,
        shop.port,
        shoppers(scenario, shop, connections, seed=number + 1),
        seconds=seconds,
        tick=tick,
    )
    return _Round(measured=measured, cpu_us=_cost(measured, pid, before))


async def _checkout_round(
    shop: Shop, seconds: float, connections: int, number: int, pid: int | None
) -> _Round:
    """Carts are filled first and not measured; `seconds` is taken as 40 orders a second."""
    carts = max(1, round(seconds * 40 / connections) * 4)
    pairs = [
        buyer(shop, random.Random(number * 1_000 + one), carts=carts)  # noqa: S311 - a load
        for one in range(connections)
    ]
    await load(shop.host, shop.port, [fill for fill, _ in pairs], seconds=None)
    before = bench_limits.cpu_seconds(pid) if pid else 0.0
    measured = await load(
        shop.host, shop.port, [order for _, order in pairs], seconds=max(seconds, 1.0)
    )
    return _Round(measured=measured, cpu_us=_cost(measured, pid, before))


async def _limit_round(limit: tuple[int, int], seconds: float, connections: int) -> _Round:
    port, pid = limit
    bare = Shop("127.0.0.1", port, None)
    before = bench_limits.cpu_seconds(pid)
    measured = await load("127.0.0.1", port, shoppers("list", bare, connections), seconds=seconds)
    return _Round(measured=measured, cpu_us=_cost(measured, pid, before))


def _cost(measured: Measured, pid: int | None, before: float) -> float | None:
    if not pid or not measured.requests:
        return None
    return (bench_limits.cpu_seconds(pid) - before) * 1e6 / measured.requests


def _figures(
    scenario: str,
    connections: int,
    seconds: float,
    ours: list[_Round],
    limits: list[_Round],
) -> Figures:
    runs = [one.measured for one in ours]
    together = Measured(seconds=sum(one.seconds for one in runs))
    for one in runs:
        for kind, times in one.milliseconds.items():
            together.milliseconds.setdefault(kind, []).extend(times)
    ratios = [
        one.per_second / limit.measured.per_second for one, limit in zip(runs, limits, strict=False)
    ]
    cpu = [one.cpu_us for one in ours if one.cpu_us is not None]
    limit_cpu = [one.cpu_us for one in limits if one.cpu_us is not None]
    return Figures(
        scenario=scenario,
        connections=connections,
        rounds=len(runs),
        seconds=seconds,
        requests=together.requests,
        per_second=statistics.median(one.per_second for one in runs),
        p50_ms=together.quantile(0.5),
        p95_ms=together.quantile(0.95),
        p99_ms=together.quantile(0.99),
        errors=sum(sum(one.errors.values()) for one in runs),
        refused=sum(sum(one.refused.values()) for one in runs),
        kinds=[
            KindFigures(
                kind=kind,
                requests=len(times),
                per_second=len(times) / together.seconds,
                p50_ms=together.quantile(0.5, kind),
                p95_ms=together.quantile(0.95, kind),
                p99_ms=together.quantile(0.99, kind),
            )
            for kind, times in sorted(together.milliseconds.items())
        ],
        limit_per_second=statistics.median(one.measured.per_second for one in limits)
        if limits
        else None,
        ratio=statistics.median(ratios) if ratios else None,
        ratio_min=min(ratios, default=None),
        ratio_max=max(ratios, default=None),
        cpu_us=statistics.median(cpu) if cpu else None,
        limit_cpu_us=statistics.median(limit_cpu) if limit_cpu else None,
        cpu_ratio=statistics.median(limit_cpu) / statistics.median(cpu)
        if cpu and limit_cpu
        else None,
    )


def table(figures: Figures) -> str:
    """The figures for people."""
    lines = [
        f"{'':<14}{'requests':>10}{'per second':>12}{'p50 ms':>10}{'p95 ms':>10}{'p99 ms':>10}"
    ]
    rows = [
        *((k.kind, k.requests, k.per_second, k.p50_ms, k.p95_ms, k.p99_ms) for k in figures.kinds)
    ]
    rows.append(
        (
            "all",
            figures.requests,
            figures.per_second,
            figures.p50_ms,
            figures.p95_ms,
            figures.p99_ms,
        )
    )
    lines += [
        f"{name:<14}{count:>10}{rate:>12.0f}{p50:>10.2f}{p95:>10.2f}{p99:>10.2f}"
        for name, count, rate, p50, p95, p99 in rows
    ]
    lines.append(f"Errors: {figures.errors}. Refused (4xx): {figures.refused}.")
    if figures.ratio is not None:
        lines.append(
            f"Granian alone, same bytes: {figures.limit_per_second:.0f} a second; "
            f"ratio {figures.ratio:.2f} ({figures.ratio_min:.2f} to {figures.ratio_max:.2f}, "
            f"{figures.rounds} rounds in turns)."
        )
    if figures.cpu_us is not None:
        alone = (
            f"; Granian alone {figures.limit_cpu_us:.0f} us, ratio {figures.cpu_ratio:.2f}"
            if figures.cpu_ratio is not None
            else ""
        )
        lines.append(f"Processor time a request: {figures.cpu_us:.0f} us{alone}.")
    return "\n".join(lines)


@contextlib.contextmanager
def _progress(invocation: Invocation, seconds: float) -> Iterator[Tick | None]:
    """A bar on stderr; nothing with --json."""
    if invocation.as_json:
        yield None
        return
    from rich.console import Console  # late: only this command draws
    from rich.progress import (  # late: only this command draws
        BarColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task("load", total=seconds)
        before: dict[int, float] = {}

        def tick(measured: Measured) -> None:
            seen = before.get(id(measured), 0.0)
            before[id(measured)] = measured.seconds
            bars.update(
                task,
                advance=measured.seconds - seen,
                description=f"{measured.per_second:.0f} requests/s",
            )

        yield tick
