"""Single calls: a refusal of the breaker, a hit of the cache, a step of a lifecycle, an event encoded.

Run by `python -m benchmarks.proof calls`. Beside each stands a named library that does the same, where
it is installed (`pip install -e .[bench]`). Times are the best of many batches, so that what else
runs on the machine counts as little as it can.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from benchmarks.figures import Figure
from rustok.core.cache.cache import Cache
from rustok.core.events.event import encode_event
from rustok.core.events.shared import CategoryUpdated
from rustok.core.ids import new_id
from rustok.core.resilience.breaker_settings import BreakerSettings
from rustok.core.resilience.circuit_breaker import CircuitBreaker, CircuitOpen
from rustok.platform.tenants.model import ActiveTenant

BATCHES: Final = 20
CALLS: Final = 1_000


def best_us(call: Callable[[], object]) -> float:
    """Microseconds of one call, in the best of the batches."""
    best = float("inf")
    for _ in range(BATCHES):
        started = time.perf_counter()
        for _ in range(CALLS):
            call()
        best = min(best, time.perf_counter() - started)
    return best / CALLS * 1e6


def library(name: str) -> Any | None:
    """A library to stand beside ours; None when it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def figures() -> list[Figure]:
    return [_rejected(), _hit(), _step(), _encoded()]


def _figure(name: str, ours: float, at_most: float, rival: str, other: float | None) -> Figure:
    beside = f"{rival}: {other:.2f} us" if other is not None else f"{rival} is not installed"
    return Figure(name=name, ours=ours, unit="us", at_most=at_most, note=beside)


def _rejected() -> Figure:
    breaker = CircuitBreaker("bench", BreakerSettings(open_seconds=3600.0))
    breaker.trip("benchmark")

    async def answer() -> int:
        return 1

    def ours() -> None:
        with contextlib.suppress(CircuitOpen, StopIteration):
            breaker.call(answer).send(None)

    other = None
    rival = library("circuitbreaker")
    if rival is not None:
        theirs = rival.CircuitBreaker(failure_threshold=1, recovery_timeout=3600, name="bench")

        @theirs
        def fails() -> None:
            raise OSError

        def call() -> None:
            with contextlib.suppress(OSError, rival.CircuitBreakerError):
                fails()

        call()
        other = best_us(call)
    return _figure("call refused by an open breaker", best_us(ours), 2.0, "circuitbreaker", other)


def _hit() -> Figure:
    async def load(key: str) -> str:
        return key.upper()

    cache: Cache[str, str] = Cache("bench", load)
    asyncio.run(_fill(cache))
    other = None
    rival = library("cachetools")
    if rival is not None:
        theirs = rival.TTLCache(10_000, 300)
        theirs["key-500"] = "x"
        other = best_us(lambda: theirs.get("key-500"))
    ours = best_us(lambda: cache.get_nowait("key-500"))
    return _figure("hit of the cache", ours, 1.0, "cachetools.TTLCache", other)


async def _fill(cache: Cache[str, str]) -> None:
    for number in range(1_000):
        await cache.get(f"key-{number}")


def _step() -> Figure:
    now = datetime.now(UTC)
    tenant = ActiveTenant(
        id=new_id(),
        slug="bench",
        name="Bench",
        default_locale="en",
        locales=["en"],
        currencies=["EUR"],
        modules=[],
        cors_origins=[],
        settings={},
        version=1,
        created_at=now,
        updated_at=now,
    )
    other = None
    rival = library("transitions")
    if rival is not None:
        machine = rival.Machine(
            states=["active", "suspended"],
            initial="active",
            transitions=[
                {"trigger": "suspend", "source": "active", "dest": "suspended"},
                {"trigger": "back", "source": "suspended", "dest": "active"},
            ],
        )

        def turn() -> None:
            machine.suspend()
            machine.back()

        other = best_us(turn) / 2
    ours = best_us(lambda: tenant.suspend(reason="benchmark", at=now))
    return _figure("step of a lifecycle, with its event", ours, 5.0, "transitions", other)


def _encoded() -> Figure:
    tenant, category = new_id(), new_id()

    def ours() -> None:
        encode_event(
            CategoryUpdated(category_id=category, domain="catalog", changed=("name",)),
            tenant_id=tenant,
        )

    other = None
    rival = library("pydantic")
    if rival is not None:
        kind = rival.create_model(
            "Updated",
            category_id=(type(category), ...),
            domain=(str, ...),
            changed=(tuple[str, ...], ...),
        )
        other = best_us(
            lambda: kind(
                category_id=category, domain="catalog", changed=("name",)
            ).model_dump_json()
        )
    return _figure("event validated and encoded", best_us(ours), 5.0, "pydantic", other)
