"""Does memory stay flat? A server under a steady, low load for half an hour, watched from outside.

    python -m benchmarks.soak [--minutes 30] [--rate 20] [--place sqlite|postgres] [--json FILE]

The load is the mix of `rustok bench http` (reads, carts, orders), so many requests a second. Resident
memory and open files of the server are read every few seconds. Judged is what comes after the first
third, when caches are full: the slope of a straight line through it, and what it would come to in a
day of steady growth. A restart a week is nothing; a slope that fills a machine in a week is a leak.

The pages that SQLite keeps are bounded, but at 16 MiB a connection they would fill for hours and hide
a leak behind them, so here each connection keeps SQLITE_CACHE_MIB (`--cache` for others).
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import psutil
import uvloop

from benchmarks.servers import TENANT, database, fill, server
from rustok.cli.bench_client import Answered, Ask, Measured, Shopper, load
from rustok.cli.bench_shoppers import Shop, visitor
from rustok.telemetry import logs

MIB: Final = 1024 * 1024
EVERY_SECONDS: Final = 5.0
AT_MOST_MIB_AN_HOUR: Final = 6.0
PRODUCTS: Final = 200
SQLITE_CACHE_MIB: Final = 2


class Sample(msgspec.Struct, frozen=True):
    """The server at a moment; `seconds` since the load began."""

    seconds: float
    rss_mib: float
    open_files: int


class Soaked(msgspec.Struct, frozen=True):
    """What a run showed.

    Attributes:
        slope_mib_an_hour: of a line through the samples after the first third.
        rise_mib: the median of the last tenth over that of the tenth after the first third.
    """

    minutes: float
    requests: int
    errors: int
    refused: int
    first_mib: float
    settled_mib: float
    last_mib: float
    rise_mib: float
    slope_mib_an_hour: float
    most_open_files: int
    samples: list[Sample]


class Throttle:
    """Lets one request go every so often; shoppers share it."""

    def __init__(self, per_second: float) -> None:
        self._gap = 1 / per_second
        self._next = time.perf_counter()

    def wait(self) -> float:
        """Seconds until it is the caller's turn."""
        now = time.perf_counter()
        self._next = max(self._next + self._gap, now)
        return self._next - now


async def _visits(shop: Shop, rate: float, seconds: float, found: Measured) -> None:
    """One request after the other in the mix, each on the connection of one of four visitors."""
    throttle = Throttle(rate)
    visitors = [visitor(shop, random.Random(number)) for number in range(4)]
    asks = [next(one) for one in visitors]
    end = time.perf_counter() + seconds
    number = 0
    while time.perf_counter() < end:
        await asyncio.sleep(throttle.wait())
        which = number % len(visitors)
        got: list[Answered] = []

        def once(ask: Ask = asks[which], got: list[Answered] = got) -> Shopper:
            got.append((yield ask))

        one = await load(shop.host, shop.port, [once()], seconds=None)
        for status, count in one.errors.items():
            found.errors[status] = found.errors.get(status, 0) + count
        for status, count in one.refused.items():
            found.refused[status] = found.refused.get(status, 0) + count
        number += 1
        found.milliseconds.setdefault("all", []).append(0.0)
        asks[which] = visitors[which].send(got[0] if got else Answered(0, b"", b""))


async def _watch(
    pid: int, seconds: float, samples: list[Sample], tick: Callable[[Sample], None]
) -> None:
    process = psutil.Process(pid)
    started = time.perf_counter()
    while (passed := time.perf_counter() - started) < seconds:
        sample = Sample(round(passed, 1), process.memory_info().rss / MIB, process.num_fds())
        samples.append(sample)
        tick(sample)
        await asyncio.sleep(EVERY_SECONDS)


async def soak(
    place: str, *, minutes: float, rate: float, cache_mib: int, tick: Callable[[Sample], None]
) -> Soaked:
    """Fill a database, start a server on it and ask it for so long.

    Args:
        rate: requests a second.
        cache_mib: of each connection of SQLite.
        tick: told of every sample.
    """
    samples: list[Sample] = []
    found = Measured()
    with tempfile.TemporaryDirectory(prefix="rustok-soak-") as folder:
        async with database(place, Path(folder)) as settings:
            await fill(settings, count=PRODUCTS)
            more = {"DATABASE__SQLITE_CACHE_BYTES": str(cache_mib * MIB)}
            with server(settings, TELEMETRY__LOG_LEVEL="WARNING", **more) as (port, pid):
                shop = Shop("127.0.0.1", port, TENANT)
                await shop.learn()
                await asyncio.gather(
                    _visits(shop, rate, minutes * 60, found),
                    _watch(pid, minutes * 60, samples, tick),
                )
    return _judged(samples, found, minutes)


def _judged(samples: list[Sample], found: Measured, minutes: float) -> Soaked:
    settled = samples[len(samples) // 3 :]
    tenth = max(1, len(samples) // 10)
    before = statistics.median(one.rss_mib for one in settled[:tenth])
    after = statistics.median(one.rss_mib for one in settled[-tenth:])
    slope = 0.0
    if len(settled) > 1:
        times = [one.seconds / 3600 for one in settled]
        slope = statistics.linear_regression(times, [one.rss_mib for one in settled]).slope
    return Soaked(
        minutes=minutes,
        requests=found.requests,
        errors=sum(found.errors.values()),
        refused=sum(found.refused.values()),
        first_mib=samples[0].rss_mib,
        settled_mib=before,
        last_mib=after,
        rise_mib=after - before,
        slope_mib_an_hour=slope,
        most_open_files=max(one.open_files for one in samples),
        samples=samples,
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--minutes", type=float, default=30.0)
    arguments.add_argument("--rate", type=float, default=20.0, help="requests a second")
    arguments.add_argument("--place", choices=("sqlite", "postgres"), default="sqlite")
    arguments.add_argument("--cache", type=int, default=SQLITE_CACHE_MIB, help="MiB a connection")
    arguments.add_argument("--json", type=Path)
    given = arguments.parse_args()
    logs.configure(level="WARNING", log_format="console")

    def told(sample: Sample) -> None:
        if round(sample.seconds) % 60 < EVERY_SECONDS:
            print(f"{sample.seconds / 60:6.1f} min {sample.rss_mib:8.1f} MiB", flush=True)

    soaked = uvloop.run(
        soak(
            given.place,
            minutes=given.minutes,
            rate=given.rate,
            cache_mib=given.cache,
            tick=told,
        )
    )
    if given.json is not None:
        given.json.write_bytes(msgspec.json.format(msgspec.json.encode(soaked)))
    print(
        f"{soaked.requests:,} requests in {soaked.minutes:g} min, {soaked.errors} errors, "
        f"{soaked.refused} refused; memory {soaked.first_mib:.1f} MiB at first, "
        f"{soaked.settled_mib:.1f} after a third, {soaked.last_mib:.1f} at the end; "
        f"slope {soaked.slope_mib_an_hour:+.2f} MiB an hour; "
        f"at most {soaked.most_open_files} open files"
    )
    sys.exit(0 if soaked.slope_mib_an_hour <= AT_MOST_MIB_AN_HOUR and not soaked.errors else 1)


if __name__ == "__main__":
    main()
