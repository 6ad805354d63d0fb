"""What a cache serves after a value has ended: never an invalidated one, never a negative one."""

from __future__ import annotations

import asyncio
import gc

import pytest

from rustok.core.errors import Unavailable
from tests.unit.core.cache.source import Clock, Make, Source


async def test_a_stale_value_covers_an_unavailable_source_for_its_window(
    make: Make, clock: Clock, source: Source
) -> None:
    cache = make(ttl_seconds=60.0, stale_seconds=600.0, retry_seconds=1.0)
    await cache.get("key")
    clock.now += 60.0
    source.value = Unavailable("database down")
    assert await cache.get("key") == "v1"
    clock.now += 599.9
    assert await cache.get("key") == "v1"
    assert cache.stats().stale_served == 2
    clock.now += 1.0
    with pytest.raises(Unavailable):
        await cache.get("key")


async def test_while_stale_values_are_served_the_source_is_asked_only_now_and_then(
    make: Make, clock: Clock, source: Source
) -> None:
    cache = make(ttl_seconds=60.0, stale_seconds=600.0, retry_seconds=1.0)
    await cache.get("key")
    clock.now += 60.0
    source.value = Unavailable("database down")
    for _ in range(100):
        assert await cache.get("key") == "v1"
    assert source.loads == 2
    clock.now += 1.0
    source.value = "v2"
    assert await cache.get("key") == "v2"


async def test_an_invalidated_value_is_never_served_stale(
    make: Make, clock: Clock, source: Source
) -> None:
    cache = make(ttl_seconds=60.0, stale_seconds=600.0)
    await cache.get("key")
    clock.now += 60.0
    source.value = Unavailable("database down")
    source.gate.clear()
    caller = asyncio.create_task(cache.get("key"))
    await asyncio.sleep(0.001)
    cache.invalidate("key")
    source.gate.set()
    with pytest.raises(Unavailable):
        await caller


async def test_an_error_that_is_no_outage_is_not_covered(
    make: Make, clock: Clock, source: Source
) -> None:
    cache = make(ttl_seconds=60.0, stale_seconds=600.0)
    await cache.get("key")
    clock.now += 60.0
    source.value = RuntimeError("bug")
    with pytest.raises(RuntimeError):
        await cache.get("key")


async def test_a_negative_answer_is_never_served_stale(
    make: Make, clock: Clock, source: Source
) -> None:
    cache = make(negative_ttl_seconds=5.0, stale_seconds=600.0, revalidate_seconds=60.0)
    source.value = None
    await cache.get("key")
    clock.now += 5.0
    source.value = Unavailable("database down")
    with pytest.raises(Unavailable):
        await cache.get("key")


async def test_within_the_revalidation_window_the_old_value_comes_at_once_and_one_load_renews_it(
    make: Make, clock: Clock, source: Source
) -> None:
    cache = make(ttl_seconds=60.0, revalidate_seconds=10.0)
    await cache.get("key")
    clock.now += 60.0
    source.value = "v2"
    source.gate.clear()
    assert await asyncio.gather(*(cache.get("key") for _ in range(50))) == ["v1"] * 50
    source.gate.set()
    await asyncio.sleep(0.001)
    assert cache.get_nowait("key") == "v2"
    assert (source.loads, cache.stats().stale_served) == (2, 50)


async def test_a_renewal_in_the_background_that_fails_makes_no_noise(
    make: Make, clock: Clock, source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    cache = make(ttl_seconds=60.0, revalidate_seconds=10.0)
    await cache.get("key")
    clock.now += 60.0
    source.value = RuntimeError("bug")
    assert await cache.get("key") == "v1"
    await asyncio.sleep(0.001)
    gc.collect()
    assert caplog.text == ""
    assert (cache.stats().load_failures, cache.stats().loading) == (1, 0)
