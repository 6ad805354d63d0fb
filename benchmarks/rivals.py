"""Our breaker, cache and retry beside the best-known libraries of their kind, in one run.

    python -m benchmarks.rivals

Prints nanoseconds per call, the best and the median of many rounds taken in turn, and the ratio of the
bests to ours. The best is what the call costs, the median what a busy machine makes of it. Libraries
that are not installed are left out (`make rivals` installs them, extra `bench`).
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import logging
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

from rustok.core.cache.cache import Cache
from rustok.core.cache.settings import CacheSettings
from rustok.core.resilience.breaker_settings import BreakerSettings
from rustok.core.resilience.circuit_breaker import CircuitBreaker
from rustok.core.resilience.retry import RetryPolicy, retry

ROUNDS: Final = 41
CALLS: Final = 2_000
CALLERS: Final = 1_000

Round = Callable[[int], Awaitable[None]]


def installed(name: str) -> bool:
    """Whether a library can be imported."""
    return importlib.util.find_spec(name) is not None


async def work() -> int:
    return 1


async def fail() -> int:
    raise OSError


async def compare(title: str, rounds: dict[str, Round]) -> None:
    """Run the rounds in turn and print their medians."""
    seen: dict[str, list[float]] = {name: [] for name in rounds}
    for run in rounds.values():
        await run(50)
    for _ in range(ROUNDS):
        for name, run in rounds.items():
            started = time.perf_counter()
            await run(CALLS)
            seen[name].append((time.perf_counter() - started) / CALLS * 1e9)
    best = {name: min(found) for name, found in seen.items()}
    print(f"\n{title:30}{'best':>6}{'median':>13}")
    for name, nanoseconds in sorted(best.items(), key=lambda pair: pair[1]):
        median = statistics.median(seen[name])
        ratio = nanoseconds / best["rustok"]
        print(f"  {name:24}{nanoseconds:10,.0f}{median:10,.0f} ns  {ratio:6.2f} x ours")


def repeated(call: Callable[..., Awaitable[object]], *given: object) -> Round:
    """A round of the same call."""

    async def run(count: int) -> None:
        for _ in range(count):
            await call(*given)

    return run


def refused(call: Callable[..., Awaitable[object]], *given: object) -> Round:
    """A round of a call that is refused each time."""

    async def run(count: int) -> None:
        for _ in range(count):
            try:
                await call(*given)
            except Exception:  # noqa: S112 - being refused is what is measured
                continue

    return run


async def breakers() -> None:
    ok, rejected = {}, {}
    ours = CircuitBreaker("bench", BreakerSettings())
    ok["rustok"] = repeated(ours.call, work)
    opened = CircuitBreaker("bench-open", BreakerSettings(open_seconds=3_600))
    opened.trip("bench")
    rejected["rustok"] = refused(opened.call, work)
    if installed("circuitbreaker"):
        from circuitbreaker import circuit  # late: a rival, if installed

        theirs = circuit(failure_threshold=5, recovery_timeout=3_600, name="ok")(work)
        ok["circuitbreaker"] = repeated(theirs)
        broken = circuit(failure_threshold=5, recovery_timeout=3_600, name="open")(fail)
        rejected["circuitbreaker"] = refused(broken)
        await rejected["circuitbreaker"](10)
    if installed("purgatory"):
        from purgatory import AsyncCircuitBreakerFactory  # late: a rival, if installed

        factory = AsyncCircuitBreakerFactory(default_threshold=5, default_ttl=3_600)
        guarded = factory("ok")(work)
        ok["purgatory"] = repeated(guarded)
        refusing = factory("open")(fail)
        rejected["purgatory"] = refused(refusing)
        await rejected["purgatory"](10)
    await compare("Breaker, call that succeeds", {"bare call": repeated(work), **ok})
    await compare("Breaker, call that is refused", rejected)


async def caches() -> None:
    async def load(key: int) -> int:
        return key

    cache: Cache[int, int] = Cache("bench", load, CacheSettings())
    await cache.get(1)

    async def nowait(count: int) -> None:
        for _ in range(count):
            cache.get_nowait(1)

    hits: dict[str, Round] = {
        "rustok get_nowait": nowait,
        "rustok": repeated(cache.get, 1),
    }
    makers = rival_caches()
    for name, make in makers.items():
        cached = make(load)
        hits[name] = repeated(cached, 1)
    await compare("Cache, hit", hits)
    print(
        f"\n{CALLERS:,} callers of one key at once: loads, and who survives a cancelled first caller"
    )
    for name, make in {"rustok": _ours, **makers}.items():
        loads = await herd(make)
        survivors = await cancelled(make)
        print(f"  {name:24}{loads:6,} load(s)   {survivors}")


def _ours(load: Callable[[int], Awaitable[int]]) -> Callable[[int], Awaitable[int]]:
    return Cache("bench", load, CacheSettings()).get


def rival_caches() -> dict[str, Callable[[Any], Callable[[int], Awaitable[int]]]]:
    """How each rival wraps a load."""
    found: dict[str, Callable[[Any], Callable[[int], Awaitable[int]]]] = {}
    if installed("cachebox"):
        import cachebox  # late: a rival, if installed

        found["cachebox.cached"] = lambda load: cachebox.cached(cachebox.LRUCache(10_000))(load)
    if installed("moka_py"):
        import moka_py  # late: a rival, if installed

        found["moka-py"] = lambda load: moka_py.cached(maxsize=10_000)(load)
        found["moka-py concurrent"] = lambda load: moka_py.cached(
            maxsize=10_000, wait_concurrent=True
        )(load)
    if installed("theine"):
        from theine import Memoize  # late: a rival, if installed

        found["theine"] = lambda load: Memoize(10_000, timedelta(seconds=300))(load)
    if installed("cashews"):
        from cashews import Cache as Cashews  # late: a rival, if installed

        def cashews(load: Any) -> Any:
            store = Cashews()
            store.setup("mem://", size=10_000)
            return store(ttl="5m", lock=True)(load)

        found["cashews"] = cashews
    if installed("aiocache"):
        from aiocache import cached  # late: a rival, if installed

        found["aiocache"] = lambda load: cached(ttl=300)(load)
    return found


def counting() -> tuple[list[int], Callable[[int], Awaitable[int]]]:
    loads = [0]

    async def load(key: int) -> int:
        loads[0] += 1
        await asyncio.sleep(0.05)
        return key

    return loads, load


async def herd(make: Callable[[Any], Callable[[int], Awaitable[int]]]) -> int:
    """How often a value is loaded for many callers at once."""
    loads, load = counting()
    cached = make(load)
    await asyncio.gather(*(cached(1) for _ in range(CALLERS)))
    return loads[0]


async def cancelled(make: Callable[[Any], Callable[[int], Awaitable[int]]]) -> str:
    """What becomes of ten callers when the first of them is cancelled."""
    _, load = counting()
    cached = make(load)

    async def ask() -> int:
        return await cached(1)

    first = asyncio.create_task(ask())
    await asyncio.sleep(0.01)
    others = [asyncio.create_task(ask()) for _ in range(9)]
    await asyncio.sleep(0.01)
    first.cancel()
    done = await asyncio.wait_for(asyncio.gather(*others, return_exceptions=True), 10)
    return f"{sum(one == 1 for one in done)} of 9 answered"


async def retries() -> None:
    policy = RetryPolicy()
    rounds: dict[str, Round] = {"rustok": repeated(lambda: retry(work, policy=policy))}
    if installed("stamina"):
        import stamina  # late: a rival, if installed

        rounds["stamina"] = repeated(stamina.retry(on=OSError, attempts=3)(work))
    await compare("Retry, first call succeeds", rounds)


async def everything() -> None:
    logging.disable(logging.CRITICAL)
    await breakers()
    await caches()
    await retries()


def main() -> None:
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(everything())


if __name__ == "__main__":
    main()
