"""The in-process invalidation bus, and a cache connected to it."""

from __future__ import annotations

import pytest

from rustok.core.cache.cache import MISSING, Cache
from rustok.core.cache.invalidation import ALL_KEYS, InProcessBus, InvalidationBus, connect


async def double(key: int) -> int:
    return key * 2


@pytest.fixture
def bus() -> InvalidationBus:
    return InProcessBus()


@pytest.fixture
async def cache() -> Cache[int, int]:
    cache = Cache("numbers", double)
    for key in (1, 2):
        await cache.get(key)
    return cache


async def test_a_message_invalidates_its_key_in_every_cache_of_that_name(
    bus: InvalidationBus, cache: Cache[int, int]
) -> None:
    twin = Cache("numbers", double)
    await twin.get(1)
    connect(cache, bus, int)
    connect(twin, bus, int)
    await bus.publish("numbers", "1")
    assert (cache.peek(1), cache.peek(2), twin.peek(1)) == (MISSING, 4, MISSING)


async def test_a_message_for_all_keys_empties_the_cache(
    bus: InvalidationBus, cache: Cache[int, int]
) -> None:
    connect(cache, bus, int)
    await bus.publish("numbers", ALL_KEYS)
    assert cache.stats().entries == 0


async def test_a_message_for_another_cache_changes_nothing(
    bus: InvalidationBus, cache: Cache[int, int]
) -> None:
    connect(cache, bus, int)
    await bus.publish("letters", "1")
    assert cache.peek(1) == 2


async def test_an_unreadable_key_empties_the_cache_rather_than_leave_it_old(
    bus: InvalidationBus, cache: Cache[int, int]
) -> None:
    connect(cache, bus, int)
    await bus.publish("numbers", "one")
    assert cache.stats().entries == 0


async def test_a_disconnected_cache_hears_nothing(
    bus: InvalidationBus, cache: Cache[int, int]
) -> None:
    connect(cache, bus, int)()
    await bus.publish("numbers", "1")
    assert cache.peek(1) == 2


async def test_a_broken_receiver_does_not_keep_the_message_from_the_others(
    bus: InvalidationBus, cache: Cache[int, int], caplog: pytest.LogCaptureFixture
) -> None:
    def broken(name: str, key: str | None) -> None:
        raise RuntimeError("receiver bug")

    bus.subscribe(broken)
    connect(cache, bus, int)
    await bus.publish("numbers", "1")
    assert cache.peek(1) is MISSING
    assert "receiver failed" in caplog.text
