"""The read-through cache on a hand-moved clock, over a source that can be held and broken."""

from __future__ import annotations

import asyncio
import gc

import pytest

from rustok.core.cache.cache import MISSING, Cache, LoadTimedOut
from rustok.core.cache.settings import CacheSettings
from rustok.core.cache.stats import CacheEvent
from rustok.core.errors import NotFound, Unavailable
from tests.unit.core.cache.source import Clock, Make, Source


class TenantNotFound(NotFound):
    """An error whose constructor does not take `args`, as most of the platform's."""

    def __init__(self, *, host: str) -> None:
        self.host = host
        super().__init__("There is no such shop.")


async def test_a_thousand_concurrent_callers_cause_one_load(make: Make, source: Source) -> None:
    cache = make()
    source.gate.clear()
    callers = [asyncio.create_task(cache.get("key")) for _ in range(1000)]
    await asyncio.sleep(0)
    assert cache.stats().loading == 1
    source.gate.set()
    assert await asyncio.gather(*callers) == ["v1"] * 1000
    seen = cache.stats()
    assert (source.loads, seen.loads, seen.misses, seen.hits, seen.loading) == (1, 1, 1000, 0, 0)


async def test_a_cancelled_first_caller_does_not_cancel_the_others(
    make: Make, source: Source
) -> None:
    cache = make()
    source.gate.clear()
    leader = asyncio.create_task(cache.get("key"))
    await asyncio.sleep(0)
    others = [asyncio.create_task(cache.get("key")) for _ in range(100)]
    await asyncio.sleep(0)
    leader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leader
    source.gate.set()
    assert await asyncio.gather(*others) == ["v1"] * 100
    assert source.loads == 1


async def test_a_load_whose_callers_have_all_gone_still_fills_the_cache(
    make: Make, source: Source
) -> None:
    cache = make()
    source.gate.clear()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(cache.get("key"), 0.001)
    source.gate.set()
    await asyncio.sleep(0.001)
    assert cache.get_nowait("key") == "v1"


async def test_a_failed_load_reaches_every_waiter_and_is_not_kept(
    make: Make, source: Source
) -> None:
    cache = make()
    source.gate.clear()
    source.value = RuntimeError("bug")
    callers = [asyncio.create_task(cache.get("key")) for _ in range(10)]
    await asyncio.sleep(0)
    source.gate.set()
    results = await asyncio.gather(*callers, return_exceptions=True)
    assert [str(result) for result in results] == ["bug"] * 10
    assert source.loads == 1
    source.value = "v2"
    assert await cache.get("key") == "v2"
    assert cache.stats().load_failures == 1


async def test_a_failure_with_no_caller_left_makes_no_noise(
    make: Make, source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    cache = make()
    source.gate.clear()
    source.value = RuntimeError("bug")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(cache.get("key"), 0.001)
    source.gate.set()
    await asyncio.sleep(0.001)
    gc.collect()
    assert caplog.text == ""


async def test_an_invalidation_during_a_load_keeps_its_old_value_out(
    make: Make, source: Source
) -> None:
    cache = make()
    source.gate.clear()
    before = asyncio.create_task(cache.get("key"))  # reads v1, then is held
    await asyncio.sleep(0.001)
    source.value = "v2"
    cache.invalidate("key")
    after = asyncio.create_task(cache.get("key"))  # must not join the old load
    await asyncio.sleep(0.001)
    source.gate.set()
    assert await before == "v1"
    assert await after == "v2"
    assert cache.peek("key") == "v2"
    assert source.loads == 2


async def test_an_old_load_that_ends_last_does_not_overwrite_the_new_value(
    clock: Clock,
) -> None:
    gates = {"v1": asyncio.Event(), "v2": asyncio.Event()}
    current = "v1"

    async def load(key: str) -> str:
        value = current
        await gates[value].wait()
        return value

    cache: Cache[str, str] = Cache("test", load, clock=clock)
    old = asyncio.create_task(cache.get("key"))
    await asyncio.sleep(0.001)
    current = "v2"
    cache.invalidate_all()
    gates["v2"].set()
    assert await cache.get("key") == "v2"
    gates["v1"].set()
    assert await old == "v1"
    assert cache.peek("key") == "v2"


async def test_a_value_lives_for_its_ttl(make: Make, clock: Clock, source: Source) -> None:
    cache = make(ttl_seconds=60.0)
    await cache.get("key")
    clock.now += 59.9
    assert cache.get_nowait("key") == "v1"
    clock.now += 0.1
    assert cache.get_nowait("key") is MISSING
    source.value = "v2"
    assert await cache.get("key") == "v2"


async def test_a_value_nobody_reads_ends_early_and_reading_does_not_outlast_the_ttl(
    make: Make, clock: Clock
) -> None:
    cache = make(ttl_seconds=25.0, idle_seconds=10.0)
    await cache.get("read")
    await cache.get("idle")
    for _ in range(2):
        clock.now += 9.0
        assert cache.get_nowait("read") == "v1"
    assert cache.get_nowait("idle") is MISSING
    clock.now += 7.0
    assert cache.get_nowait("read") is MISSING


async def test_jitter_shortens_lives_by_chance(clock: Clock, source: Source) -> None:
    draws = iter((0.0, 1.0))
    settings = CacheSettings(ttl_seconds=100.0, jitter=0.2)
    cache = Cache("test", source.load, settings, clock=clock, draw=lambda: next(draws))
    await cache.get("long")
    await cache.get("short")
    clock.now += 80.0
    assert (cache.peek("long"), cache.peek("short")) == ("v1", MISSING)


async def test_none_is_remembered_for_its_own_shorter_life(
    make: Make, clock: Clock, source: Source
) -> None:
    cache = make(ttl_seconds=60.0, negative_ttl_seconds=5.0)
    source.value = None
    assert await cache.get("key") is None
    assert await cache.get("key") is None
    assert cache.get_nowait("key") is None
    assert (source.loads, cache.stats().negative_hits, cache.stats().hits) == (1, 2, 0)
    clock.now += 5.0
    source.value = "created"
    assert await cache.get("key") == "created"


async def test_a_not_found_is_remembered_and_raised_anew_with_its_fields(
    make: Make, clock: Clock, source: Source
) -> None:
    cache = make(negative_ttl_seconds=5.0)
    source.value = original = TenantNotFound(host="x.example")
    raised: list[TenantNotFound] = []
    for _ in range(3):
        with pytest.raises(TenantNotFound) as caught:
            await cache.get("key")
        raised.append(caught.value)
    assert source.loads == 1
    assert len({id(error) for error in [original, *raised]}) == 4, "none is shared"
    assert {(error.host, str(error)) for error in raised} == {("x.example", str(original))}
    with pytest.raises(TenantNotFound):
        cache.get_nowait("key")
    assert cache.peek("key") is MISSING
    clock.now += 5.0
    source.value = "created"
    assert await cache.get("key") == "created"


async def test_a_load_is_bounded_in_time(make: Make, source: Source) -> None:
    cache = make(load_seconds=0.01)
    source.gate.clear()
    with pytest.raises(LoadTimedOut) as caught:
        await cache.get("key")
    assert isinstance(caught.value, Unavailable)
    assert cache.stats().loading == 0


async def test_a_timeout_of_the_source_itself_stays_its_own(make: Make, source: Source) -> None:
    source.value = TimeoutError("the driver's own")
    with pytest.raises(TimeoutError, match="the driver's own"):
        await make().get("key")


async def test_the_least_recently_used_entry_leaves_first(make: Make) -> None:
    cache = make(capacity=3)
    for key in ("a", "b", "c", "a", "d"):
        await cache.get(key)
    assert [cache.peek(key) for key in "abcd"] == ["v1", MISSING, "v1", "v1"]
    assert (cache.stats().evictions, cache.stats().entries) == (1, 3)


async def test_a_value_loaded_again_evicts_no_other(make: Make, clock: Clock) -> None:
    cache = make(capacity=2, ttl_seconds=60.0)
    await cache.get("old")
    clock.now += 30.0
    await cache.get("young")
    clock.now += 30.0
    await cache.get("old")
    assert (cache.peek("old"), cache.peek("young")) == ("v1", "v1")
    assert cache.stats().evictions == 0


async def test_dead_entries_can_be_dropped(make: Make, clock: Clock, source: Source) -> None:
    cache = make(ttl_seconds=60.0, negative_ttl_seconds=5.0, stale_seconds=600.0)
    await cache.get("value")
    source.value = None
    await cache.get("negative")
    clock.now += 60.0
    assert cache.drop_dead() == 1
    clock.now += 600.0
    assert cache.drop_dead() == 1
    assert cache.stats().entries == 0


async def test_the_hook_hears_what_happens_and_cannot_break_a_read(
    clock: Clock, source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[CacheEvent] = []

    def hook(event: CacheEvent, seconds: float) -> None:
        heard.append(event)
        raise RuntimeError("hook bug")

    settings = CacheSettings(capacity=1, ttl_seconds=60.0, jitter=0.0)
    cache = Cache("test", source.load, settings, clock=clock, on_event=hook)
    await cache.get("a")
    await cache.get("b")
    clock.now += 60.0
    source.value = Unavailable("down")
    await cache.get("b")
    assert heard == [
        "miss",
        "load",
        "miss",
        "load",
        "eviction",
        "miss",
        "load_failure",
        "stale_served",
    ]
    assert "cache hook failed" in caplog.text


async def test_get_nowait_loads_nothing_and_counts_no_miss(make: Make, source: Source) -> None:
    cache = make()
    assert cache.get_nowait("key") is MISSING
    assert (source.loads, cache.stats().misses) == (0, 0)


@pytest.mark.parametrize(
    "wrong",
    [{"capacity": 0}, {"jitter": 1.0}, {"ttl_seconds": 0.0}, {"stale_seconds": -1.0}],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        CacheSettings(**wrong)  # type: ignore[arg-type]
