"""What a read costs in a full cache of 10,000, beside a bare dict and the store underneath."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

import cachebox
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from rustok.core.cache.cache import MISSING, Cache
from rustok.core.cache.settings import CacheSettings

T = TypeVar("T")
KEYS = [f"shop-{number}.example" for number in range(10_000)]
HOT = KEYS[5_000]
ROUNDS = {"rounds": 50, "iterations": 2000, "warmup_rounds": 2}


async def load(key: str) -> str:
    return key.upper()


def filled(settings: CacheSettings) -> Cache[str, str]:
    cache = Cache("bench", load, settings)

    async def fill() -> None:
        for key in KEYS:
            await cache.get(key)

    asyncio.run(fill())
    return cache


def drive(step: Coroutine[object, object, T]) -> T:
    try:
        step.send(None)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
    raise AssertionError("the read suspended")


def test_a_read_from_a_bare_dict(benchmark: BenchmarkFixture) -> None:
    store = {key: key.upper() for key in KEYS}
    assert benchmark.pedantic(store.get, args=(HOT,), **ROUNDS) == HOT.upper()


def test_a_read_from_the_bare_store(benchmark: BenchmarkFixture) -> None:
    store: cachebox.LRUCache[str, str] = cachebox.LRUCache(10_000)
    store.update({key: key.upper() for key in KEYS})
    assert benchmark.pedantic(store.get, args=(HOT,), **ROUNDS) == HOT.upper()


@pytest.mark.parametrize("idle_seconds", [float("inf"), 600.0], ids=["no-idle", "idle"])
def test_a_hit_without_waiting(benchmark: BenchmarkFixture, idle_seconds: float) -> None:
    cache = filled(CacheSettings(idle_seconds=idle_seconds))
    assert benchmark.pedantic(cache.get_nowait, args=(HOT,), **ROUNDS) == HOT.upper()


def test_an_awaited_hit(benchmark: BenchmarkFixture) -> None:
    cache = filled(CacheSettings())
    assert benchmark.pedantic(lambda: drive(cache.get(HOT)), **ROUNDS) == HOT.upper()


def test_a_miss_without_waiting(benchmark: BenchmarkFixture) -> None:
    cache = filled(CacheSettings())
    assert benchmark.pedantic(cache.get_nowait, args=("nobody",), **ROUNDS) is MISSING


def test_a_thousand_callers_of_one_missing_key(benchmark: BenchmarkFixture) -> None:
    loads = 0

    async def count(key: str) -> str:
        nonlocal loads
        loads += 1
        await asyncio.sleep(0)
        return key

    async def stampede() -> None:
        cache = Cache("bench", count)
        await asyncio.gather(*(cache.get(HOT) for _ in range(1000)))

    with asyncio.Runner() as runner:
        benchmark.pedantic(lambda: runner.run(stampede()), rounds=10, iterations=1)
    assert loads == 10
